"""Packs: bought once per page, credited once per payment, at the VAT of who buys."""

import re
import uuid

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from credits.models import CreditPack, Kind, PackPurchase, Wallet
from marketplace.accounts.models import User
from marketplace.ledger.models import Transfer
from marketplace.payments.models import Payment
from projects.tests.bids import bidder, paid

pytestmark = pytest.mark.django_db


@pytest.fixture
def pack() -> CreditPack:
    return CreditPack.objects.create(name="Essai", consultation=3, offer=1, price_cents=2_000, position=9)


def test_pack_is_credited_when_its_payment_settles_and_once(pack: CreditPack, provider_user: User) -> None:
    payment = pack.buy(by=provider_user, key=uuid.uuid4())
    assert (payment.ht_cents, payment.vat_cents, payment.cents) == (2_000, 400, 2_400)
    assert not Wallet.objects.exists()
    for _twice in range(2):
        paid(payment)
    assert Wallet.of(provider_user).balances == {Kind.CONSULTATION: 3, Kind.OFFER: 1, Kind.CONTACT: 0}
    transfer = Transfer.objects.get(key=f"stripe:pi_{payment.key.hex}:paid")
    assert sorted(move.amount for move in transfer.moves.all()) == [1, 3, 400, 2_000]


def test_foreign_business_pays_no_vat(pack: CreditPack) -> None:
    provider = bidder(7)
    provider.company.vat_number = "BE0403170701"  # a number whose check digits are right
    provider.company.save(update_fields=["vat_number"])
    payment = pack.buy(by=provider, key=uuid.uuid4())
    assert (payment.ht_cents, payment.vat_cents) == (2_000, 0)
    paid(payment)
    assert Wallet.of(provider).balance(Kind.OFFER) > 0


def test_purchase_keeps_what_the_pack_held_that_day(pack: CreditPack, provider_user: User) -> None:
    payment = pack.buy(by=provider_user, key=uuid.uuid4())
    pack.consultation = 100
    pack.save(update_fields=["consultation"])
    paid(payment)
    assert Wallet.of(provider_user).balance(Kind.CONSULTATION) == 3
    assert str(PackPurchase.objects.get()) == "Essai (Paul Mercier)"


def test_key_of_another_pack_or_person_is_refused(pack: CreditPack, provider_user: User, rival_user: User) -> None:
    key, other = uuid.uuid4(), CreditPack.objects.exclude(pk=pack.pk)[0]
    first = pack.buy(by=provider_user, key=key)
    assert pack.buy(by=provider_user, key=key) == first
    for wrong, by in ((other, provider_user), (pack, rival_user)):
        with pytest.raises(Payment.KeyReused):
            wrong.buy(by=by, key=key)
    assert PackPurchase.objects.count() == Payment.objects.count() == 1


def test_second_payment_of_one_purchase_goes_back(pack: CreditPack, provider_user: User) -> None:
    first = pack.buy(by=provider_user, key=uuid.uuid4())
    second = Payment.start(
        key=uuid.uuid4(),
        payer=provider_user,
        purpose="credits.pack",
        reference=first.reference,
        cents=2_400,
        ht_cents=2_000,
        vat_cents=400,
        description="Essai",
    )
    assert [paid(first).state, paid(second).state] == ["PAID", "RETURNED"]
    assert Wallet.of(provider_user).balance(Kind.CONSULTATION) == 3


@pytest.mark.parametrize("path", ["/projets/abc/credit/offre/", ""])
def test_payer_goes_on_where_credits_were_lacking(as_provider: Client, pack: CreditPack, path: str) -> None:
    answer = as_provider.post(f"/credits/packs/{pack.pk}/", {"key": uuid.uuid4(), "next": path})
    payment = Payment.objects.get()
    assert answer.url == payment.checkout_url()  # type: ignore[attr-defined]
    assert payment.back_url() == (path or "/credits/")


ELSEWHERE = ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:1", "/" * 999]


@pytest.mark.parametrize("path", ELSEWHERE)
def test_nobody_is_led_elsewhere_after_paying(as_provider: Client, pack: CreditPack, path: str) -> None:
    as_provider.post(f"/credits/packs/{pack.pk}/", {"key": uuid.uuid4(), "next": path})
    assert Payment.objects.get().back_url() == "/credits/"


def test_pack_taken_off_sale_is_not_bought(pack: CreditPack, provider_user: User) -> None:
    CreditPack.objects.filter(pk=pack.pk).update(on_sale=False)
    with pytest.raises(CreditPack.NotOnSale):
        pack.buy(by=provider_user, key=uuid.uuid4())
    assert not PackPurchase.objects.exists()


def test_pack_that_changed_since_the_page_was_drawn_is_not_bought(as_provider: Client, pack: CreditPack) -> None:
    page = as_provider.get("/credits/").content.decode()
    stated = re.search(rf'packs/{pack.pk}/.*?name="stated" value="([^"]+)"', page, re.DOTALL)
    assert stated
    for change in ({"price_cents": pack.price_cents * 5}, {"offer": pack.offer + 1}):
        CreditPack.objects.filter(pk=pack.pk).update(**change)
        answer = as_provider.post(f"/credits/packs/{pack.pk}/", {"key": uuid.uuid4(), "stated": stated[1]})
        assert "Ce pack vient de changer" in answer.content.decode()
    assert not Payment.objects.exists()


def test_form_without_its_key_buys_nothing(as_provider: Client, pack: CreditPack) -> None:
    answer = as_provider.post(f"/credits/packs/{pack.pk}/", {"key": "\x00"})
    assert answer.status_code == 200
    assert "error-summary" in answer.content.decode()
    assert not Payment.objects.exists()
    assert as_provider.post("/credits/packs/999999/", {"key": uuid.uuid4()}).status_code == 404


@pytest.mark.parametrize("fields", [{"price_cents": 0, "offer": 1}, {"price_cents": 5}])
def test_database_refuses_a_pack_without_price_or_credits(fields: dict[str, int]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        CreditPack.objects.create(name="Vide", **fields)


def test_pack_and_kinds_say_what_they_are() -> None:
    pack = CreditPack(name="Essai", contact=2, price_cents=1)
    assert (str(pack), pack.contents) == ("Essai", ["2 crédits contact direct"])
    assert [kind.price_cents for kind in Kind] == [400, 900, 1500]
