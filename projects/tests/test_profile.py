"""Provider profiles: who reads them, what they hide, and what the site's own rows say beside them."""

import uuid
from typing import Any

import pytest
from django.template import engines
from django.test import Client

from marketplace.accounts.models import User
from marketplace.events.models import Event, Notice
from marketplace.testing.cast import person
from projects.models import Category, Portrait, Profile
from projects.provider_record import ProviderRecord
from projects.tests.bids import agreed, awarded, bid, changed, queries, stocked
from projects.tests.calls import opened

pytestmark = pytest.mark.django_db
PATH = "/mon-compte/profil-prestataire/"


def typed(**changes: Any) -> dict[str, Any]:
    """What a provider types, complete and right but for `changes`."""
    data = {
        "headline": "Sites de réservation",
        "presentation": "Je construis des sites sobres.",
        "skills": "Django, Accessibilité",
        "categories": [Category.objects.get(slug="web").pk],
        "day_rate_cents": "450",
        "place": "MIXED",
        "city": "Nantes",
        "past_work": "Un site pour une coopérative.",
        "published": "on",
    }
    return data | changes


def profile(provider: User, *, published: bool = True, **words: Any) -> Profile:
    """The profile of `provider`."""
    words = {"headline": "Sites", "presentation": "Sobres.", "skills": ["Django"], **words}
    return Profile.write(Portrait(**words), by=provider, published=published)


def somebody(n: int, name: str = "Zoé Autre") -> User:
    """One of any number of providers."""
    user = person(f"somebody{n}@exemple.fr", name)
    user.is_provider = True
    user.save(update_fields=["is_provider"])
    return user


def test_published_profile_is_read_by_everybody(client: Client, as_provider: Client) -> None:
    assert as_provider.post(PATH, typed()).status_code == 302
    page = client.get(f"/prestataires/{Profile.objects.get().key}/").content.decode()
    for words in ("Paul M.", "Sites de réservation", "sobres", "Accessibilité", "450\xa0€", "Nantes", "coopérative"):
        assert words in page
    assert "Mercier" not in page
    assert "Paul M." in client.get("/prestataires/").content.decode()


def test_profile_is_not_found_unless_it_is_published(
    client: Client, as_provider: Client, provider_user: User, moderator_user: User
) -> None:
    path = profile(provider_user, published=False).get_absolute_url()
    assert client.get(path).status_code == 404
    assert "Vous seul voyez ce profil" in as_provider.get(path).content.decode()
    profile(provider_user)
    assert client.get(path).status_code == 200
    provider_user.suspend(by=moderator_user, reason="Faux SIREN")
    assert client.get(path).status_code == 404
    assert "Paul M." not in client.get("/prestataires/").content.decode()


def test_moderation_takes_a_profile_down_and_its_provider_reads_why(
    client: Client, as_moderator: Client, provider_user: User
) -> None:
    shown = profile(provider_user)
    path = f"/admin/projects/profile/{shown.pk}/take-down/do/"
    for reason, status in (("", 200), ("Publicité.", 302), ("Encore.", 200)):
        assert as_moderator.post(path, {"key": str(uuid.uuid4()), "reason": reason}).status_code == status
    assert client.get(shown.get_absolute_url()).status_code == 404
    letter = Notice.objects.get(user=provider_user, name="profile.removed").letter
    assert (letter.quote, letter.path) == ("Publicité.", PATH)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("headline", "Sites, paul@atelier.fr"),
        ("presentation", "Appelez le 06 12 34 56 78."),
        ("past_work", "Voir https://atelier.example.com/travaux"),
        ("presentation", "L’ATELIER MERCIER travaille seul."),
        ("skills", "Django, paul mércier"),
        ("city", "4 quai de la Fosse, 44000 Nantes"),
        ("headline", ""),
        ("day_rate_cents", "-1"),
        ("categories", ["0"]),
        ("city", ""),
    ],
)
def test_profile_form_refuses_beside_the_field_and_keeps_what_was_typed(
    as_provider: Client, field: str, text: Any
) -> None:
    page = as_provider.post(PATH, typed(**{field: text, "past_work": "Gardé." if field != "past_work" else text}))
    assert page.status_code == 200
    assert page.context["form"].errors.keys() == {field}
    assert "Je construis des sites sobres." in page.content.decode() or field == "presentation"
    assert not Profile.objects.exists()


def test_names_and_contacts_are_masked_whatever_was_stored(client: Client, provider_user: User) -> None:
    told = "Paul Mercier, PAUL  MÉRCIER, Atelier-Mercier, 06 12 34 56 78, paul@exemple.fr ; Paul aime l’atelier."
    page = client.get(profile(provider_user, presentation=told, headline="Atelier Mercier").get_absolute_url())
    text = page.content.decode()
    for secret in ("Mercier", "MÉRCIER", "06 12", "paul@"):
        assert secret not in text
    assert "Paul aime l’atelier." in text


