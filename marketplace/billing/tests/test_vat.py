from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from marketplace.accounts.models import Company
from marketplace.billing.vat import Amount, vat_for


@pytest.mark.parametrize(
    ("country", "number", "rate"),
    [
        ("FR", "", 2000),  # also under art. 293 B
        ("FR", "FR40303265045", 2000),
        ("MC", "FR40303265045", 2000),
        ("BE", "BE 0428.759.497", 0),
        ("BE", "BE0428759497", 0),
        ("BE", "BE0428759498", 2000),  # a wrong check digit
        ("BE", "", 2000),
        ("BE", "DE136695976", 2000),  # another country's number
        ("DE", "DE136695976", 0),
        ("GR", "EL094259216", 0),
        ("GR", "GR094259216", 0),
        ("CH", "CHE-107.787.577 IVA", 0),
        ("GB", "GB980780684", 0),
        ("US", "", 0),
    ],
)
def test_the_rate_follows_the_country_and_the_number(country: str, number: str, rate: int) -> None:
    assert vat_for(Company(country=country, vat_number=number)) == rate


def test_the_french_rate_is_a_setting(settings: Settings) -> None:
    settings.VAT_RATE_BP = 2100
    assert vat_for(Company(country="FR")) == 2100


@pytest.mark.parametrize(
    ("ht", "rate", "vat"), [(10_000, 2000, 2000), (1, 2000, 0), (2, 2000, 0), (3, 2000, 1), (25, 200, 1), (9_999, 0, 0)]
)
def test_half_a_cent_goes_up(ht: int, rate: int, vat: int) -> None:
    assert Amount.from_ht(ht, rate) == Amount(ht, vat, ht + vat)


@given(ht=st.integers(0, 10**12), rate=st.integers(0, 3000))
def test_vat_is_never_half_a_cent_away(ht: int, rate: int) -> None:
    amount = Amount.from_ht(ht, rate)
    assert amount.cents == amount.ht_cents + amount.vat_cents
    assert -5_000 < amount.vat_cents * 10_000 - ht * rate <= 5_000


def test_a_total_adds_rounded_lines() -> None:
    assert Amount.total([Amount.from_ht(3, 2000)] * 3) == Amount(9, 3, 12)
    assert Amount.total([]) == Amount(0, 0, 0)


def test_negative_amounts_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        Amount.from_ht(-1, 2000)
