"""Files for and from the bank: SEPA credit transfers (pain.001.001.09) and their status reports (pain.002)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from django.utils import timezone
from lxml import etree
from sepaxml import SepaTransfer

from marketplace.templatetags.page import PARIS

if TYPE_CHECKING:
    from marketplace.accounts.models import Company
    from payouts.models import PayoutRequest

SCHEMA = "pain.001.001.09"
PAID = frozenset({"ACSC", "ACCC"})  # settlement completed, on the debtor's or the creditor's account (ISO 20022)
REJECTED = frozenset({"RJCT", "CANC"})
LARGEST = 5_000_000  # bytes


class Unreadable(ValueError):
    """A file that is no status report, or is cut short; the text says why, in short."""


class Transfers(SepaTransfer):  # type: ignore[misc]
    """A transfer file that bears our own message reference instead of a random one."""

    def _create_header(self) -> None:
        self.msg_id = self._config["msg_id"]
        super()._create_header()


class Answer(NamedTuple):
    """What a status report says of one transfer: our message, its reference, ISO status, and the bank's reason."""

    message_id: str
    reference: str
    status: str
    reason: str

    @property
    def is_paid(self) -> bool:
        return self.status in PAID

    @property
    def is_rejected(self) -> bool:
        return self.status in REJECTED


def transfer_file(message_id: str, requests: Sequence[PayoutRequest]) -> bytes:
    """The pain.001.001.09 of `requests`: one SEPA credit transfer each, dated today in Paris, addresses structured."""
    config = {
        "name": settings.BANK_NAME,
        "IBAN": settings.BANK_IBAN,
        "BIC": settings.BANK_BIC,
        "batch": True,
        "currency": "EUR",
        "msg_id": message_id,
        "address": settings.BANK_ADDRESS,
    }
    sepa = Transfers(config, schema=SCHEMA, clean=True)
    for request in requests:
        sepa.add_payment(transfer(request))
    content: bytes = sepa.export(validate=True)
    return content


def transfer(request: PayoutRequest) -> dict[str, object]:
    """One credit transfer, as sepaxml takes it: cents, our reference, the invoice's number as its motive."""
    payment = {
        "name": request.bank_account.holder,
        "IBAN": request.bank_account.clear_iban,
        "amount": request.cents,
        "execution_date": timezone.localdate(timezone=PARIS),
        "description": f"{settings.SITE_NAME} {request.invoice_number}",
        "endtoend_id": request.end_to_end,
        "address": address(request.provider.company),
    }
    return {**payment, "BIC": request.bank_account.bic} if request.bank_account.bic else payment


def address(company: Company) -> dict[str, str]:
    """A structured postal address, which SEPA asks for from November 2026 (EPC, unstructured addresses end)."""
    return {
        "street_name": company.street[:70],
        "postcode": company.postcode[:16],
        "town": company.city[:35],
        "country": company.country,
    }


def read_answer(content: bytes) -> list[Answer]:
    """Every transfer that a pain.002 (of any version) names. Raises Unreadable; nothing outside the file is fetched."""
    root = parsed(content)
    reports = root.findall("{*}CstmrPmtStsRpt")
    if len(reports) != 1:
        raise Unreadable("no CstmrPmtStsRpt")
    report = reports[0]
    message_id = text(report, "{*}OrgnlGrpInfAndSts/{*}OrgnlMsgId")
    if not message_id:
        raise Unreadable("no OrgnlMsgId")
    return [answer(message_id, node) for node in report.iterfind("{*}OrgnlPmtInfAndSts/{*}TxInfAndSts")]


def answer(message_id: str, node: etree._Element) -> Answer:
    """One TxInfAndSts. Raises Unreadable when it names no transfer or no status."""
    reference, status = text(node, "{*}OrgnlEndToEndId"), text(node, "{*}TxSts")
    if not reference or not status:
        raise Unreadable("TxInfAndSts without OrgnlEndToEndId or TxSts")
    code = text(node, "{*}StsRsnInf/{*}Rsn/{*}Cd") or text(node, "{*}StsRsnInf/{*}Rsn/{*}Prtry")
    return Answer(message_id, reference, status, " ".join(filter(None, (code, text(node, "{*}StsRsnInf/{*}AddtlInf")))))


def parsed(content: bytes) -> etree._Element:
    """The root of an XML file without entities, document types or network. Raises Unreadable."""
    if len(content) > LARGEST:
        raise Unreadable("more than 5 MB")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise Unreadable(f"XML, line {error.lineno}") from error
    if b"<!DOCTYPE" in content:
        raise Unreadable("DOCTYPE")
    return root


def text(node: etree._Element, path: str) -> str:
    """The text of the first match of `path` under `node`, or nothing."""
    return (node.findtext(path) or "").strip()
