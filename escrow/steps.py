"""What the account asks of its two parties: acceptance, work, deposits. The report and the payments page show it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from escrow.lights import CHANGES
from escrow.models.deposits import askable, lacking_cents
from escrow.states import TrancheState
from marketplace.templatetags.page import euros
from projects.report import Todo

if TYPE_CHECKING:
    from escrow.models import RefundRequest, Tranche


def acceptance(key: str, tranches: Sequence[Tranche], *, as_client: bool, silence: bool) -> Todo | None:
    """The client examines and releases what was delivered, the most urgent first; `silence`: theirs releases it."""
    waiting = [t for t in tranches if t.awaits_acceptance and t.accept_by and not in_case(t)]
    if not waiting:
        return None
    tranche = min(waiting, key=lambda t: (t.accept_by, t.position))
    if tranche.is_unanswered and not (as_client or silence):
        return no_answer(key, tranche)
    facts = named(tranche)
    yours, theirs = (
        _("You: accept tranche %(n)s, release %(amount)s"),
        _("The client: accept tranche %(n)s, %(amount)s"),
    )
    return Todo(
        title=(yours if as_client else theirs) % facts,
        text=f"{_('“%(title)s” is delivered.') % facts} {without_answer(tranche, silence=silence) % facts}",
        label=_("Examine and release") if as_client else "",
        url=address("release", key, tranche) if as_client else "",
        by=None if tranche.is_unanswered else tranche.accept_by,
        mine=as_client,
    )


def no_answer(key: str, tranche: Tranche) -> Todo:
    """The client's time is over: the provider may ask for a case."""
    facts = named(tranche)
    return Todo(
        title=_("You: no answer for tranche %(n)s, go to the SMA if you wish") % facts,
        text=_("The client has not answered in time; %(amount)s stay held.") % facts,
        label=_("Ask the SMA for a case"),
        url=reverse("escrow:payments", args=[key]),
    )


def without_answer(tranche: Tranche, *, silence: bool) -> str:
    """What the client's silence causes, or has caused."""
    if tranche.is_unanswered:
        return _("The time to answer is over.")
    if silence:
        return _("Without an answer by then, the %(amount)s are released.")
    return _("Without an answer by then nothing moves, and the provider may go to the SMA.")


def with_the_sma(tranches: Sequence[Tranche]) -> Todo | None:
    """The SMA opens the case that it was asked for, or is asked again; both wait."""
    asked = [tranche for tranche in tranches if in_case(tranche)]
    if not asked:
        return None
    numbers = ", ".join(str(tranche.position) for tranche in asked)
    held = euros(sum(tranche.held_cents for tranche in asked))
    return Todo(
        title=_("The SMA: open the case asked for on tranche %(numbers)s") % {"numbers": numbers},
        text=_("Otherwise it is asked again the next working day. The %(held)s stay held until then.") % {"held": held},
        by=asked_again(asked[0]),
        mine=False,
        pressing=False,
        foremost=True,
    )


def asked_back(tranche: Tranche) -> bool:
    """Whether a refund waits for the provider's answer, as the report's query says."""
    return bool(vars(tranche)["refunds_asked"])


def in_case(tranche: Tranche) -> bool:
    """Whether the SMA has been asked, as the page's query says (TrancheQuerySet.told)."""
    return bool(vars(tranche)["in_case"])


def asked_again(tranche: Tranche) -> datetime | None:
    """When the SMA is asked again, as the page's query says (TrancheQuerySet.told)."""
    at: datetime | None = vars(tranche)["asked_again_at"]
    return at


def named(tranche: Tranche) -> dict[str, object]:
    """A tranche in words."""
    return {"n": tranche.position, "amount": euros(tranche.held_cents), "title": tranche.title}


