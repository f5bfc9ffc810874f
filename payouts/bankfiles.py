"""Files for and from the bank: SEPA credit transfers (pain.001.001.09) and their status reports (pain.002)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import sepaxml
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from lxml import etree
from text_unidecode import unidecode  # type: ignore[import-untyped]

from marketplace import deadlines
from marketplace.templatetags.page import PARIS

if TYPE_CHECKING:
    from datetime import date

    from marketplace.accounts.models import Company
    from payouts.models import PayoutRequest, RefundTransfer

SCHEMA = "pain.001.001.09"
PAID = frozenset({"ACSC", "ACCC"})  # settlement completed, on the debtor's or the creditor's account (ISO 20022)
REJECTED = frozenset({"RJCT", "CANC"})
UNDER_WAY = frozenset({"RCVD", "PDNG", "ACTC", "ACCP", "ACSP", "ACWC", "ACWP", "ACFC", "PATC", "PART", "PRES"})
LARGEST = 5_000_000  # bytes
FOREIGN_SIGNS = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]")  # EPC217-08: what every bank of the SEPA area takes


class Unreadable(ValueError):
    """A file that is no status report, or is cut short; the text says why, in short."""


class Transfers(sepaxml.SepaTransfer):  # type: ignore[misc]
    """A transfer file that bears our own references instead of random ones, and the hour of Paris."""

    def _create_header(self) -> None:
        self.msg_id = self._config["msg_id"]
        super()._create_header()
        self._xml.find(".//CreDtTm").text = timezone.localtime(timezone=PARIS).isoformat(timespec="seconds")

    def _finalize_batch(self) -> None:
        super()._finalize_batch()
        for node in self._xml.iter("PmtInfId"):  # one block: all transfers are of the same day
            node.text = self.msg_id


class Answer(NamedTuple):
    """What the bank says of one transfer: its reference, its ISO status, and the bank's reason."""

    reference: str
    status: str
    reason: str

    @property
    def is_paid(self) -> bool:
        """Whether the money has arrived."""
        return self.status in PAID

    @property
    def is_known(self) -> bool:
        """Whether the bank's status is one of the standard's (ISO 20022, ExternalPaymentTransactionStatus1Code)."""
        return self.is_paid or self.is_rejected or self.status in UNDER_WAY

    @property
    def is_rejected(self) -> bool:
        """Whether the money is ours again."""
        return self.status in REJECTED


class Found(NamedTuple):
    """The answers to transfers that we know, and what cannot be placed."""

    answers: list[Answer]
    unknown: list[str]


@dataclass(frozen=True)
class Report:
    """A status report on one of our messages.

    A bank may answer for each transfer, for a whole block of them ("PmtInfSts") or for the whole message ("GrpSts"):
    what is nearest to a transfer holds for it. `blocks` are those that answer for more than the transfers they name.
    """

    message_id: str
    whole: Answer
    blocks: list[Answer] = field(default_factory=list)
    transfers: list[Answer] = field(default_factory=list)

    def answers(self, ours: Collection[str]) -> Found:
        """One answer at most for each transfer of `ours`, and what names anything else; without ours, everything."""
        told = {answer.reference: answer for answer in self.transfers}
        block = next((answer for answer in self.blocks if ours and answer.reference == self.message_id), None)
        for_all = block or self.whole
        if for_all.status:
            told |= {reference: for_all._replace(reference=reference) for reference in ours if reference not in told}
        unknown = [answer.reference for answer in self.transfers if answer.reference not in ours]
        unknown += [answer.reference for answer in self.blocks if answer is not block]
        if not (ours or unknown):
            unknown = [self.message_id]
        return Found([told[reference] for reference in ours if reference in told], unknown)


def transfer_file(message_id: str, requests: Sequence[PayoutRequest | RefundTransfer]) -> bytes:
    """The pain.001.001.09 of `requests`: one SEPA credit transfer each, addresses structured.

    Dated today in Paris, or the working day that follows.
    """
    config = {
        "name": plain(settings.BANK_NAME, 70),
        "IBAN": settings.BANK_IBAN,
        "BIC": settings.BANK_BIC,
        "batch": True,
        "currency": "EUR",
        "msg_id": message_id,
        "address": {name: plain(part, 70) for name, part in settings.BANK_ADDRESS.items()},
    }
    sepa, day = Transfers(config, schema=SCHEMA, clean=True), deadlines.working_day(timezone.localdate(timezone=PARIS))
    for request in requests:
        sepa.add_payment(transfer(request, day))
    content: bytes = sepa.export(validate=False)
    schema().assertValid(etree.fromstring(content))
    return content


