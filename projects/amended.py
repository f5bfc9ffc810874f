"""Avenants on the report: what their dates and their money cause, their lines on the timeline, what they ask for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.events.reactions import on
from marketplace.payments.purposes import Purpose, purpose
from marketplace.templatetags.page import euros
from projects.dates import Words, dated
from projects.models import Amendment, AmendmentState, Deadline
from projects.models.deadlines import falling
from projects.report import Line, Reading, Todo, line, todo
from projects.storyline import own_agreements, own_version, signed

if TYPE_CHECKING:
    from django.db.models import Model

    from marketplace.events.models import Event
    from marketplace.ledger.posting import Move
    from marketplace.payments.models import Payment


@purpose("agreements.amendment")
class AmendmentFees(Purpose):
    """What an avenant adds to the fees: paid, it takes effect."""

    words = gettext_lazy("amendment")

    def amendment(self, payment: Payment) -> Amendment:
        """The avenant that a payment is for."""
        return Amendment.objects.select_related("agreement__project").get(pk=int(payment.reference))

    def rows(self, payment: Payment) -> list[Model]:
        amendment = self.amendment(payment)
        return [amendment.agreement.project, amendment.agreement, amendment]

    def place(self, payment: Payment) -> list[Move] | None:
        return self.amendment(payment).enter(payment)

    def still_wanted(self, payment: Payment) -> bool:
        return self.amendment(payment).awaits(payment)

    def back(self, payment: Payment) -> str:
        return self.amendment(payment).get_absolute_url()


def amendment_of(deadline: Deadline) -> Amendment:
    """The avenant that a deadline is about."""
    return Amendment.objects.select_related("agreement__project").get(pk=deadline.subject_id)


@falling("amendment.lapse")
def lapse_amendment(deadline: Deadline, at: datetime) -> None:
    amendment_of(deadline).lapse(at=at)


@falling("amendment.remind")
def remind_parties(deadline: Deadline, at: datetime) -> None:
    amendment_of(deadline).remind(at=at)


@on("project.completed")
def end_amendment(event: Event) -> None:
    """What was still discussed has lost its object."""
    for amendment in Amendment.objects.begun().of(event.project_key):
        amendment.end_with_project()


def why(event: Event) -> str:
    """Which date has passed."""
    paying = event.facts["was"] == AmendmentState.AGREED
    return _("It was not paid in time.") if paying else _("It was not accepted in time.")


def moved(cause: str) -> str:
    """What has happened since both accepted an avenant that can no longer take effect."""
    words = {
        "escrow.delivered": _("A tranche has been delivered since."),
        "escrow.released": _("Money has been released since."),
        "escrow.deposited": _("Money has been deposited since."),
        "escrow.frozen": _("A tranche has come into dispute since."),
        "escrow.refund_agreed": _("Money has gone back to the client since."),
        "escrow.tranche_cancelled": _("A tranche has been cancelled since."),
    }
    return words.get(cause) or _("The internal account has moved since.")


def money(event: Event) -> str:
    """What the fees changed by."""
    cents = event.facts["fees_cents"]
    words = _("Fees paid: %(amount)s.") if cents > 0 else _("Fees given back: %(amount)s.")
    return words % {"amount": euros(abs(cents))} if cents else ""


WORDS: dict[str, Callable[[Event], Line]] = {
    "amendment.proposed": lambda e: Line(_("Amendment %(number)s proposed") % e.facts),
    "amendment.accepted": lambda e: Line(_("Amendment %(number)s accepted") % e.facts),
    "amendment.agreed": lambda e: Line(
        _("Amendment %(number)s accepted by both: %(amount)s to pay")
        % {"amount": euros(e.facts["fees_cents"]), **e.facts},
        tone="soon",
    ),
    "amendment.declined": lambda e: Line(_("Amendment %(number)s declined") % e.facts, e.facts["reason"], "stop"),
    "amendment.withdrawn": lambda e: Line(_("Amendment %(number)s withdrawn") % e.facts, tone="stop"),
    "amendment.lapsed": lambda e: Line(_("Amendment %(number)s lapsed") % e.facts, why(e), "stop"),
    "amendment.barred": lambda e: Line(
        _("Amendment %(number)s can no longer take effect: it has ended") % e.facts, moved(e.facts["cause"]), "stop"
    ),
    "agreement.amended": lambda e: Line(_("Amendment %(number)s is in force") % e.facts, money(e), "go"),
}


@line(*WORDS)
def party_line(event: Event, reading: Reading) -> Line | None:
    """For the two parties of that agreement alone, who know each other by then."""
    if event.facts["agreement"] not in reading.once(own_agreements):
        return None
    words = signed(event, reading, WORDS[event.verb](event))
    return words if words.who or not event.by else words._replace(who=event.by.public_name)


def begun(reading: Reading) -> Amendment | None:
    """The avenant that is being accepted or paid, for its parties; no query when there is none."""
    version = reading.once(own_version)
    if not version or not vars(version)["is_amending"]:
        return None
    rows = Amendment.objects.begun().filter(agreement=version.agreement_id)
    return rows.select_related("version", "agreement__client", "agreement__provider", "agreement__payer").first()


@todo
def act_on_amendment(reading: Reading) -> Todo | None:
    """Each party accepts it or not, then its fees are paid."""
    if not (amendment := reading.once(begun)):
        return None
    mine, paying = reading.user in amendment.awaited(), amendment.state == AmendmentState.AGREED
    facts = {"n": amendment.number, "amount": euros(amendment.change.cents) if paying else ""}
    titles = {
        (True, True): _("You: pay %(amount)s for amendment %(n)s"),
        (True, False): _("You: accept amendment %(n)s, or answer it"),
        (False, True): _("The other party: pay %(amount)s for amendment %(n)s"),
        (False, False): _("The other party: accept amendment %(n)s, or answer it"),
    }
    label = _("See amendment %(n)s") % facts
    url = amendment.get_absolute_url()
    told = amendment.obstacle or _("The terms in force do not change before.")
    return Todo(titles[mine, paying] % facts, told, label, url, amendment.due_by, mine)


@dated("amendment.lapse")
def amendment_words(deadline: Deadline, reading: Reading) -> Words | None:
    """For the two parties: what the avenant waits for."""
    if not (amendment := reading.once(begun)):
        return None
    facts = {"n": amendment.number}
    if amendment.state == AmendmentState.AGREED:
        return Words(_("Amendment %(n)s to be paid") % facts, _("Otherwise the agreement stays as it is."))
    return Words(_("Amendment %(n)s to be accepted by both") % facts, _("Otherwise the agreement stays as it is."))
