"""The internal account itself: three ledger accounts and the deeds that move money between them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from escrow.states import ENDED, TAKE_DEPOSITS
from marketplace.events.models import Event
from marketplace.ledger import posting as ledger
from marketplace.locking import locked
from marketplace.payments.models import Means, Payment
from marketplace.refusals import Refusal
from marketplace.templatetags.page import euros
from projects.models import Agreement, Project

from .acceptance import Acceptance
from .clock import keep_moving
from .deposits import LEAST_CENTS, Deposit, lacking_cents, spread, unpayable_rest
from .freezes import Freeze
from .refunds import Refund
from .releases import Release
from .tranches import Tranche

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from marketplace.payments.models.payments import PaymentQuerySet
    from projects.models import Amendment

    from .requests import RefundRequest


class EscrowAccountQuerySet(models.QuerySet["EscrowAccount"]):
    def visible_to(self, user: User) -> EscrowAccountQuerySet:
        """The accounts of one's own agreements, as client or as provider; nobody else's."""
        return self.filter(Q(agreement__client=user) | Q(agreement__provider=user))

    def fundable_by(self, user: User) -> EscrowAccountQuerySet:
        """The accounts into which `user` deposits: those of the projects of which they are the client."""
        return self.filter(agreement__client=user)

    def with_parties(self) -> EscrowAccountQuerySet:
        """With everything that a page or a letter says of the project, the parties and the balances, in one query."""
        return self.select_related(
            "project", "agreement__client__company", "agreement__provider__company", "held", "payable", "claimed"
        )


class EscrowAccount(models.Model):
    """The internal account of an R0 project: three ledger accounts and their rules (terms, section R0).

    *held* is the client's money, safe until the work is accepted; *payable* is released and the provider's, still to
    be invoiced; *claimed* is invoiced and on its way to the bank. Amounts are cents, VAT included.
    """

    project = models.OneToOneField(Project, models.PROTECT, related_name="escrow")
    agreement = models.OneToOneField(Agreement, models.PROTECT, related_name="escrow")
    held = models.OneToOneField("ledger.Account", models.PROTECT, related_name="+")
    payable = models.OneToOneField("ledger.Account", models.PROTECT, related_name="+")
    claimed = models.OneToOneField("ledger.Account", models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(auto_now_add=True)

    objects = EscrowAccountQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("internal account"), _("internal accounts")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return str(self.project)

    def get_absolute_url(self) -> str:
        return reverse("escrow:payments", args=[self.project.key])

    @classmethod
    def open(cls, agreement: Agreement) -> EscrowAccount:
        """Open the account of an agreement that became active in R0, with its tranches, VAT included, all unfunded.

        Called by the reaction to the activation, under the locks of project and agreement.
        """
        three = {name: ledger.open_account(name) for name in ("held", "payable", "claimed")}
        account = cls.objects.create(project=agreement.project, agreement=agreement, **three)
        terms, rate = agreement.version.tranches.all(), agreement.vat_rate_bp
        made = Tranche.objects.bulk_create(Tranche.planned(account, agreed, rate) for agreed in terms)
        Event.record(
            "escrow.opened", project=account.project, cents=sum(tranche.cents for tranche in made), **account.facts()
        )
        return account

    def deposit(
        self, cents: int, *, by: User, key: UUID, tranche: Tranche | None = None, means: str = Means.CARD
    ) -> Payment:
        """Start the payment of `cents` into the account: for `tranche`, or for the tranches in their order.

        By card, or by a bank transfer that may take days and keeps no place meanwhile: nothing is deposited until the
        money has come. The same `key` gives the same payment. Refused, with the figure: Tranche.InDispute,
        Tranche.NotLacking (nothing is lacking any more), TooMuchDeposited (more than is lacking), TooLittleDeposited
        and TooLittleLacking (less than a card pays), TooLittleLeft (the rest, in all or of a tranche, would be less).
        """
        with locked(self.project, self, tranche):
            if not Payment.objects.filter(key=key, payer=by).exists():
                self._must_take(cents, tranche)
        return Payment.start(
            key=key,
            payer=by,
            purpose="escrow.deposit",
            reference=f"{self.pk}:{tranche.pk}" if tranche else str(self.pk),
            cents=cents,
            ht_cents=cents,
            vat_cents=0,  # held for the provider, whose own invoice bears the VAT
            description=_now("Deposit: %(title)s") % {"title": self.project.title},
            project=self.project.key,
            means=means,
        )

    def awaited(self) -> PaymentQuerySet:
        """The bank transfers that are to come."""
        return Payment.objects.awaited().filter(purpose="escrow.deposit", project_key=self.project.key)

    def receive(self, payment: Payment) -> list[ledger.Move] | None:
        """The money of a deposit has come: it fills the tranche that was chosen, or the tranches in their order.

        Returns the move stripe → held, or None when it has no place any more (another deposit came first): it then
        goes back whole. Called by the payment's settlement, under the locks of project, account, tranches, payment.
        """
        parts = self.parts_of(payment)
        if parts is None:
            return None
        deposit = Deposit.record(self, payment, parts, tranche_id=chosen_by(payment))
        for tranche, cents in parts:
            tranche.mark_funded(cents)
        keep_moving(self)
        Event.record(
            "escrow.deposited",
            project=self.project,
            by=payment.payer,
            deposit=deposit.pk,
            cents=payment.cents,
            tranche=parts[0][0].pk,
            tranche_title=parts[0][0].title,
            parts=[{**tranche.facts(), "part_cents": cents} for tranche, cents in parts],
            **self.facts(),
        )
        return [ledger.Move("stripe", self.held, payment.cents)]

    def parts_of(self, payment: Payment) -> list[tuple[Tranche, int]] | None:
        """What a deposit would bring to each tranche now, in cents; None when they do not take it all any more."""
        return spread(payment.cents, self._candidates(chosen_by(payment)))

    def release(self, *, tranche: Tranche, cents: int, by: User, key: UUID, reason: str = "") -> Release:
        """Move `cents` from held to payable: the client accepts `tranche`, or a part of it with a reason.

        14 days run anew on the rest; with the last tranche the account is finished. Refused (NotReleasable, TooMuch,
        NeedsReason) unless the tranche is this account's, delivered and holds that much; a dispute, an earlier release
        or a second click therefore stops it. The same `key` with the same content returns the first release; with
        another it is refused (Release.KeyReused). Released money never comes back by a click.
        """
        with locked(self.project, self, tranche):
            if done := Release.objects.filter(key=key).first():
                return done.same_as(tranche=tranche, cents=cents, reason=reason)
            self._must_be_own(tranche)
            tranche.must_be_releasable(cents, reason)
            release = self.releases.create(tranche=tranche, cents=cents, by=by, key=key, reason=reason)
            return self._carry_out(release, tranche)

    def release_on_silence(self, tranche: Tranche, *, at: datetime) -> Release:
        """Move all that `tranche` holds from held to payable: the client has not answered, as both had agreed it.

        By nobody. Refused: Acceptance.NotSilent unless their days are over at `at`, CaseRequest.AlreadyOpen.
        """
        with locked(self.project, self, tranche):
            Acceptance(tranche).must_be_silent(at)
            release = self.releases.create(tranche=tranche, cents=tranche.held_cents, by=None, key=uuid4())
            return self._carry_out(release, tranche)

    def give_back(self, parts: Sequence[tuple[Tranche, int]], *, amendment: Amendment, by: User | None) -> Refund:
        """Move what an avenant takes off tranches, held → refunding: to the cards that deposited, the latest first.

        Both accepted it, which is the provider's consent (product, section 5). Called by Revision under the locks of
        project, account and tranches.
        """
        refund = self.send_back(parts, by=by, amendment=amendment)
        facts = {"refund": refund.pk, "cents": refund.cents, "amendment_number": amendment.number}
        Event.record("escrow.refunded", project=self.project, by=by, **facts, **self.facts())
        return refund

    def send_back(
        self, parts: Sequence[tuple[Tranche, int]], *, by: User | None, **cause: Amendment | RefundRequest
    ) -> Refund:
        """Post what leaves tranches for the cards that deposited, held → refunding, with its cause; tells nobody."""
        refund, moves = Refund.order(self, parts, source=self.held, **cause)
        ledger.post(f"refund:{refund.pk}", "escrow.refunded", moves, by=by, project=self.project)
        keep_moving(self)
        return refund

    def freeze(self, tranches: Iterable[Tranche], *, by: User | None, key: UUID) -> Freeze:
        """Set aside for a dispute all that `tranches` hold now: see Freeze.begin, which says what is refused."""
        return Freeze.begin(self, tranches, by=by, key=key)

    @property
    def asks_deposits(self) -> bool:
        """Whether the client is asked for deposits: not as long as the provider is suspended, and cannot work."""
        return not self.agreement.provider.is_suspended

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do on any tranche."""
        return not self.tranches.exclude(state__in=ENDED).exists()

    def tell_end(self, *, by: User | None) -> None:
        """With nothing left to do on any tranche, the account is finished. Called under its lock."""
        if self.is_over:
            Event.record("escrow.finished", project=self.project, by=by, **self.facts())

    def facts(self) -> dict[str, Any]:
        """What every event of the account says; `parties` are those who may read it."""
        parties = [self.agreement.client_id, self.agreement.provider_id]
        return {"account": self.pk, "title": self.project.title, "parties": parties}

    def _candidates(self, chosen: int | None) -> list[Tranche]:
        """The tranches that a deposit may fill, in order: the chosen one, or all; none if it takes no deposit."""
        rows = self.tranches.filter(state__in=TAKE_DEPOSITS).order_by("position")
        return list(rows.filter(pk=chosen) if chosen else rows)

    def _must_take(self, cents: int, chosen: Tranche | None) -> None:
        """Refuse a deposit that is not within what is lacking, or that a card could not pay, now or for the rest."""
        if chosen:
            chosen.must_not_be_disputed()
        every = self._candidates(None)
        total, least = lacking_cents(every), euros(LEAST_CENTS)
        lacking = lacking_cents(t for t in every if t == chosen) if chosen else total
        if not lacking:
            raise Tranche.NotLacking
        if lacking < LEAST_CENTS:
            raise self.TooLittleLacking(lacking=euros(lacking), least=least)
        if cents < LEAST_CENTS:
            raise self.TooLittleDeposited(least=least)
        if cents > lacking:
            raise self.TooMuchDeposited(lacking=euros(lacking))
        if rest := unpayable_rest(cents, [t for t in every if t == chosen] if chosen else every, total):
            raise self.TooLittleLeft(rest=euros(rest), total=euros(cents + rest), least=least)

    def _carry_out(self, release: Release, tranche: Tranche) -> Release:
        """Post a release that was found to be due."""
        moves = [ledger.Move(self.held, self.payable, release.cents)]
        ledger.post(f"release:{release.pk}", "escrow.released", moves, by=release.by, project=self.project)
        tranche.mark_released(release.cents)
        keep_moving(self)
        self._tell_release(release, tranche)
        return release

    def _must_be_own(self, tranche: Tranche) -> None:
        if tranche.account_id != self.pk:
            raise Tranche.NotReleasable

    def _tell_release(self, release: Release, tranche: Tranche) -> None:
        """Record the release, and the end of the account when no tranche is left."""
        last = self.is_over
        facts = {**self.facts(), **tranche.facts(), "release": release.pk, "cents": release.cents}
        facts["silence"] = release.by is None
        Event.record("escrow.released", project=self.project, by=release.by, reason=release.reason, last=last, **facts)
        if last:
            Event.record("escrow.finished", project=self.project, by=release.by, **facts)

    class TooMuchDeposited(Refusal):
        sentence = _("Only %(lacking)s are lacking: deposit that much or less. Nothing was charged.")

    class TooLittleDeposited(Refusal):
        sentence = _("Deposit %(least)s at least: no card pays less. Nothing was charged.")

    class TooLittleLacking(Refusal):
        sentence = _(
            "Only %(lacking)s are lacking here, and no card pays less than %(least)s: deposit them together with "
            "another tranche. Nothing was charged."
        )

    class TooLittleLeft(Refusal):
        sentence = _(
            "%(rest)s would be left, which no card can pay: deposit all the %(total)s, or leave at least %(least)s. "
            "Nothing was charged."
        )


def chosen_by(payment: Payment) -> int | None:
    """The number of the tranche that the payer chose, if any."""
    _account, _colon, chosen = payment.reference.partition(":")
    return int(chosen) if chosen else None