@cache
def schema() -> etree.XMLSchema:
    """The schema of ISO 20022 for our transfer files, as sepaxml ships it."""
    return etree.XMLSchema(etree.parse(Path(sepaxml.__file__).parent / "schemas" / f"{SCHEMA}.xsd"))


def transfer(request: PayoutRequest | RefundTransfer, day: date) -> dict[str, object]:
    """One credit transfer, as sepaxml takes it: cents, our reference, the invoice's number or the refund as motive."""
    account = request.destination
    payment = {
        "name": plain(account.holder, 70),
        "IBAN": account.clear_iban,
        "amount": request.cents,
        "execution_date": day,
        "description": plain(f"{settings.SITE_NAME} {request.motive}", 140),
        "endtoend_id": request.end_to_end,
        "address": address(request.payee.company),
    }
    return {**payment, "BIC": account.bic} if account.bic else payment


def address(company: Company) -> dict[str, str]:
    """A structured postal address, which SEPA asks for from November 2026 (EPC, unstructured addresses end)."""
    return {
        "street_name": plain(company.street, 70),
        "postcode": plain(company.postcode, 16),
        "town": plain(company.city, 35),
        "country": company.country,
    }


def plain(words: str, longest: int) -> str:
    """`words` in the signs that every bank takes: no accents, "+" for "&", at most `longest` of them."""
    bare = FOREIGN_SIGNS.sub(" ", unidecode(words.replace("&", "+")))
    return " ".join(bare.split())[:longest].strip()


def read_answer(content: bytes) -> Report:
    """What a pain.002 (of any version) says. Raises Unreadable; nothing outside the file is fetched."""
    report = parsed(content).find("{*}CstmrPmtStsRpt")
    if report is None:
        raise Unreadable(_("it is no status report (pain.002)"))
    head = report.find("{*}OrgnlGrpInfAndSts")
    if head is None or not (message_id := text(head, "{*}OrgnlMsgId")):
        raise Unreadable(_("it does not say which of our files it answers (OrgnlMsgId)"))
    whole = answer("", head, "GrpSts")
    blocks, transfers = [], []
    for node in report.iterfind("{*}OrgnlPmtInfAndSts"):
        block = answer(text(node, "{*}OrgnlPmtInfId"), node, "PmtInfSts")
        its_own = [*named(node, block if block.status else whole)]
        transfers += its_own
        if block.status and (block.reference == message_id or not its_own):
            blocks.append(block)
    if not (whole.status or transfers or blocks):
        raise Unreadable(_("it says nothing of any transfer"))
    return Report(message_id, whole, blocks, once_each(transfers))


def named(block: etree._Element, around: Answer) -> Iterator[Answer]:
    """The transfers that a block names; one without a status has that of what is around it. Raises Unreadable."""
    for node in block.iterfind("{*}TxInfAndSts"):
        found = answer(text(node, "{*}OrgnlEndToEndId"), node, "TxSts")
        if not found.reference or not (found.status or around.status):
            raise Unreadable(_("a transfer has no reference or no status (OrgnlEndToEndId, TxSts)"))
        yield found if found.status else around._replace(reference=found.reference)


def once_each(answers: Sequence[Answer]) -> list[Answer]:
    """`answers` without those repeated. Raises Unreadable when a transfer has two statuses."""
    told: dict[str, Answer] = {}
    for found in answers:
        if told.setdefault(found.reference, found).status != found.status:
            raise Unreadable(_("it says two things of %(reference)s") % {"reference": found.reference})
    return list(told.values())


def answer(reference: str, node: etree._Element, status: str) -> Answer:
    """The status of a transfer, a block or a message, with the first reason given."""
    code = text(node, "{*}StsRsnInf/{*}Rsn/{*}Cd") or text(node, "{*}StsRsnInf/{*}Rsn/{*}Prtry")
    reason = " ".join(filter(None, (code, text(node, "{*}StsRsnInf/{*}AddtlInf"))))
    return Answer(reference, text(node, f"{{*}}{status}"), reason)


def parsed(content: bytes) -> etree._Element:
    """The root of an XML file without entities, document types or network. Raises Unreadable."""
    if len(content) > LARGEST:
        raise Unreadable(_("it is larger than 5 MB"))
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise Unreadable(_("it is cut short or no XML (line %(line)s)") % {"line": error.lineno}) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise Unreadable(_("it declares a document type (DOCTYPE)"))
    return root


def text(node: etree._Element, path: str) -> str:
    """The text of the first match of `path` under `node`, or nothing."""
    return (node.findtext(path) or "").strip()
