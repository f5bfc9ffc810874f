"""The account follows the terms of an avenant: tranches change, are added and cancelled, money above them goes back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from escrow.figures import Figures
from escrow.models import EscrowAccount, Tranche, TrancheState
from escrow.models.deposits import LEAST_CENTS
from escrow.states import ENDED
from marketplace.events.reactions import on
from marketplace.locking import locked
from marketplace.refusals import Refusal
from marketplace.templatetags.page import euros
from projects.amending import Effect, Follower, follower
from projects.models import Amendment, Formula

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from marketplace.events.models import Event
    from projects.models import Agreement, AgreementTranche, AgreementVersion


def account_of(agreement: Agreement) -> EscrowAccount | None:
    """The account of an agreement as it is now; none if it has always been in base."""
    return EscrowAccount.objects.with_parties().filter(agreement=agreement).first()


class Revision:
    """The account brought to the terms of `version`; in base, closed. Numbers tell which tranche is which."""

    def __init__(self, account: EscrowAccount, version: AgreementVersion) -> None:
        self.account, self.version = account, version
        self.closes = version.formula == Formula.BASE
        self.known = {tranche.position: tranche for tranche in account.tranches.order_by("pk")}
        self.agreed = {part.position: part for part in version.tranches.all()}

    def must_fit(self) -> None:
        """Refuse NotAtZero (base while the account is not), Fixed (a tranche that no longer changes), NoCardPays."""
        if self.closes:
            self._must_be_at_zero()
        self._must_leave_fixed()
        if not self.closes and 0 < (lacking := self.lacking_cents) < LEAST_CENTS:
            raise self.NoCardPays(lacking=euros(lacking), least=euros(LEAST_CENTS))

    def carry_out(self, amendment: Amendment, *, by: User | None) -> None:
        """Change the tranches and give back what is held above; with nothing left to do, the account is finished.

        Called by the reaction to an avenant in force, under the locks of project, agreement and amendment.
        """
        with locked(self.account.project, self.account, *self.known.values()):
            taken = [(tranche, self._bring(tranche)) for tranche in self.known.values()]
            if not self.closes:
                rate = self.version.agreement.vat_rate_bp
                added = [part for number, part in self.agreed.items() if number not in self.known]
                Tranche.objects.bulk_create(Tranche.planned(self.account, part, rate) for part in added)
            if parts := [(tranche, cents) for tranche, cents in taken if cents]:
                self.account.give_back(parts, amendment=amendment, by=by)
            if not self.closes:
                self.account.tell_end(by=by)

    @property
    def lacking_cents(self) -> int:
        """What would be lacking in all on the account."""
        lacking = 0
        for number, part in self.agreed.items():
            tranche = self.known.get(number)
            if tranche and not tranche.is_amendable:
                lacking += tranche.lacking_cents
            else:
                lacking += max(0, self._planned(part).cents - (tranche.funded_cents if tranche else 0))
        return lacking

    def effects(self) -> list[Effect]:
        """What becomes of each tranche that changes, in their order."""
        if self.closes and not self.version.agreement.is_r0:
            return []
        if self.closes:
            return [Effect(_now("Internal account"), _now("closed: nothing is held on it any more"))]
        rows = [self._effect(number) for number in sorted({*self.known, *self.agreed})]
        return [row for row in rows if row]

    def _bring(self, tranche: Tranche) -> int:
        """Bring one tranche to its terms; the cents that it then holds too much."""
        part = None if self.closes else self.agreed.get(tranche.position)
        if part and tranche.is_amendable:
            return tranche.mark_amended(part)
        if self.closes and tranche.state == TrancheState.DELIVERED:
            tranche.mark_cut_short()
        if not part and tranche.state in {TrancheState.PLANNED, TrancheState.FUNDED}:
            return tranche.mark_called_off()
        return 0

    def _effect(self, number: int) -> Effect | None:
        tranche, part = self.known.get(number), self.agreed.get(number)
        if tranche and not (tranche.is_amendable and (part or tranche.state != TrancheState.CANCELLED)):
            return self._ended(tranche, part)
        held = tranche.funded_cents if tranche else 0
        if not part:
            return Effect(str(tranche), _now("called off"), back_words(held))
        planned = self._planned(part)
        if not tranche or tranche.state == TrancheState.CANCELLED:
            return Effect(str(planned), _now("added"), lacking_words(planned.cents))
        if tranche.cents == planned.cents:
            return None
        words = _now("%(before)s becomes %(after)s") % {"before": euros(tranche.cents), "after": euros(planned.cents)}
        more = planned.cents - held
        return Effect(str(planned), words, lacking_words(more) if more >= 0 else back_words(-more))

    def _ended(self, tranche: Tranche, part: AgreementTranche | None) -> Effect | None:
        """A tranche that is over for less than agreed: the price of the terms still counts it whole."""
        less = self._planned(part).cents - tranche.standing_cents if part and tranche.state in ENDED else 0
        if less <= 0:
            return None
        words = _now("over, for %(standing)s") % {"standing": euros(tranche.standing_cents)}
        return Effect(str(tranche), words, _now("%(less)s of its price are no longer owed") % {"less": euros(less)})

    def _planned(self, part: AgreementTranche) -> Tranche:
        return Tranche.planned(self.account, part, self.version.agreement.vat_rate_bp)

    def _must_be_at_zero(self) -> None:
        figures = Figures.of(self.account, list(self.known.values()))
        undisputed = [tranche for tranche in self.known.values() if tranche.state != TrancheState.DISPUTED]
        held = sum(tranche.held_cents for tranche in undisputed)  # the money of a deposit is posted after its event
        if held or figures.frozen or figures.released:
            raise self.NotAtZero(held=euros(held), frozen=euros(figures.frozen), released=euros(figures.released))

    def _must_leave_fixed(self) -> None:
        before = {part.position: part.terms for part in self.version.agreement.version.tranches.all()}
        for number in fixed(self.known.values()):
            part = self.agreed.get(number)
            if before.get(number) != (part and part.terms):
                raise self.Fixed(n=number)

    class NotAtZero(Refusal):
        sentence = _(
            "The base formula needs an account at zero: %(held)s are held, %(frozen)s in dispute, %(released)s "
            "released and not yet paid out. Nothing was recorded."
        )

    class Fixed(Refusal):
        sentence = _(
            "Tranche %(n)s no longer changes: it is delivered, released, in dispute or given back. "
            "Nothing was recorded."
        )

    class NoCardPays(Refusal):
        sentence = _(
            "%(lacking)s would be left to deposit, and no card pays less than %(least)s: change an amount. "
            "Nothing was recorded."
        )


def fixed(tranches: Iterable[Tranche]) -> dict[int, str]:
    """The numbers of the tranches that no longer change, each with why."""
    return {tranche.position: str(tranche.get_state_display()) for tranche in tranches if not tranche.is_amendable}


def back_words(cents: int) -> str:
    """What goes back to the client."""
    return _now("%(amount)s back to the client") % {"amount": euros(cents)} if cents else ""


def lacking_words(cents: int) -> str:
    """What the client will have to deposit."""
    return _now("%(amount)s to deposit") % {"amount": euros(cents)} if cents else ""


@follower
class AccountFollower(Follower):
    """The internal account, once there is one."""

    def must_fit(self, version: AgreementVersion) -> None:
        if account := account_of(version.agreement):
            Revision(account, version).must_fit()

    def fixed(self, agreement: Agreement) -> dict[int, str]:
        account = account_of(agreement)
        return fixed(account.tranches.all()) if account else {}

    def effects(self, version: AgreementVersion) -> list[Effect]:
        account = account_of(version.agreement)
        if account:
            return Revision(account, version).effects()
        opens = _now("opened, empty, with the tranches of these terms")
        return [Effect(_now("Internal account"), opens)] if version.formula == Formula.R0 else []


@on("agreement.amended")
def follow(event: Event) -> None:
    """The account is opened, changed or closed with the terms."""
    rows = Amendment.objects.select_related("agreement__project", "version__agreement")
    amendment = rows.get(pk=event.facts["amendment"])
    if account := account_of(amendment.agreement):
        Revision(account, amendment.version).carry_out(amendment, by=event.by)
    elif amendment.version.formula == Formula.R0:
        EscrowAccount.open(amendment.agreement)


@on(
    "escrow.delivered",
    "escrow.deposited",
    "escrow.released",
    "escrow.frozen",
    "escrow.awarded",
    "escrow.refund_agreed",
    "escrow.tranche_cancelled",
)
def bar_impossible(event: Event) -> None:
    """An avenant that both accepted and that is not yet paid ends as soon as the account can no longer follow it."""
    for amendment in Amendment.objects.begun().of(event.project_key):
        amendment.bar(cause=event.verb)
