from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.accounts.models import BankAccount, User
from marketplace.accounts.staff import FINANCE
from marketplace.events.models import Event
from marketplace.events.tellings import Facts, Kind, Letter, Telling, tells
from marketplace.payments.models import Payment
from marketplace.templatetags.page import euros, paris
from payouts import reasons
from payouts.models import PayoutRequest, RefundTransfer


def due(facts: Facts) -> str:
    """When the next step is due, in words."""
    return paris(datetime.fromisoformat(facts["due_at"])) if facts["due_at"] else ""


def finance() -> Iterable[User]:
    """Who works for Finance."""
    return User.objects.filter(groups__in=Group.objects.filter(name=FINANCE), is_active=True)


class ToProvider(Telling, ABC):
    """A step of a payment request, told to the provider with its figures and the next date."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        request = event.about(PayoutRequest.objects.with_parts(), "payout")
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
        request = event.about(PayoutRequest.objects.with_parts(), "payout")
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
        return ((user, known) for user in finance())

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


class ToPayee(Telling, ABC):
    """A step of a refund by transfer, told to who had paid, with its figures and the next date."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        transfer = event.about(RefundTransfer.objects.with_parts(), "transfer")
        names = ("cents", "description", "last4", "due_at", "reason")
        yield transfer.payee, {name: event.facts[name] for name in names}

    @abstractmethod
    def subject(self) -> str:
        """The subject, with places for the facts."""

    @abstractmethod
    def words(self, facts: Facts) -> str:
        """What happened and what comes next."""

    def action(self, facts: Facts) -> str:
        """The words of the link."""
        return _("See my refunds")

    def quote(self, facts: Facts) -> str:
        """What the bank said."""
        return ""

    def letter(self, facts: Facts) -> Letter:
        named = {**facts, "amount": euros(facts["cents"]), "date": due(facts)}
        return Letter(
            subject=self.subject() % named,
            paragraphs=[self.words(facts) % named],
            quote=self.quote(facts),
            figures=[(facts["description"], named["amount"])],
            action=(self.action(facts) % named, reverse("payouts:refunds")),
        )


@tells("payment.refund_failed", kind=Kind.MONEY)
class RefundFailed(ToPayee):
    """The first word of it: to whoever has no IBAN here it asks for one."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        payment = Payment.objects.select_related("payer").get(key=event.facts["payment"])
        account = BankAccount.objects.of(payment.payer).current().first()
        facts = {"cents": event.facts["cents"], "description": payment.description, "due_at": ""}
        yield payment.payer, {**facts, "last4": account.last4 if account else ""}

    def subject(self) -> str:
        return _("Your refund of %(amount)s could not go back the way it came")

    def words(self, facts: Facts) -> str:
        if facts["last4"]:
            return _(
                "The card or the account that paid does not take the refund of %(amount)s. The money is safe with us, "
                "and we pay it by bank transfer to your account ending in %(last4)s. You have nothing to do."
            )
        return _(
            "The card or the account that paid does not take the refund of %(amount)s. The money is safe with us: give "
            "the IBAN of your company, and we pay it to you by bank transfer."
        )

    def action(self, facts: Facts) -> str:
        return _("See my refunds") if facts["last4"] else _("Give the IBAN where to receive %(amount)s")


@tells("refund_transfer.waiting", kind=Kind.MONEY)
class AccountGone(RefundFailed):
    """The account that a refund was to go to is no longer in use, and no other is."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        return () if event.facts["known"] else ToPayee.people(self, event)

    def subject(self) -> str:
        return _("Your refund of %(amount)s needs another IBAN")

    def words(self, facts: Facts) -> str:
        return _("The bank account that %(amount)s were to be paid to is no longer in use. Give the IBAN of another.")


