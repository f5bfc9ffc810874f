"""Who leaves the SMA leaves their seats: somebody else is found, the dates run, and everybody concerned is told."""

from __future__ import annotations

from typing import Any

import pytest
from celery import Celery
from django.test import Client
from django.utils import timezone

from escrow.models import EscrowAccount
from marketplace import deadlines
from marketplace.accounts.models import User
from marketplace.accounts.staff import SMA
from marketplace.events import doorbell, reactions
from marketplace.events.models import Notice
from marketplace.templatetags.page import paris
from marketplace.testing.cast import person, signed_in
from mediation.models import Decision, Dispute
from mediation.tasks import free_seats
from mediation.tests import way
from mediation.tests.desk import CASES, case_page, page
from mediation.tests.test_bench import company_of
from mediation.tests.test_notices import told
from projects.models import Deadline

pytestmark = pytest.mark.django_db
BOTH = {"Claire", "Paul"}


def letter_to(user: User) -> Any:
    """The last letter about a seat that was theirs."""
    return Notice.objects.filter(user=user, name="mediation.replaced").latest("pk").letter


def left(user: User, by: User) -> None:
    """`user` is suspended, and the sweep has come."""
    user.suspend(by=by, reason="Départ")
    assert free_seats() == 1
    assert free_seats() == 0


@pytest.fixture
def zoe(account: EscrowAccount) -> User:
    """A third member of the SMA."""
    return person("zoe@paraphe.example", "Zoé Hamel", staff_of=SMA)


@pytest.fixture
def mediation(account: EscrowAccount, mediator_user: User, arbitrator_user: User) -> Dispute:
    dispute = way.mediated(account)
    dispute.assign(mediator_user, by=mediator_user)
    return way.fresh(dispute)


@pytest.fixture
def drafted(account: EscrowAccount, mediator_user: User, arbitrator_user: User, zoe: User, settings: Any) -> Decision:
    """Decided by Aude in a draft that waits for Zoé's approval."""
    settings.SMA_APPROVAL_CENTS = 0
    return way.drafted(way.arbitrated(account, mediator_user), 80_000, arbitrator_user)


def test_mediation_waits_for_a_mediator_as_at_its_opening(
    mediation: Dispute, mediator_user: User, moderator_user: User, superuser: User, as_arbitrator: Client
) -> None:
    left(mediator_user, moderator_user)
    dispute = way.fresh(mediation)
    assert (dispute.mediator, dispute.state, dispute.mediate_by) == (None, "MEDIATION", mediation.mediate_by)
    assert way.due(dispute, "sma.assign").date() == deadlines.after(timezone.now(), 2).date()
    assert not Deadline.objects.about(dispute, "sma.replace").waiting().exists()
    assert dispute.number in page(as_arbitrator, f"{CASES}?stage=unnamed")
    assert "Marc Tellier ne siège plus" not in case_page(as_arbitrator, dispute)
    assert told("vacated") == {"namers": {"Aude", "Rose"}, "both_unseated": BOTH}
    letter = Notice.objects.filter(name="mediation.vacated.namers").latest("pk").letter
    assert paris(way.due(dispute, "sma.assign")) in letter.paragraphs[1]
    assert told("replaced") == {"replaced": {"Marc"}}


def test_mediation_that_nobody_takes_up_is_given_to_who_has_least_to_do(
    mediation: Dispute, mediator_user: User, arbitrator_user: User, moderator_user: User
) -> None:
    left(mediator_user, moderator_user)
    assert way.let_fall(mediation, "sma.assign").mediator == arbitrator_user
    assert told("assigned") == {"both_later": BOTH, "mediator": {"Aude"}}
    kinds = mediation.entries.order_by("pk").values_list("kind", flat=True)
    assert list(kinds)[-3:] == ["ASSIGNED", "VACATED", "ASSIGNED"]


def test_both_sides_read_on_the_case_that_a_seat_was_left(
    mediation: Dispute, mediator_user: User, moderator_user: User, as_client: Client
) -> None:
    left(mediator_user, moderator_user)
    assert "Marc Tellier ne siège plus dans ce dossier" in page(as_client, f"/litiges/{mediation.key}/")


def test_arbitration_goes_at_once_to_another_with_the_whole_time(
    account: EscrowAccount,
    mediator_user: User,
    arbitrator_user: User,
    moderator_user: User,
    superuser: User,
) -> None:
    dispute = way.arbitrated(account, mediator_user)
    zoe = person("zoe@paraphe.example", "Zoé Hamel", staff_of=SMA)
    way.let_fall(dispute, "sma.decide")
    left(arbitrator_user, moderator_user)
    dispute = way.fresh(dispute)
    assert (dispute.arbitrator, way.due(dispute, "sma.decide")) == (zoe, dispute.decide_by)
    assert not Deadline.objects.about(dispute, "sma.replace").waiting().exists()
    assert told("appointed") == {"arbitrator": {"Zoé"}, "both_again": BOTH}
    assert told("vacated") == {"heads_replaced": {"Rose"}}
    assert told("replaced") == {"replaced": {"Aude"}}


