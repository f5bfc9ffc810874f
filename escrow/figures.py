"""What an internal account says of itself: figures read from the ledger, which visibly add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import BigIntegerField, F, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from escrow.models import EscrowAccount
from escrow.models.deposits import LEAST_CENTS
from marketplace.ledger.models import Kind, Move
from marketplace.payments.models import BACK, Refund
from marketplace.templatetags.page import euros
from projects.bundles import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from django.db.models import Model, QuerySet

    from escrow.models import Tranche
    from escrow.models.tranches import TrancheQuerySet
    from marketplace.accounts.models import User
    from marketplace.payments.models.chores import ChoreQuerySet
    from projects.models import Project

Teller = Callable[["EscrowAccount", "User"], "Mapping[int, str]"]
Flows = Counter[tuple[str, str]]
OUTSIDE = (Kind.STRIPE, Kind.BANK, Kind.BANK_TRANSIT, Kind.RECEIVABLE)


class Wait(NamedTuple):
    """Refunds that wait for somebody: their rows (with `cents`) among some refunds, and their sum in words."""

    rows: Callable[[ChoreQuerySet[Refund]], QuerySet[Any]]
    group: str
    words: Callable[[str], str]


tellers: list[Teller] = []
waits: list[Wait] = []


def tells_fate(teller: Teller) -> Teller:
    """Declare what becomes of refunds that failed: its words by their number, to a reader."""
    tellers.append(teller)
    return teller


class Known(NamedTuple):
    """What the figures are read from, but for balances and tranches: flows, cents refunded, cents of each wait."""

    moved: Flows
    refunded: int
    waiting: tuple[int, ...]

    @classmethod
    def of(cls, account: EscrowAccount) -> Known:
        """Ask the database, for refunds only if there are any."""
        moved = flows(account)
        if not any(Kind.REFUNDING in pair for pair in moved):
            return cls(moved, 0, ())
        refunds = card_refunds(account)
        rows = [refunds.filter(state__in=BACK), *(wait.rows(refunds) for wait in waits)]
        refunded, *waiting = (int(each.aggregate(cents=Sum("cents"))["cents"] or 0) for each in rows)
        return cls(moved, refunded, tuple(waiting))

    @classmethod
    def with_tranche(cls, tranche: Tranche) -> Known:
        """As it came with a tranche (see `with_figures`)."""
        row = vars(tranche)
        return cls(counted(row["moved"]), row["refunded"], tuple(row[f"waiting_{n}"] for n in range(len(waits))))

    @property
    def waits(self) -> str:
        """What money on its way back to the client waits for, if anything."""
        pairs = zip(waits, self.waiting, strict=False)
        return " ".join(wait.words(euros(cents)) for wait, cents in pairs if cents)


def with_figures(rows: TrancheQuerySet, project: Project) -> TrancheQuerySet:
    """Tranches of the project with what `Known.with_tranche` reads, in the same query."""
    columns = ("debit__kind", "credit__kind", "cents")
    moved = listed(moves_of(project.key), **dict(zip(columns, columns, strict=True)))
    refunds = refunds_of(payment__deposit__account__project=project)
    refunded = sum_of(refunds.filter(state__in=BACK), "payment__deposit__account")
    waiting = {f"waiting_{n}": sum_of(wait.rows(refunds), wait.group) for n, wait in enumerate(waits)}
    return rows.annotate(moved=moved, refunded=refunded, **waiting)


def sum_of(rows: QuerySet[Any], group: str, name: str = "cents") -> Coalesce:
    """The sum of the cents (or what is called `name`) of `rows`, which are of one `group`."""
    sums = rows.order_by().values(group).annotate(sum=Sum(name)).values("sum")
    return Coalesce(Subquery(sums), 0, output_field=BigIntegerField())


def flows(account: EscrowAccount) -> Flows:
    """The cents that moved between each two kinds of ledger accounts, over the whole life of the project."""
    return counted(moves_of(account.project.key).values("debit__kind", "credit__kind", "cents"))


def moves_of(project_key: str) -> QuerySet[Any, Any]:
    """The moves of a project, summed up by the kinds of their two accounts."""
    moves = Move.objects.filter(transfer__project=project_key).order_by()
    return moves.values("debit__kind", "credit__kind").annotate(cents=Sum("amount"))


def counted(rows: Iterable[Mapping[str, Any]]) -> Flows:
    """Rows of `moves_of` by their two kinds."""
    return Counter({(row["debit__kind"], row["credit__kind"]): row["cents"] for row in rows})


def net(moved: Flows, here: str, there: Iterable[str]) -> int:
    """What went from `here` to `there`, less what came back."""
    return sum(moved[here, other] - moved[other, here] for other in there)


@dataclass(frozen=True)
class Figures:
    """The account of one project in cents, VAT included (product, section 5); `deposited` is the sum of its parts."""

    amount: int
    lacking: int
    deposited: int
    held: int
    frozen: int
    payable: int
    claimed: int
    paid_out: int
    refunding: int
    refunded: int
    contested: int
    suspended: int = 0
    ended: int = 0
    waits: str = ""

    @classmethod
    def of(cls, account: EscrowAccount, tranches: Sequence[Tranche], *, known: Known | None = None) -> Figures:
        """Read the figures: balances of the account's own ledger accounts, the rest from the project's moves.

        `known` is what came with the tranches, if it did.
        """
        found = known or Known.of(account)
        moved, refunded = found.moved, found.refunded
        owed_back = net(moved, Kind.HELD, [Kind.REFUNDING]) + net(moved, Kind.FROZEN, [Kind.REFUNDING])
        return cls(
            amount=sum(tranche.standing_cents for tranche in tranches),
            lacking=sum(tranche.lacking_cents for tranche in tranches),
            deposited=-net(moved, Kind.HELD, OUTSIDE),
            held=account.held.balance,
            frozen=-net(moved, Kind.FROZEN, [Kind.HELD, Kind.PAYABLE, Kind.REFUNDING, Kind.CHARGEBACK]),
            payable=account.payable.balance,
            claimed=account.claimed.balance,
            paid_out=net(moved, Kind.CLAIMED, OUTSIDE) + net(moved, Kind.PAYABLE, OUTSIDE),
            refunding=owed_back - refunded,
            refunded=refunded,
            contested=net(moved, Kind.FROZEN, [Kind.CHARGEBACK]),
            suspended=sum(tranche.suspended_cents for tranche in tranches),
            ended=sum(tranche.cents - tranche.standing_cents for tranche in tranches),
            waits=found.waits if owed_back > refunded else "",
        )

    @property
    def released(self) -> int:
        """The provider's, not yet at their bank."""
        return self.payable + self.claimed

    @property
    def awardable(self) -> int:
        """What the SMA could decide on: what is held, and what a dispute has frozen."""
        return self.held + self.frozen

    @property
    def askable(self) -> int:
        """What the client is asked to deposit in all: nothing that no card pays."""
        return self.lacking if self.lacking >= LEAST_CENTS else 0

    @property
    def given_back(self) -> int:
        """What went back to the client, arrived or not."""
        return self.refunding + self.refunded

    @property
    def covered(self) -> int:
        """What is deposited for the amount of the project: what was given back counts no longer."""
        return self.deposited - self.given_back

    @property
    def adds_up(self) -> bool:
        """Whether every cent deposited is somewhere: the equation of the books."""
        parts = (self.held, self.frozen, self.released, self.paid_out, self.refunding, self.refunded, self.contested)
        return self.deposited == sum(parts)

    def bar(self) -> list[tuple[str, str, int]]:
        """The parts of the money bar, left to right: they come to the amount of the project."""
        return [
            ("paid", _("paid out"), self.paid_out),
            ("released", _("released, to be paid out"), self.released),
            ("held", _("held"), self.held),
            ("frozen", _("in dispute or contested"), self.frozen + self.contested),
            ("missing", _("still to deposit"), self.lacking),
            *([("missing", _("not deposited, in dispute"), self.suspended)] if self.suspended else []),
        ]

    def bar_note(self) -> str:
        """What was given back: it is no longer part of the amount, hence beside the bar."""
        return _("(besides, %(amount)s given back)") % {"amount": euros(self.given_back)} if self.given_back else ""

    def sums(self) -> list[list[dict[str, Any]]]:
        """Two sums for components/money_sum.html: where the deposits are, and what is left of the project's amount."""
        where = [
            row("held", _("Held"), self.held, _("safe until the delivery is accepted")),
            row("frozen", _("In dispute"), self.frozen, _("frozen until the SMA’s case ends")),
            row("released", _("Released"), self.released, _("the provider’s, to be paid out on their invoice")),
            row("paid", _("Paid out"), self.paid_out, _("sent to the provider’s bank account")),
            row("refunded", _("Being refunded"), self.refunding, self.waits or _("on its way back to the client")),
            row("refunded", _("Refunded"), self.refunded, _("given back to the client")),
            row("frozen", _("Contested"), self.contested, _("taken back by the card’s bank")),
            {"words": _("Deposited"), "cents": self.deposited, "total": True},
        ]
        left = [
            row("", _("Deposited"), self.deposited, _("by the client")),
            *self.taken_off(),
            row(
                "missing",
                _("Still to deposit"),
                self.lacking,
                _("not covered: no work on it yet"),
            ),
            *self.put_off(),
            {"words": _("Amount of the project"), "cents": self.amount, "note": self.ended_note(), "total": True},
        ]
        return [where, left]

    def ended_note(self) -> str:
        """Why the amount is less than what was agreed: a tranche that ended counts for what it released alone."""
        if not self.ended:
            return ""
        facts = {"agreed": euros(self.amount + self.ended), "ended": euros(self.ended)}
        return _("%(agreed)s agreed, less %(ended)s of tranches ended without being released") % facts

    def taken_off(self) -> list[dict[str, Any]]:
        """The line of what was given back, which no longer covers the amount of the project."""
        if not self.given_back:
            return []
        note = _("no longer on the account")
        return [row("refunded", _("Given back"), self.given_back, note) | {"minus": True}]

    def put_off(self) -> list[dict[str, Any]]:
        """The line of what disputed tranches lack: nothing is deposited on them before the case ends."""
        if not self.suspended:
            return []
        return [
            row(
                "missing",
                _("Not deposited, in dispute"),
                self.suspended,
                _("none before the case ends, or at all if it shares the tranche"),
            )
        ]

    def sentence(self) -> str:
        """Where the account is, in a few words."""
        facts = {"covered": euros(self.covered), "amount": euros(self.amount), "deposited": euros(self.deposited)}
        if not self.given_back:
            return _("%(deposited)s deposited out of %(amount)s") % facts
        words = _("%(covered)s covered out of %(amount)s: %(deposited)s deposited, less %(back)s given back")
        return words % {**facts, "back": euros(self.given_back)}


def row(kind: str, words: str, cents: int, note: str) -> dict[str, Any]:
    """A line of a sum."""
    return {"kind": kind, "words": words, "cents": cents, "note": note}


def refunds_told(account: EscrowAccount, user: User) -> list[tuple[Refund, str]]:
    """What goes back to who deposited, the latest first, each with where it is in words for `user`."""
    rows = list(card_refunds(account).order_by("-pk"))
    told = {pk: words for teller in tellers for pk, words in teller(account, user).items()} if rows else {}
    return [(row, told.get(row.pk, str(row.get_state_display()))) for row in rows]


def card_refunds(account: EscrowAccount) -> ChoreQuerySet[Refund]:
    """What goes back to the cards that deposited here; money that never had a place on the account is not among it."""
    return refunds_of(payment__deposit__account=account)


def refunds_of(**account: Model) -> ChoreQuerySet[Refund]:
    """The same, of the account that is said."""
    return Refund.objects.filter(intent_id=F("payment__intent_id"), **account)
