"""The queue of cases in the administration: who finds which, by the nearest date, and what of it."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from escrow.models import EscrowAccount
from escrow.tests import way as escrow
from marketplace.accounts.models import User
from marketplace.accounts.staff import SMA
from marketplace.events.models import Notice
from marketplace.templatetags.page import paris, paris_short
from marketplace.testing.cast import person, signed_in
from mediation.desk import on_desk_of
from mediation.models import Dispute, has_tie
from mediation.models.bench import tied_to
from mediation.tests import way
from mediation.tests.desk import CASES, case_page, do, offered, page, plain
from mediation.tests.test_bench import company_of, in_the_sma
from mediation.tests.test_notices import told
from projects.models import Deadline, Offer, OfferTerms

pytestmark = pytest.mark.django_db
SECRETS = ("Claire Caron", "Caron Architectes", "Paul Mercier", "Atelier Mercier", "Les fiches n’ont pas")


@pytest.fixture
def dispute(account: EscrowAccount, mediator_user: User, arbitrator_user: User) -> Dispute:
    """In mediation, led by the mediator."""
    dispute = way.mediated(account)
    dispute.assign(mediator_user, by=arbitrator_user)
    return way.fresh(dispute)


def test_the_nearest_date_comes_first(account: EscrowAccount, as_mediator: Client) -> None:
    first, second = way.opened(account, 1), way.opened(account, 2)
    first.answer("Non.", by=first.provider, key=uuid.uuid4())
    rows = page(as_mediator)
    assert "1 200,00 €" in rows
    assert rows.index(f">{second.number}<") < rows.index(f">{first.number}<")
    Deadline.objects.about(second).update(due_at=way.due(first, "sma.mediate") + timedelta(days=3))
    rows = page(as_mediator)
    assert rows.index(f">{first.number}<") < rows.index(f">{second.number}<")


def test_who_does_not_sit_in_a_case_reads_nothing_of_it(
    dispute: Dispute, as_mediator: Client, as_arbitrator: Client, as_superuser: Client
) -> None:
    assert all(words in case_page(as_mediator, dispute) for words in SECRETS)
    for other in (as_arbitrator, as_superuser):
        text = page(other) + case_page(other, dispute)
        assert dispute.number in text
        assert not [words for words in SECRETS if words in text]
        assert "n’est lu que par qui siège" in text


def test_other_staff_find_no_case(dispute: Dispute, as_finance: Client, as_moderator: Client) -> None:
    for other in (as_finance, as_moderator):
        page(other, CASES, 403)
        page(other, f"{CASES}workload/", 403)
        assert do(other, dispute, "note", text="Je lis ?") in {"403", "404"}
        assert "dossier" not in page(other, "/admin/")


@pytest.mark.parametrize("tie", ["party", "company", "bidder", "rival", "client"])
def test_whoever_is_tied_to_a_side_does_not_find_the_case(
    dispute: Dispute, stranger_user: User, rival_user: User, mediator_user: User, tie: str
) -> None:
    staff = {"party": dispute.provider, "company": mediator_user}.get(tie, stranger_user)
    in_the_sma(staff)
    if tie == "company":
        company_of(staff, dispute.client)
    if tie in {"bidder", "rival", "client"}:
        meet(dispute, staff, rival_user, tie)
    staff = User.objects.get(pk=staff.pk)
    assert has_tie(staff, dispute)
    assert tied_to(staff) & {dispute.client.pk, dispute.provider.pk}
    assert not on_desk_of(staff).exists()


def meet(dispute: Dispute, staff: User, rival: User, tie: str) -> None:
    client = {"bidder": dispute.client, "rival": rival, "client": staff}[tie]
    project = escrow.published(client)
    for bidder in [staff] if tie == "bidder" else [dispute.provider, *([staff] if tie == "rival" else [])]:
        escrow.with_credits(bidder, project)
        Offer.place(project, by=bidder, terms=OfferTerms(100_000, 10, "Je sais faire."), key=uuid.uuid4())


def test_a_stranger_of_the_sma_is_tied_to_nobody_else(dispute: Dispute, stranger_user: User) -> None:
    in_the_sma(stranger_user)
    assert tied_to(User.objects.get(pk=stranger_user.pk)) == {stranger_user.pk}
    assert on_desk_of(stranger_user).get() == dispute


def test_stages_of_the_queue(dispute: Dispute, account: EscrowAccount, as_mediator: Client) -> None:
    other = way.opened(account, 2)
    found = {
        stage: {n for n in (dispute.number, other.number) if f">{n}<" in page(as_mediator, f"{CASES}?stage={stage}")}
        for stage in ("", "mine", "unnamed", "to-publish", "over", "all", "x")
    }
    both = {dispute.number, other.number}
    assert (found[""], found["all"], found["x"]) == (both, both, both)
    assert (found["mine"], found["unnamed"]) == ({dispute.number}, {other.number})
    assert not found["to-publish"] | found["over"]
    other.withdraw(by=other.client)
    assert f">{other.number}<" in page(as_mediator, f"{CASES}?stage=over")


def test_first_page_says_what_waits(dispute: Dispute, account: EscrowAccount, as_mediator: Client) -> None:
    way.opened(account, 2)
    text = page(as_mediator, "/admin/")
    assert "1 dossier sans médiateur" in text
    assert "1 dossier vous attend" in text


def test_seat_that_nobody_can_take_is_shown_and_told(
    account: EscrowAccount, mediator_user: User, as_mediator: Client, superuser: User
) -> None:
    dispute = way.arbitrated(account, mediator_user)
    assert told("stuck") == {"heads": {"Rose"}, "untied": {"Marc"}}
    letter = Notice.objects.get(user=mediator_user, name="mediation.stuck.untied").letter
    assert plain(paris(way.due(dispute, "sma.replace"))) in plain(letter.paragraphs[2])
    assert "1 dossier sans arbitre" in page(as_mediator, "/admin/")
    assert dispute.number in page(as_mediator, f"{CASES}?stage=no-arbitrator")
    person("zoe@paraphe.example", "Zoé Hamel", staff_of=SMA)
    way.let_fall(dispute, "sma.replace")
    assert dispute.number not in page(as_mediator, f"{CASES}?stage=no-arbitrator")
    assert "Rien ne vous attend." in page(as_mediator, "/admin/")


def test_decision_without_an_approver_is_shown(
    account: EscrowAccount, mediator_user: User, as_arbitrator: Client, settings: Any
) -> None:
    settings.SMA_APPROVAL_CENTS = 0
    dispute = way.arbitrated(account, mediator_user)
    assert "pour l’approuver" not in page(as_arbitrator, "/admin/")
    way.drafted(dispute, 0)
    assert told("stuck") == {"untied": {"Marc", "Aude"}}
    assert "1 décision sans personne pour l’approuver" in page(as_arbitrator, "/admin/")
    assert dispute.number in page(as_arbitrator, f"{CASES}?stage=no-approver")
    assert "Décisions à écrire</dt><dd>0</dd>" in page(as_arbitrator, f"{CASES}workload/")


def test_queue_waits_for_the_mediator_then_for_both_sides(
    dispute: Dispute, mediator_user: User, as_mediator: Client
) -> None:
    first = "un premier message ou partage proposé par le SMA"
    text = page(as_mediator)
    assert f"{first} ; un accord des deux parties" in plain(text)
    assert plain(paris_short(way.due(dispute, "sma.replace"))) in plain(text)
    dispute.say("Bonjour à tous deux.", by=mediator_user, key=uuid.uuid4())
    assert (first in page(as_mediator), "un accord des deux parties" in page(as_mediator)) == (False, True)


def test_arbitrator_s_first_page_says_so_until_the_decision(
    account: EscrowAccount, mediator_user: User, as_arbitrator: Client
) -> None:
    dispute = way.arbitrated(account, mediator_user)
    assert "1 dossier vous attend" in page(as_arbitrator, "/admin/")
    assert "la décision de l’arbitre" in page(as_arbitrator)
    way.drafted(dispute, 0)
    assert "Rien ne vous attend." in page(as_arbitrator, "/admin/")
    assert "son exécution" in page(as_arbitrator)


def test_late_decision_is_said(account: EscrowAccount, mediator_user: User, arbitrator_user: User) -> None:
    dispute = way.arbitrated(account, mediator_user)
    assert dispute.decide_by
    with time_machine.travel(dispute.decide_by + timedelta(days=1), tick=False):
        assert ", en retard" in page(signed_in(arbitrator_user))


def dates(dispute: Dispute, reader: User) -> list[datetime]:
    return [row.__dict__["next_due"] for row in on_desk_of(reader).filter(pk=dispute.pk)]


def test_queue_gives_the_date_on_which_something_happens(
    dispute: Dispute, mediator_user: User, as_mediator: Client
) -> None:
    assert dispute.mediate_by  # which may come first, where holidays make the other late
    assert dates(dispute, mediator_user) == [min(way.due(dispute, "sma.replace"), dispute.mediate_by)]
    dispute.say("Bonjour à vous deux.", by=mediator_user, key=uuid.uuid4())
    assert dates(dispute, mediator_user) == [dispute.mediate_by]
    assert plain(paris_short(dispute.mediate_by)) in page(as_mediator)


def test_queue_puts_first_who_has_to_begin(dispute: Dispute, account: EscrowAccount, mediator_user: User) -> None:
    later = way.mediated(account, 2)
    later.assign(mediator_user, by=mediator_user)
    assert list(on_desk_of(mediator_user)) == [dispute, later]
    dispute.say("Bonjour à vous deux.", by=mediator_user, key=uuid.uuid4())
    assert list(on_desk_of(mediator_user)) == [later, dispute]


def test_late_decision_keeps_its_date(account: EscrowAccount, mediator_user: User, arbitrator_user: User) -> None:
    dispute = way.let_fall(way.arbitrated(account, mediator_user), "sma.decide")
    assert dates(dispute, arbitrator_user) == [dispute.decide_by]
    assert dispute.decide_by
    assert way.due(dispute, "sma.replace") > dispute.decide_by


def test_queue_asks_the_database_as_often_for_many(account: EscrowAccount, as_mediator: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            page(as_mediator)
        return len(caught)

    way.opened(account, 1)
    queries()
    few = queries()
    way.opened(account, 2)
    way.opened(account, 3, cents=1)
    assert queries() == few


def test_deeds_are_offered_by_seat(dispute: Dispute, as_mediator: Client, as_arbitrator: Client) -> None:
    assert offered(as_mediator, dispute) == {"assign", "say", "note", "propose", "hand-over"}
    assert offered(as_arbitrator, dispute) == {"assign"}
    for deed in ("say", "note", "propose", "hand-over", "decide", "approve", "send-back", "publish", "take-off"):
        assert do(as_arbitrator, dispute, deed, text="x", reason="x") == "403"


def test_suspended_member_finds_nothing(dispute: Dispute, mediator_user: User, superuser: Any) -> None:
    as_mediator = signed_in(mediator_user)
    mediator_user.suspend(by=superuser, reason="Parti")
    assert as_mediator.get(f"{CASES}{dispute.pk}/change/").status_code == 302


def test_whoever_left_the_group_finds_nothing(dispute: Dispute, mediator_user: User) -> None:
    mediator_user.groups.remove(Group.objects.get(name=SMA))
    assert signed_in(mediator_user).get(f"{CASES}{dispute.pk}/change/").status_code == 403


def test_workload_counts_seats_and_delays(
    dispute: Dispute, account: EscrowAccount, mediator_user: User, as_mediator: Client
) -> None:
    person("zoe@paraphe.example", "Zoé Hamel", staff_of=SMA)
    other = way.opened(account, 2)
    other.withdraw(by=other.client)
    text = page(as_mediator, f"{CASES}workload/")
    assert text.index("Marc Tellier") < text.index("Zoé Hamel")
    for words in ("Médiateur nommé", "Retirés par qui les avait ouverts", "1 dossier, 0,0 jours", "1 200,00 €"):
        assert words in text
    with time_machine.travel(dispute.opened_at + timedelta(days=8), tick=False):
        assert "<dt>En retard à cette heure</dt><dd>1</dd>" in page(signed_in(mediator_user), f"{CASES}workload/")
    dispute.say("Bonjour à vous deux.", by=mediator_user, key=uuid.uuid4())
    with time_machine.travel(dispute.opened_at + timedelta(days=8), tick=False):
        assert "cette heure</dt><dd>1</dd>" not in page(signed_in(mediator_user), f"{CASES}workload/")


def test_workload_counts_a_late_arbitrator(account: EscrowAccount, mediator_user: User, arbitrator_user: User) -> None:
    dispute = way.arbitrated(account, mediator_user)
    assert dispute.decide_by
    with time_machine.travel(dispute.decide_by + timedelta(days=1), tick=False):
        text = page(signed_in(arbitrator_user), f"{CASES}workload/")
    assert "Décisions à écrire</dt><dd>1</dd>" in text
    assert "cette heure</dt><dd>1</dd>" in text


def test_workload_without_members_says_what_to_do(as_superuser: Client) -> None:
    assert "Le SMA n’a aucun membre actif" in page(as_superuser, f"{CASES}workload/")
