import pytest

from marketplace.accounts.models import Company
from marketplace.billing.vat import Amount, vat_for


@pytest.mark.parametrize(
    ("ht_cents", "rate_bp", "vat_cents"),
    [
        (100, 2000, 20),
        (1, 2000, 0),
        (2, 2000, 0),
        (3, 2000, 1),
        (333, 2000, 67),
        (10, 550, 1),
        (9, 550, 0),
        (100, 0, 0),
    ],
)
def test_vat_is_rounded_to_the_nearest_cent(ht_cents: int, rate_bp: int, vat_cents: int) -> None:
    assert Amount.from_ht(ht_cents, rate_bp) == (ht_cents, vat_cents, ht_cents + vat_cents)


def test_a_total_adds_parts_that_were_rounded_on_their_own() -> None:
    assert Amount.total([Amount.from_ht(3, 2000)] * 3) == Amount(9, 3, 12)
    assert Amount.total([]) == Amount(0, 0, 0)


@pytest.mark.parametrize(
    ("country", "vat_number", "rate_bp"),
    [("FR", "", 2000), ("FR", "FR27893204417", 2000), ("DE", "DE811907980", 0), ("BE", "", 2000), ("CH", "", 0)],
)
def test_the_platform_bills_vat_by_the_place_of_the_buyer(country: str, vat_number: str, rate_bp: int) -> None:
    assert vat_for(Company(country=country, vat_number=vat_number)) == rate_bp
