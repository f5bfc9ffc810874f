import uuid
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from escrow.tests.way import delivered, funded, opened, released
from marketplace.accounts.models import BankAccount, User
from marketplace.documents import intake
from marketplace.events.models import Notice
from payouts.models import BankAnswer, PayoutBatch, PayoutRequest
from payouts.models.requests import Bill

pytestmark = pytest.mark.django_db(transaction=True)

ANSWER = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>
<GrpHdr><MsgId>B-1</MsgId><CreDtTm>2026-11-24T10:00:00</CreDtTm></GrpHdr>
<OrgnlGrpInfAndSts><OrgnlMsgId>{message}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId></OrgnlGrpInfAndSts>
<OrgnlPmtInfAndSts><OrgnlPmtInfId>X</OrgnlPmtInfId><TxInfAndSts><OrgnlEndToEndId>{reference}</OrgnlEndToEndId>
<TxSts>{status}</TxSts><StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf></TxInfAndSts></OrgnlPmtInfAndSts>
</CstmrPmtStsRpt></Document>"""


def pdf() -> intake.Clean:
    import io

    import pikepdf

    out = io.BytesIO()
    document = pikepdf.new()
    document.add_blank_page()
    document.save(out)
    return intake.clean(SimpleUploadedFile("facture.pdf", out.getvalue(), "application/pdf"))


def test_way(client_user: User, provider_user: User, finance_user: User, second_finance_user: User) -> None:
    account = opened(client_user, provider_user)
    tranche = released(delivered(funded(account)[0]))
    BankAccount.change(user=provider_user, holder=provider_user.company.name, iban="FR7630006000011234567890189")
    bill = Bill("AC-1", date(2026, 11, 20), 100_000, 20_000)
    request = PayoutRequest.ask(tranche, by=provider_user, bill=bill, invoice=pdf(), key=uuid.uuid4())
    request.approve(by=finance_user)
    with pytest.raises(PayoutBatch.FourEyes):
        PayoutBatch.make([request], by=finance_user)
    batch = PayoutBatch.make([request], by=second_finance_user)
    batch.mark_sent(by=second_finance_user)
    answer = ANSWER.format(message=batch.message_id, reference=request.end_to_end, status="ACSC").encode()
    assert BankAnswer.read(answer, by=second_finance_user).paid == 1
    assert BankAnswer.read(answer, by=second_finance_user).paid == 1
    request.refresh_from_db()
    assert request.state == "PAID"
    for notice in Notice.objects.filter(user=provider_user):
        print(notice.letter)
