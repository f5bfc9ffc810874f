"""A payment by card or bank transfer: written before Stripe is asked, settled on Stripe's word alone."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.events.models import Event
from marketplace.ledger import posting as ledger
from marketplace.ledger.models import Account
from marketplace.locking import locked
from marketplace.payments import doorbell, purposes
from marketplace.payments.gateway import Instructions, Intent, Order, Session
from marketplace.payments.purposes import Purpose
from marketplace.refusals import Refusal
from marketplace.states import States

if TYPE_CHECKING:
    from marketplace.accounts.models import User

log = logging.getLogger(__name__)
Place = Callable[["Payment"], Sequence[ledger.Move] | None]


class PaymentState(models.TextChoices):
    """Where a payment is."""

    CREATED = "CREATED", _("to be paid")
    OPEN = "OPEN", _("being paid")
    PAID = "PAID", _("paid")
    FAILED = "FAILED", _("refused")
    EXPIRED = "EXPIRED", _("expired")
    RETURNED = "RETURNED", _("given back")


class Means(models.TextChoices):
    """How a payment is made."""

    CARD = "CARD", _("by card")
    TRANSFER = "TRANSFER", _("by bank transfer")


# Money that comes is a fact, also after the page was said to be closed: it is placed or goes back.
EDGES = (
    ("", "CREATED"),
    ("CREATED", "OPEN"),
    *((state, end) for state in ("CREATED", "OPEN") for end in ("PAID", "FAILED", "EXPIRED", "RETURNED")),
    *((state, end) for state in ("FAILED", "EXPIRED") for end in ("PAID", "RETURNED")),
)
FACTS = ("payer_id", "means", "purpose", "reference", "project_key", "ht_cents", "vat_cents", "cents")


class PaymentQuerySet(models.QuerySet["Payment"]):
    def visible_to(self, user: User) -> Self:
        """The payments that this person may see: their own."""
        return self.filter(payer=user)

    def payable(self) -> Self:
        """The payments whose payer may still go to Stripe's page."""
        return self.filter(state__in=[PaymentState.CREATED, PaymentState.OPEN])

    def awaited(self) -> Self:
        """Payments whose bank transfer is to come: their payer knows where to send it, and was not told to stop."""
        return self.promised().exclude(instructions__has_key="warned")

    def promised(self) -> Self:
        """Payments whose bank transfer Stripe still takes."""
        return self.filter(state=PaymentState.OPEN).exclude(instructions={})

    def unclear(self, before: datetime) -> Self:
        """Payments begun before then of which Stripe may know more than we do."""
        unpaid = Q(state="OPEN", created_at__lt=before)
        unpriced = Q(paid_at__isnull=False, cost_cents=None)
        return self.exclude(checkout_id="").filter(unpaid | unpriced).order_by("pk")


