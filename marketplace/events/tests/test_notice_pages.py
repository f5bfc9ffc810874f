from __future__ import annotations

import pytest
from django.contrib.messages import get_messages
from django.core import signing
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from marketplace.accounts.models import User
from marketplace.events.mail import Unsubscription
from marketplace.events.models import Event, Notice, Preference
from marketplace.events.tellings import Kind

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("told")]


@pytest.fixture
def reader(client: Client, person: User) -> Client:
    client.force_login(person)
    return client


def record(person: User, count: int = 1, verb: str = "trial.lost") -> list[Notice]:
    return [Event.record(verb, to=[person.pk], title=f"T{number}").notices.get() for number in range(count)]


def test_list_shows_the_words_and_counts_the_unread(reader: Client, person: User) -> None:
    record(person)
    page = reader.get("/mes-avis/").content.decode()
    assert "n’a pas été retenue" in page
    assert "Projet T0 : le client dit ceci." in page
    assert "Voir mes avis" in page
    assert "Non lue" in page
    assert "Notifications <b>1</b>" in page


def test_empty_list_says_what_will_come(reader: Client) -> None:
    assert "Rien ne vous a encore été dit" in reader.get("/mes-avis/").content.decode()


def test_list_asks_the_same_of_the_database_for_one_and_for_thirty(
    reader: Client, person: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    record(person)
    with django_assert_num_queries(5):
        reader.get("/mes-avis/")
    record(person, 30)
    with django_assert_num_queries(5):
        reader.get("/mes-avis/")


def test_pages_follow_each_other_without_gap(reader: Client, person: User) -> None:
    keys = [notice.pk for notice in record(person, 45)][::-1]
    seen: list[int] = []
    address = "/mes-avis/"
    while address:
        response = reader.get(address)
        seen += [int(step["url"].rstrip("/").rpartition("/")[2]) for step in response.context["steps"]]
        address = response.context["older"] and f"/mes-avis/{response.context['older']}"
    assert seen == keys


@pytest.mark.parametrize("before", ["x", "-1", "9" * 40, "²", ""])
def test_nonsense_in_the_address_gives_the_first_page(reader: Client, person: User, before: str) -> None:
    record(person)
    assert len(reader.get("/mes-avis/", {"avant": before}).context["steps"]) == 1


def test_opening_marks_as_read_and_leads_to_the_matter(reader: Client, person: User) -> None:
    [notice] = record(person)
    response = reader.get(f"/mes-avis/{notice.pk}/")
    assert (response.status_code, response["Location"]) == (302, "/mes-avis/")
    notice.refresh_from_db()
    first = notice.read_at
    assert first
    reader.get(f"/mes-avis/{notice.pk}/")
    notice.refresh_from_db()
    assert notice.read_at == first
    assert notice.path == "/mes-avis/"


def test_notice_without_a_place_to_go_is_read_in_full(reader: Client, person: User) -> None:
    [notice] = record(person, verb="trial.paid")
    page = reader.get(f"/mes-avis/{notice.pk}/").content.decode()
    assert "100,00 € sont arrivés." in page
    assert "Merci" in page


def test_broken_notice_does_not_break_the_list(reader: Client, person: User) -> None:
    record(person, verb="trial.broken")
    record(person)
    page = reader.get("/mes-avis/").content.decode()
    assert "Cette notification ne peut plus être affichée" in page
    assert "n’a pas été retenue" in page


def test_notice_of_somebody_else_does_not_exist(reader: Client, english: User) -> None:
    [notice] = record(english)
    assert reader.get(f"/mes-avis/{notice.pk}/").status_code == 404
    assert reader.get("/mes-avis/999999/").status_code == 404
    notice.refresh_from_db()
    assert notice.read_at is None


def test_visitor_is_asked_to_sign_in(client: Client) -> None:
    for address in ("/mes-avis/", "/mes-avis/1/", "/mes-avis/preferences/"):
        assert client.get(address)["Location"].startswith("/compte/connexion/")
    assert client.post("/mes-avis/lus/")["Location"].startswith("/compte/connexion/")


def test_all_are_marked_as_read_at_once(reader: Client, person: User, english: User) -> None:
    record(person, 3)
    record(english)
    response = reader.post("/mes-avis/lus/")
    assert response["Location"] == "/mes-avis/"
    assert [str(message) for message in get_messages(response.wsgi_request)]
    assert Notice.objects.unread_of(person).count() == 0
    assert Notice.objects.unread_of(english).count() == 1


def test_refused_mail_is_said_on_the_page(reader: Client, person: User) -> None:
    [notice] = record(person)
    notice.fail("550")
    assert "Un e-mail qui vous était destiné a été refusé" in reader.get("/mes-avis/").content.decode()


def test_preferences_are_kept_and_money_stays(reader: Client, person: User) -> None:
    page = reader.get("/mes-avis/preferences/").content.decode()
    assert page.count("disabled") == 3
    response = reader.post("/mes-avis/preferences/", {"PROJECTS": "on", "MONEY": ""})
    assert response["Location"] == "/mes-avis/preferences/"
    off = set(Preference.objects.filter(user=person, mail=False).values_list("kind", flat=True))
    assert off == {"SELECTION", "AGREEMENT", "NEWSLETTER"}
    reader.post("/mes-avis/preferences/", {kind.value: "on" for kind in Kind})
    assert not Preference.objects.filter(user=person, mail=False).exists()


def test_one_click_from_a_mail_program_unsubscribes(person: User) -> None:
    robot = Client(enforce_csrf_checks=True)
    address = Unsubscription(person.pk, Kind.NEWSLETTER).url.partition("//")[2].partition("/")[2]
    page = robot.get(f"/{address}")
    assert "<button" in page.content.decode()
    assert "Rien n’a encore changé" in page.content.decode()
    assert not Preference.objects.exists()
    for _ in range(2):
        assert robot.post(f"/{address}", {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert Preference.objects.unwanted([person.pk]) == {(person.pk, "NEWSLETTER")}


def test_unsubscribing_from_money_changes_nothing(client: Client, person: User) -> None:
    token = Unsubscription(person.pk, Kind.MONEY).url.rstrip("/").rpartition("/")[2]
    for page in (client.get(f"/desabonnement/{token}/"), client.post(f"/desabonnement/{token}/")):
        assert "toujours envoyés" in page.content.decode()
    assert not Preference.objects.unwanted([person.pk])


def test_forged_link_does_not_exist(client: Client, person: User) -> None:
    good = signing.Signer(salt="events.unsubscribe").sign_object([person.pk, "NONSENSE"])
    for token in ("x", "a:b", good, Unsubscription(person.pk, Kind.PROJECTS).url.rstrip("/").rpartition("/")[2] + "x"):
        assert client.post(f"/desabonnement/{token}/").status_code == 404


def test_list_shows_words_quoted_where_they_are_announced(reader: Client, person: User) -> None:
    record(person)
    assert "<blockquote><p>«\xa0Trop &lt;long&gt;\xa0»</p></blockquote>" in reader.get("/mes-avis/").content.decode()
