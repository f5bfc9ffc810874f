"""Avenants: proposed, accepted by both, paid for, in force; or declined, withdrawn, replaced, lapsed."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.events.models import Event
from marketplace.payments.models import Payment, Refund
from projects.models import Agreement, Amendment, AmendmentState, Consent, Deadline, Formula, Offer
from projects.models.amendments import AMENDMENT_MOVES
from projects.models.content import days_after
from projects.models.fees import FeeChange, part_of
from projects.tests.avenants import accepted, amended, in_force, proposed
from projects.tests.bids import active, awarded, bend, fallen, paid, stocked
from projects.tests.calls import opened

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
STATES = AmendmentState.values


@pytest.fixture
def agreement(client_user: User, provider_user: User) -> Agreement:
    """Active in base: 3 000 € in two tranches, 450 € of commission and 90 € of VAT paid."""
    project = opened(client_user, formula_wanted=Formula.BASE)
    return active(awarded(project, stocked(provider_user), parts=(100_000, 200_000)))


def sweep_after(at: datetime | None) -> int:
    assert at
    with time_machine.travel(at + SECOND):
        return fallen(timezone.now())


def test_rise_is_in_force_once_its_commission_is_paid(agreement: Agreement) -> None:
    amendment = accepted(proposed(agreement, {2: 300_000}))
    assert (amendment.state, amendment.change) == ("AGREED", FeeChange(15_000, 0, 3_000))
    assert (agreement.version.number, agreement.version.price_cents) == (1, 300_000)
    assert amendment.pay_by == days_after(amendment.agreed_at or timezone.now(), settings.INTRODUCTION_DAYS)
    payment = paid(amendment.pay(by=agreement.client, key=uuid.uuid4()))
    agreement.refresh_from_db()
    assert (payment.state, payment.cents, payment.vat_cents) == ("PAID", 18_000, 3_000)
    assert (agreement.version.number, agreement.version.price_cents) == (2, 400_000)
    assert FeeChange.paid(agreement.project.key) == (60_000, 0, 12_000)
    assert agreement.sha256 == agreement.version.digest() == Amendment.objects.get().sha256


def test_fall_is_in_force_at_once_and_refunds_the_fees(agreement: Agreement) -> None:
    in_force(proposed(agreement, new=[100_000]))
    amendment = in_force(proposed(agreement, {2: None}, by=agreement.provider))
    assert (amendment.state, amendment.change) == ("IN_FORCE", FeeChange(-30_000, 0, -6_000))
    assert [part.position for part in agreement.version.tranches.all()] == [1, 3]
    refunds = Refund.objects.order_by("pk")
    assert [(refund.payment.purpose, refund.cents) for refund in refunds] == [
        ("agreements.amendment", 18_000),
        ("agreements.fees", 18_000),
    ]
    assert FeeChange.paid(agreement.project.key) == (30_000, 0, 6_000)


def test_dates_alone_cost_nothing(agreement: Agreement) -> None:
    amendment = in_force(proposed(agreement, delay_days=60))
    assert (amendment.state, amendment.change.cents, agreement.version.delay_days) == ("IN_FORCE", 0, 60)
    assert Payment.objects.filter(purpose="agreements.amendment").count() == Refund.objects.count() == 0


def test_less_than_a_card_pays_waits_for_the_next_one(agreement: Agreement) -> None:
    assert in_force(proposed(agreement, {1: 100_200})).change.cents == 0
    assert accepted(proposed(agreement, {1: 100_400})).change == FeeChange(60, 0, 12)


def test_only_the_client_chooses_the_formula_and_nobody_who_pays(agreement: Agreement) -> None:
    change: dict[str, Any] = {"formula": "R0", "fees_by": "PROVIDER", "fees_reason": "Parce que.", "delay_days": 12}
    mine = proposed(agreement, by=agreement.provider, **change).version
    assert (mine.formula, mine.fees_by) == ("BASE", "CLIENT")
    yours = proposed(agreement, **change).version
    assert (yours.formula, yours.fees_by) == ("R0", "CLIENT")


def test_what_it_asks_is_ticked_apart(agreement: Agreement) -> None:
    amendment = proposed(agreement, formula="R0", release_on_silence=True)
    with pytest.raises(Agreement.NeedsConsent):
        amendment.accept(by=agreement.provider)
    amendment.accept(by=agreement.provider, consents=[Consent.SILENCE])
    assert not proposed(agreement, formula="BASE", release_on_silence=True, delay_days=9).version.release_on_silence


def test_same_proposal_again_gives_the_first(agreement: Agreement) -> None:
    terms, numbers = amended(agreement, {1: 90_000}, [5_000])
    again = partial(Amendment.propose, agreement, terms, numbers=numbers, by=agreement.client, instead_of=0)
    assert again() == again()
    assert Event.objects.filter(verb="amendment.proposed").count() == 1


REFUSED: list[tuple[type[Exception], dict[str, Any]]] = [
    (Amendment.NothingChanges, {}),
    (Amendment.Overtaken, {"instead_of": 4}),
    (Amendment.Unknown, {"numbers": [1, 7]}),
    (Amendment.Unknown, {"numbers": [1, 1]}),
    (Amendment.Unknown, {"numbers": [1]}),
    (Offer.TranchesDoNotSum, {"price_cents": 1}),
]


@pytest.mark.parametrize(("refusal", "odd"), REFUSED)
def test_proposal_is_refused(agreement: Agreement, refusal: type[Exception], odd: dict[str, Any]) -> None:
    terms, numbers = amended(agreement, **{name: odd[name] for name in odd.keys() - {"numbers", "instead_of"}})
    how: dict[str, Any] = {"numbers": numbers, "instead_of": 0, **{n: odd[n] for n in odd if n != "price_cents"}}
    with pytest.raises(refusal):
        Amendment.propose(agreement, terms, by=agreement.client, **how)
    assert not Amendment.objects.exists()
    assert agreement.versions.count() == 1


def test_nothing_is_proposed_once_the_project_is_over(agreement: Agreement) -> None:
    amendment = accepted(proposed(agreement, {1: 200_000}))
    payment = amendment.pay(by=agreement.client, key=uuid.uuid4())
    agreement.project.complete(by=agreement.client)
    amendment.refresh_from_db()
    assert (amendment.state, Deadline.objects.about(amendment).waiting().count()) == ("LAPSED", 0)
    assert paid(payment).state == "RETURNED"
    with pytest.raises(Amendment.NotActive):
        proposed(agreement, {1: 200_000})


def test_other_proposal_replaces_and_the_first_takes_no_acceptance(agreement: Agreement) -> None:
    first = proposed(agreement, {1: 150_000})
    second = proposed(agreement, {1: 120_000}, by=agreement.provider)
    first.refresh_from_db()
    assert (first.state, second.state, second.number) == ("REPLACED", "PROPOSED", 2)
    for deed in (first.accept, partial(first.decline, reason="Non.")):
        with pytest.raises(Amendment.Replaced):
            deed(by=agreement.provider)
    with pytest.raises(Amendment.NotOpen):
        first.withdraw(by=agreement.client)


def test_tranche_added_by_a_proposal_keeps_its_number_in_the_answer(agreement: Agreement) -> None:
    terms, numbers = amended(agreement, new=[50_000])
    proposed(agreement, new=[50_000])
    answer = Amendment.propose(agreement, terms, numbers=[1, 2, 3], by=agreement.provider, instead_of=1)
    assert answer.number == 1
    terms, numbers = amended(agreement, {2: None}, [60_000])
    other = Amendment.propose(agreement, terms, numbers=numbers, by=agreement.provider, instead_of=1)
    assert [part.position for part in other.version.tranches.all()] == [1, 4]


def test_other_party_declines_with_a_reason(agreement: Agreement) -> None:
    amendment = proposed(agreement, {1: 150_000})
    with pytest.raises(Amendment.NotYours):
        amendment.decline(by=agreement.client, reason="Non.")
    with pytest.raises(Agreement.NeedsReason):
        amendment.decline(by=agreement.provider, reason=" ")
    for _click in range(2):
        amendment.decline(by=agreement.provider, reason="Trop peu.")
    assert (amendment.state, amendment.end_reason, amendment.ended_by) == ("DECLINED", "Trop peu.", agreement.provider)
    assert Event.objects.filter(verb="amendment.declined").count() == 1
    with pytest.raises(Amendment.NotOpen):
        amendment.accept(by=agreement.client)


def test_author_withdraws_a_proposal_and_the_payer_what_was_agreed(agreement: Agreement) -> None:
    first = proposed(agreement, {1: 150_000}, by=agreement.provider)
    with pytest.raises(Amendment.NotYours):
        first.withdraw(by=agreement.client)
    for _click in range(2):
        first.withdraw(by=agreement.provider)
    second = accepted(proposed(agreement, {1: 150_000}, by=agreement.provider))
    payment = second.pay(by=agreement.client, key=uuid.uuid4())
    with pytest.raises(Amendment.NotYours):
        second.withdraw(by=agreement.provider)
    second.withdraw(by=agreement.client)
    assert paid(payment).state == "RETURNED"
    assert agreement.version.number == 1


def test_agreed_amendment_comes_first_and_is_paid_once(agreement: Agreement) -> None:
    amendment = accepted(proposed(agreement, {1: 150_000}))
    with pytest.raises(Amendment.Waiting):
        proposed(agreement, {1: 160_000})
    with pytest.raises(Amendment.NotOpen):
        amendment.decline(by=agreement.provider, reason="Non.")
    amendment.accept(by=agreement.client)
    payments = [amendment.pay(by=agreement.client, key=uuid.uuid4()) for _tab in range(2)]
    assert payments[0] == payments[1]
    assert paid(payments[0]).state == "PAID"
    with pytest.raises(Amendment.NotPayable):
        amendment.pay(by=agreement.client, key=uuid.uuid4())


@pytest.mark.parametrize("after", [-SECOND, SECOND])
def test_lapses_unless_accepted_then_paid_in_time(agreement: Agreement, after: timedelta) -> None:
    amendment = proposed(agreement, {1: 150_000})
    with time_machine.travel(amendment.confirm_by + after):
        Deadline.objects.sweep(timezone.now())
    amendment.refresh_from_db()
    assert amendment.state == ("LAPSED" if after > -after else "PROPOSED")
    if after > -after:
        amendment = proposed(agreement, {1: 150_000})
    accepted(amendment)
    payment = amendment.pay(by=agreement.client, key=uuid.uuid4())
    assert sweep_after(amendment.pay_by)
    amendment.refresh_from_db()
    assert (amendment.state, paid(payment).state, agreement.version.number) == ("LAPSED", "RETURNED", 1)


def test_dates_alone_make_it_lapse_or_remind(agreement: Agreement) -> None:
    amendment = proposed(agreement, {1: 150_000})
    late = amendment.confirm_by + SECOND
    with pytest.raises(Amendment.NotDue):
        amendment.lapse(at=amendment.confirm_by)
    with pytest.raises(Amendment.NotDue):
        amendment.remind(at=late)
    with time_machine.travel(late), pytest.raises(Amendment.NotOpen):
        amendment.accept(by=agreement.client)
    reminders = Deadline.objects.about(amendment, "amendment.remind")
    assert sweep_after(reminders.waiting().get().due_at) == 1
    assert sweep_after(reminders.waiting().get().due_at) == 1
    assert Event.objects.filter(verb="amendment.reminded").count() == 2
    assert not reminders.waiting().exists()


def test_vat_given_back_is_the_vat_that_was_paid(agreement: Agreement) -> None:
    bend(
        "update accounts_company set country = 'BE', siren = null, vat_number = 'BE0403019261', vat_status = 'FOREIGN'"
    )
    assert accepted(proposed(agreement, {2: 300_000})).change == FeeChange(15_000, 0, 0)
    Amendment.objects.get().withdraw(by=agreement.client)
    assert accepted(proposed(agreement, {2: 100_000})).change == FeeChange(-15_000, 0, -3_000)


def test_part_of_an_amount_is_rounded_half_up() -> None:
    assert [part_of(9_000, 15_000, 45_000), part_of(1, 1, 2), part_of(1, 1, 3), part_of(0, 0, 0)] == [3_000, 1, 0, 0]


@pytest.mark.parametrize("before", ["", *STATES])
def test_database_knows_the_moves_of_an_amendment(agreement: Agreement, before: str) -> None:
    amendment = proposed(agreement, {1: 150_000})
    facts = "sha256 = 'x', agreed_at = now(), end_reason = 'x'"
    for after in STATES:
        if not before:
            bend("delete from projects_amendment")
            amendment.pk, amendment._state.adding, amendment.state = None, True, after
            deed: Callable[[], Any] = amendment.save
        else:
            ended = "null" if before in {"PROPOSED", "AGREED", "IN_FORCE"} else "now()"
            force = "now()" if before == "IN_FORCE" else "null"
            bend(
                f"update projects_amendment set state = '{before}', ended_at = {ended}, in_force_at = {force}, {facts}"
            )
            times = {"ended_at": None if after in {"PROPOSED", "AGREED", "IN_FORCE"} else timezone.now()}
            times["in_force_at"] = timezone.now() if after == "IN_FORCE" else None
            deed = partial(Amendment.objects.update, state=after, **times)
        check(deed, allowed=before == after or (before, after) in AMENDMENT_MOVES)


def check(deed: Callable[[], Any], *, allowed: bool) -> None:
    if allowed:
        deed()
        return
    with pytest.raises(IntegrityError, match="may not become"), transaction.atomic():
        deed()


def test_avenants_are_seen_by_the_two_parties_and_paid_by_one(agreement: Agreement, rival_user: User) -> None:
    amendment = proposed(agreement, {1: 150_000})
    assert not Amendment.objects.visible_to(rival_user).exists()
    assert Amendment.objects.visible_to(agreement.provider).get() == amendment
    assert not Amendment.objects.payable_by(agreement.provider).exists()


def ends(agreement: Agreement) -> set[str]:
    """What falls by itself on the project."""
    rows = Deadline.objects.waiting().about(agreement.project)
    return set(rows.values_list("kind", flat=True))


def test_base_dates_follow_the_formula(agreement: Agreement) -> None:
    base = {"completion", "survey.1", "survey.2"}
    assert ends(agreement) == base
    accepted(proposed(agreement, formula=Formula.R0))
    paid(Amendment.objects.get().pay(by=agreement.client, key=uuid.uuid4()))
    assert not ends(agreement) & base
    with time_machine.travel(timezone.now() + timedelta(days=100)):
        in_force(proposed(agreement, formula=Formula.BASE))
        assert ends(agreement) == base
        assert not Deadline.objects.about(agreement.project).due(timezone.now() + timedelta(days=29)).exists()
