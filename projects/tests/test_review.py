"""Reviews of both sides of a completed project: published together or on their date, answered once, hidden by staff."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.events.models import Event, Notice
from projects.models import Completion, Portrait, Profile, Project, Review, review_until
from projects.tests.bids import bend, fallen
from projects.tests.calls import consulted, opened, with_credits
from projects.tests.ends import completed, introduced, reviewed, typed
from projects.track_record import TrackRecord

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture
def project(client_user: User, provider_user: User) -> Project:
    return completed(client_user, provider_user)


def sweep(project: Project, after: timedelta) -> int:
    """Beat passes so long after the date to write."""
    until = review_until(project)
    assert until
    return fallen(until + after)


def told(name: str) -> set[User]:
    return {notice.user for notice in Notice.objects.filter(name=name)}


def desk(reason: str = "") -> dict[str, str]:
    """What a moderator sends."""
    return {"key": str(uuid.uuid4()), "reason": reason}


def test_reviews_are_published_once_both_are_in(
    project: Project, as_client: Client, as_provider: Client, client_user: User, provider_user: User
) -> None:
    path = f"/projets/{project.key}/avis/"
    assert as_client.post(path, typed(text="Un mot du client.")).status_code == 302
    assert told("review.written") == {provider_user}
    for page in (path, f"/projets/{project.key}/rapport/"):
        assert "Un mot du client" not in as_provider.get(page).content.decode()
    assert as_provider.post(path, typed(text="Un mot du prestataire.")).status_code == 302
    for browser in (as_client, as_provider):
        page = browser.get(path).content.decode()
        assert "Un mot du client" in page
        assert "Un mot du prestataire" in page
    assert told("review.published") == {client_user, provider_user}
    assert sweep(project, SECOND) == 0


def test_report_says_who_has_spoken_to_the_parties_alone(
    client_user: User, provider_user: User, rival_user: User, as_client: Client, as_rival: Client
) -> None:
    project = opened(client_user)
    consulted(project, with_credits(rival_user))
    project = completed(client_user, provider_user, project)
    path = f"/projets/{project.key}/rapport/"
    reviewed(project, client_user)
    assert "L’autre partie\xa0: donner son avis" in as_client.get(path).content.decode()
    reviewed(project, provider_user)
    page = as_client.get(path).content.decode()
    assert "L’autre partie a donné son avis" in page
    assert "Avis publiés" in page
    page = as_rival.get(path).content.decode()
    assert "Projet terminé" in page
    assert "donné son avis" not in page
    assert "Avis publiés" not in page


@pytest.mark.parametrize(("after", "state"), [(-SECOND, "WRITTEN"), (0 * SECOND, "WRITTEN"), (SECOND, "PUBLISHED")])
def test_one_review_alone_is_published_after_14_days(
    project: Project, provider_user: User, after: timedelta, state: str
) -> None:
    review = reviewed(project, provider_user)
    sweep(project, after)
    review.refresh_from_db()
    assert review.state == state
    letters = [n.letter.paragraphs[0] for n in Notice.objects.filter(name="review.published").order_by("user")]
    assert letters == (
        ["L’autre partie dit de vous\xa0:", "L’autre partie n’en a pas donné."] if state == "PUBLISHED" else []
    )


def test_review_may_be_written_anew_until_it_is_published(
    project: Project, as_client: Client, client_user: User, provider_user: User
) -> None:
    path = f"/projets/{project.key}/avis/"
    first = typed(text="Trop vite.")
    for data in (first, first, typed(text="À tête reposée.", work="2")):
        assert as_client.post(path, data).status_code == 302
    assert Review.objects.values_list("text", "work").get() == ("À tête reposée.", 2)
    assert Event.objects.filter(verb="review.written").count() == 1
    reviewed(project, provider_user)
    assert "ne changent plus" in as_client.post(path, typed(text="Non.")).content.decode()
    assert "Trop vite" not in str(list(Review.objects.values_list("text")))


def test_review_is_refused_before_the_end_after_its_date_and_to_strangers(
    client_user: User, provider_user: User, stranger_user: User, as_client: Client, as_stranger: Client
) -> None:
    project = introduced(client_user, provider_user)
    assert "n’est pas terminé" in str(as_client.post(f"/projets/{project.key}/avis/", typed()).context["form"].errors)
    Completion(project).carry_out(by=client_user)
    assert as_stranger.post(f"/projets/{project.key}/avis/", typed()).status_code == 404
    with pytest.raises(Review.NotParty):
        reviewed(project, stranger_user)
    bend(f"update projects_project set ended_at = ended_at - interval '15 days' where id = {project.pk}")
    project.refresh_from_db()
    with pytest.raises(Review.TooLate):
        reviewed(project, client_user)
    assert "en temps voulu" in as_client.get(f"/projets/{project.key}/rapport/").content.decode()


@pytest.mark.parametrize("bad", [{"work": "0"}, {"terms": "6"}, {"exchange": ""}, {"text": " "}, {"text": "x" * 2001}])
def test_review_form_refuses_beside_the_field(project: Project, as_client: Client, bad: dict[str, Any]) -> None:
    page = as_client.post(f"/projets/{project.key}/avis/", typed(**bad))
    assert page.context["form"].errors.keys() == bad.keys()
    assert not Review.objects.exists()


def test_reviewed_answers_once(
    project: Project, as_provider: Client, as_client: Client, client_user: User, provider_user: User
) -> None:
    review = reviewed(project, client_user)
    path = f"/projets/{project.key}/avis/{review.pk}/reponse/"
    assert as_provider.post(path, {"answer": "Trop tôt."}).status_code == 404
    reviewed(project, provider_user)
    assert as_client.post(path, {"answer": "Pas à moi."}).status_code == 404
    assert as_provider.post(path, {"answer": ""}).context["form"].errors.keys() == {"answer"}
    for _n in range(2):
        assert as_provider.post(path, {"answer": "Merci, appelez le 06 12 34 56 78."}).status_code == 302
    assert "déjà répondu" in as_provider.post(path, {"answer": "Encore."}).content.decode()
    assert "Merci, appelez le […]" in as_client.get(f"/projets/{project.key}/avis/").content.decode()
    assert told("review.answered") == {client_user}


def test_profile_shows_what_clients_say_without_names(
    project: Project, client: Client, client_user: User, provider_user: User
) -> None:
    text = "Paul Mercier, de l’Atelier Mercier, a bien servi Caron Architectes ; paul@exemple.fr"
    reviewed(project, client_user, text, (5, 5, 4))
    reviewed(project, provider_user, "Cliente claire.", (4, 4, 4))
    profile = Profile.write(Portrait("Sites", "Sobres."), by=provider_user, published=True)
    page = client.get(profile.get_absolute_url()).content.decode()
    assert "[…], de l’[…], a bien servi […] ; […]" in page
    assert "4,7 sur 5, 1 avis" in page
    assert "Cliente claire" not in page
    assert project.title not in page
    assert dict(TrackRecord(client_user.pk).facts)["Avis des prestataires"] == "4,0 sur 5, 1 avis"


def test_hidden_review_leaves_pages_and_means_and_its_author_reads_why(
    project: Project, client: Client, as_client: Client, as_moderator: Client, client_user: User, provider_user: User
) -> None:
    profile = Profile.write(Portrait("Sites", "Sobres."), by=provider_user, published=True)
    review = reviewed(project, client_user, "Injure.")
    reviewed(project, provider_user)
    path = f"/admin/projects/review/{review.pk}/"
    assert as_moderator.post(f"{path}hide/do/", desk("")).status_code == 200
    assert as_moderator.post(f"{path}hide/do/", desk("Propos injurieux.")).status_code == 302
    page = client.get(profile.get_absolute_url()).content.decode()
    assert "Injure" not in page
    assert "Aucun avis pour l’instant" in page
    assert "Propos injurieux." in as_client.get(f"/projets/{project.key}/avis/").content.decode()
    assert told("review.hidden") == {client_user}
    assert as_moderator.post(f"{path}show/do/", desk()).status_code == 302
    assert "Injure" in client.get(profile.get_absolute_url()).content.decode()


def test_reviews_of_a_profile_are_read_by_pages(client: Client, client_user: User, provider_user: User) -> None:
    profile = Profile.write(Portrait("Sites", "Sobres."), by=provider_user, published=True)
    for n in range(11):
        project = completed(client_user, provider_user)
        for party in (client_user, provider_user):
            reviewed(project, party, f"Mot {n:02d}.")
    first = client.get(profile.get_absolute_url()).context["sheet"].reviews
    assert [said.text for said in first.said] == [f"Mot {n:02d}." for n in range(10, 0, -1)]
    last = client.get(f"{profile.get_absolute_url()}?avant={first.older}").context["sheet"].reviews
    assert ([said.text for said in last.said], last.older) == (["Mot 00."], 0)
    assert client.get(f"{profile.get_absolute_url()}?avant=x").status_code == 200


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("review_marks_are_one_to_five", {"work": 6}),
        ("published_review_has_its_time", {"published_at": timezone.now()}),
        ("only_a_published_review_is_answered", {"answer": "x", "answered_at": timezone.now()}),
        ("review_answer_has_its_time", {"answer": "x"}),
        ("state_moves", {"state": "HIDDEN", "hidden_reason": "x", "published_at": timezone.now()}),
    ],
)
def test_database_holds_the_rules(project: Project, client_user: User, rule: str, change: dict[str, Any]) -> None:
    reviewed(project, client_user)
    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        Review.objects.update(**change)
