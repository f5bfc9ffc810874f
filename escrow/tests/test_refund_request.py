"""Held money goes back with the provider's consent: asked for and answered, or offered."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from escrow.figures import Figures
from escrow.models import CaseRequest, EscrowAccount, Refund, RefundRequest, Tranche
from escrow.models.deposits import LEAST_CENTS
from escrow.statement import statement
from escrow.tests import way
from escrow.tests.test_freeze import figures, frozen
from marketplace.events.models import Event, Notice
from marketplace.ledger.models import Transfer
from marketplace.payments.gateway import Repayment
from marketplace.payments.models import Refund as CardRefund
from marketplace.templatetags.page import PARIS
from projects.models import Deadline, Project
from projects.tests.avenants import in_force, proposed

pytestmark = pytest.mark.django_db


def first(account: EscrowAccount) -> Tranche:
    return Tranche.objects.with_parties().get(account=account, position=1)


def asked(account: EscrowAccount, cents: int, reason: str = "Nous arrêtons.") -> RefundRequest:
    by = account.agreement.client
    return RefundRequest.ask(first(account), cents, reason=reason, by=by, key=uuid.uuid4())


def offered(account: EscrowAccount, cents: int, reason: str = "") -> RefundRequest:
    by = account.agreement.provider
    return RefundRequest.offer(first(account), cents, reason=reason, by=by, key=uuid.uuid4())


def agreed(request: RefundRequest) -> RefundRequest:
    held = request.tranche.held_cents
    request.agree(by=request.tranche.account.agreement.provider, held_cents=held)
    return request


def test_nothing_moves_before_the_provider_agrees(account: EscrowAccount) -> None:
    way.deposited(account, 120_000)
    request = asked(account, 120_000)
    assert (figures(account).held, figures(account).refunding) == (120_000, 0)
    agreed(request)
    assert (figures(account).held, figures(account).refunding) == (0, 120_000)
    assert (first(account).state, first(account).lacking_cents) == ("REFUNDED", 0)
    refund = Refund.objects.get(request=request)
    assert Transfer.objects.get(key=f"refund:{refund.pk}").moves.get().amount == 120_000
    assert statement(account)[-1].detail == "tranche\xa01, avec l’accord du prestataire"


def test_part_that_goes_back_is_lacking_again(account: EscrowAccount) -> None:
    way.deposited(account, 80_000)
    way.deposited(account, 40_000)
    agreed(asked(account, 50_000))
    assert (first(account).state, first(account).funded_cents, first(account).lacking_cents) == (
        "FUNDED",
        70_000,
        50_000,
    )
    back = CardRefund.objects.filter(payment__deposit__account=account).order_by("pk")
    assert [row.cents for row in back] == [40_000, 10_000]
    assert figures(account).amount == 360_000
    way.deposited(account, 50_000, first(account))
    assert first(account).light.kind == "go"


def test_last_tranche_given_back_finishes_the_project(client_user: object, provider_user: object) -> None:
    account = way.opened(client_user, provider_user, [10_000])  # type: ignore[arg-type]
    way.deposited(account, 12_000)
    offered(account, 12_000)
    assert Project.objects.get(pk=account.project_id).state == "COMPLETED"
    assert Event.objects.filter(verb="escrow.finished").count() == 1


def test_rest_of_a_delivered_tranche_goes_back_and_what_was_released_stays(account: EscrowAccount) -> None:
    way.deposited(account, 120_000)
    way.released(way.delivered(first(account)), 30_000, "Une partie.")
    agreed(asked(account, 90_000))
    tranche = first(account)
    assert (tranche.state, tranche.released_cents, tranche.accept_by) == ("REFUNDED", 30_000, None)
    assert figures(account).amount == 30_000 + 240_000


@pytest.mark.parametrize(
    ("cents", "refusal"),
    [(0, "TooMuch"), (-1, "TooMuch"), (120_001, "TooMuch"), (LEAST_CENTS - 1, "TooLittle"), (10**15, "TooMuch")],
)
def test_amount_that_cannot_go_back_is_refused(account: EscrowAccount, cents: int, refusal: str) -> None:
    way.deposited(account, 120_000)
    for deed in (asked, offered):
        with pytest.raises(getattr(RefundRequest, refusal), match="1\u202f200,00"):
            deed(account, cents)
    assert not RefundRequest.objects.exists()


def test_request_needs_money_a_reason_and_no_other_request(account: EscrowAccount) -> None:
    with pytest.raises(RefundRequest.NothingHeld):
        asked(account, 1_000)
    way.deposited(account, 120_000)
    with pytest.raises(RefundRequest.NeedsReason):
        asked(account, 1_000, " ")
    request = asked(account, 1_000)
    for deed in (asked, offered):
        with pytest.raises(RefundRequest.AlreadyAsked):
            deed(account, 2_000)
    with pytest.raises(RefundRequest.NeedsReason):
        request.refuse(by=account.agreement.provider, reason="  ")


def test_same_key_asks_and_offers_once(account: EscrowAccount) -> None:
    way.deposited(account, 120_000)
    for deed, by in (
        (RefundRequest.ask, account.agreement.client),
        (RefundRequest.offer, account.agreement.provider),
    ):
        key, tranche = uuid.uuid4(), first(account)
        request = deed(tranche, 1_000, reason="Un mot.", by=by, key=key)
        assert deed(tranche, 1_000, reason="Un mot.", by=by, key=key) == request
        with pytest.raises(RefundRequest.KeyReused):
            deed(tranche, 2_000, reason="Un mot.", by=by, key=key)
        if request.is_living:
            request.withdraw(by=by)
    assert (first(account).funded_cents, RefundRequest.objects.count()) == (119_000, 2)


def test_request_is_answered_once(account: EscrowAccount) -> None:
    way.funded(account)
    client, provider = account.agreement.client, account.agreement.provider
    ends = {
        "AGREED": lambda r: r.agree(by=provider, held_cents=first(account).held_cents),
        "REFUSED": lambda r: r.refuse(by=provider, reason="Le travail est fait."),
        "WITHDRAWN": lambda r: r.withdraw(by=client),
    }
    for state, deed in ends.items():
        request = asked(account, 1_000)
        deed(request)
        deed(request)
        assert request.state == state
        for other in [deed for name, deed in ends.items() if name != state]:
            with pytest.raises(RefundRequest.Answered):
                other(request)
    assert (figures(account).refunding, first(account).funded_cents) == (1_000, 119_000)


def test_consent_to_what_has_changed_since_is_asked_again(account: EscrowAccount) -> None:
    way.deposited(account, 60_000)
    request = asked(account, 60_000)
    assert request.closes_tranche
    way.deposited(account, 10_000)
    with pytest.raises(RefundRequest.Changed, match="700,00"):
        request.agree(by=account.agreement.provider, held_cents=60_000)
    request.agree(by=account.agreement.provider, held_cents=70_000)
    assert (first(account).state, first(account).held_cents) == ("FUNDED", 10_000)


def test_request_for_more_than_is_held_any_more_has_no_object(account: EscrowAccount) -> None:
    way.deposited(account, 120_000)
    request = asked(account, 100_000)
    way.released(way.delivered(first(account)), 20_000, "Une partie.")
    request.refresh_from_db()
    assert request.state == "ASKED"
    way.released(first(account), 1, "Un centime.")
    request.refresh_from_db()
    assert request.state == "LAPSED"


@pytest.mark.parametrize("change", [{1: 50_000}, {1: None}])
def test_avenant_that_takes_the_money_leaves_a_request_without_object(
    account: EscrowAccount, change: dict[int, int | None]
) -> None:
    way.deposited(account, 120_000)
    request = asked(account, 100_000)
    in_force(proposed(account.agreement, change))
    request.refresh_from_db()
    assert request.state == "LAPSED"


def test_dispute_takes_over_a_request_and_refuses_others(account: EscrowAccount) -> None:
    way.deposited(account, 120_000)
    request = asked(account, 100_000)
    frozen(account, 1)
    request.refresh_from_db()
    assert request.state == "ESCALATED"
    for deed in (asked, offered):
        with pytest.raises(Tranche.InDispute):
            deed(account, 1_000)


def late(account: EscrowAccount, days: int = 16) -> Tranche:
    """The first tranche is funded and was due `days` ago."""
    way.deposited(account, 120_000)
    Tranche.objects.filter(account=account, position=1).update(
        due_on=timezone.localdate(timezone=PARIS) - timedelta(days=days)
    )
    return first(account)


def test_only_a_late_tranche_has_a_date_to_answer(account: EscrowAccount) -> None:
    late(account, 15)
    request = asked(account, 1_000)
    assert (request.answer_by, Deadline.objects.about(request).count()) == (None, 0)
    request.withdraw(by=account.agreement.client)
    late(account, 16)
    assert asked(account, 1_000).answer_by


@time_machine.travel(datetime(2026, 10, 22, 10, tzinfo=PARIS), tick=False)
def test_silence_of_five_working_days_brings_a_late_tranche_before_the_sma(account: EscrowAccount) -> None:
    late(account)
    request = asked(account, 120_000)
    falls = datetime(2026, 10, 29, 18, tzinfo=PARIS)  # over a week-end and the end of summer time
    assert request.answer_by == falls
    for at in (falls - timedelta(seconds=1), falls):
        Deadline.objects.sweep(at)
        request.refresh_from_db()
        assert request.state == "ASKED"
    Deadline.objects.sweep(falls + timedelta(seconds=1))
    request.refresh_from_db()
    assert (request.state, first(account).held_cents) == ("ESCALATED", 120_000)
    assert (CaseRequest.objects.get().cause, CaseRequest.objects.get().by) == ("OVERDUE", None)
    with pytest.raises(RefundRequest.Answered):
        agreed(request)
    assert first(account).state == "DISPUTED"


def test_silence_opens_no_second_case(account: EscrowAccount) -> None:
    request = asked_late(account)
    case = way.unopened(first(account))
    Deadline.objects.sweep(after(request))
    request.refresh_from_db()
    assert request.state == "ESCALATED"
    assert CaseRequest.objects.get() == case


def asked_late(account: EscrowAccount) -> RefundRequest:
    late(account)
    return asked(account, 120_000)


def after(request: RefundRequest) -> datetime:
    assert request.answer_by
    return request.answer_by + timedelta(seconds=1)


@time_machine.travel(datetime(2026, 11, 2, 10, tzinfo=PARIS), tick=False)
def test_provider_is_reminded_three_days_and_one_day_before(account: EscrowAccount) -> None:
    request = asked_late(account)
    assert request.answer_by == datetime(2026, 11, 9, 18, tzinfo=PARIS)
    told = Notice.objects.filter(name="escrow.refund_reminded")
    for day, n in ((6, 0), (7, 1), (8, 1), (9, 2)):
        Deadline.objects.sweep(datetime(2026, 11, day, 17, tzinfo=PARIS))
        assert told.count() == (n if day < 9 else 2)
    assert told[0].user == account.agreement.provider
    assert "dossier" in told[0].letter.paragraphs[1] or "SMA" in told[0].letter.paragraphs[1]


def test_delivery_is_no_silence(account: EscrowAccount) -> None:
    request = asked_late(account)
    way.delivered(first(account))
    Deadline.objects.sweep(after(request))
    request.refresh_from_db()
    assert (request.state, request.silence_at) == ("ASKED", None)
    for deed in (request.fall_silent, request.remind):
        with pytest.raises(RefundRequest.NotDue):
            deed(at=after(request))


def test_answer_ends_the_date(account: EscrowAccount) -> None:
    request = asked_late(account)
    request.refuse(by=account.agreement.provider, reason="Livraison demain.")
    assert not Deadline.objects.about(request).waiting().exists()
    assert request.answer == "Livraison demain."
    with pytest.raises(RefundRequest.NotDue):
        request.fall_silent(at=after(request))


def test_each_side_is_told_what_follows(account: EscrowAccount) -> None:
    way.funded(account)
    agreed(asked(account, 1_000))
    asked(account, 1_000).refuse(by=account.agreement.provider, reason="Non.")
    asked(account, 1_000).withdraw(by=account.agreement.client)
    offered(account, 119_000, "Je ne peux plus.")
    for name, words in {
        "escrow.refund_asked.provider": "Rien ne bouge sans vous",
        "escrow.refund_asked.client": "restent bloqués",
        "escrow.refund_agreed.client": "Le prix de la tranche reste",
        "escrow.refund_agreed.provider": "Vous avez accepté de rendre",
        "escrow.refund_refused": "n’accepte pas",
        "escrow.refund_withdrawn": "ne demande plus",
        "escrow.refund_offered.client": "La tranche est close",
        "escrow.refund_offered.provider": "Vous avez rendu",
    }.items():
        letter = Notice.objects.filter(name=name)[0].letter
        assert words in " ".join(letter.paragraphs), letter.paragraphs
    assert Notice.objects.get(name="escrow.refund_offered.client").letter.quote == "Je ne peux plus."


def test_refund_that_arrives_or_comes_back_is_on_the_statement(account: EscrowAccount) -> None:
    way.deposited(account, 120_000)
    offered(account, 120_000)
    card = CardRefund.objects.get(payment__deposit__account=account)
    card.follow(Repayment("re_1", "succeeded", 120_000, str(card.key), ""))
    assert (figures(account).refunding, figures(account).refunded) == (0, 120_000)
    card.follow(Repayment("re_1", "failed", 120_000, str(card.key), "expired_or_canceled_card"))
    assert (figures(account).refunding, figures(account).refunded) == (120_000, 0)
    assert [line.title for line in statement(account)[1:]] == [
        "Remboursement",
        "Remboursement effectué",
        "Remboursement rendu par la banque",
    ]


def test_database_refuses_crooked_requests(account: EscrowAccount) -> None:
    way.deposited(account, 120_000)
    request = asked(account, 1_000)
    assert str(request) == "1. Étape 1: 1000"
    for change in ({"state": "AGREED"}, {"cents": 0}, {"state": "REFUSED", "closed_at": timezone.now()}):
        with pytest.raises(IntegrityError), transaction.atomic():
            RefundRequest.objects.filter(pk=request.pk).update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        Refund.objects.create(account=account, cents=1)


def test_figures_of_every_state_add_up(account: EscrowAccount) -> None:
    """Held, released, in dispute, refunded by request and by award, lacking: all at once."""
    way.funded(account)
    way.released(way.delivered(first(account)), 30_000, "Une partie.")
    agreed(asked(account, 20_000))
    freeze = frozen(account, 2)
    found: Figures = figures(account)
    assert (found.held, found.frozen, found.payable, found.refunding, found.lacking) == (
        166_000,
        144_000,
        30_000,
        20_000,
        20_000,
    )
    freeze.execute(freeze.spread(44_000, 100_000), by=None, key=uuid.uuid4())
    found = figures(account)
    assert (found.payable, found.refunding, found.frozen, found.amount) == (74_000, 120_000, 0, 260_000)


def test_due_date_of_today_is_not_late(account: EscrowAccount) -> None:
    way.deposited(account, 120_000)
    Tranche.objects.filter(account=account, position=1).update(due_on=date(2026, 1, 15))
    with time_machine.travel(datetime(2026, 1, 30, 23, 59, tzinfo=PARIS), tick=False):
        assert asked(account, 1_000).answer_by is None