class Payment(models.Model):
    """Money asked of one person for one purpose, in cents, VAT included (`cents` = `ht_cents` + `vat_cents`).

    The row is committed before Stripe is asked anything; `key` is what makes each repeated request the same one.
    Money that finds no place any more goes back by itself, through the ledger account `refunding`.
    """

    class KeyReused(Refusal):
        sentence = _(
            "This page has already been used for another payment: nothing was charged. Check it and send it again."
        )

    key = models.UUIDField(_("key"), unique=True)
    payer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="payments", verbose_name=_("payer")
    )
    purpose = models.CharField(_("purpose"), max_length=40)
    reference = models.CharField(_("reference"), max_length=64)
    project_key = models.CharField(_("project"), max_length=40, blank=True)
    description = models.CharField(_("description"), max_length=200)
    ht_cents = models.BigIntegerField(_("amount excluding VAT, in cents"))
    vat_cents = models.BigIntegerField(_("VAT, in cents"))
    cents = models.BigIntegerField(_("amount, in cents"))
    means = models.CharField(_("paid"), max_length=10, choices=Means, default=Means.CARD)
    instructions = models.JSONField(_("where to send the transfer"), default=dict, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=PaymentState, default=PaymentState.CREATED)
    checkout_id = models.CharField(_("Stripe’s checkout"), max_length=255, blank=True)
    intent_id = models.CharField(_("Stripe’s payment"), max_length=255, blank=True)
    cost_cents = models.BigIntegerField(_("Stripe’s fee, in cents"), null=True, blank=True)
    refusal = models.CharField(_("refused by the bank"), max_length=80, blank=True)
    refunding = models.OneToOneField(
        Account, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("being refunded")
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    paid_at = models.DateTimeField(_("paid at"), null=True, blank=True)

    objects = PaymentQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("payment"), _("payments")
        default_permissions = ("view",)
        ordering = ("-pk",)
        constraints = [
            models.CheckConstraint(
                condition=Q(cents__gt=0, ht_cents__gte=0, vat_cents__gte=0, cents=F("ht_cents") + F("vat_cents")),
                name="payment_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["PAID", "RETURNED"], paid_at__isnull=False) & ~Q(intent_id="")
                | (~Q(state__in=["PAID", "RETURNED"]) & Q(paid_at=None, intent_id="")),
                name="payment_paid_with_proof",
            ),
            models.CheckConstraint(condition=~Q(state="OPEN") | ~Q(checkout_id=""), name="payment_open_with_checkout"),
            models.CheckConstraint(
                condition=~Q(state="RETURNED") | Q(refunding__isnull=False), name="payment_returned_from_an_account"
            ),
            models.CheckConstraint(
                condition=Q(means="TRANSFER") | Q(instructions={}), name="payment_instructions_of_a_transfer"
            ),
            models.UniqueConstraint(fields=["checkout_id"], condition=~Q(checkout_id=""), name="payment_checkout_once"),
            models.UniqueConstraint(fields=["intent_id"], condition=~Q(intent_id=""), name="payment_intent_once"),
        ]
        indexes = [
            models.Index(fields=["payer", "-id"], name="payment_of_payer"),
            models.Index(fields=["purpose", "reference"], name="payment_of_purpose"),
            models.Index(fields=["created_at"], name="payment_open", condition=Q(state="OPEN")),
            models.Index(
                fields=["id"], name="payment_without_cost", condition=Q(cost_cents=None, paid_at__isnull=False)
            ),
        ]
        triggers = [States(field="state", edges=EDGES)]

    def __str__(self) -> str:
        return f"{self.description} ({self.key})"

    @classmethod
    def start(
        cls,
        *,
        key: UUID,
        payer: User,
        purpose: str,
        reference: str,
        cents: int,
        ht_cents: int,
        vat_cents: int,
        description: str,
        project: str = "",
        means: str = Means.CARD,
    ) -> Payment:
        """The payment `key`, written now or before; Stripe is asked when the payer goes to `checkout_url()`.

        `project` is the project's key. Refused (KeyReused) when the key was used for anything else.
        """
        if purpose not in purposes.registry:
            raise ValueError(f"No purpose is called {purpose}.")
        amounts = {"cents": cents, "ht_cents": ht_cents, "vat_cents": vat_cents}
        wanted = cls(payer=payer, purpose=purpose, reference=reference, project_key=project, **amounts)
        wanted.description, wanted.means = description[:200], means
        facts = {name: getattr(wanted, name) for name in (*FACTS, "description")}
        with transaction.atomic():
            payment, _made = cls.objects.get_or_create(key=key, defaults=facts)
        if any(getattr(payment, name) != facts[name] for name in FACTS):
            raise cls.KeyReused
        return payment

    @property
    def kind(self) -> Purpose:
        """The rules of what it pays."""
        return purposes.registry[self.purpose]

    @property
    def is_payable(self) -> bool:
        """Whether the payer may go to Stripe's page."""
        return self.state in {PaymentState.CREATED, PaymentState.OPEN}

    @property
    def is_awaited(self) -> bool:
        """Whether its bank transfer is to come."""
        return self.state == PaymentState.OPEN and bool(self.instructions) and not self.is_called_off

    @property
    def is_called_off(self) -> bool:
        """Whether its payer was told to make this transfer no more."""
        return "warned" in self.instructions

    @property
    def is_overdue(self) -> bool:
        """Whether its transfer is awaited for too long."""
        return timezone.now() > self.created_at + timedelta(days=settings.TRANSFER_AWAITED_DAYS)

    @property
    def is_refused_back(self) -> bool:
        """Whether the card or the account that paid does not take money back, which goes by transfer to an IBAN."""
        return any(refund.state == "FAILED" for refund in self.refunds.all())

    @property
    def is_wanted(self) -> bool:
        """Whether its money would find a place now."""
        return self.kind.still_wanted(self)

    @property
    def order(self) -> Order:
        """What Stripe is asked for; the same at every try."""
        back = f"{settings.BASE_URL}{self.return_url()}"
        payer = self.payer.email if self.means == Means.TRANSFER else ""
        return Order(self.key, self.cents, self.description, back, f"{back}?abandon=1", payer)

    def checkout_url(self) -> str:
        """The path that leads the payer to Stripe's page."""
        return reverse("payments:checkout", args=[self.key])

    def return_url(self) -> str:
        """The path where the payer comes back and waits for the fact."""
        return reverse("payments:return", args=[self.key])

    def back_url(self) -> str:
        """The path of the page where the payer goes on."""
        return self.kind.back(self)

    def follow(self, session: Session) -> None:
        """Bring the payment to what Stripe says of its session; seen again, or late, it changes nothing."""
        intent = session.intent
        if intent and intent.is_paid:
            self.settle(intent)
        elif session.status == "expired":
            self.close(session, PaymentState.EXPIRED)
        elif session.has_failed:
            self.close(session, PaymentState.FAILED)
        else:
            self.open(session)

    def open(self, session: Session) -> None:
        """The payer may pay on Stripe's page; a refusal by their bank is noted, they may try another card there.

        Once they have chosen to send a transfer there, it may take days: it is awaited (TRANSFER_AWAITED_DAYS).
        """
        with locked(self):
            if self.is_payable:
                self.state, self.checkout_id = PaymentState.OPEN, session.id
                self.refusal = session.intent.failure[:80] if session.intent else ""
                self.save(update_fields=["state", "checkout_id", "refusal"])
                if session.intent and session.intent.instructions:
                    self.await_transfer(session.intent.instructions)

    def await_transfer(self, told: Instructions) -> None:
        """Keep where the transfer is to be sent, and what is still to come; the payer is told of each change.

        Within `open`. What was read of Stripe before, and comes later, changes nothing. Nobody is told to send the rest
        of what has no place any more: a worker calls it off.
        """
        if self.instructions and told.left_cents >= self.instructions["left_cents"]:
            return
        verb = "payment.part_arrived" if self.instructions else "payment.awaited"
        self.instructions |= asdict(told)
        self.save(update_fields=["instructions"])
        if self.is_awaited and self.is_wanted:
            Event.record(verb, project=self.project_key, by=self.payer, **self.facts(left_cents=told.left_cents))
        else:
            self.ring_for_others()

    def warn_off(self, why: str) -> None:
        """An awaited transfer is called off, or about to be: its payer is told once to send it no more, and `why`.

        "unneeded": its purpose is gone. "given_up": it did not come in time. Money sent all the same comes back.
        """
        with locked(self):
            if self.instructions and not self.paid_at and not self.is_called_off:
                self.instructions["warned"] = why
                self.save(update_fields=["instructions"])
                Event.record(f"payment.{why}", project=self.project_key, **self.facts())

    def close(self, session: Session, state: PaymentState) -> None:
        """Nothing will come any more from this session: EXPIRED by its clock, or FAILED."""
        with locked(self):
            if self.is_payable and self.checkout_id in {"", session.id}:
                self.state = state
                self.save(update_fields=["state"])
                Event.record(f"payment.{state.lower()}", project=self.project_key, **self.facts())

    def drop(self) -> None:
        """Close a payment that never went to Stripe. Called when its purpose is gone."""
        with locked(self):
            if self.is_payable and not self.checkout_id:
                self.state = PaymentState.EXPIRED
                self.save(update_fields=["state"])
                Event.record("payment.expired", project=self.project_key, **self.facts())

    def settle(self, intent: Intent) -> None:
        """The money of `intent` has come: its purpose gives it a place, else it goes back.

        Posts `stripe:{intent}:paid` and what Stripe kept. Once per intent, whatever is repeated, in parallel too.
        """
        if intent.currency != "eur":
            raise ValueError(f"{intent.id} is in {intent.currency}.")
        try:
            self.take_in(intent, self.kind.place)
        except Refusal as refusal:
            log.warning("Payment %s finds no place: %s", self.key, refusal)
            self.take_in(intent, nowhere)

    def take_in(self, intent: Intent, place: Place) -> None:
        """Under the locks of the purpose, then ours: keep the money where `place` says, or send it back."""
        with locked(*self.kind.rows(self), self):
            if self.intent_id != intent.id and not self.refunds.filter(intent_id=intent.id).exists():
                wanted = not self.intent_id and intent.cents == self.cents
                moves = place(self) if wanted else None
                if moves is None:
                    self.send_back(intent)
                else:
                    self.keep(intent, moves)
            self.bear(intent)

    def keep(self, intent: Intent, moves: Sequence[ledger.Move]) -> None:
        """Post where the money goes; within `take_in`."""
        placed = sum(move.amount for move in moves if move.debit == "stripe")
        if placed != self.cents:
            raise ValueError(f"{self.purpose} placed {placed} of {self.cents} cents.")
        ledger.post(f"stripe:{intent.id}:paid", "payment.paid", list(moves), project=self.project_key)
        self.prove(intent, PaymentState.PAID)
        Event.record("payment.paid", project=self.project_key, by=self.payer, **self.facts())
        self.ring_for_others()

    def ring_for_others(self) -> None:
        """What is paid now leaves others of the same project without a place: a worker calls them off."""
        if self.project_key:
            doorbell.ring("marketplace.payments.tasks.call_off_unwanted", self.project_key)

    def send_back(self, intent: Intent) -> None:
        """Money without a place: owed to its payer at once, sent by a worker; within `take_in`."""
        if self.refunding is None:
            self.refunding = ledger.open_account("refunding")
            self.save(update_fields=["refunding"])
        moves = [ledger.Move("stripe", self.refunding, intent.cents)]
        ledger.post(f"stripe:{intent.id}:paid", "payment.returned", moves, project=self.project_key)
        if not self.intent_id:
            self.prove(intent, PaymentState.RETURNED)
        self.refunds.create(intent_id=intent.id, cents=intent.cents).ring()
        Event.record("payment.returned", project=self.project_key, by=self.payer, **self.facts(cents=intent.cents))

    def prove(self, intent: Intent, state: PaymentState) -> None:
        """Write the end and its proof."""
        self.state, self.intent_id, self.paid_at, self.refusal = state, intent.id, timezone.now(), ""
        self.save(update_fields=["state", "intent_id", "paid_at", "refusal"])

    def bear(self, intent: Intent) -> None:
        """Post what Stripe kept, once Stripe says it; within `take_in`."""
        if intent.cost and intent.cost.cents:
            moves = [ledger.Move("stripe_fee", "stripe", intent.cost.cents)]
            ledger.post(f"stripe:{intent.cost.id}:fee", "payment.cost", moves)
        if intent.cost and intent.id == self.intent_id and self.cost_cents is None:
            self.cost_cents = intent.cost.cents
            self.save(update_fields=["cost_cents"])

    def facts(self, **others: Any) -> dict[str, Any]:
        """What its events say."""
        return {
            "payment": str(self.key),
            "purpose": self.purpose,
            "reference": self.reference,
            "description": self.description,
            "means": self.means,
            "cents": self.cents,
        } | others


def nowhere(_payment: Payment) -> None:
    """The place of money that has none."""
