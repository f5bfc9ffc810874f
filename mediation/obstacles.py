"""Why a side does not do something in its case now, in words for the page where it would be done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from mediation.states import DisputeState

if TYPE_CHECKING:
    from mediation.dossier import Dossier


def general() -> str:
    """Where nothing more can be said."""
    return _("It is done, or for the other side to do, or the case has gone on. The case’s page says where it stands.")


def to_a_split(dossier: Dossier) -> str:
    """Why no split is proposed, accepted or refused: the two agree in the mediation alone (product, section 6)."""
    dispute = dossier.dispute
    if not dispute.is_open:
        return _("This case is decided or over: no split is agreed on in it any more.")
    if dispute.straight:
        return _("This case was opened again: it goes straight to an arbitrator, and no split is agreed on in it.")
    if dispute.state == DisputeState.ARBITRATION:
        return _("The mediation is over and an arbitrator decides: no split is agreed on in this case any more.")
    if dispute.state == DisputeState.OPENED:
        return _("The mediation has not begun: it begins once both sides have spoken, or the date to answer is past.")
    return general()


def to_a_withdrawal(dossier: Dossier) -> str:
    """Why whoever alone has claimed does not take the case back; nothing if they may."""
    if dossier.turn.is_drafted:
        return _("The decision is written and being approved: your claim is not withdrawn any more.")
    if dossier.dispute.straight:
        return _(
            "This case was opened again: one side alone does not take it back. It ends by the decision, or once the "
            "other side has claimed in it too and both give up their claims."
        )
    return ""
