from __future__ import annotations

from typing import TYPE_CHECKING

from marketplace.documents.readers import reads
from marketplace.events.reactions import on
from payouts.models import PayoutRequest, PayoutState

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from marketplace.documents.models import Document
    from marketplace.events.models import Event


@on("bank_account.changed")
def look_again(event: Event) -> None:
    """A new IBAN returns approved requests that are in no batch yet to approval (product, section 7)."""
    rows = PayoutRequest.objects.with_parts().filter(provider=event.facts["user"], state=PayoutState.APPROVED)
    for request in rows.order_by("pk"):
        request.send_back_to_approval()


@reads("payouts.invoice")
def may_read_invoice(user: User, document: Document) -> bool:
    """The client whom it is addressed to, and Finance; its owner always may."""
    rows = PayoutRequest.objects.filter(document=document)
    if user.is_staff and user.has_perm("payouts.decide_payoutrequest"):
        return rows.exists()
    return rows.filter(tranche__account__agreement__client=user).exists()
