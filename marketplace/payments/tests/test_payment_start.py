from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from marketplace.accounts.models import User
from marketplace.payments.models import Payment, PaymentState
from marketplace.payments.purposes import purpose
from marketplace.payments.tests import shelf

pytestmark = pytest.mark.django_db


def test_the_same_key_gives_the_same_payment(provider_user: User) -> None:
    key = uuid4()
    first = shelf.start(provider_user, key=key)
    assert shelf.start(provider_user, key=key) == first
    assert Payment.objects.count() == 1
    assert first.state == PaymentState.CREATED


@pytest.mark.parametrize("other", [{"ht": 9_999}, {"reference": "else"}])
def test_the_same_key_for_something_else_is_refused(provider_user: User, other: dict[str, object]) -> None:
    key = uuid4()
    shelf.start(provider_user, key=key)
    with pytest.raises(Payment.KeyReused):
        shelf.start(provider_user, key=key, **other)  # type: ignore[arg-type]


def test_somebody_elses_key_is_refused(provider_user: User, rival_user: User) -> None:
    key = uuid4()
    shelf.start(provider_user, key=key)
    with pytest.raises(Payment.KeyReused):
        shelf.start(rival_user, key=key)


def test_an_unknown_purpose_is_a_mistake_of_ours(provider_user: User) -> None:
    with pytest.raises(ValueError, match="purpose"):
        Payment.start(
            key=uuid4(),
            payer=provider_user,
            purpose="nobody",
            reference="",
            cents=1,
            ht_cents=1,
            vat_cents=0,
            description="",
        )
    with pytest.raises(ValueError, match="Two purposes"):
        purpose("tests.shelf")(shelf.Shelf)


def test_sums_that_do_not_add_up_are_refused_by_the_database(payment: Payment) -> None:
    payment.cents += 1
    with pytest.raises(IntegrityError, match="payment_adds_up"), transaction.atomic():
        payment.save(update_fields=["cents"])


def test_a_payment_is_not_born_paid_nor_paid_without_proof(payment: Payment) -> None:
    payment.state = PaymentState.PAID
    with pytest.raises(IntegrityError, match="payment_paid_with_proof"), transaction.atomic():
        payment.save(update_fields=["state"])
    payment.state = PaymentState.OPEN
    with pytest.raises(IntegrityError, match="payment_open_with_checkout"), transaction.atomic():
        payment.save(update_fields=["state"])


def test_a_payment_is_seen_by_its_payer_alone(payment: Payment, provider_user: User, rival_user: User) -> None:
    assert list(Payment.objects.visible_to(provider_user)) == [payment]
    assert not Payment.objects.visible_to(rival_user).exists()


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_a_double_click_starts_one_payment(provider_user: User) -> None:
    key = uuid4()

    def click(_turn: int) -> int:
        try:
            return shelf.start(provider_user, key=key).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(click, range(16)))) == 1
