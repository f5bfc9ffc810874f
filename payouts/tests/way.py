"""The way of a payment request, through the real transitions: IBAN, invoice, approval, batch, bank."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterable
from datetime import date
from functools import cache

import pikepdf
from django.core.files.uploadedfile import SimpleUploadedFile
from facturx import generate_from_binary

from escrow.models import EscrowAccount, Tranche
from escrow.tests import way as escrow_way
from marketplace.accounts.models import BankAccount, User
from marketplace.demo import papers
from marketplace.documents import intake
from marketplace.payments.gateway import Intent, Repayment
from marketplace.payments.models import Payment
from payouts.bills import Bill
from payouts.models import BankAnswer, PayoutBatch, PayoutRequest, RefundTransfer

IBAN, OTHER_IBAN = "FR7630006000011234567890189", "BE68539007547034"
ISSUED = date(2026, 1, 20)
HT, VAT, CENTS = 100_000, 20_000, 120_000
OWED = 96_000
BILL = Bill("AC-1", ISSUED, HT, VAT)


@cache
def pdf_bytes() -> bytes:
    """A page without anything."""
    out = io.BytesIO()
    document = pikepdf.new()
    document.add_blank_page()
    document.save(out)
    return out.getvalue()


def uploaded(content: bytes | None = None, name: str = "facture.pdf") -> SimpleUploadedFile:
    """A PDF as a browser sends it."""
    return SimpleUploadedFile(name, pdf_bytes() if content is None else content, "application/pdf")


@cache
def clean() -> intake.Clean:
    """A plain invoice that has passed the intake."""
    return intake.clean(uploaded())


def invoice_xml(bill: Bill, account: EscrowAccount) -> str:
    """The invoice of the account's provider to its client, as XML."""
    agreement = account.agreement
    return papers.cross_industry_invoice(bill, agreement.provider.company, agreement.client.company, "Maquettes")


def factur_x(xml: str) -> bytes:
    """A PDF that carries `xml`, made by the library."""
    content: bytes = generate_from_binary(
        pdf_bytes(), xml.encode(), level="en16931", flavor="factur-x", check_xsd=False
    )
    return content


def banked(user: User, iban: str = IBAN) -> BankAccount:
    """The provider, or the client, gives or changes the IBAN."""
    return BankAccount.change(user=user, holder=user.company.name, iban=iban)


def released(account: EscrowAccount, number: int = 0) -> Tranche:
    """A tranche of the account, funded, delivered and released."""
    tranche = account.tranches.all()[number]
    escrow_way.deposited(account, tranche.cents, tranche)
    tranche.refresh_from_db()
    return escrow_way.released(escrow_way.delivered(tranche))


def refused_by_card(account: EscrowAccount, cents: int = OWED) -> RefundTransfer:
    """The client's card was charged twice for the last tranche, and does not take the second charge back."""
    client, last = account.agreement.client, account.tranches.order_by("position").last()
    return owed(escrow_way.paid(account.deposit(cents, by=client, key=uuid.uuid4(), tranche=last)))


def owed(payment: Payment) -> RefundTransfer:
    """What the card of a payment charged twice does not take back."""
    intent = f"pi_{uuid.uuid4().hex}"
    payment.settle(Intent(intent, "succeeded", payment.cents, "eur"))
    refund = payment.refunds.get(intent_id=intent)
    refund.follow(Repayment("", "failed", refund.cents, str(refund.key), "expired_or_canceled_card"))
    return anew(RefundTransfer.objects.get(refund=refund))


def anew(transfer: RefundTransfer) -> RefundTransfer:
    """The refund by transfer as another visitor would read it."""
    return RefundTransfer.objects.with_parts().get(pk=transfer.pk)


def fresh(request: PayoutRequest) -> PayoutRequest:
    """The request as another visitor would read it."""
    return PayoutRequest.objects.with_parts().get(pk=request.pk)


def asked(tranche: Tranche, bill: Bill = BILL, key: uuid.UUID | None = None) -> PayoutRequest:
    """The provider has asked to be paid."""
    by = tranche.account.agreement.provider
    return PayoutRequest.ask(tranche, by=by, bill=bill, invoice=clean(), key=key or uuid.uuid4())


def approved(request: PayoutRequest, by: User) -> PayoutRequest:
    """Finance has approved."""
    request.approve(by=by)
    return request


def batched(requests: Iterable[PayoutRequest], by: User) -> PayoutBatch:
    """Another one of Finance has made the file."""
    return PayoutBatch.make(requests, by=by)


def sent(requests: Iterable[PayoutRequest], by: User) -> PayoutBatch:
    """The file is with the bank."""
    batch = batched(requests, by)
    batch.hand_out()
    batch.hand_out()
    batch.mark_sent(by=by)
    return batch


def transfer(request: PayoutRequest | RefundTransfer | str, status: str, code: str = "", more: str = "") -> str:
    """What a bank writes of one transfer."""
    reference = request if isinstance(request, str) else request.end_to_end
    reason = f"<StsRsnInf><Rsn><Cd>{code}</Cd></Rsn>{more}</StsRsnInf>" if code else ""
    said = f"<TxSts>{status}</TxSts>" if status else ""
    return f"<TxInfAndSts><OrgnlEndToEndId>{reference}</OrgnlEndToEndId>{said}{reason}</TxInfAndSts>"


def block(inside: str = "", status: str = "", name: str = "B", code: str = "") -> str:
    """What a bank writes of a block of transfers."""
    said = f"<PmtInfSts>{status}</PmtInfSts>" if status else ""
    reason = f"<StsRsnInf><Rsn><Cd>{code}</Cd></Rsn></StsRsnInf>" if code else ""
    return f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{name}</OrgnlPmtInfId>{said}{reason}{inside}</OrgnlPmtInfAndSts>"


def report(batch: PayoutBatch | str, *blocks: str, whole: str = "", code: str = "", version: str = "10") -> bytes:
    """A pain.002 on the batch's file."""
    message = batch if isinstance(batch, str) else batch.message_id
    said = f"<GrpSts>{whole}</GrpSts>" if whole else ""
    reason = f"<StsRsnInf><Rsn><Cd>{code}</Cd></Rsn></StsRsnInf>" if code else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.{version}"><CstmrPmtStsRpt>
<GrpHdr><MsgId>B-{uuid.uuid4().hex[:8]}</MsgId><CreDtTm>2026-11-24T10:00:00</CreDtTm></GrpHdr>
<OrgnlGrpInfAndSts><OrgnlMsgId>{message}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>{said}{reason}
</OrgnlGrpInfAndSts>{"".join(blocks)}</CstmrPmtStsRpt></Document>""".encode()


def answered(batch: PayoutBatch, by: User, status: str = "ACSC", code: str = "") -> BankAnswer:
    """The bank has answered the same for each transfer of the batch."""
    rows = [*batch.requests.order_by("pk"), *batch.refunds.order_by("pk")]
    inside = "".join(transfer(row, status, code) for row in rows)
    return BankAnswer.read(report(batch, block(inside)), by=by)