def lateness(key: str, tranches: Sequence[Tranche], *, as_client: bool) -> Todo | None:
    """Work so late that the client may ask its money back, and has not."""
    late = next((t for t in tranches if t.is_overdue and not (in_case(t) or asked_back(t))), None)
    if not late or not as_client:
        return None
    facts = {**named(late), "days": late.days_late(timezone.now())}
    return Todo(
        title=_("You: tranche %(n)s is %(days)s days late, ask for %(amount)s back if you wish") % facts,
        text=_("The provider may still deliver; they agree to a refund, or answer.") % facts,
        label=_("Ask for a refund"),
        url=address("ask_refund", key, late),
        pressing=False,
    )


def work(key: str, tranches: Sequence[Tranche], *, as_client: bool) -> Todo | None:
    """The provider delivers the first tranche that holds money, and works on no more than that."""
    begun = {TrancheState.FUNDED, CHANGES}
    tranche = next((t for t in tranches if t.stage in begun and not in_case(t)), None)
    if not tranche:
        return None
    facts = {"n": tranche.position}
    yours, theirs = _("You: deliver tranche %(n)s"), _("The provider: deliver tranche %(n)s")
    if tranche.changes_at:
        yours, theirs = _("You: deliver tranche %(n)s again"), _("The provider: deliver tranche %(n)s again")
    return Todo(
        title=(theirs if as_client else yours) % facts,
        text=f"{tranche.light_for(client=as_client).label}.",
        label="" if as_client else _("Deliver tranche %(n)s") % facts,
        url="" if as_client else address("deliver", key, tranche),
        by=None if tranche.changes_at or asked_back(tranche) else tranche.due_at,
        mine=not as_client,
    )


def funding(key: str, tranches: Sequence[Tranche], *, as_client: bool) -> Todo | None:
    """The client deposits what is lacking: first for the tranche that is begun, then in order. The provider waits."""
    tranche, cents = next_deposit(tranches)
    awaited = vars(tranches[0])["awaited_cents"] if tranches else 0
    wanted = lacking_cents(t for t in tranches if not on_notice(t))
    if (tranche or awaited) and not tranches[0].account.asks_deposits:
        return paused(key, as_client=as_client)
    if awaited and lacking_cents(tranches) and awaited >= wanted:
        return transfer(key, awaited, vars(tranches[0])["left_cents"], as_client=as_client)
    if not tranche:
        return notice(key, tranches, as_client=as_client)
    facts = {"n": tranche.position, "amount": euros(cents)}
    yours = _("You: deposit %(amount)s for tranche %(n)s")
    theirs = _("The client: deposit %(amount)s for tranche %(n)s")
    return Todo(
        title=(yours if as_client else theirs) % facts,
        text=f"{tranche.light_for(client=as_client).label}. {awaited_words(awaited)}".strip(),
        label=_("Deposit %(amount)s") % facts if as_client else _("See the payments page"),
        url=deposit_page(key, tranche) if as_client else reverse("escrow:payments", args=[key]),
        mine=as_client,
    )


def paused(key: str, *, as_client: bool) -> Todo:
    """No deposit is asked for: the provider is suspended."""
    title = _("Nobody: no deposit is asked for, your account being suspended")
    text = _("The client is asked for no money as long as you cannot work.")
    if as_client:
        title, text = _("Nobody: no deposit is asked for, the provider’s account is closed for now"), instead()
    url = reverse("escrow:payments", args=[key])
    return Todo(
        title=title, text=text, label=_("See the payments page"), url=url, mine=False, pressing=False, idle=True
    )


def instead() -> str:
    """What the client may do while the provider is suspended."""
    return _(
        "Wait until it is open again, give notice on what is not deposited, open a dispute on what is held, or write "
        "to our team."
    )


def notice(key: str, tranches: Sequence[Tranche], *, as_client: bool) -> Todo | None:
    """Nothing is asked for but what a notice of cancellation runs on: a deposit before its end keeps that tranche."""
    running = [tranche for tranche in tranches if on_notice(tranche)]
    if not running:
        return None
    tranche = min(running, key=lambda t: (on_notice(t), t.position))
    text = _("Without a deposit it ends on that date; do not work on it.")
    if as_client:
        text = _(
            "No deposit is asked for. Without one it ends on that date; one before keeps it (%(amount)s are lacking)."
        )
    facts = {"n": tranche.position, "amount": euros(tranche.lacking_cents)}
    return Todo(
        title=_("Nobody: the notice on tranche %(n)s runs") % facts,
        text=text % facts,
        label=_("See the payments page"),
        url=reverse("escrow:payments", args=[key]),
        by=on_notice(tranche),
        mine=False,
        idle=True,
    )