@tells("refund_transfer.ready", name="refund_transfer.ready.payee", kind=Kind.MONEY)
class AccountGiven(ToPayee):
    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        return () if event.facts["known"] else super().people(event)

    def subject(self) -> str:
        return _("IBAN received for your refund of %(amount)s")

    def words(self, facts: Facts) -> str:
        return _(
            "Our finance team checks the account ending in %(last4)s before %(date)s; the transfer then leaves within "
            "one working day."
        )


@tells("refund_transfer.reopened", name="refund_transfer.reopened.payee", kind=Kind.MONEY)
class AccountChanged(ToPayee):
    def subject(self) -> str:
        return _("Refund to be approved again: %(amount)s")

    def words(self, facts: Facts) -> str:
        return _(
            "Your bank details have changed. For your safety the refund waits for approval again, to your account "
            "ending in %(last4)s: before %(date)s."
        )


@tells("refund_transfer.elsewhere", kind=Kind.MONEY)
class RefundElsewhere(ToPayee):
    def subject(self) -> str:
        return _("Refund already prepared to your former account: %(amount)s")

    def words(self, facts: Facts) -> str:
        return _(
            "Your bank details have changed, but the file of this transfer may already be at the bank, with your "
            "account ending in %(last4)s: the money goes there. If that account is closed, the bank returns it and "
            "we ask you for another. If you no longer control that account, write to us at once."
        )


@tells("refund_transfer.approved", kind=Kind.MONEY)
class RefundApproved(ToPayee):
    def subject(self) -> str:
        return _("Refund approved: %(amount)s")

    def words(self, facts: Facts) -> str:
        return _("The transfer to your account ending in %(last4)s leaves before %(date)s.")


@tells("refund_transfer.sent", kind=Kind.MONEY)
class RefundSent(ToPayee):
    def subject(self) -> str:
        return _("Refund sent to your bank: %(amount)s")

    def words(self, facts: Facts) -> str:
        return _(
            "The transfer to your account ending in %(last4)s is with the bank and should arrive before %(date)s. "
            "You will be told when it is paid."
        )


@tells("refund_transfer.paid", kind=Kind.MONEY)
class RefundPaid(ToPayee):
    def subject(self) -> str:
        return _("Refund paid: %(amount)s")

    def words(self, facts: Facts) -> str:
        return _("The bank confirms the transfer to your account ending in %(last4)s.")


@tells("refund_transfer.returned", kind=Kind.MONEY)
class RefundReturned(ToPayee):
    def subject(self) -> str:
        return _("Refund returned by the bank: %(amount)s")

    def words(self, facts: Facts) -> str:
        return _(
            "The transfer of %(amount)s to your account ending in %(last4)s did not go through. The money is safe with "
            "us: give another IBAN, or the same one again if you are sure of it. The bank’s reason:"
        )

    def quote(self, facts: Facts) -> str:
        return reasons.in_words(facts["reason"])

    def action(self, facts: Facts) -> str:
        return _("Give the IBAN where to receive %(amount)s")


@tells("refund_transfer.ready", name="refund_transfer.ready.finance", kind=Kind.MONEY)
class RefundToApprove(Telling):
    """Finance is told that a refund can be paid."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        known = {name: event.facts[name] for name in ("transfer", "description", "cents", "due_at")}
        return ((user, known) for user in finance())

    def letter(self, facts: Facts) -> Letter:
        named = {**facts, "amount": euros(facts["cents"]), "date": due(facts)}
        return Letter(
            subject=_("Refund by transfer to approve: %(amount)s") % named,
            paragraphs=[_("A card did not take it back, and its payer’s IBAN is known: before %(date)s.") % named],
            figures=[(facts["description"], named["amount"])],
            action=(_("Open the refund"), reverse("admin:payouts_refundtransfer_change", args=[facts["transfer"]])),
        )


@tells("refund_transfer.reopened", name="refund_transfer.reopened.finance", kind=Kind.MONEY)
class RefundToApproveAgain(RefundToApprove):
    """The payer's bank account has changed: to be looked at anew."""
