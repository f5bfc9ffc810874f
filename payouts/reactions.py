"""What others' events cause here, and what requests add to the project's report."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from django.db.models import OuterRef, Sum
from django.urls import reverse
from django.utils.translation import gettext as _

from escrow.figures import Wait, card_refunds, tells_fate, waits
from escrow.reactions import bundled, seen, tranches
from escrow.statement import explains
from marketplace.accounts.home import Step, steps
from marketplace.accounts.models import User
from marketplace.documents.readers import reads
from marketplace.events.reactions import on
from marketplace.payments.models import Refund
from marketplace.templatetags.page import euros
from payouts import reasons
from payouts.models import PayoutBatch, PayoutRequest, RefundTransfer
from payouts.states import ENDED, RefundTransferState
from projects.bundles import listed
from projects.report import Line, Panel, Reading, Todo, line, panel, todo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from django.contrib.postgres.expressions import ArraySubquery

    from escrow.models import EscrowAccount
    from marketplace.documents.models import Document
    from marketplace.events.models import Event


@on("payment.refund_failed")
def owe_by_transfer(event: Event) -> None:
    """What a card does not take back goes by bank transfer to who had paid (product, section 5)."""
    RefundTransfer.owe(Refund.objects.select_related("payment__payer").get(pk=event.facts["refund"]))


@steps
def give_an_account(user: User) -> Iterator[Step]:
    """Money that waits for an IBAN."""
    rows = RefundTransfer.objects.of(user).without_account()
    if cents := rows.aggregate(sum=Sum("cents"))["sum"]:
        amount = {"amount": euros(cents)}
        yield Step(
            _("%(amount)s are waiting for your IBAN") % amount,
            _("It could not go back the way it came: we pay it to you by bank transfer."),
            _("Give the IBAN where to receive %(amount)s") % amount,
            reverse("payouts:refunds"),
        )


@bundled("owed_back")
def with_their_project() -> ArraySubquery:
    """What waits for an IBAN on the project."""
    rows = RefundTransfer.objects.without_account()
    return listed(
        rows.filter(refund__payment__project_key=OuterRef("account__project__key")), payee="payee", cents="cents"
    )


def owed_back(reading: Reading) -> int:
    """What waits for the reader's IBAN on the project, in cents: it came with the tranches."""
    rows = vars(reading.once(tranches)[0])["owed_back"] if reading.once(tranches) else []
    return sum(row["cents"] for row in rows if row["payee"] == reading.user.pk)


@todo
def give_an_account_for_the_project(reading: Reading) -> Todo | None:
    """Money of the project that neither the card nor the account took back waits for its payer's IBAN."""
    cents = reading.once(owed_back)
    if not cents:
        return None
    amount = {"amount": euros(cents)}
    return Todo(
        title=_("You: give the IBAN where to receive %(amount)s") % amount,
        text=_("It could not go back the way it came: we pay it to you by bank transfer."),
        label=_("Give the IBAN where to receive %(amount)s") % amount,
        url=reverse("payouts:refunds"),
    )


@tells_fate
def transfers_in_words(account: EscrowAccount, user: User) -> dict[int, str]:
    """Where the transfers are that stand in for refunds of the account."""
    rows = RefundTransfer.objects.living().filter(refund__in=card_refunds(account))
    return {row.refund_id: transfer_in_words(row, user) for row in rows}


waits.append(
    Wait(
        lambda refunds: RefundTransfer.objects.living().without_account().filter(refund__in=refunds),
        "refund__payment__deposit__account",
        lambda amount: _("%(amount)s wait for the client’s IBAN") % {"amount": amount},
    )
)


def transfer_in_words(row: RefundTransfer, user: User) -> str:
    """Where one is, to the payer or to the other party."""
    if row.needs_account:
        return _("waits for your IBAN") if row.payee_id == user.pk else _("waits for the client’s IBAN")
    words = {
        RefundTransferState.SENT: _("transfer with the bank"),
        RefundTransferState.PAID: _("given back by transfer"),
    }
    return words.get(RefundTransferState(row.state)) or _("transfer being prepared")


@on("bank_account.changed", "company.declared")
def look_again(event: Event) -> None:
    """A new IBAN, or one put out of use, returns unsent requests to approval (product, section 7)."""
    PayoutBatch.follow_account_of(User.objects.get(pk=event.facts["user"]))