def test_publication_is_an_event_once(provider_user: User) -> None:
    first = profile(provider_user)
    assert profile(provider_user, headline="Autre").published_at == first.published_at
    profile(provider_user, published=False)
    verbs = Event.objects.filter(verb__startswith="profile").order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["profile.published", "profile.taken_down"]


def test_record_counts_offers_and_replies(client: Client, client_user: User, provider_user: User) -> None:
    agreed(awarded(opened(client_user), stocked(provider_user)))
    bid(opened(client_user), provider_user)
    page = client.get(profile(provider_user).get_absolute_url())
    facts = dict(page.context["sheet"].record)
    assert facts == {
        "Projets terminés": "0",
        "Offres déposées": "2",
        "Offres gagnées": "1",
        "Réponse à une sélection": "médiane de moins d’une heure, 1 sélection répondue sur 1",
    }


def test_selection_is_answered_by_other_terms_or_a_refusal_too(client_user: User, provider_user: User) -> None:
    agreement = awarded(opened(client_user), stocked(provider_user))

    def reply() -> str:
        return dict(ProviderRecord(provider_user.pk).facts)["Réponse à une sélection"]

    assert reply() == "aucune réponse à ce jour"
    agreement.propose(changed(agreement, scope="Un autre périmètre."), by=provider_user, instead_of=1)
    assert reply() == "médiane de moins d’une heure, 1 sélection répondue sur 1"
    awarded(opened(client_user), provider_user).decline(by=provider_user, reason="Trop de travail.")
    assert reply() == "médiane de moins d’une heure, 2 sélections répondues sur 2"


def test_won_rate_is_told_from_five_decided_offers(client_user: User, provider_user: User) -> None:
    stocked(provider_user)
    for _n in range(5):
        awarded(opened(client_user), provider_user)
    page = Client().get(profile(provider_user).get_absolute_url())
    assert dict(page.context["sheet"].record)["Offres gagnées"] == "5 sur 5 décidées, 100\xa0%"


def test_directory_is_searched_by_word_skill_and_category(client: Client, provider_user: User) -> None:
    web = Category.objects.get(slug="web")
    profile(provider_user, categories=[web], skills=["Réalité augmentée"], presentation="Des hôtels.")
    profile(somebody(1), headline="Traductions", skills=["Anglais"])
    for query in ("q=hotel", "competence=realite+AUGMENTEE", "categorie=web", "q=sites&tri=recents&apres=x"):
        page = client.get(f"/prestataires/?{query}").content.decode()
        assert "Paul M." in page
        assert "Zoé A." not in page
    for query in ("q=%00zzz", "competence=" + "é" * 500, "q=🧵", "categorie=nulle&q=zzz", "apres=0-0"):
        assert "Paul M." not in client.get(f"/prestataires/?{query}").content.decode()


def test_live_search_says_its_short_address(client: Client) -> None:
    for asked, here in (
        ("?q=&tri=&competence=a", "?competence=a"),
        ("?apres=9-9", "?apres=9-9"),
        ("?avant=1-1", "?avant=1-1"),
    ):
        response = client.get(f"/prestataires/{asked}", headers={"HX-Request": "true"})
        assert response["HX-Push-Url"] == f"/prestataires/{here}"


def test_directory_is_read_by_pages_both_ways(client: Client) -> None:
    for n in range(23):
        profile(somebody(n, f"Personne{n:02d} Nom"))
    first = client.get("/prestataires/").context["directory"].page
    second = client.get(first.older).context["directory"].page
    names = [sheet.name for sheet in (*first.sheets, *second.sheets)]
    assert names == [f"Personne{n:02d} N." for n in range(22, -1, -1)]
    back = client.get(second.newer).context["directory"].page
    assert [sheet.name for sheet in back.sheets] == names[:20]
    assert (back.newer, second.older) == ("", "")


def test_directory_costs_the_same_queries_however_long(client: Client) -> None:
    profile(somebody(1), categories=Category.objects.all()[:1])
    few = queries(client, "/prestataires/")
    for n in range(2, 8):
        profile(somebody(n), categories=Category.objects.all()[:2])
    assert queries(client, "/prestataires/") == few <= 8


def test_offers_lead_to_the_profile_of_their_provider(provider_user: User, rival_user: User) -> None:
    drawn = engines["django"].from_string("{% load people %}{% provider_link provider stars=True %}, ici")
    key = profile(provider_user).key
    profile(rival_user, published=False)
    assert f'<a href="/prestataires/{key}/">Paul M.</a>, ici' in drawn.render({"provider": provider_user})
    for provider in (rival_user, somebody(1)):
        assert "<a" not in drawn.render({"provider": provider})
