"""What each side can do now on the payments page, tranche by tranche, until when, and what happens otherwise."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from escrow.models import CancellationNotice, Tranche
from escrow.models.deposits import LEAST_CENTS
from escrow.states import TrancheState
from escrow.steps import address, asked_again, deposit_page, in_case, instead, next_deposit
from marketplace.templatetags.page import day_named, euros, paris
from projects.storyline import own_version

if TYPE_CHECKING:
    from escrow.links import Row
    from escrow.models import RefundRequest
    from marketplace.accounts.models import User
    from projects.report import Reading


@dataclass(frozen=True)
class Way:
    """A button: it leads to a page, or with `posts` does its deed at once, with a key of its own."""

    label: str
    url: str
    posts: bool = False
    key: uuid.UUID = field(default_factory=uuid.uuid4)


class Act(NamedTuple):
    """One tranche in words: where it is and what happens without anybody, until when one may act, and the ways to."""

    tranche: Tranche
    words: str
    until: datetime | None = None
    ways: Sequence[Way] = ()


class Desk(NamedTuple):
    """Who reads: one of the two parties of the project `key`, and whether silence releases by their terms."""

    key: str
    user: User
    as_client: bool
    silence: bool

    @classmethod
    def of_reading(cls, reading: Reading) -> Desk:
        """The desk of one of the two parties."""
        version = reading.once(own_version)
        silence = version is not None and version.release_on_silence
        return cls(reading.project.key, reading.user, as_client=reading.as_client, silence=silence)

    def acts(self, rows: Sequence[Row]) -> list[Act]:
        """What the reader can do: first what is with the SMA, then tranche by tranche (of `told`), then the deposit."""
        cases = [self.in_case(row) for row in rows if is_stopped(row.tranche)]
        return [*cases, *(act for row in rows for act in self.of(row)), *self.deposit(rows)]

    def of(self, row: Row) -> Iterator[Act]:
        """What one tranche offers."""
        tranche = row.tranche
        if asked := tranche.refund_asked:
            yield self.refund(tranche, asked)
        if is_stopped(tranche):
            return
        if tranche.awaits_acceptance:
            yield self.client_answers(row) if self.as_client else self.provider_waits(tranche)
        elif tranche.overdue_at:
            yield self.lateness(tranche, tranche.overdue_at)
        elif notice := tranche.running_notice:
            yield self.notice(tranche, notice)

    def refund(self, tranche: Tranche, asked: RefundRequest) -> Act:
        """The provider answers a refund that was asked for; the client waits, or takes it back."""
        own, told = (
            _("The client asks for %(amount)s back: agree, or refuse with your reason. Nothing moves without you."),
            _("You asked for %(amount)s back: nothing moves before the provider agrees."),
        )
        page = reverse("escrow:refund", args=[self.key, asked.pk])
        label = _("See the request") if self.as_client else _("Answer")
        words = (told if self.as_client else own) % {"amount": euros(asked.cents)}
        return Act(tranche, words, asked.answer_by if tranche.overdue_at else None, [Way(label, page)])

    def deposit(self, rows: Sequence[Row]) -> Iterator[Act]:
        """The client funds the next tranche on which no notice runs; a suspended one cannot."""
        tranche, cents = next_deposit([row.tranche for row in rows])
        if not (self.as_client and tranche) or self.user.is_suspended:
            return
        if tranche.account.asks_deposits:
            words = _("%(amount)s can be deposited now: until then the provider does not work on what is lacking.")
            way = Way(_("Deposit %(amount)s") % {"amount": euros(cents)}, deposit_page(self.key, tranche))
            yield Act(tranche, words % {"amount": euros(cents)}, None, [way])
        else:
            yield Act(tranche, f"{_('The provider’s account is closed for now: no deposit is asked for.')} {instead()}")

    def in_case(self, row: Row) -> Act:
        """The SMA has it: its money is frozen by a dispute, or waits for one to be opened."""
        tranche, link = row.tranche, row.link
        if tranche.state == TrancheState.DISPUTED:
            words = _("In dispute: the %(held)s are frozen until the SMA’s case ends. All is said and sent there.")
            return Act(tranche, words % held(tranche), None, [Way(link[1], link[0])] if link else [])
        own = _(
            "The SMA is asked for a case: it opens it before %(at)s or is asked again, and a letter tells you. "
            "Until then the %(held)s stay held."
        )
        more = _("You may still release the money to the provider.") if self.can_release(tranche) else ""
        ways = [self.to_release(tranche)] if self.can_release(tranche) else []
        facts = {**held(tranche), "at": paris(asked_again(tranche))}
        return Act(tranche, f"{own % facts} {more}".strip(), None, ways)

    def client_answers(self, row: Row) -> Act:
        """The client releases, sends it back, or keeps silent; with no changes left, the SMA remains."""
        tranche, link = row.tranche, row.link
        ways = [self.to_release(tranche)]
        if link and not (tranche.changes_left or tranche.changes_at):
            ways.append(Way(link[1], link[0]))
        if tranche.takes_changes and not (tranche.is_unanswered and self.silence):
            ways.append(Way(_("Ask for changes"), address("changes", self.key, tranche)))
        words = " ".join(filter(None, [self.client_words(tranche), changes_words(tranche)]))
        return Act(tranche, words, tranche.accept_by, ways)

    def client_words(self, tranche: Tranche) -> str:
        """Where a delivery stands, to the client."""
        facts = held(tranche)
        if tranche.changes_at:
            return _("You asked for changes: the provider delivers again. You may still release the money.")
        if tranche.is_unanswered and tranche.refund_asked:
            return _("You asked for money back: as long as that waits for its answer, your silence releases nothing.")
        if tranche.is_unanswered:
            return self.late_client_words() % facts
        if self.silence:
            return _("Delivered: examine it. Without an answer of yours by then, the %(held)s are released.") % facts
        told = _("Delivered: examine it. Without an answer of yours by then nothing moves by itself.")
        return f"{told} {_('The provider may then go to the SMA.')}"

    def late_client_words(self) -> str:
        """The client's days are over."""
        if self.silence:
            return _("The time to answer is over: by your silence the %(held)s are being released.")
        return _("The time to answer is over and nothing has moved: the provider may ask the SMA for a case.")

    def provider_waits(self, tranche: Tranche) -> Act:
        """The provider waits for the client's answer, changes what was asked, or goes to the SMA."""
        facts = held(tranche)
        again = Way(_("Deliver again"), address("deliver", self.key, tranche))
        if tranche.changes_at:
            words = _(
                "The client asks for changes: deliver again, their time to answer begins anew. %(held)s are held."
            )
            return Act(tranche, words % facts, None, [again])
        if tranche.is_unanswered and not self.silence:
            words = _("The client has not answered in time and nothing has moved: you may ask the SMA for a case.")
            ask = Way(_("Ask the SMA for a case"), address("ask_case", self.key, tranche), posts=True)
            return Act(tranche, words, tranche.accept_by, [ask, again])
        if self.silence and tranche.refund_asked:
            words = _("Delivered. The client asks for money back: until that is answered, silence releases nothing.")
        elif self.silence:
            words = _("Delivered. Without an answer of the client by then, the %(held)s are released to you.")
        else:
            words = _("Delivered. Without an answer of the client by then nothing moves, and you may go to the SMA.")
        return Act(tranche, words % facts, tranche.accept_by, [again])

    def lateness(self, tranche: Tranche, at: datetime) -> Act:
        """Paid for and not delivered: on its way, or late."""
        facts = {**held(tranche), "on": day_named(tranche.due_on or at), "days": settings.OVERDUE_DAYS}
        if self.as_client and tranche.is_overdue:
            words = _("It was to be delivered by %(on)s: you may ask for the %(held)s back.")
            ask = [] if tranche.refund_asked else [Way(_("Ask for a refund"), address("ask_refund", self.key, tranche))]
            return Act(tranche, words % facts, None, ask)
        deliver = [] if self.as_client else [Way(_("Deliver"), address("deliver", self.key, tranche))]
        if tranche.is_overdue:
            return Act(
                tranche,
                _("It was to be delivered by %(on)s: the client may ask for the %(held)s back.") % facts,
                None,
                deliver,
            )
        if self.as_client:
            words = _("To be delivered by %(on)s. %(days)s days late, you may ask for the %(held)s back in one click.")
        else:
            words = _("To be delivered by %(on)s. %(days)s days late, the client may ask for the %(held)s back.")
        return Act(tranche, words % facts, tranche.due_at, deliver)

    def notice(self, tranche: Tranche, notice: CancellationNotice) -> Act:
        """An unfunded tranche, or its rest, on notice; a deposit is offered if a card could pay it."""
        payable = tranche.lacking_cents >= LEAST_CENTS
        way = Way(_("Deposit %(lacking)s") % lacking(tranche), deposit_page(self.key, tranche))
        deposit = [way] if payable and tranche.account.asks_deposits else []
        if notice.by_id == self.user.pk:
            words = _(
                "You gave notice: without a deposit it ends on that date. A deposit, or taking it back, keeps it."
            )
            back = Way(_("Take the notice back"), address("withdraw_notice", self.key, tranche), posts=True)
            return Act(tranche, words, notice.ends_at, [back])
        if self.as_client:
            words = _("The provider gave notice: without a deposit it ends on that date. A deposit keeps it.")
            return Act(tranche, words, notice.ends_at, deposit)
        words = _("The client gave notice: without a deposit it ends on that date. Do not work on it.")
        return Act(tranche, words, notice.ends_at)

    def can_release(self, tranche: Tranche) -> bool:
        """Whether the reader is the client of something delivered."""
        return self.as_client and tranche.awaits_acceptance

    def to_release(self, tranche: Tranche) -> Way:
        """The way to a release."""
        return Way(_("Examine and release %(held)s") % held(tranche), address("release", self.key, tranche))


def is_stopped(tranche: Tranche) -> bool:
    """Whether the SMA has it: in dispute, or asked to open a case."""
    return tranche.state == TrancheState.DISPUTED or in_case(tranche)


def held(tranche: Tranche) -> dict[str, str]:
    """What a tranche holds, in words."""
    return {"held": euros(tranche.held_cents)}


def lacking(tranche: Tranche) -> dict[str, str]:
    """What a tranche lacks, in words."""
    return {"lacking": euros(tranche.lacking_cents)}


def changes_words(tranche: Tranche) -> str:
    """How often the client may still ask for changes; at the end, what remains."""
    if tranche.changes_at:
        return ""
    if not tranche.changes_left:
        return _("You have asked for changes twice: release all, release a part with the reason, or go to the SMA.")
    left = tranche.changes_left
    words = ngettext("You may ask for changes %(n)s more time.", "You may ask for changes %(n)s more times.", left)
    return words % {"n": left}
