"""The pages from the dossier to the introduction, one person after the other, in the site's own order."""

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.utils import timezone

from credits.models import CreditPack
from escrow.tests.way import activated, chosen, paid, published
from marketplace.accounts.models import User
from marketplace.events.models import Notice
from projects.models import Agreement, Offer, Project, Question
from projects.tests.bids import fees
from projects.tests.calls import in_days

pytestmark = pytest.mark.django_db

OFFER = {
    "price_cents": "3 000,00",
    "delay_days": "30",
    "pitch": "Je sais le faire.",
    "assumptions": "",
    "starts_on": "",
    "tranche-TOTAL_FORMS": "3",
    "tranche-INITIAL_FORMS": "0",
    "tranche-0-title": "Maquettes",
    "tranche-0-cents": "1000",
    "tranche-1-title": "Pages",
    "tranche-1-cents": "2 000,00",
}


@pytest.fixture
def project(client_user: User) -> Project:
    return published(client_user)


def fill(provider: User) -> None:
    pack = CreditPack.objects.filter(consultation__gt=1, offer__gt=1, contact__gte=1).order_by("price_cents")[0]
    paid(pack.buy(by=provider, key=uuid.uuid4()))


def spend(browser: Client, project: Project, *kinds: str) -> None:
    for kind in kinds:
        assert browser.post(f"/projets/{project.key}/credit/{kind}/").status_code == 302


def text(response: object) -> str:
    return response.content.decode()  # type: ignore[attr-defined, no-any-return]


def test_teaser_shows_counts_and_no_dossier(client: Client, project: Project) -> None:
    page = text(client.get(f"/projets/{project.key}/"))
    assert "Dans le dossier, pour l’instant fermé" in page
    assert project.teaser in page
    assert project.description not in page


def test_page_before_spending_says_price_contents_and_returns(as_provider: Client, project: Project) -> None:
    page = text(as_provider.get(f"/projets/{project.key}/credit/consultation/"))
    assert "4,00" in page
    assert "Ce qu’il ouvre" in page
    assert "Ce qui reste fermé" in page
    assert "Quand il revient tout seul" in page
    assert "Acheter Découverte" in page


def test_spending_without_credit_says_what_to_do(as_provider: Client, project: Project) -> None:
    page = text(as_provider.post(f"/projets/{project.key}/credit/consultation/"))
    assert "Il ne vous reste aucun crédit consultation" in page


def test_consultation_opens_the_dossier_once_for_good(
    as_provider: Client, provider_user: User, project: Project
) -> None:
    fill(provider_user)
    before = provider_user.wallet.total
    spend(as_provider, project, "consultation", "consultation")
    provider_user.refresh_from_db()
    assert provider_user.wallet.total == before - 1
    assert project.description in text(as_provider.get(f"/projets/{project.key}/"))


def test_spending_on_a_project_that_has_just_closed_costs_nothing(
    as_provider: Client, provider_user: User, project: Project
) -> None:
    fill(provider_user)
    project.withdraw(by=project.client)
    page = text(as_provider.post(f"/projets/{project.key}/credit/consultation/"))
    assert "vient de se clore" in page
    assert not provider_user.spendings.exists()


def test_contact_shows_the_client_and_tells_them(
    as_provider: Client, provider_user: User, client_user: User, project: Project
) -> None:
    fill(provider_user)
    spend(as_provider, project, "consultation")
    assert client_user.email not in text(as_provider.get(f"/projets/{project.key}/"))
    spend(as_provider, project, "contact")
    page = text(as_provider.get(f"/projets/{project.key}/"))
    assert client_user.email in page
    assert client_user.phone in page
    assert Notice.objects.filter(user=client_user, name="credit.spent.contact").exists()


def test_offer_is_placed_with_tranches_then_revised(as_provider: Client, provider_user: User, project: Project) -> None:
    fill(provider_user)
    spend(as_provider, project, "consultation", "offre")
    address = f"/projets/{project.key}/offre/"
    assert as_provider.post(address, {**OFFER, "key": str(uuid.uuid4())}).status_code == 302
    offer = Offer.objects.get()
    assert [tranche.cents for tranche in offer.tranches.all()] == [100_000, 200_000]
    again = {**OFFER, "key": str(uuid.uuid4()), "price_cents": "3100", "tranche-1-cents": "2100"}
    assert as_provider.post(address, again).status_code == 302
    offer.refresh_from_db()
    assert (offer.price_cents, offer.revision, offer.revisions.count()) == (310_000, 2, 1)
    assert "Maquettes" in text(as_provider.get(address))


