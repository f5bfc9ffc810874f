from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.accounts.staff import FINANCE
from marketplace.events.models import Event
from marketplace.events.tellings import Facts, Kind, Letter, Telling, tells
from marketplace.templatetags.page import euros
from payouts.models import PayoutRequest


class ToProvider(Telling):
    """A step of a payment request, told to the provider with its figures."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        request = PayoutRequest.objects.with_parts().get(pk=event.facts["payout"])
        known = {name: event.facts[name] for name in ("title", "cents", "number", "tranche_title")}
        yield (
            request.provider,
            {
                **known,
                "reason": event.facts.get("reason", ""),
                "last4": request.bank_account.last4,
                "project": request.tranche.account.project.number,
            },
        )

    def subject(self) -> str:
        """The subject, with places for the facts."""
        raise NotImplementedError

    def words(self) -> str:
        """What happened and what comes next."""
        raise NotImplementedError

    def letter(self, facts: Facts) -> Letter:
        named = {**facts, "amount": euros(facts["cents"])}
        return Letter(
            subject=self.subject() % named,
            project=_("Project %(project)s") % facts + f" · {facts['title']}",
            paragraphs=[self.words() % named],
            quote=facts["reason"],
            figures=[
                (_("Invoice"), facts["number"]),
                (_("Tranche"), facts["tranche_title"]),
                (_("Amount, including VAT"), named["amount"]),
            ],
            action=(_("See my payment requests"), reverse("payouts:list")),
        )


@tells("payout.asked", name="payout.asked.provider", kind=Kind.MONEY)
class Asked(ToProvider):
    def subject(self) -> str:
        return _("Payment request received: %(amount)s")

    def words(self) -> str:
        return _("Finance approves or refuses it within two working days, and sends the transfer within one more.")


@tells("payout.approved", kind=Kind.MONEY)
class Approved(ToProvider):
    def subject(self) -> str:
        return _("Payment request approved: %(amount)s")

    def words(self) -> str:
        return _("The transfer to your account ending in %(last4)s leaves within one working day.")


@tells("payout.refused", kind=Kind.MONEY)
class Refused(ToProvider):
    def subject(self) -> str:
        return _("Payment request refused: %(amount)s")

    def words(self) -> str:
        return _("The money is yours all the same and can be claimed again at once, once this is put right:")


@tells("payout.sent", kind=Kind.MONEY)
class Sent(ToProvider):
    def subject(self) -> str:
        return _("Transfer sent to your bank: %(amount)s")

    def words(self) -> str:
        return _("The transfer to your account ending in %(last4)s is with the bank. You will be told when it is paid.")


@tells("payout.paid", kind=Kind.MONEY)
class Paid(ToProvider):
    def subject(self) -> str:
        return _("Paid: %(amount)s")

    def words(self) -> str:
        return _("The bank confirms the transfer to your account ending in %(last4)s.")


@tells("payout.returned", kind=Kind.MONEY)
class Returned(ToProvider):
    def subject(self) -> str:
        return _("Transfer returned by the bank: %(amount)s")

    def words(self) -> str:
        return _("Check your IBAN, then send the same invoice again: the money is claimable. The bank’s reason:")


@tells("payout.asked", name="payout.asked.finance", kind=Kind.MONEY)
class ToDecide(Telling):
    """Finance is told that a request waits."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        known = {name: event.facts[name] for name in ("payout", "title", "cents", "number")}
        group = Group.objects.filter(name=FINANCE)
        for user in User.objects.filter(groups__in=group, is_active=True):
            yield user, known

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("Payment request to decide on: %(amount)s") % {"amount": euros(facts["cents"])},
            project=facts["title"],
            paragraphs=[_("Invoice %(number)s waits for a decision within two working days.") % facts],
            action=(_("Open the request"), reverse("admin:payouts_payoutrequest_change", args=[facts["payout"]])),
        )
