from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.accounts.staff import FINANCE
from marketplace.events.models import Event
from marketplace.events.tellings import Facts, Kind, Letter, Telling, tells
from marketplace.templatetags.page import euros, paris
from payouts import reasons
from payouts.models import PayoutRequest


def due(facts: Facts) -> str:
    """When the next step is due, in words."""
    return paris(datetime.fromisoformat(facts["due_at"])) if facts["due_at"] else ""


class ToProvider(Telling, ABC):
    """A step of a payment request, told to the provider with its figures and the next date."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        request = PayoutRequest.objects.with_parts().get(pk=event.facts["payout"])
        known = {name: event.facts[name] for name in ("title", "cents", "number", "tranche_title", "due_at")}
        yield (
            request.provider,
            {
                **known,
                "reason": event.facts.get("reason", ""),
                "last4": request.bank_account.last4,
                "project": request.tranche.account.project.number,
                "path": self.path(request),
            },
        )

    def path(self, request: PayoutRequest) -> str:
        """Where the letter leads to."""
        return reverse("payouts:list")

    @abstractmethod
    def subject(self) -> str:
        """The subject, with places for the facts."""

    @abstractmethod
    def words(self) -> str:
        """What happened and what comes next."""

    def reason(self, facts: Facts) -> str:
        """What somebody else said, quoted word for word."""
        return str(facts["reason"])

    def action(self) -> str:
        """The words of the link."""
        return _("See my payment requests")

    def letter(self, facts: Facts) -> Letter:
        named = {**facts, "amount": euros(facts["cents"]), "date": due(facts)}
        return Letter(
            subject=self.subject() % named,
            project=_("Project %(project)s") % facts + f" · {facts['title']}",
            paragraphs=[self.words() % named],
            quote=self.reason(facts),
            figures=[
                (_("Invoice"), facts["number"]),
                (_("Tranche"), facts["tranche_title"]),
                (_("Amount, including VAT"), named["amount"]),
            ],
            action=(self.action(), facts["path"]),
        )


class ToPutRight(ToProvider):
    """A request that did not go through: the link leads to sending it again."""

    def path(self, request: PayoutRequest) -> str:
        return f"{reverse('payouts:ask', args=[request.tranche_id])}?reprise={request.pk}"

    def action(self) -> str:
        return _("Put right and send again")


@tells("payout.asked", name="payout.asked.provider", kind=Kind.MONEY)
class Asked(ToProvider):
    def subject(self) -> str:
        return _("Payment request received: %(amount)s")

    def words(self) -> str:
        return _("Finance approves or refuses it before %(date)s; the transfer then leaves within one working day.")


@tells("payout.approved", kind=Kind.MONEY)
class Approved(ToProvider):
    def subject(self) -> str:
        return _("Payment request approved: %(amount)s")

    def words(self) -> str:
        return _("The transfer to your account ending in %(last4)s leaves before %(date)s.")


@tells("payout.reopened", kind=Kind.MONEY)
class Reopened(ToProvider):
    def subject(self) -> str:
        return _("Payment request to be approved again: %(amount)s")

    def words(self) -> str:
        return _(
            "Your bank details have changed. For your safety the request waits for approval again, "
            "to your account ending in %(last4)s: before %(date)s."
        )


@tells("payout.elsewhere", kind=Kind.MONEY)
class Elsewhere(ToProvider):
    def subject(self) -> str:
        return _("Transfer already prepared to your former account: %(amount)s")

    def words(self) -> str:
        return _(
            "Your bank details have changed, but the file of this transfer may already be at the bank, with your "
            "account ending in %(last4)s: the money goes there. If that account is closed, the bank returns it and "
            "you can ask for it again. If you no longer control that account, write to us at once."
        )


@tells("payout.refused", kind=Kind.MONEY)
class Refused(ToPutRight):
    def subject(self) -> str:
        return _("Payment request refused: %(amount)s")

    def words(self) -> str:
        return _("The money is yours all the same and can be claimed again at once, once this is put right:")


@tells("payout.sent", kind=Kind.MONEY)
class Sent(ToProvider):
    def subject(self) -> str:
        return _("Transfer sent to your bank: %(amount)s")

    def words(self) -> str:
        return _(
            "The transfer to your account ending in %(last4)s is with the bank and should arrive before %(date)s. "
            "You will be told when it is paid."
        )


@tells("payout.paid", kind=Kind.MONEY)
class Paid(ToProvider):
    def subject(self) -> str:
        return _("Paid: %(amount)s")

    def words(self) -> str:
        return _("The bank confirms the transfer to your account ending in %(last4)s.")


@tells("payout.returned", kind=Kind.MONEY)
class Returned(ToPutRight):
    def subject(self) -> str:
        return _("Transfer returned by the bank: %(amount)s")

    def words(self) -> str:
        return _(
            "The transfer to your account ending in %(last4)s did not go through. The money is yours all the same: "
            "check your IBAN, then send the same invoice again. The bank’s reason:"
        )

    def reason(self, facts: Facts) -> str:
        return reasons.in_words(facts["reason"])


class ToClient(Telling, ABC):
    """The client learns of an invoice addressed to them, and of its end: the money is on the internal account."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        request = PayoutRequest.objects.with_parts().get(pk=event.facts["payout"])
        known = {name: event.facts[name] for name in ("title", "cents", "number", "tranche_title")}
        project = request.escrow.project
        about = {"project": project.number, "key": project.key, "company": request.provider.company.name}
        yield request.escrow.agreement.client, {**known, **about}

    @abstractmethod
    def subject(self) -> str:
        """The subject, with places for the facts."""

    @abstractmethod
    def words(self) -> str:
        """What happened, and that nothing is asked of the client."""

    def letter(self, facts: Facts) -> Letter:
        named = {**facts, "amount": euros(facts["cents"])}
        return Letter(
            subject=self.subject() % named,
            project=_("Project %(project)s") % facts + f" · {facts['title']}",
            paragraphs=[self.words() % named],
            figures=[
                (_("Invoice"), facts["number"]),
                (_("Tranche"), facts["tranche_title"]),
                (_("Amount, including VAT"), named["amount"]),
            ],
            action=(_("Open the project report"), reverse("projects:report", args=[facts["key"]])),
        )


