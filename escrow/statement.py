"""The statement of an internal account: every movement, its words, and what was held after it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from escrow.figures import card_refunds
from escrow.models import Deposit, EscrowAccount, Freeze, Refund, Release
from marketplace.ledger.models import Kind, Move
from marketplace.spreadsheets import inert
from marketplace.templatetags.page import PARIS, amount

if TYPE_CHECKING:
    from marketplace.ledger.models import Transfer

OURS = (Kind.HELD, Kind.FROZEN, Kind.PAYABLE, Kind.CLAIMED)
AWARDED = {Kind.PAYABLE: "provider", Kind.REFUNDING: "client"}  # where each side's share of a dispute goes
Explainer = Callable[[EscrowAccount], Mapping[str, str]]
explainers: list[Explainer] = []


def explains(explainer: Explainer) -> Explainer:
    """Declare a function that says, by the key of a transfer, what some movements of an account were for."""
    explainers.append(explainer)
    return explainer


class Line(NamedTuple):
    """One movement, in cents; `detail` says for which tranche and by whom."""

    at: datetime
    title: str
    detail: str
    source: str
    target: str
    cents: int
    held_after: int


def statement(account: EscrowAccount) -> list[Line]:
    """Every movement of the account, oldest first, up to the bank's word that a transfer or a refund has arrived."""
    arrived = Q(debit__kind=Kind.BANK_TRANSIT, credit__kind=Kind.BANK, transfer__event="payout.ok")
    own = Q(debit__kind__in=OURS) | Q(credit__kind__in=OURS) | arrived | Q(transfer__key__in=fates(account))
    moves = Move.objects.of_project(account.project.key).filter(own)
    details, held, lines = known(account), 0, []
    for move in moves.select_related("transfer__by", "debit", "credit"):
        held += move.amount * ((move.credit_id == account.held_id) - (move.debit_id == account.held_id))
        key = move.transfer.key
        detail = details.get(f"{key}:{move.credit.kind}") or details.get(key) or by(move.transfer, account)
        lines.append(line(move, detail, held))
    return lines


def fates(account: EscrowAccount) -> list[str]:
    """The keys of the transfers that say what became of its refunds: taken by the card, or handed back later."""
    sent = card_refunds(account).exclude(stripe_id="").values_list("stripe_id", flat=True)
    return [f"stripe:{number}:{fate}" for number in sent for fate in ("refunded", "failed")]


def line(move: Move, detail: str, held: int) -> Line:
    """A move in words."""
    source, target = move.debit.kind, move.credit.kind
    title = titles().get((source, target), _("Movement"))
    return Line(move.transfer.at, title, detail, place(source), place(target), move.amount, held)


def known(account: EscrowAccount) -> dict[str, str]:
    """What each movement was for, by the key of its transfer, or by that and the kind of account that it goes to."""
    deposits = Deposit.objects.filter(account=account).select_related("payment").prefetch_related("parts__tranche")
    releases = Release.objects.filter(account=account).select_related("tranche", "by")
    back = Refund.objects.filter(account=account, freeze=None)
    refunds = back.select_related("amendment").prefetch_related("parts__tranche")
    freezes = Freeze.objects.filter(account=account).prefetch_related("parts__tranche")
    found = {f"stripe:{d.payment.intent_id}:paid": tranches_of(d) for d in deposits}
    found |= {f"release:{r.pk}": detail_of(r) for r in releases}
    found |= {f"refund:{r.pk}": cause_of(r) for r in refunds}
    found |= {f"freeze:{f.pk}:{act}": tranches_of(f) for f in freezes for act in ("freeze", "thaw", "award")}
    found |= {f"freeze:{f.pk}:award:{kind}": awarded_of(f, side) for f in freezes for kind, side in AWARDED.items()}
    for explainer in explainers:
        found |= explainer(account)
    return found


def cause_of(refund: Refund) -> str:
    """The avenant or the request that gave money back, and off which tranches."""
    facts: dict[str, object] = {"tranches": tranches_of(refund)}
    if refund.amendment:
        return _("amendment %(n)s: %(tranches)s") % {**facts, "n": refund.amendment.number}
    return _("%(tranches)s, agreed to by the provider") % facts


def tranches_of(deed: Deposit | Refund | Freeze) -> str:
    """The tranches that a deposit filled, a refund emptied or a dispute froze."""
    return ", ".join(_("tranche %(n)s") % {"n": part.tranche.position} for part in deed.parts.all())