def on_notice(tranche: Tranche) -> datetime | None:
    """Until when a notice of cancellation runs on it, as the page's query says (TrancheQuerySet.told)."""
    ends_at: datetime | None = vars(tranche)["notice_ends"]
    return ends_at


def awaited_words(cents: int) -> str:
    """That a part of what is lacking was announced already."""
    words = _("A transfer of %(amount)s is awaited already: not twice the same money.")
    return words % {"amount": euros(cents)} if cents else ""


def transfer(key: str, cents: int, left: int, *, as_client: bool) -> Todo:
    """A bank transfer is announced, of which `left` has to arrive: the client sends it, the provider does not begin."""
    facts = {"amount": euros(left), "came": euros(cents - left), "all": euros(cents)}
    own, theirs = _("You: make the transfer of %(amount)s"), _("The client: make the transfer of %(amount)s")
    text = _("From your company’s bank, with the reference given. It counts once it has arrived.")
    told = _("Announced, not here yet: do not begin.")
    if left < cents:
        own, theirs = _("You: send the rest of the transfer, %(amount)s"), _("The client: send %(amount)s, the rest")
        text = _("%(came)s of the %(all)s have arrived: the rest with the same reference. Nothing counts before.")
        told = _("%(came)s of the %(all)s have arrived, and count once the rest is here: do not begin.")
    return Todo(
        title=(own if as_client else theirs) % facts,
        text=(text if as_client else told) % facts,
        label=_("See where to send it") if as_client else _("See the payments page"),
        url=reverse("escrow:payments", args=[key]),
        mine=as_client,
    )


def next_deposit(tranches: Sequence[Tranche]) -> tuple[Tranche | None, int]:
    """The tranche of an account that is funded next, with what is then asked for.

    Nothing that no card pays, nor what a notice of cancellation runs on.
    """
    total = lacking_cents(tranches)
    lacking = [
        (tranche, cents) for tranche in tranches if not on_notice(tranche) and (cents := askable(tranche, total))
    ]
    return min(lacking, key=lambda row: (not row[0].funded_cents, row[0].position), default=(None, 0))


def refund(key: str, asked: Sequence[tuple[Tranche, RefundRequest]], *, as_client: bool) -> Todo | None:
    """The provider consents to a refund or not, the most urgent first."""
    if not asked:
        return None
    tranche, request = min(asked, key=urgency)
    facts = {"n": tranche.position, "amount": euros(request.cents)}
    yours = _("You: answer the refund of %(amount)s asked for on tranche %(n)s")
    theirs = _("The provider: answer the refund of %(amount)s asked for on tranche %(n)s")
    until = request.answer_by if tranche.state == TrancheState.FUNDED else None
    waits = _("Without an answer in time the SMA has the case.") if request.answer_by else ""
    return Todo(
        title=(theirs if as_client else yours) % facts,
        text=" ".join(filter(None, [_("Nothing moves without the provider’s agreement."), waits])),
        label=_("See the request") if as_client else _("Answer"),
        url=reverse("escrow:refund", args=[key, request.pk]),
        by=until,
        mine=not as_client,
        foremost=until is not None,
    )


def urgency(pair: tuple[Tranche, RefundRequest]) -> tuple[bool, datetime | int]:
    """What must be answered by a date comes first."""
    tranche, request = pair
    return request.answer_by is None, request.answer_by or tranche.position


def address(route: str, key: str, tranche: Tranche) -> str:
    """The page of a deed on a tranche."""
    return reverse(f"escrow:{route}", args=[key, tranche.pk])


def deposit_page(key: str, tranche: Tranche) -> str:
    """The page on which the client deposits for one tranche."""
    return reverse("escrow:deposit", args=[key]) + f"?tranche={tranche.pk}"