def test_arbitration_without_anybody_left_wakes_the_administrators(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, moderator_user: User, superuser: User
) -> None:
    dispute = way.arbitrated(account, mediator_user)
    left(arbitrator_user, moderator_user)
    dispute = way.fresh(dispute)
    assert (dispute.arbitrator, dispute.state) == (None, "ARBITRATION")
    assert (told("stuck"), told("vacated")) == ({"heads": {"Rose"}, "untied": {"Marc"}}, {"both_unseated": BOTH})
    zoe = person("zoe@paraphe.example", "Zoé Hamel", staff_of=SMA)
    assert way.let_fall(dispute, "sma.replace").arbitrator == zoe


def test_draft_falls_with_the_seat_of_its_arbitrator(
    drafted: Decision, arbitrator_user: User, moderator_user: User, zoe: User
) -> None:
    eva = person("eva@paraphe.example", "Eva Noël", staff_of=SMA)
    left(arbitrator_user, moderator_user)
    dispute = way.fresh(drafted.dispute)
    assert (dispute.draft, dispute.arbitrator) == (None, zoe)
    drafted.refresh_from_db()
    assert (drafted.state, drafted.has_fallen) == ("SENT_BACK", True)
    assert "la décision que vous deviez approuver tombe" in letter_to(zoe).paragraphs[0]
    assert "plus celui d’un membre actif" in letter_to(arbitrator_user).paragraphs[0]
    assert way.drafted(dispute, 60_000).dispute.approver in {eva, zoe, arbitrator_user} - {zoe}


def test_case_file_says_why_a_draft_fell(
    drafted: Decision, arbitrator_user: User, moderator_user: User, zoe: User
) -> None:
    left(arbitrator_user, moderator_user)
    assert "quand Aude Rousset a quitté le siège d’arbitre" in case_page(signed_in(zoe), drafted.dispute)


def test_draft_is_given_to_another_approver(
    drafted: Decision, zoe: User, moderator_user: User, superuser: User
) -> None:
    assert drafted.dispute.approver == zoe
    left(zoe, moderator_user)
    dispute = way.fresh(drafted.dispute)
    assert (dispute.approver, dispute.draft) == (superuser, drafted)
    assert way.due(dispute, "sma.approve") == dispute.decide_by
    assert told("approval_asked") == {"approver": {"Rose"}}
    assert told("vacated") == {"heads_replaced": {"Rose"}}
    assert told("replaced") == {"replaced": {"Zoé"}}
    assert not dispute.entries.filter(kind="VACATED").exists()


def test_approver_who_comes_back_is_asked_again(
    drafted: Decision, zoe: User, moderator_user: User, arbitrator_user: User
) -> None:
    left(zoe, moderator_user)
    assert way.fresh(drafted.dispute).approver is None
    zoe.reinstate(by=moderator_user)
    dispute = way.let_fall(drafted.dispute, "sma.approve")
    assert (dispute.approver, told("approval_asked")) == (zoe, {"approver": {"Zoé"}})
    assert way.due(dispute, "sma.approve") == dispute.decide_by
    drafted.approve(by=zoe)
    assert way.fresh(dispute).state == "DECIDED"


def test_seat_that_only_who_was_late_can_take_is_theirs_again(drafted: Decision, zoe: User, superuser: User) -> None:
    assert way.let_fall(drafted.dispute, "sma.approve").approver == superuser
    User.objects.filter(pk__in=[zoe.pk, superuser.pk]).update(is_staff=False, is_superuser=False)
    assert free_seats() == 1
    assert way.fresh(drafted.dispute).approver is None
    User.objects.filter(pk=zoe.pk).update(is_staff=True)
    assert way.let_fall(drafted.dispute, "sma.approve").approver == zoe


def test_decision_sent_back_names_no_approver_while_there_is_none(
    drafted: Decision, zoe: User, moderator_user: User
) -> None:
    drafted.send_back("Motifs à revoir.", by=zoe)
    zoe.suspend(by=moderator_user, reason="Départ")
    way.drafted(way.fresh(drafted.dispute), 60_000)
    assert way.fresh(drafted.dispute).approver is None


def test_arbitrator_and_approver_leave_together(
    drafted: Decision, zoe: User, arbitrator_user: User, moderator_user: User
) -> None:
    eva = person("eva@paraphe.example", "Eva Noël", staff_of=SMA)
    for one in (zoe, arbitrator_user):
        one.suspend(by=moderator_user, reason="Départ")
    assert free_seats() == 2
    dispute = way.fresh(drafted.dispute)
    assert (dispute.arbitrator, dispute.approver, dispute.draft) == (eva, None, None)


@pytest.mark.parametrize("how", ["group", "staff", "active"])
def test_seat_is_free_however_its_holder_left(mediation: Dispute, mediator_user: User, how: str) -> None:
    assert free_seats() == 0
    if how == "group":
        mediator_user.groups.clear()
    else:
        User.objects.filter(pk=mediator_user.pk).update(**{f"is_{how}": False})
    assert free_seats() == 1
    assert way.fresh(mediation).mediator is None
    letter = letter_to(mediator_user)
    assert letter.action is None
    assert letter.subject.startswith("Plus rien à faire, vous ne siégez plus comme médiateur")


