"""What a client's former calls say of them, on the teaser, the spending page and the dossier."""

from datetime import timedelta

import pytest
from django.test import Client

from marketplace.accounts.models import User
from marketplace.testing.cast import professional
from projects.models import Project, Selection
from projects.tests.bids import agreed, asked, bend, bid, bidder, queries, stocked
from projects.tests.calls import opened
from projects.track_record import TrackRecord, duration_words

pytestmark = pytest.mark.django_db


def facts(client: User) -> dict[str, str]:
    return dict(TrackRecord(client.pk).facts)


def answered_after(project: Project, provider: User, hours: int) -> None:
    """A question that the client answered after `hours`."""
    asked(project, provider).answer_with("Oui.", by=project.client)
    bend(
        f"update projects_answer set answered_at = q.asked_at + interval '{hours} hours' from projects_question q "
        f"where q.id = question_id and answered_at < q.asked_at + interval '1 minute'"
    )


def test_newcomer_has_no_record(client_user: User) -> None:
    opened(client_user)
    assert facts(client_user) == {
        "Appels d’offres": "1 publié, 0 attribué",
        "Sélection": "aucun appel clos pour l’instant",
        "Questions répondues": "aucune posée à ce jour",
        "Réponse aux questions": "aucune réponse pour l’instant",
        "Offres lues": "aucune reçue pour l’instant",
    }


def test_record_counts_calls_answers_and_offers_read(client_user: User, provider_user: User) -> None:
    first, second, third = (opened(client_user) for _n in range(3))
    offers = [bid(project, stocked(provider_user)) for project in (first, second, third)]
    for hours, project in ((2, first), (9, second), (50, third)):
        answered_after(project, provider_user, hours)
    asked(third, provider_user)
    offers[0].mark_read()
    agreed(Selection(offers[0]).carry_out(by=client_user))
    second.withdraw(by=client_user)
    bend(f"update projects_project set state = 'EXPIRED' where id = {third.pk}")
    assert facts(client_user) == {
        "Appels d’offres": "3 publiés, 1 attribué, 1 expiré",
        "Sélection": "1 sur 3 appels clos, 33\xa0%",
        "Questions répondues": "3 sur 4",
        "Réponse aux questions": "médiane de 9\xa0h, sur 3 questions",
        "Offres lues": "1 sur 3",
        "Formule": "R0 pour le dernier projet",
    }


def test_formulas_are_those_agreed_last(client_user: User) -> None:
    for n, formula in enumerate(["R0", "BASE", "R0"]):
        project = opened(client_user, formula_wanted=formula)
        agreed(Selection(bid(project, bidder(n))).carry_out(by=client_user))
    assert facts(client_user)["Formule"] == "R0 pour 2 des 3 derniers projets"


def test_drafts_and_others_calls_do_not_count(client_user: User, moderator_user: User) -> None:
    opened(professional("otto@autre.example", "Otto Autre", "client", "Autre SARL", "552100554"))
    opened(client_user).reject(by=moderator_user, reason="Vide.")
    assert facts(client_user)["Appels d’offres"] == "0 publié, 0 attribué"


@pytest.mark.parametrize(
    ("wait", "words"),
    [
        (timedelta(minutes=10), "moins d’une heure"),
        (timedelta(hours=1), "1\xa0h"),
        (timedelta(hours=47), "47\xa0h"),
        (timedelta(hours=48), "2 jours"),
        (timedelta(days=9), "9 jours"),
    ],
)
def test_delays_are_said_as_people_say_them(wait: timedelta, words: str) -> None:
    assert duration_words(wait) == words


def test_record_is_one_query_whatever_the_client_s_past(client_user: User, as_provider: Client) -> None:
    project = opened(client_user)
    paths = [f"/projets/{project.key}/{part}" for part in ("", "?onglet=client", "credit/consultation/")]
    before = [queries(as_provider, path) for path in paths]
    for n in range(8):
        agreed(Selection(bid(opened(client_user), bidder(n))).carry_out(by=client_user))
    assert [queries(as_provider, path) for path in paths] == before
    for path in paths:
        page = as_provider.get(path).content.decode()
        assert "9 publiés, 8 attribués" in page
        assert "8 sur 8 appels clos" in page