def test_tranches_that_do_not_sum_keep_what_was_typed(
    as_provider: Client, provider_user: User, project: Project
) -> None:
    fill(provider_user)
    spend(as_provider, project, "consultation", "offre")
    page = text(
        as_provider.post(f"/projets/{project.key}/offre/", {**OFFER, "price_cents": "2999", "key": uuid.uuid4()})
    )
    assert "La somme des tranches est de 3\u202f000,00\xa0€, le prix de 2\u202f999,00\xa0€" in page
    assert "Je sais le faire." in page
    assert 'value="Maquettes"' in page
    assert not Offer.objects.exists()


@pytest.mark.parametrize("price", ["0", "-1", "0,001", "abc", "", "1e9", "99999999999999"])
def test_bad_prices_are_refused_next_to_the_field(
    as_provider: Client, provider_user: User, project: Project, price: str
) -> None:
    fill(provider_user)
    spend(as_provider, project, "consultation", "offre")
    answer = as_provider.post(f"/projets/{project.key}/offre/", {**OFFER, "price_cents": price, "key": uuid.uuid4()})
    assert answer.status_code == 200
    assert "price_cents_error" in text(answer)
    assert not Offer.objects.exists()


def test_another_row_is_added_without_checking(as_provider: Client, provider_user: User, project: Project) -> None:
    fill(provider_user)
    spend(as_provider, project, "consultation", "offre")
    page = text(as_provider.post(f"/projets/{project.key}/offre/", {**OFFER, "price_cents": "x", "add_row": "1"}))
    assert 'name="tranche-3-title"' in page
    assert 'value="Maquettes"' in page


def test_offer_without_its_credit_does_not_exist(as_provider: Client, provider_user: User, project: Project) -> None:
    fill(provider_user)
    spend(as_provider, project, "consultation")
    assert as_provider.get(f"/projets/{project.key}/offre/").status_code == 404
    assert as_provider.post(f"/projets/{project.key}/questions/", {"text": "?"}).status_code == 404


def test_question_is_asked_and_answered(
    as_provider: Client, as_client: Client, provider_user: User, project: Project
) -> None:
    fill(provider_user)
    spend(as_provider, project, "consultation", "offre")
    key = str(uuid.uuid4())
    for _twice in range(2):
        as_provider.post(f"/projets/{project.key}/questions/", {"text": "Quel hébergeur ?", "key": key})
    question = Question.objects.get()
    assert "Quel hébergeur ?" in text(as_client.get(f"/projets/{project.key}/?onglet=echanges"))
    address = f"/projets/{project.key}/questions/{question.pk}/reponse/"
    assert as_provider.get(address).status_code == 404  # a client’s page: it does not exist for others
    assert as_client.post(address, {"text": "Celui de la région."}).status_code == 302
    assert "Celui de la région." in text(as_provider.get(f"/projets/{project.key}/?onglet=echanges"))
    assert "déjà reçu une réponse" in text(as_client.post(address, {"text": "Un autre."}))


def test_client_compares_reads_and_selects(
    as_client: Client, as_provider: Client, as_rival: Client, provider_user: User, rival_user: User, project: Project
) -> None:
    for browser, user, price in ((as_provider, provider_user, "3000"), (as_rival, rival_user, "3500")):
        fill(user)
        spend(browser, project, "consultation", "offre")
        data = {**OFFER, "price_cents": price, "key": str(uuid.uuid4())}
        data["tranche-1-cents"] = str(int(price) - 1000)
        assert browser.post(f"/projets/{project.key}/offre/", data).status_code == 302
    page = text(as_client.get(f"/projets/{project.key}/offres/"))
    assert "Paul M." in page
    assert "Rita L." in page
    assert rival_user.email not in page
    offer = Offer.objects.get(provider=provider_user)
    assert "Maquettes" in text(as_client.get(f"/projets/{project.key}/offres/{offer.pk}/"))
    assert "Lue par le client le" in text(as_provider.get(f"/projets/{project.key}/"))
    address = f"/projets/{project.key}/offres/{offer.pk}/choisir/"
    seen = {"revision": "1"}
    assert "Rita L." not in text(as_client.get(address)).split("<form", 1)[0]
    assert "Donnez votre motif pour chacune" in text(as_client.post(address, {**seen, "reason": ""}))
    assert as_client.post(address, {**seen, "reason": "Moins cher."}).status_code == 302
    other = Offer.objects.get(provider=rival_user)
    late = as_client.post(f"/projets/{project.key}/offres/{other.pk}/choisir/", {**seen, "reason": "Non."})
    assert "déjà choisi une autre offre" in text(late)
    lost = Notice.objects.get(user=rival_user, name="project.awarded.lost")
    assert "Moins cher." in lost.letter.quote
    assert len(lost.facts["lessons"]) == 3
    assert "Moins cher." in text(as_rival.get(f"/projets/{project.key}/rapport/"))
    assert project not in Project.objects.available()


