"""The inbox of Stripe's webhooks: each message once, however often and in whatever order it comes."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from marketplace.locking import locked
from marketplace.payments import facts
from marketplace.payments.gateway import Message
from marketplace.payments.models.chores import Chore, ChoreQuerySet
from marketplace.states import States


class EventState(models.TextChoices):
    """Where a message is."""

    RECEIVED = "RECEIVED", _("received")
    HANDLED = "HANDLED", _("handled")
    PARKED = "PARKED", _("to be looked at")


EDGES = (("", "RECEIVED"), ("RECEIVED", "HANDLED"), ("RECEIVED", "PARKED"))


class StripeEvent(Chore):
    """A signed message of Stripe: it names an object, which a worker retrieves; what else it says is not believed."""

    WAITING = ("RECEIVED",)
    DOORBELL = "marketplace.payments.tasks.handle_event"

    event_id = models.CharField(_("Stripe’s number"), max_length=255, unique=True)
    kind = models.CharField(_("kind"), max_length=80)
    object_id = models.CharField(_("Stripe’s object"), max_length=255)
    state = models.CharField(_("state"), max_length=10, choices=EventState, default=EventState.RECEIVED)
    at = models.DateTimeField(_("sent at"))
    received_at = models.DateTimeField(_("received at"), auto_now_add=True)

    objects: ChoreQuerySet[StripeEvent] = ChoreQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name, verbose_name_plural = _("message of Stripe"), _("messages of Stripe")
        default_permissions = ("view",)
        indexes = [models.Index(fields=["next_try_at"], name="stripe_event_waiting", condition=Q(state="RECEIVED"))]
        triggers = [States(field="state", edges=EDGES)]

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"

    @classmethod
    def receive(cls, message: Message) -> StripeEvent:
        """Keep a message, once per Stripe's number, and ring for a worker unless it has been handled."""
        row = cls(event_id=message.id, kind=message.kind[:80], object_id=message.object_id, at=message.at)
        cls.objects.bulk_create([row], ignore_conflicts=True)
        row = cls.objects.get(event_id=message.id)
        if row.state == EventState.RECEIVED:
            row.ring()
        return row

    def work(self) -> None:
        """Retrieve the object and bring our rows to what it says; of a kind that we do not follow, nothing."""
        if follow := facts.followers.get(self.kind):
            follow(self.object_id)
        self.move(EventState.HANDLED)

    def park(self) -> None:
        """Leave it to Finance: eight tries failed."""
        self.move(EventState.PARKED)

    def move(self, state: EventState) -> None:
        """Close a message; the second of two workers that did the same work finds it closed."""
        with locked(self):
            if self.state == EventState.RECEIVED:
                self.state = state
                self.save(update_fields=["state"])
