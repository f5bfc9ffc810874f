"""The client's answer to a delivery: awaited until a date, with reminders, and what their silence causes."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from marketplace.locking import locked
from marketplace.refusals import Refusal

from .cases import CaseRequest, Cause
from .clock import remind_again

if TYPE_CHECKING:
    from marketplace.accounts.models import User

    from .releases import Release
    from .tranches import Tranche


class Acceptance:
    """The client examines what was delivered of `tranche` for 14 days (product, section 5)."""

    def __init__(self, tranche: Tranche) -> None:
        self.tranche, self.account = tranche, tranche.account

    @property
    def releases_on_silence(self) -> bool:
        """Whether both agreed that silence releases the money: the terms that are in force now."""
        return self.account.agreement.version.release_on_silence

    def remind(self, *, at: datetime) -> None:
        """Tell the client that their days to answer are passing. Refused (NotSilent) when nothing waits for them."""
        with locked(self.account.project, self.account, self.tranche):
            if not self.tranche.awaits_acceptance or not self.tranche.accept_by or at > self.tranche.accept_by:
                raise self.NotSilent
            remind_again(self.tranche, self.tranche.accept_by, at)
            self.tranche.record("escrow.answer_awaited", silence=self.releases_on_silence)

    def pass_in_silence(self, *, at: datetime) -> None:
        """The client's days to answer are over at `at`: release all that is held if both agreed that silence does.

        Otherwise nothing moves, and the provider may ask for a case. Refused: as EscrowAccount.release_on_silence.
        """
        with locked(self.account.project, self.account, self.tranche):
            if self.releases_on_silence:
                self.account.release_on_silence(self.tranche, at=at)
                return
            self.must_be_silent(at)
            self.tranche.record("escrow.unanswered")

    def ask_case(self, *, by: User, key: UUID) -> CaseRequest:
        """The provider asks the SMA for a case: the client has not answered in time (product, section 5).

        Refused: NotUnanswered, and what CaseRequest.open refuses; a second click gives the first request.
        """
        with locked(self.account.project, self.account, self.tranche):
            is_known = CaseRequest.objects.filter(key=key).exists()
            if not (is_known or self.tranche.is_unanswered):
                raise self.NotUnanswered
            return CaseRequest.open(self.tranche, cause=Cause.NO_ANSWER_TO_DELIVERY, by=by, key=key)

    def release(self, cents: int, *, seen: str, by: User, key: UUID, reason: str = "") -> Release:
        """Release `cents` for what the client has `seen` (Tranche.as_seen): see EscrowAccount.release.

        The same `key` gives the first release, whatever has changed since. Refused: Stale, and what that refuses.
        """
        with locked(self.account.project, self.account, self.tranche):
            if seen != self.tranche.as_seen and not self.account.releases.filter(key=key).exists():
                raise self.Stale
            return self.account.release(tranche=self.tranche, cents=cents, by=by, key=key, reason=reason)

    def must_take_changes(self) -> None:
        """Refuse changes of what is not there to accept, or cannot be sent back any more.

        Refused: NothingToChange, ChangesAsked, ChangesSpent, TooLate (silence releases it), CaseRequest.AlreadyOpen.
        """
        if not self.tranche.awaits_acceptance:
            raise self.NothingToChange
        if self.tranche.changes_at:
            raise self.ChangesAsked
        if not self.tranche.changes_left:
            raise self.ChangesSpent
        if self.tranche.is_unanswered and self.releases_on_silence:
            raise self.TooLate
        self._must_be_in_no_case()

    def must_be_silent(self, at: datetime) -> None:
        """Refuse (NotSilent, CaseRequest.AlreadyOpen) unless the client's days to answer are over at `at`."""
        if not self.tranche.awaits_acceptance or not self.tranche.accept_by or at <= self.tranche.accept_by:
            raise self.NotSilent
        if self.tranche.refund_requests.living().exists():  # whoever asks for the money back is not silent
            raise self.NotSilent
        self._must_be_in_no_case()

    def _must_be_in_no_case(self) -> None:
        if self.tranche.case_requests.open().exists():
            raise CaseRequest.AlreadyOpen

    class Stale(Refusal):
        sentence = _(
            "This page has changed since you opened it: the delivery or the amount held is another one. Read it again, "
            "then release. Nothing was moved."
        )

    class NothingToChange(Refusal):
        sentence = _(
            "There is nothing to have changed on this tranche now: it is not delivered, or already released. "
            "Nothing was sent."
        )

    class ChangesAsked(Refusal):
        sentence = _("You have asked for changes already: the provider delivers again first. Nothing was sent.")

    class ChangesSpent(Refusal):
        sentence = _(
            "You have asked for changes twice, the most there is. Release the money or a part of it with the reason, "
            "or turn to the SMA. Nothing was sent."
        )

    class TooLate(Refusal):
        sentence = _(
            "The time to answer is over: as both of you agreed, your silence releases the money. Nothing was sent."
        )

    class NotSilent(Refusal):
        sentence = _("The client has answered, or still has time to.")

    class NotUnanswered(Refusal):
        sentence = _("The client has answered, or still has time to: a case can be asked for afterwards.")