@reads("payouts.invoice", suspended=True)
def may_read_invoice(user: User, document: Document) -> bool:
    """The client whom it is addressed to, and Finance; its owner always may."""
    rows = PayoutRequest.objects.filter(document=document)
    if user.is_staff and user.has_perm("payouts.decide_payoutrequest"):
        return rows.exists()
    return rows.filter(tranche__account__agreement__client=user).exists()


def requests(reading: Reading) -> list[PayoutRequest]:
    """The requests on the project, the latest first: the provider's own, and the client's as their invoices."""
    if not reading.once(seen):
        return []
    rows = PayoutRequest.objects.visible_to(reading.user).filter(tranche__account__project=reading.project)
    return list(rows.with_parts().with_pauses().order_by("-pk"))


@explains
def invoices_on_the_statement(account: EscrowAccount) -> Mapping[str, str]:
    """The invoice of each movement that a payment request has caused."""
    rows = PayoutRequest.objects.filter(tranche__account=account).values_list("pk", "invoice_number")
    acts = ("payout:%s:ask", "payout:%s:undo", "payout:%s:sent", "sepa:PAYOUT-%s:ok", "sepa:PAYOUT-%s:ret")
    return {key % pk: _("invoice %(number)s") % {"number": number} for pk, number in rows for key in acts}


@todo
def invoice_what_is_released(reading: Reading) -> Todo | None:
    """Released money waits for the provider's invoice."""
    if not reading.as_winner:
        return None
    claimed: Counter[int] = Counter()
    for request in reading.once(requests):
        claimed[request.tranche_id] += 0 if request.state in ENDED else request.cents
    rest = {t: t.released_cents - claimed[t.pk] for t in reading.once(tranches) if t.released_cents > claimed[t.pk]}
    if not rest:
        return None
    amount = {"amount": euros(sum(rest.values()))}
    title, label = _("You: invoice %(amount)s") % amount, _("Invoice %(amount)s") % amount
    first = next(iter(rest))
    if len(rest) == 1:
        text = _("“%(title)s” is released: invoice it, and you are paid by SEPA transfer.") % {"title": first.title}
        return Todo(title=title, text=text, label=label, url=reverse("payouts:ask", args=[first.pk]))
    text = _("Several tranches are released: invoice each, and you are paid by SEPA transfer.")
    return Todo(title=title, text=text, label=label, url=reverse("payouts:list"))


@panel(order=8)
def invoices_panel(reading: Reading) -> Panel | None:
    """The invoices of the project with where their payment is: for the provider and the client."""
    rows = reading.once(requests)
    return Panel("payouts/panel.html", {"rows": rows, "own": reading.as_winner}) if rows else None


WORDS: dict[str, Callable[[], tuple[str, str, str]]] = {
    "payout.asked": lambda: (_("Invoice %(number)s: %(amount)s asked for"), _("Tranche “%(tranche_title)s”."), ""),
    "payout.approved": lambda: (_("Invoice %(number)s approved"), _("The transfer of %(amount)s comes next."), ""),
    "payout.reopened": lambda: (
        _("Invoice %(number)s waits for approval again"),
        _("The provider’s bank details have changed."),
        "soon",
    ),
    "payout.refused": lambda: (_("Invoice %(number)s refused"), "%(reason)s", "stop"),
    "payout.sent": lambda: (_("Invoice %(number)s: transfer of %(amount)s sent to the bank"), "", ""),
    "payout.paid": lambda: (_("Invoice %(number)s paid: %(amount)s"), "", "go"),
    "payout.returned": lambda: (_("Invoice %(number)s: transfer returned by the bank"), "%(reason)s", "stop"),
}
CLIENTS = {"payout.asked", "payout.refused", "payout.paid", "payout.returned"}


@line(*WORDS)
def words_of(event: Event, reading: Reading) -> Line | None:
    """The requests' events on the timeline: all of them for the provider, the invoice and its end for the client.

    Why one was refused or came back is between the provider and Finance.
    """
    provider, client = event.facts["parties"]
    if reading.user.pk != provider and (reading.user.pk != client or event.verb not in CLIENTS):
        return None
    title, detail, tone = WORDS[event.verb]()
    reason = event.facts.get("reason", "")
    said = reasons.in_words(reason) if event.verb == "payout.returned" else reason
    facts = {**event.facts, "amount": euros(event.facts["cents"]), "reason": said if reading.as_winner else ""}
    return Line(title % facts, detail % facts, tone)
