from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext as _

from marketplace.events.tellings import Facts, Kind, Letter, Telling, tells
from marketplace.payments.models import Means, Payment
from marketplace.payments.purposes import registry
from marketplace.templatetags.page import euros, iban

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from marketplace.events.models import Event


class ToPayer(Telling):
    """What the payer is told of their payment."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        payment = Payment.objects.select_related("payer").get(key=event.facts["payment"])
        facts = {"description": payment.description, "cents": event.facts["cents"], "path": payment.return_url()}
        yield payment.payer, {**facts, "means": payment.means}

    def write(self, facts: Facts, subject: str, *paragraphs: str) -> Letter:
        """A letter with the sum and a link to the payment."""
        amount = {"amount": euros(facts["cents"])}
        return Letter(
            subject=subject % amount,
            paragraphs=[paragraph % amount for paragraph in paragraphs],
            figures=[(facts["description"], euros(facts["cents"]))],
            action=(_("See the payment"), facts["path"]),
        )


@tells("payment.paid", kind=Kind.MONEY)
class Paid(ToPayer):
    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        return () if registry[event.facts["purpose"]].tells_itself else super().people(event)

    def letter(self, facts: Facts) -> Letter:
        return self.write(facts, _("Payment received: %(amount)s"), _("We have received your payment of %(amount)s."))


@tells("payment.returned", kind=Kind.MONEY)
class Returned(ToPayer):
    def letter(self, facts: Facts) -> Letter:
        if facts.get("means") == Means.TRANSFER:
            way = _(
                "It goes back by itself to the account that sent it, usually within 5 to 10 days. If we cannot find "
                "that account, our payment provider writes to you to ask for it."
            )
        else:
            way = _(
                "It goes back by itself to the card that paid, usually within 5 to 10 days. You have nothing to do."
            )
        return self.write(
            facts,
            _("Your payment of %(amount)s goes back to you"),
            _(
                "Your payment of %(amount)s arrived, but what it was for had been paid already, had closed or was "
                "in dispute."
            ),
            way,
        )


@tells("payment.refunded", kind=Kind.MONEY)
class Refunded(ToPayer):
    def letter(self, facts: Facts) -> Letter:
        if facts.get("means") == Means.TRANSFER:
            words = _("%(amount)s has been sent back to the account that paid. Your bank shows it within 5 to 10 days.")
        else:
            words = _("%(amount)s has been sent back to the card that paid. Your bank shows it within 5 to 10 days.")
        return self.write(facts, _("Refund made: %(amount)s"), words)


@tells("payment.awaited", kind=Kind.MONEY)
class Awaited(ToPayer):
    """Where to send the transfer, for whoever in the payer's company makes it."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        payment = Payment.objects.select_related("payer").get(key=event.facts["payment"])
        where = {name: payment.instructions[name] for name in ("holder", "iban", "bic", "reference")}
        left, path = event.facts["left_cents"], payment.return_url()
        facts = {"description": payment.description, "cents": payment.cents, "left": left, "path": path}
        yield payment.payer, {**facts, **where}

    def subject(self) -> str:
        """The subject, with a place for the sum."""
        return _("Bank transfer to make: %(left)s")

    def words(self) -> str:
        """What is to be done."""
        return _(
            "Send it from your company’s bank, with the reference below. It takes one to three working days; we write "
            "to you as soon as it has arrived. Nothing counts before."
        )

    def letter(self, facts: Facts) -> Letter:
        named = {"left": euros(facts["left"]), "all": euros(facts["cents"])}
        return Letter(
            subject=self.subject() % named,
            paragraphs=[self.words() % named],
            figures=[
                (_("Account holder"), facts["holder"]),
                ("IBAN", iban(facts["iban"])),
                ("BIC", facts["bic"]),
                (_("Reference"), facts["reference"]),
                (_("Amount"), named["left"]),
                (_("For"), facts["description"]),
            ],
            action=(_("See the payment"), facts["path"]),
        )


@tells("payment.part_arrived", kind=Kind.MONEY)
class PartArrived(Awaited):
    def subject(self) -> str:
        return _("A part of your transfer has arrived; still to send: %(left)s")

    def words(self) -> str:
        return _("A part of the %(all)s has arrived. Send the rest with the same reference: nothing counts before.")


@tells("payment.unneeded", kind=Kind.MONEY)
class Unneeded(ToPayer):
    def letter(self, facts: Facts) -> Letter:
        return self.write(
            facts,
            _("Do not make the transfer of %(amount)s any more"),
            self.why(),
            _("If your bank has sent it already, it comes back to you by itself. You have nothing else to do."),
        )

    def why(self) -> str:
        """Why it is awaited no longer."""
        return _("What it was for is paid already, has closed, or is in dispute.")


@tells("payment.given_up", kind=Kind.MONEY)
class GivenUp(Unneeded):
    def why(self) -> str:
        words = _("It was awaited for %(days)s days. To pay all the same, start a new payment.")
        return words % {"days": settings.TRANSFER_AWAITED_DAYS}


@tells("payment.cash_back", kind=Kind.MONEY)
class CashBack(ToPayer):
    """Said once for each sum that came too late, or beside what was awaited."""

    def letter(self, facts: Facts) -> Letter:
        return self.write(
            facts,
            _("%(amount)s received by transfer: they come back to you"),
            _("%(amount)s of your bank transfer arrived, but the payment no longer awaited them: they paid nothing."),
            _(
                "Our payment provider sends them back to the account that they came from, usually within 5 to 10 days. "
                "If it cannot find that account, it writes to you to ask for it."
            ),
        )


@tells("payment.cash_stuck", kind=Kind.MONEY)
class CashStuck(ToPayer):
    def letter(self, facts: Facts) -> Letter:
        return self.write(
            facts,
            _("%(amount)s could not be sent back to your account"),
            _("Your bank, or our payment provider, could not send back the %(amount)s of your transfer."),
            _("The money is safe with our payment provider. Our finance team writes to you to give it back."),
        )
