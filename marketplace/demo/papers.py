"""The trial's papers: specifications, deliveries and invoices, as PDFs such as people upload."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cache
from typing import NamedTuple

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.html import escape
from facturx import generate_from_binary
from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration

from marketplace.accounts.models import Company
from marketplace.documents import intake
from marketplace.templatetags.page import day, euros
from payouts.models.requests import Bill

STYLE = """
@page { size: A4; margin: 22mm 20mm; @bottom-right { content: counter(page) " / " counter(pages); font-size: 8pt; } }
body { font: 10.5pt/1.5 "DejaVu Sans", "Noto Sans", "Liberation Sans", sans-serif; color: #14171e; }
h1 { font: 20pt/1.2 "DejaVu Serif", "Noto Serif", "Liberation Serif", serif; color: #1b3282; margin: 0 0 4mm; }
h2 { font-size: 12pt; margin: 7mm 0 2mm; }
p { margin: 0 0 3mm; } .by { color: #5a6070; }
table { width: 100%; border-collapse: collapse; margin: 5mm 0; }
td, th { padding: 2mm; border-bottom: 1px solid #c9c5ba; }
th { text-align: left; } td.sum { text-align: right; white-space: nowrap; }
"""


class Part(NamedTuple):
    """A heading and what stands under it, a paragraph per line."""

    heading: str
    text: str


@cache
def look() -> tuple[CSS, FontConfiguration]:
    """The style and the fonts, read once."""
    fonts = FontConfiguration()
    return CSS(string=STYLE, font_config=fonts), fonts


def drawn(body: str, title: str) -> bytes:
    """A PDF of this HTML."""
    style, fonts = look()
    page = f'<html lang="fr"><head><title>{escape(title)}</title></head><body>{body}</body></html>'
    content: bytes = HTML(string=page).write_pdf(stylesheets=[style], font_config=fonts)
    return content


def taken_in(name: str, content: bytes) -> intake.Clean:
    """The file as an upload that has passed the intake."""
    return intake.clean(SimpleUploadedFile(name, content, "application/pdf"))


def paper(name: str, title: str, by: str, parts: Iterable[Part]) -> intake.Clean:
    """A paper in parts."""
    body = [f"<h1>{escape(title)}</h1>", f'<p class="by">{escape(by)}</p>']
    for part in parts:
        body.append(f"<h2>{escape(part.heading)}</h2>")
        body += [f"<p>{escape(line)}</p>" for line in part.text.splitlines() if line]
    return taken_in(name, drawn("".join(body), title))


def invoice(bill: Bill, seller: Company, buyer: Company, subject: str) -> intake.Clean:
    """An invoice for the client, as a plain PDF."""
    return taken_in(f"facture {bill.number}.pdf", invoice_page(bill, seller, buyer, subject))


def factur_x(bill: Bill, seller: Company, buyer: Company, subject: str) -> intake.Clean:
    """The same invoice as a Factur-X, profile EN 16931: the PDF carries what it says as XML."""
    xml = cross_industry_invoice(bill, seller, buyer, subject).encode()
    page = invoice_page(bill, seller, buyer, subject)
    content: bytes = generate_from_binary(page, xml, level="en16931", check_xsd=True, lang="fr-FR")
    return taken_in(f"facture {bill.number} factur-x.pdf", content)


def invoice_page(bill: Bill, seller: Company, buyer: Company, subject: str) -> bytes:
    """What people read of an invoice, with what the law asks for (art. 242 nonies A, annexe II CGI)."""
    rows = [("Montant hors taxes", bill.ht_cents), ("TVA", bill.vat_cents), ("Total à payer", bill.cents)]
    sums = "".join(f'<tr><th>{label}</th><td class="sum">{euros(cents)}</td></tr>' for label, cents in rows)
    mention = "" if bill.vat_cents else f"<p>{EXEMPT}.</p>"
    body = f"""<h1>Facture {escape(bill.number)}</h1><p class="by">Émise le {day(bill.issued_on)}</p>
    {identity("Prestataire", seller)}{identity("Client", buyer)}
    <h2>Prestation</h2><p>{escape(subject)}</p><table>{sums}</table>{mention}
    <p>Paiement par virement à réception, depuis le compte du projet. Pas d’escompte. En cas de retard : trois fois le
    taux d’intérêt légal et indemnité forfaitaire de 40 €.</p>"""
    return drawn(body, f"Facture {bill.number}")


def identity(heading: str, company: Company) -> str:
    """A party of the invoice."""
    lines = [
        company.name,
        company.address,
        f"SIREN {company.siren}",
        company.vat_number and f"TVA {company.vat_number}",
    ]
    return f"<h2>{heading}</h2><p>{'<br>'.join(escape(line) for line in lines if line)}</p>"


EXEMPT = "TVA non applicable, art. 293 B du CGI"
NAMES = """xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"
 xmlns:ram="urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"
 xmlns:udt="urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100\""""


def cross_industry_invoice(bill: Bill, seller: Company, buyer: Company, subject: str) -> str:
    """The invoice in the CII syntax of EN 16931, with one line."""
    tax = "S" if bill.vat_cents else "E"
    rate = "20.00" if bill.vat_cents else "0.00"
    reason = "" if bill.vat_cents else f"<ram:ExemptionReason>{EXEMPT}</ram:ExemptionReason>"
    ht, vat, total = amount(bill.ht_cents), amount(bill.vat_cents), amount(bill.cents)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rsm:CrossIndustryInvoice {NAMES}>
<rsm:ExchangedDocumentContext><ram:GuidelineSpecifiedDocumentContextParameter>
<ram:ID>urn:cen.eu:en16931:2017</ram:ID></ram:GuidelineSpecifiedDocumentContextParameter></rsm:ExchangedDocumentContext>
<rsm:ExchangedDocument><ram:ID>{escape(bill.number)}</ram:ID><ram:TypeCode>380</ram:TypeCode>
<ram:IssueDateTime>{stamp(bill.issued_on)}</ram:IssueDateTime></rsm:ExchangedDocument>
<rsm:SupplyChainTradeTransaction>
<ram:IncludedSupplyChainTradeLineItem>
<ram:AssociatedDocumentLineDocument><ram:LineID>1</ram:LineID></ram:AssociatedDocumentLineDocument>
<ram:SpecifiedTradeProduct><ram:Name>{escape(subject)}</ram:Name></ram:SpecifiedTradeProduct>
<ram:SpecifiedLineTradeAgreement><ram:NetPriceProductTradePrice><ram:ChargeAmount>{ht}</ram:ChargeAmount>
</ram:NetPriceProductTradePrice></ram:SpecifiedLineTradeAgreement>
<ram:SpecifiedLineTradeDelivery><ram:BilledQuantity unitCode="C62">1</ram:BilledQuantity>
</ram:SpecifiedLineTradeDelivery>
<ram:SpecifiedLineTradeSettlement><ram:ApplicableTradeTax><ram:TypeCode>VAT</ram:TypeCode>
<ram:CategoryCode>{tax}</ram:CategoryCode><ram:RateApplicablePercent>{rate}</ram:RateApplicablePercent>
</ram:ApplicableTradeTax><ram:SpecifiedTradeSettlementLineMonetarySummation>
<ram:LineTotalAmount>{ht}</ram:LineTotalAmount></ram:SpecifiedTradeSettlementLineMonetarySummation>
</ram:SpecifiedLineTradeSettlement></ram:IncludedSupplyChainTradeLineItem>
<ram:ApplicableHeaderTradeAgreement>{party("Seller", seller)}{party("Buyer", buyer)}
</ram:ApplicableHeaderTradeAgreement>
<ram:ApplicableHeaderTradeDelivery/>
<ram:ApplicableHeaderTradeSettlement><ram:InvoiceCurrencyCode>EUR</ram:InvoiceCurrencyCode>
<ram:ApplicableTradeTax><ram:CalculatedAmount>{vat}</ram:CalculatedAmount><ram:TypeCode>VAT</ram:TypeCode>{reason}
<ram:BasisAmount>{ht}</ram:BasisAmount><ram:CategoryCode>{tax}</ram:CategoryCode>
<ram:RateApplicablePercent>{rate}</ram:RateApplicablePercent></ram:ApplicableTradeTax>
<ram:SpecifiedTradePaymentTerms><ram:Description>À réception</ram:Description></ram:SpecifiedTradePaymentTerms>
<ram:SpecifiedTradeSettlementHeaderMonetarySummation><ram:LineTotalAmount>{ht}</ram:LineTotalAmount>
<ram:TaxBasisTotalAmount>{ht}</ram:TaxBasisTotalAmount><ram:TaxTotalAmount currencyID="EUR">{vat}</ram:TaxTotalAmount>
<ram:GrandTotalAmount>{total}</ram:GrandTotalAmount><ram:DuePayableAmount>{total}</ram:DuePayableAmount>
</ram:SpecifiedTradeSettlementHeaderMonetarySummation></ram:ApplicableHeaderTradeSettlement>
</rsm:SupplyChainTradeTransaction></rsm:CrossIndustryInvoice>"""


def party(side: str, company: Company) -> str:
    """A party in the XML: its SIREN is its legal identifier (ISO 6523: 0002)."""
    number = f'<ram:ID schemeID="VA">{company.vat_number}</ram:ID>' if company.vat_number else ""
    tax = f"<ram:SpecifiedTaxRegistration>{number}</ram:SpecifiedTaxRegistration>" if number else ""
    return f"""<ram:{side}TradeParty><ram:Name>{escape(company.name)}</ram:Name>
<ram:SpecifiedLegalOrganization><ram:ID schemeID="0002">{company.siren}</ram:ID></ram:SpecifiedLegalOrganization>
<ram:PostalTradeAddress><ram:PostcodeCode>{company.postcode}</ram:PostcodeCode>
<ram:LineOne>{escape(company.street)}</ram:LineOne><ram:CityName>{escape(company.city)}</ram:CityName>
<ram:CountryID>{company.country}</ram:CountryID></ram:PostalTradeAddress>{tax}</ram:{side}TradeParty>"""


def stamp(at: date) -> str:
    """A day as CII writes it (UNTDID 2379, format 102)."""
    return f'<udt:DateTimeString format="102">{at:%Y%m%d}</udt:DateTimeString>'


def amount(cents: int) -> str:
    """Cents as the XML writes euros."""
    return f"{cents // 100}.{cents % 100:02d}"
