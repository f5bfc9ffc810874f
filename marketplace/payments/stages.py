"""What the return page says of a payment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext as _

from marketplace.payments.models import Means, PaymentState
from marketplace.templatetags.page import euros

if TYPE_CHECKING:
    from marketplace.payments.models import Payment


@dataclass(frozen=True)
class Stage:
    """An alert: its kind, its words; whether the page waits for a fact; what the button that pays again says.

    `tells_where` when a transfer is to be sent.
    """

    kind: str
    title: str
    text: str
    is_waiting: bool = False
    again: str = ""
    tells_where: bool = False


def stage_of(payment: Payment, *, abandoned: bool = False) -> Stage:
    """The stage of a payment; `abandoned` when the payer came back by Stripe's "back" link."""
    if payment.is_awaited:
        return awaited(payment) if payment.is_wanted else unneeded(payment)
    if payment.is_called_off and not payment.paid_at:
        return given_up(payment) if payment.instructions["warned"] == "given_up" else unneeded(payment)
    begun = payment.state == PaymentState.OPEN and not abandoned
    if not (payment.paid_at or begun or payment.is_wanted):
        return gone(payment)
    known = {
        PaymentState.PAID: paid,
        PaymentState.RETURNED: returned,
        PaymentState.EXPIRED: expired,
        PaymentState.FAILED: failed,
    }
    if tell := known.get(PaymentState(payment.state)):
        return tell(payment)
    if abandoned or payment.state == PaymentState.CREATED:
        return refused(payment) if payment.refusal else unpaid(payment)
    return waiting(payment)


def awaited(payment: Payment) -> Stage:
    amount = {"amount": euros(payment.instructions["left_cents"]), "all": euros(payment.cents)}
    if payment.instructions["left_cents"] < payment.cents:
        text = _("A part of the %(all)s has arrived. Send the rest with the same reference: nothing counts before.")
    else:
        text = _(
            "Send it from your company’s bank, with this reference. It takes one to three working days; we write to "
            "you as soon as it has arrived. Nothing counts before."
        )
    return Stage("soon", _("Bank transfer awaited: %(amount)s") % amount, text % amount, tells_where=True)


def unneeded(payment: Payment) -> Stage:
    why = _("What it was for is paid already, has closed, or is in dispute.")
    return Stage("stop", _("Do not make this transfer any more"), f"{why} {coming_back(payment)}")


def given_up(payment: Payment) -> Stage:
    why = _("It was awaited for %(days)s days. To pay all the same, go back and start the payment again.")
    facts = {"days": settings.TRANSFER_AWAITED_DAYS}
    return Stage("stop", _("Do not make this transfer any more"), f"{why % facts} {coming_back(payment)}")


def coming_back(payment: Payment) -> str:
    """What becomes of money that came, or comes, for a transfer that was called off."""
    known = sum(row.cents for row in payment.cash_returns.all())
    came = known or (payment.cents - payment.instructions["left_cents"])
    if came:
        return _("%(amount)s received: they come back to you, to the account that sent them.") % {"amount": euros(came)}
    return _("If your bank has sent it already, it comes back to you by itself.")


def paid(payment: Payment) -> Stage:
    title = _("Payment received: %(amount)s") % {"amount": euros(payment.cents)}
    return Stage("go", title, _("A confirmation is on its way to you by e-mail."))


def returned(payment: Payment) -> Stage:
    if payment.is_refused_back:
        text = _(
            "What it was for can no longer be paid: it was paid already, has closed, or is in dispute. %(amount)s "
            "could not go back the way it came: we pay it by bank transfer to the IBAN that you give."
        )
    elif payment.means == Means.TRANSFER:
        text = _(
            "What it was for can no longer be paid: it was paid already, has closed, or is in dispute. "
            "%(amount)s goes back by itself to the account that sent it, usually within 5 to 10 days."
        )
    else:
        text = _(
            "What it was for can no longer be paid: it was paid already, has closed, or is in dispute. "
            "%(amount)s goes back to your card by itself, usually within 5 to 10 days."
        )
    title = _("Your payment arrived, but it had no place any more")
    return Stage("soon", title, text % {"amount": euros(payment.cents)})


def gone(payment: Payment) -> Stage:
    text = _("What it was for is paid already, has closed, or is in dispute. Nothing was charged.")
    return Stage("soon", _("There is nothing to pay here any more"), text)


def expired(payment: Payment) -> Stage:
    text = _("Nothing was charged. Go back and start the payment again.")
    return Stage("soon", _("This payment page has expired"), text)


def failed(payment: Payment) -> Stage:
    text = _("Nothing was charged. Go back and start the payment again.")
    return Stage("stop", _("The payment did not succeed"), text)


def refused(payment: Payment) -> Stage:
    text = _("Nothing was charged. Try again with another card, or ask your bank.")
    return Stage("stop", _("Your bank refused the payment"), text, again=again(payment))


def unpaid(payment: Payment) -> Stage:
    text = _("Nothing was charged. You can take the payment up again whenever you like.")
    return Stage("plain", _("You have not paid yet"), text, again=again(payment))


def waiting(payment: Payment) -> Stage:
    text = _(
        "This takes a few seconds; the page changes by itself. You can also leave it: we will write to you by e-mail."
    )
    return Stage("plain", _("We are waiting for the confirmation of your payment…"), text, is_waiting=True)


def again(payment: Payment) -> str:
    return _("Take the payment up again: %(amount)s") % {"amount": euros(payment.cents)}
