"""Factur-X invoices, made by the library: what they say is read, and checked against the agreement by the form."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from escrow.models import Tranche
from marketplace.accounts.models import Company
from marketplace.demo import papers
from marketplace.documents.pdf import rebuilt_pdf
from payouts import facturx
from payouts.bankfiles import Unreadable, parsed
from payouts.bills import Bill
from payouts.forms import PayoutForm
from payouts.models import PayoutRequest
from payouts.tests import way

SELLER = Company(name="Atelier Mercier", country="FR", siren="852856566", vat_number="FR83852856566", city="Nantes")
BUYER = Company(name="Caron", country="FR", siren="914505565", vat_number="FR17914505565", city="Nantes")
SIREN = ">852856566<"


def xml(bill: Bill = way.BILL) -> str:
    return papers.cross_industry_invoice(bill, SELLER, BUYER, "Maquettes")


def test_what_it_says_is_read_before_and_after_the_intake() -> None:
    made = way.factur_x(xml())
    for pdf in (made, rebuilt_pdf(made)):
        found = facturx.read(pdf)
        assert found == facturx.FacturX(
            number="AC-1",
            issued_on=way.ISSUED,
            seller=facturx.Party("852856566", "FR83852856566"),
            buyer=facturx.Party("914505565", "FR17914505565"),
            ht_cents=100_000,
            vat_cents=20_000,
            cents=120_000,
            currency="EUR",
            is_invoice=True,
        )


def test_a_plain_pdf_carries_nothing() -> None:
    assert facturx.read(way.pdf_bytes()) is None


def test_a_damaged_pdf_is_said_to_be_so() -> None:
    for broken in (way.pdf_bytes()[:60], b"", b"%PDF-1.7 rien"):
        with pytest.raises(Unreadable, match="endommagé"):
            facturx.read(broken)


@pytest.mark.parametrize("legal", ["85285656600012", "852 856 566", "", "123456789"])
def test_a_party_is_known_by_siret_siren_or_vat_number(legal: str) -> None:
    found = facturx.invoice(parsed(xml().replace(SIREN, f">{legal}<").encode()))
    assert found.seller.siren == "852856566"


def test_a_foreign_party_is_known_by_its_vat_number() -> None:
    company = Company(name="Studio", country="BE", vat_number="BE0123456749")
    assert facturx.Party("", "BE0123456749").is_company(company)
    assert not facturx.Party("", "BE0999999999").is_company(company)
    assert not facturx.Party("", "").is_company(SELLER)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("1000.00</ram:TaxBasis", "1000.001</ram:TaxBasis", "centimes"),
        ("1000.00</ram:TaxBasis", "mille</ram:TaxBasis", "nombre"),
        ("1000.00</ram:TaxBasis", "1e99</ram:TaxBasis", "centimes"),
        ("1000.00</ram:TaxBasis", "NaN</ram:TaxBasis", "centimes"),
        ("1000.00</ram:TaxBasis", "Infinity</ram:TaxBasis", "centimes"),
        ("1000.00</ram:TaxBasis", "</ram:TaxBasis", "nombre"),
        ("20260120", "20260231", "date"),
        ("20260120", "hier", "date"),
    ],
)
def test_what_makes_no_sense_is_refused(old: str, new: str, why: str) -> None:
    assert old in xml()
    with pytest.raises(Unreadable, match=why):
        facturx.invoice(parsed(xml().replace(old, new).encode()))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_bombs_and_outside_entities_are_no_invoice(encoding: str) -> None:
    entities = '<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d SYSTEM "file:///etc/passwd">'
    text = xml().replace("?>", f"?><!DOCTYPE a [{entities}]>").replace("AC-1", "&c;&d;")
    content = text.replace("UTF-8", encoding).encode(encoding)
    with pytest.raises(Unreadable, match="DOCTYPE"):
        parsed(content)


def test_a_pdf_with_a_bomb_is_taken_in_without_it() -> None:
    text = xml().replace("?>", '?><!DOCTYPE a [<!ENTITY b "b">]>')
    assert facturx.read(rebuilt_pdf(way.factur_x(text))) is None
    with pytest.raises(Unreadable):
        facturx.read(way.factur_x(text))


# What the form says of it, the tranche being of 1 200 € and the parties those of the tests.


def form(tranche: Tranche, text: str, **typed: Any) -> PayoutForm:
    upload = SimpleUploadedFile("facture.pdf", way.factur_x(text), "application/pdf")
    data = {"key": str(uuid.uuid4()), **typed}
    return PayoutForm(data, {"invoice": upload}, tranche=tranche, user=tranche.account.agreement.provider)


@pytest.mark.django_db
def test_a_factur_x_that_fits_asks_by_itself(tranche: Tranche) -> None:
    asked = form(tranche, way.invoice_xml(way.BILL, tranche.account))
    assert asked.is_valid(), asked.errors
    request = asked.save()
    assert request
    assert (request.invoice_number, request.issued_on, request.cents) == ("AC-1", way.ISSUED, way.CENTS)


@pytest.mark.django_db
def test_each_thing_that_does_not_fit_is_told(tranche: Tranche) -> None:
    text = way.invoice_xml(way.BILL, tranche.account)
    cases = [
        ("852856566", "404833048", "vendeur"),
        ("914505565", "404833048", "acheteur"),
        (">EUR<", ">USD<", "euros"),
        (">380<", ">381<", "pas une facture"),
        (">AC-1<", "><", "numéro"),
        (">AC-1<", f">{'A' * 41}<", "numéro"),
        ("<ram:GrandTotalAmount>1200.00", "<ram:GrandTotalAmount>1300.00", "s’additionnent"),
        ("20260120", f"{timezone.localdate() + timedelta(days=2):%Y%m%d}", "futur"),
        ("<ram:GrandTotalAmount>1200.00", "<ram:GrandTotalAmount>mille", "nombre"),
    ]
    for old, new, words in cases:
        assert old in text
        asked = form(tranche, text.replace(old, new))
        assert not asked.is_valid()
        assert words in str(asked.errors["invoice"]), old
    assert not PayoutRequest.objects.exists()


@pytest.mark.django_db
def test_what_the_deed_refuses_stands_beside_the_file(tranche: Tranche) -> None:
    bills = [
        (Bill("AC-1", way.ISSUED, 200_000, 40_000), "2\u202f400,00"),
        (Bill("AC-1", way.ISSUED, 100_000, 10_000), "20\xa0%"),
    ]
    for bill, words in bills:
        asked = form(tranche, way.invoice_xml(bill, tranche.account))
        assert asked.is_valid()
        assert asked.save() is None
        assert words in asked.errors["invoice"][0]