@tells("payout.asked", name="payout.asked.client", kind=Kind.MONEY)
class InvoiceForClient(ToClient):
    def subject(self) -> str:
        return _("Invoice %(number)s of %(company)s: %(amount)s")

    def words(self) -> str:
        return _(
            "It is addressed to you and stands on the project report. It is paid with what you have released on the "
            "internal account: you have nothing else to pay."
        )


@tells("payout.paid", name="payout.paid.client", kind=Kind.MONEY)
class PaidForClient(ToClient):
    def subject(self) -> str:
        return _("Invoice %(number)s of %(company)s is paid: %(amount)s")

    def words(self) -> str:
        return _("The bank confirms the transfer from the internal account. You have nothing to do.")


@tells("payout.asked", name="payout.asked.finance", kind=Kind.MONEY)
class ToDecide(Telling):
    """Finance is told that a request waits."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        known = {name: event.facts[name] for name in ("payout", "title", "cents", "number", "due_at")}
        group = Group.objects.filter(name=FINANCE)
        for user in User.objects.filter(groups__in=group, is_active=True):
            yield user, known

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("Payment request to decide on: %(amount)s") % {"amount": euros(facts["cents"])},
            project=facts["title"],
            paragraphs=[_("Invoice %(number)s waits for a decision before %(date)s.") % {**facts, "date": due(facts)}],
            action=(_("Open the request"), reverse("admin:payouts_payoutrequest_change", args=[facts["payout"]])),
        )


@tells("payout.reopened", name="payout.reopened.finance", kind=Kind.MONEY)
class ToDecideAgain(ToDecide):
    """The provider's bank account has changed: the decision is to be taken anew."""