def test_agreement_changes_are_shown_and_both_accept_the_same_version(
    as_client: Client, as_provider: Client, as_rival: Client, provider_user: User, project: Project
) -> None:
    agreement = chosen(project, provider_user)
    address = f"/accords/{agreement.key}/"
    assert as_rival.get(address).status_code == 404
    assert as_client.get(address).status_code == as_provider.get(address).status_code == 200
    terms = {
        "instead_of": "1",
        "scope": "Tout, et la recette.",
        "price_cents": "3100",
        "delay_days": "40",
        "starts_on": "",
        "formula": "R0",
        "tranche-TOTAL_FORMS": "3",
        "tranche-INITIAL_FORMS": "0",
        "tranche-0-title": "Tout",
        "tranche-0-cents": "3100",
    }
    assert as_client.post(f"{address}version/", terms).status_code == 302
    page = text(as_provider.get(address))
    assert "3\u202f100,00\xa0€</ins>" in page
    old = text(as_provider.post(f"{address}accepter/", {"number": "1", "read": "on"}))
    assert "version plus récente" in old
    for browser in (as_client, as_provider):
        assert browser.post(f"{address}accepter/", {"number": "2", "read": "on"}).status_code == 302
    agreement.refresh_from_db()
    assert (agreement.state, len(agreement.sha256)) == ("AGREED", 64)
    assert agreement.sha256 in text(as_client.get(address))
    assert "déjà confirmés" in text(
        as_client.post(f"{address}version/", {**terms, "instead_of": "2", "delay_days": "9"})
    )


def test_paying_leads_to_stripe_and_activation_exchanges_details(
    as_client: Client, as_provider: Client, client_user: User, provider_user: User, project: Project
) -> None:
    agreement = chosen(project, provider_user)
    assert client_user.email not in text(as_provider.get(f"/accords/{agreement.key}/"))
    for party in (client_user, provider_user):
        agreement.accept(1, by=party)
    answer = as_client.post(f"/accords/{agreement.key}/payer/", {"key": str(uuid.uuid4())})
    assert answer.url.startswith("/paiements/")  # type: ignore[attr-defined]
    assert as_provider.post(f"/accords/{agreement.key}/payer/", {"key": str(uuid.uuid4())}).status_code == 404
    paid(agreement.pay(by=client_user, key=uuid.uuid4()))
    agreement.refresh_from_db()
    assert agreement.state == "ACTIVE"
    assert client_user.email in text(as_provider.get(f"/accords/{agreement.key}/"))
    assert provider_user.phone in text(as_client.get(f"/projets/{project.key}/rapport/"))


def test_base_formula_says_where_the_platform_stops(
    as_client: Client, as_provider: Client, client_user: User, provider_user: User
) -> None:
    project = published(client_user, "BASE")
    agreement = activated(chosen(project, provider_user), "BASE")
    assert agreement.state == "ACTIVE"
    for browser in (as_client, as_provider):
        page = text(browser.get(f"/projets/{project.key}/rapport/"))
        assert "ne répond ni d’un travail impayé" in page
        assert "Vous deux, entre vous" in page
    letters = Notice.objects.filter(name__startswith="agreement.active")
    assert letters.count() == 2
    for notice in letters:
        assert any("ne répond ni d’un travail impayé" in words for words in notice.letter.paragraphs)


def test_paying_the_fees_twice_gives_the_second_money_back(client_user: User, provider_user: User) -> None:
    agreement = chosen(published(client_user), provider_user)
    for party in (client_user, provider_user):
        agreement.accept(1, by=party)
    first, second = fees(agreement, 2)
    assert paid(first).state == "PAID"
    assert paid(second).state == "RETURNED"
    assert Agreement.objects.get(pk=agreement.pk).state == "ACTIVE"