def test_administrator_who_approves_needs_no_group(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, superuser: User, settings: Any
) -> None:
    settings.SMA_APPROVAL_CENTS = 0
    way.drafted(way.arbitrated(account, mediator_user), 80_000)
    assert Dispute.objects.get().approver == superuser
    assert free_seats() == 0


def test_case_that_is_over_keeps_its_names(
    account: EscrowAccount, mediator_user: User, moderator_user: User, arbitrator_user: User
) -> None:
    way.drafted(way.arbitrated(account, mediator_user), 80_000)
    for one in (mediator_user, arbitrator_user):
        one.suspend(by=moderator_user, reason="Départ")
    assert free_seats() == 0
    dispute = way.fresh(Dispute.objects.get())
    assert (dispute.mediator, dispute.arbitrator) == (mediator_user, arbitrator_user)


def test_case_that_fails_stops_no_other(
    mediation: Dispute,
    account: EscrowAccount,
    mediator_user: User,
    moderator_user: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    second = way.opened(account, 2)
    second.assign(mediator_user, by=mediator_user)

    def fail(event: Any) -> None:
        if event.facts["dispute"] == mediation.pk:
            raise RuntimeError

    monkeypatch.setitem(reactions.registry, "mediation.vacated", [fail])
    mediator_user.suspend(by=moderator_user, reason="Départ")
    assert free_seats() == 1
    assert (way.fresh(mediation).mediator, way.fresh(second).mediator) == (mediator_user, None)


def test_suspension_rings_for_the_seats_after_the_commit(
    mediation: Dispute,
    mediator_user: User,
    moderator_user: User,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    memory = Celery("memory", broker="memory://")
    monkeypatch.setattr(doorbell, "app", memory)
    monkeypatch.setattr(doorbell, "_silent_until", 0.0)
    with memory.connection_for_read() as link:
        link.SimpleQueue("celery").clear()
        with django_capture_on_commit_callbacks(execute=True):
            mediator_user.suspend(by=moderator_user, reason="Départ")
        queue = link.SimpleQueue("celery")
        names = {queue.get(block=False).headers["task"] for _each in range(queue.qsize())}
    assert "mediation.tasks.free_seats" in names


def test_who_is_replaced_is_told_since_when_and_why(
    mediation: Dispute, mediator_user: User, arbitrator_user: User
) -> None:
    mediation.assign(arbitrator_user, by=mediator_user, reason="Congé jusqu’en janvier.")
    letter = letter_to(mediator_user)
    assert (letter.quote, letter.paragraphs[0][:24]) == ("Congé jusqu’en janvier.", "Marc Tellier a confié ce")
    assert letter.paragraphs[1].startswith("Vous y siégiez depuis le")
    assert "Vos notes et vos messages y sont conservés" in letter.paragraphs[2]
    assert letter.path == f"{CASES}{mediation.pk}/change/"


def test_who_is_late_is_told_that_another_has_the_seat(mediation: Dispute, mediator_user: User) -> None:
    dispute = way.let_fall(mediation, "sma.replace")
    assert dispute.mediator != mediator_user
    assert "vous n’aviez ni écrit ni proposé de partage" in letter_to(mediator_user).paragraphs[0]
    assert len(letter_to(mediator_user).paragraphs) == 3
    assert "Aude" not in str(letter_to(mediator_user))


def test_late_approver_is_told_that_another_is_asked(drafted: Decision, zoe: User, superuser: User) -> None:
    way.let_fall(drafted.dispute, "sma.approve")
    assert told("replaced") == {"replaced": {"Zoé"}}
    assert "la décision n’était ni approuvée ni renvoyée" in letter_to(zoe).paragraphs[0]


def test_tie_that_arises_frees_the_seat_and_ends_the_reading(
    mediation: Dispute, mediator_user: User, as_mediator: Client, as_arbitrator: Client
) -> None:
    assert page(as_mediator, f"/litiges/{mediation.key}/")
    company_of(mediator_user, mediation.client)
    page(as_mediator, f"/litiges/{mediation.key}/", 404)
    assert not mediation.entries.visible_to(User.objects.get(pk=mediator_user.pk)).exists()
    assert (free_seats(), free_seats()) == (1, 0)
    dispute = way.fresh(mediation)
    assert dispute.mediator is None
    assert dispute.number in page(as_arbitrator, f"{CASES}?stage=unnamed")
    assert told("vacated")["namers"] == {"Aude"}
    letter = letter_to(mediator_user)
    assert (letter.action, letter.paragraphs[0][:40]) == (None, "Vous avez désormais un lien avec une par")


def test_tied_arbitrator_gives_way_to_another(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User
) -> None:
    dispute = way.arbitrated(account, mediator_user)
    zoe = person("zoe@paraphe.example", "Zoé Hamel", staff_of=SMA)
    company_of(arbitrator_user, dispute.provider)
    assert free_seats() == 1
    assert way.fresh(dispute).arbitrator == zoe
