from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from marketplace.events.tellings import Facts, Kind, Letter, Telling, tells
from marketplace.payments.models import Payment
from marketplace.payments.purposes import registry
from marketplace.templatetags.page import euros

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from marketplace.events.models import Event


class ToPayer(Telling):
    """What the payer is told of their payment."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        payment = Payment.objects.select_related("payer").get(key=event.facts["payment"])
        facts = {"description": payment.description, "cents": event.facts["cents"], "path": payment.return_url()}
        yield payment.payer, facts

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
        return self.write(
            facts,
            _("Your payment of %(amount)s goes back to you"),
            _("Your payment of %(amount)s arrived, but what it was for had been paid already or had closed."),
            _("It goes back by itself to the card that paid, usually within 5 to 10 days. You have nothing to do."),
        )


@tells("payment.refunded", kind=Kind.MONEY)
class Refunded(ToPayer):
    def letter(self, facts: Facts) -> Letter:
        return self.write(
            facts,
            _("Refund made: %(amount)s"),
            _("%(amount)s has been sent back to the card that paid. Your bank shows it within 5 to 10 days."),
        )