def test_wallet_lists_every_movement(as_provider: Client, provider_user: User, project: Project) -> None:
    assert "Aucun mouvement" in text(as_provider.get("/credits/"))
    fill(provider_user)
    spend(as_provider, project, "consultation")
    page = text(as_provider.get("/credits/"))
    assert "Pack acheté" in page
    assert "Dépensé sur un projet" in page


def test_buying_a_pack_leads_to_stripe_once_for_each_page(as_provider: Client) -> None:
    pack, key = CreditPack.objects.order_by("position")[0], str(uuid.uuid4())
    addresses = {as_provider.post(f"/credits/packs/{pack.pk}/", {"key": key}).url for _n in range(2)}  # type: ignore[attr-defined]
    assert len(addresses) == 1
    pack.on_sale = False
    pack.save(update_fields=["on_sale"])
    assert "n’est plus en vente" in text(as_provider.post(f"/credits/packs/{pack.pk}/", {"key": str(uuid.uuid4())}))


def test_stale_tab_does_not_overwrite_an_offer_unseen(
    as_provider: Client, provider_user: User, project: Project
) -> None:
    fill(provider_user)
    spend(as_provider, project, "consultation", "offre")
    address = f"/projets/{project.key}/offre/"
    as_provider.post(address, {**OFFER, "edition": "", "key": str(uuid.uuid4())})
    stale = Offer.objects.get().edition
    newer = {**OFFER, "pitch": "Plus vite.", "delay_days": "20"}
    assert as_provider.post(address, {**newer, "edition": stale, "key": str(uuid.uuid4())}).status_code == 302
    page = as_provider.post(address, {**OFFER, "edition": stale, "pitch": "Ancien.", "key": str(uuid.uuid4())})
    for words in ("modifiée dans un autre onglet", "<p>Plus vite.</p>", "Ancien.</textarea>"):
        assert words in text(page)
    assert Offer.objects.get().pitch == "Plus vite."
    again = {**OFFER, "edition": page.context["form"]["edition"].value(), "pitch": "Ancien.", "key": str(uuid.uuid4())}
    assert as_provider.post(address, again).status_code == 302
    assert Offer.objects.get().pitch == "Ancien."


def test_tab_that_revises_a_withdrawn_offer_is_told(as_provider: Client, provider_user: User, project: Project) -> None:
    fill(provider_user)
    spend(as_provider, project, "consultation", "offre")
    address = f"/projets/{project.key}/offre/"
    as_provider.post(address, {**OFFER, "key": str(uuid.uuid4())})
    stale = {**OFFER, "edition": Offer.objects.get().edition, "key": str(uuid.uuid4())}
    as_provider.post(f"{address}retirer/")
    page = as_provider.post(address, stale)
    assert "retirée dans un autre onglet" in text(page)
    assert Offer.objects.get().state == "WITHDRAWN"
    again = {**stale, "edition": page.context["form"]["edition"].value(), "key": str(uuid.uuid4())}
    assert as_provider.post(address, again).status_code == 302


def test_day_that_has_passed_is_refused_unless_it_stands_already(
    as_provider: Client, provider_user: User, project: Project
) -> None:
    fill(provider_user)
    spend(as_provider, project, "consultation", "offre")
    address, late = f"/projets/{project.key}/offre/", in_days(-1)
    for name in ("starts_on", "tranche-0-due_on"):
        page = text(as_provider.post(address, {**OFFER, name: late, "key": str(uuid.uuid4())}))
        assert "Ce jour est passé" in page
        assert "Choisissez un jour entre" not in page
    day = {"starts_on": in_days(1), "tranche-0-due_on": in_days(1)}
    assert as_provider.post(address, {**OFFER, **day, "key": str(uuid.uuid4())}).status_code == 302
    with time_machine.travel(timezone.now() + timedelta(days=3)):
        as_provider.force_login(provider_user, settings.AUTHENTICATION_BACKENDS[0])
        kept = {**OFFER, **day, "delay_days": "40", "key": str(uuid.uuid4())}
        assert as_provider.post(address, kept).status_code == 302
    assert Offer.objects.get().delay_days == 40


def test_error_in_a_tranche_is_summed_up_on_top(as_provider: Client, provider_user: User, project: Project) -> None:
    fill(provider_user)
    spend(as_provider, project, "consultation", "offre")
    page = text(as_provider.post(f"/projets/{project.key}/offre/", {**OFFER, "tranche-1-cents": "-5"}))
    assert "2 réponses à reprendre" in page  # the other is that the form has no key
    assert '<a href="#id_tranche-1-cents">Tranche 2, Montant – ' in page
