"""What the reader of a letter has to do now, and before when: frozen with the event, in words when it is read."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace.templatetags.page import paris
from mediation.states import DisputeState
from mediation.words import numbered

if TYPE_CHECKING:
    from collections.abc import Callable

    from marketplace.events.tellings import Facts
    from mediation.turns import Turn


def when(iso: str | None) -> str:
    """A date in words; nothing if there is none."""
    return paris(datetime.fromisoformat(iso)) if iso else ""


def frozen_turn(turn: Turn, reader: int) -> Facts:
    """Whose turn it is, for one reader: `mine`, theirs; the open proposals that they and that others have to answer.

    `mute` says who has not answered the case: the reader ("me"), the other side ("other"), for the SMA a "side".
    """
    others = [side for side in turn.sides if side != reader]
    who = ("other" if reader in turn.sides else "side") if reader not in turn.silent else "me"
    return {
        "mine": reader in turn.awaited,
        "unanswered": turn.unanswered(reader),
        "waiting": sorted({n for side in others for n in turn.unanswered(side)}),
        "mute": who if turn.silent else "",
        "straight": turn.dispute.straight,
        "seated": turn.dispute.arbitrator_id is not None,
    }


def duty(facts: Facts) -> str:
    """What the reader has to do, with its date: how a subject begins."""
    until, numbers = when(facts["until"]), facts["unanswered"]
    if not facts.get("mine"):
        return _("Nothing to do for now")
    if facts["state"] == DisputeState.OPENED:
        return _("Answer the dispute before %(until)s") % {"until": until}
    if not numbers:
        return _("Agree on a split before %(until)s") % {"until": until}
    told = ngettext("Answer proposal %(n)s before %(until)s", "Answer proposals %(n)s before %(until)s", len(numbers))
    return told % {"n": numbered(numbers), "until": until}


def next_step(facts: Facts) -> str:
    """Who acts before when, and what silence causes."""
    waiting = facts.get("waiting", [])
    words = {"until": when(facts["until"]), "n": numbered(waiting) if waiting else ""}
    return STEPS[DisputeState(facts["state"])](facts) % words


def answering(facts: Facts) -> str:
    if facts.get("mine"):
        return _("Without your answer by then the case goes on: silence never wins by itself.")
    return _("The other side has until %(until)s to answer: you have nothing to do until then.")


def agreeing(facts: Facts) -> str:
    if facts["unanswered"]:
        return _("Without an agreement before %(until)s an arbitrator decides.")
    if waiting := facts.get("waiting"):
        return ngettext(
            "The other side has until %(until)s to answer proposal %(n)s. You may still propose another split.",
            "The other side has until %(until)s to answer proposals %(n)s. You may still propose another split.",
            len(waiting),
        )
    return _("Propose a split, or accept one: without an agreement before %(until)s an arbitrator decides.")


def deciding(facts: Facts) -> str:
    if facts.get("seated"):
        return _("The decision is due before %(until)s: you have nothing to do until then.")
    return _("The SMA looks for an arbitrator, again on %(until)s at the latest.")


STEPS: dict[DisputeState, Callable[[Facts], str]] = {
    DisputeState.OPENED: answering,
    DisputeState.MEDIATION: agreeing,
    DisputeState.ARBITRATION: deciding,
}


def silence(facts: Facts) -> list[str]:
    """That a side has let the days to answer the case pass, in a letter that quotes no answer."""
    told = {
        "me": _("You have not answered in time: you may still write in the case and send evidence."),
        "other": _("The other side has not answered in time. Silence never wins by itself."),
        "side": _("A side has not answered in time."),
    }
    is_over = facts["state"] != DisputeState.OPENED
    return [told[facts["mute"]]] if is_over and facts.get("mute") else []
