"""Reading a Factur-X: a PDF that carries its invoice as XML (EN 16931, CII syntax)."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext as _
from facturx import get_xml_from_pdf
from lxml import etree
from stdnum.fr import siren as siren_rules

from payouts.bankfiles import Unreadable, parsed

if TYPE_CHECKING:
    from marketplace.accounts.models import Company

NS = {
    "rsm": "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100",
    "ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
    "udt": "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100",
}
logging.getLogger("factur-x").setLevel(logging.ERROR)  # it warns of each PDF that is no Factur-X
INVOICES = frozenset({"380", "384", "386"})  # UNTDID 1001: invoice, corrected invoice, prepayment invoice
LARGEST_CENTS = 10**15


class Party(NamedTuple):
    """A side of the invoice: its SIREN and its VAT number, "" when not given."""

    siren: str
    vat_number: str

    def is_company(self, company: Company) -> bool:
        """Whether it is `company`: by SIREN, or by VAT number for a foreign one."""
        return self.siren == company.siren if company.siren else self.vat_number == company.vat_number


@dataclass(frozen=True)
class FacturX:
    """What the XML says: the parties, amounts in cents, currency (ISO 4217)."""

    number: str
    issued_on: date
    seller: Party
    buyer: Party
    ht_cents: int
    vat_cents: int
    cents: int
    currency: str
    is_invoice: bool


def read(pdf: bytes) -> FacturX | None:
    """The Factur-X in `pdf`, or None for a plain PDF. Raises Unreadable when its XML does not hold an invoice."""
    try:
        _name, xml = get_xml_from_pdf(pdf, check_xsd=False)
    except Exception as error:  # the library raises bare exceptions on odd PDFs
        raise Unreadable(_("the PDF is damaged")) from error
    return invoice(parsed(xml)) if xml else None


def invoice(root: etree._Element) -> FacturX:
    """The invoice of a CrossIndustryInvoice document. Raises Unreadable."""
    trade = "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTrade"
    sums = f"{trade}Settlement/ram:SpecifiedTradeSettlementHeaderMonetarySummation"
    head = "rsm:ExchangedDocument"
    return FacturX(
        number=text(root, f"{head}/ram:ID"),
        issued_on=day(text(root, f"{head}/ram:IssueDateTime/udt:DateTimeString")),
        seller=party(root, f"{trade}Agreement/ram:SellerTradeParty"),
        buyer=party(root, f"{trade}Agreement/ram:BuyerTradeParty"),
        ht_cents=cents(text(root, f"{sums}/ram:TaxBasisTotalAmount")),
        vat_cents=cents(text(root, f"{sums}/ram:TaxTotalAmount") or "0"),
        cents=cents(text(root, f"{sums}/ram:GrandTotalAmount")),
        currency=text(root, f"{trade}Settlement/ram:InvoiceCurrencyCode"),
        is_invoice=text(root, f"{head}/ram:TypeCode") in INVOICES,
    )


def party(root: etree._Element, path: str) -> Party:
    """A party's SIREN, from its legal identifier (a SIRET is cut) or from its French VAT number; and that number."""
    legal = text(root, f"{path}/ram:SpecifiedLegalOrganization/ram:ID").replace(" ", "")
    vat = text(root, f"{path}/ram:SpecifiedTaxRegistration/ram:ID").replace(" ", "")
    candidates = (legal[:9], vat[4:] if vat.startswith("FR") else "")
    return Party(next(filter(siren_rules.is_valid, candidates), ""), vat)


def cents(amount: str) -> int:
    """An amount of the XML in whole cents. Raises Unreadable for a fraction of a cent, no number, or too many."""
    try:
        exact = Decimal(amount) * 100
    except InvalidOperation as error:
        raise Unreadable(_("an amount is no number")) from error
    if not exact.is_finite() or abs(exact) > LARGEST_CENTS or exact != int(exact):
        raise Unreadable(_("an amount is no whole number of cents"))
    return int(exact)


def day(digits: str) -> date:
    """A date written as 20261124 (UNTDID 2379, format 102). Raises Unreadable."""
    try:
        return datetime.strptime(digits, "%Y%m%d").date()  # noqa: DTZ007  (a day, no instant)
    except ValueError as error:
        raise Unreadable(_("its date cannot be read")) from error


def text(root: etree._Element, path: str) -> str:
    """The text at `path`, or nothing."""
    return (root.findtext(path, namespaces=NS) or "").strip()