def awarded_of(freeze: Freeze, side: str) -> str:
    """The tranches of which a side was awarded something."""
    parts = [part for part in freeze.parts.all() if part.shares and getattr(part, f"{side}_cents")]
    return ", ".join(_("tranche %(n)s") % {"n": part.tranche.position} for part in parts)


def detail_of(release: Release) -> str:
    """The tranche of a release, who accepted it, and why only a part."""
    if not release.by:
        facts = {"n": release.tranche.position, "days": settings.ACCEPTANCE_DAYS}
        return _("tranche %(n)s, by a silence of %(days)s days") % facts
    facts = {"n": release.tranche.position, "name": release.by.display_name}
    words = _("tranche %(n)s, by %(name)s") % facts
    return f"{words} ({release.reason})" if release.reason else words


def by(transfer: Transfer, account: EscrowAccount) -> str:
    """Who did what has no row of ours: a party by name, our staff as the platform."""
    if not transfer.by:
        return ""
    is_party = transfer.by_id in {account.agreement.client_id, account.agreement.provider_id}
    return _("by %(name)s") % {"name": transfer.by.display_name if is_party else settings.SITE_NAME}


def titles() -> dict[tuple[str, str], str]:
    """What a move between two kinds of ledger accounts is called."""
    return {
        (Kind.STRIPE, Kind.HELD): _("Deposit"),
        (Kind.HELD, Kind.PAYABLE): _("Release"),
        (Kind.PAYABLE, Kind.CLAIMED): _("Payment asked"),
        (Kind.CLAIMED, Kind.PAYABLE): _("Payment request refused"),
        (Kind.CLAIMED, Kind.BANK_TRANSIT): _("Transfer sent"),
        (Kind.BANK_TRANSIT, Kind.BANK): _("Transfer confirmed by the bank"),
        (Kind.BANK_TRANSIT, Kind.PAYABLE): _("Transfer returned"),
        (Kind.BANK, Kind.PAYABLE): _("Transfer returned"),
        (Kind.HELD, Kind.FROZEN): _("Frozen by a dispute"),
        (Kind.FROZEN, Kind.HELD): _("Dispute withdrawn"),
        (Kind.FROZEN, Kind.PAYABLE): _("Awarded to the provider"),
        (Kind.FROZEN, Kind.REFUNDING): _("Awarded to the client"),
        (Kind.HELD, Kind.REFUNDING): _("Refund"),
        (Kind.REFUNDING, Kind.STRIPE): _("Refund made"),
        (Kind.STRIPE, Kind.REFUNDING): _("Refund handed back by the bank"),
    }


def place(kind: str) -> str:
    """Where money is, in the words of the page."""
    words = {
        Kind.STRIPE: _("Client"),
        Kind.HELD: _("Held"),
        Kind.FROZEN: _("In dispute"),
        Kind.PAYABLE: _("Released"),
        Kind.CLAIMED: _("Payment asked"),
        Kind.BANK_TRANSIT: _("Provider’s bank"),
        Kind.BANK: _("Provider’s bank"),
        Kind.REFUNDING: _("Being refunded"),
        Kind.CHARGEBACK: _("Contested"),
    }
    return words.get(Kind(kind), str(Kind(kind).label))


def as_csv(lines: Iterable[Line]) -> str:
    """The statement for a spreadsheet: semicolons, decimal commas in French, a mark that it is UTF-8.

    Dates are ISO 8601 in Paris, which spreadsheets sort.
    """
    file = io.StringIO()
    file.write("\ufeff")
    rows = csv.writer(file, delimiter=";")
    heads = [_("Date"), _("Movement"), _("Detail"), _("From"), _("Into"), _("Amount (€)"), _("Held after (€)")]
    rows.writerow(heads)
    for entry in lines:
        at = timezone.localtime(entry.at, PARIS).strftime("%Y-%m-%d %H:%M:%S")
        words = [at, entry.title, entry.detail, entry.source, entry.target]
        rows.writerow([*map(inert, words), plain(entry.cents), plain(entry.held_after)])
    return file.getvalue()


def plain(cents: int) -> str:
    """An amount that a spreadsheet reads as a number: no space between thousands."""
    return "".join(amount(cents).split()).replace("\u202f", "")
