"""The pages of what a side does in its case: a title, what it brings about, the button, and whether it is possible."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.templatetags.page import euros, paris
from mediation import obstacles

if TYPE_CHECKING:
    from mediation.dossier import Card, Dossier


class Deed(NamedTuple):
    """What the page of a deed says. `style`: the colour of its button; `why`: what stands against it, if it does.

    `instead`: another button for what was typed, and where it is sent.
    """

    title: str
    told: str
    button: str
    possible: bool
    style: str = ""
    why: str = ""
    instead: tuple[str, str] | None = None


def answer(dossier: Dossier) -> Deed:
    told = _("The mediation begins with your answer. To answer before %(at)s.")
    if dossier.dispute.straight:
        told = _("The case goes to an arbitrator with your answer. To answer before %(at)s.")
    told = told % {"at": paris(dossier.dispute.answer_by)}
    late = None if dossier.may_answer or not dossier.may_say else messages(dossier)
    deed = Deed(_("Answer the dispute"), told, _("Send my answer"), dossier.may_answer, why=obstacles.general())
    return deed._replace(instead=late)


def messages(dossier: Dossier) -> tuple[str, str]:
    """An answer that comes too late is not lost: it is sent as a message."""
    return _("Send it as a message in the case"), reverse("mediation:say", args=[dossier.dispute.key])


def join(dossier: Dossier) -> Deed:
    told = _("Your claim is read in the same case, and counts as your answer. The SMA can decide on %(amount)s only.")
    told = told % {"amount": euros(dossier.dispute.cents)}
    return Deed(_("Claim in this case too"), told, _("Send my claim"), dossier.may_join, why=obstacles.general())


def say(dossier: Dossier) -> Deed:
    told = _("Each piece of evidence is dated and hashed, and its original is kept. A late one is taken and labelled.")
    if dossier.decision:
        told = _(
            "The case is decided: what you send now is labelled “after the decision” and changes nothing in it. The "
            "proof that a court is seized is sent here."
        )
    return Deed(_("Write or send evidence"), told, _("Send"), dossier.may_say, why=obstacles.general())


def propose(dossier: Dossier) -> Deed:
    told = _("If the other side accepts it, it is executed at once, in one movement. Your earlier one is replaced.")
    why = obstacles.to_a_split(dossier)
    return Deed(_("Propose a split"), told, _("Propose this split"), dossier.may_propose, why=why)


def accept(dossier: Dossier, card: Card) -> Deed:
    """Accepted by the second of the two, it is executed at once; by the first, it waits for the other."""
    last = any((card.proposal.client_accepted_at, card.proposal.provider_accepted_at))
    told = (
        _("The other side has accepted it: it is executed at once, in one movement, and the case is over for good.")
        if last
        else _(
            "Once the other side accepts it too, it is executed at once, in one movement, and the case is over. Until "
            "then you may take your acceptance back."
        )
    )
    button = _("Accept %(amount)s for me") % {"amount": euros(card.split.mine)}
    title = _("Accept proposal %(n)s") % {"n": card.proposal.number}
    return Deed(title, told, button, card.awaits_me, why=obstacles.to_a_split(dossier))


def refuse(dossier: Dossier, card: Card) -> Deed:
    told = _("The case goes on: propose another split, or let an arbitrator decide after the mediation.")
    title = _("Refuse proposal %(n)s")
    if card.may_take_back:
        told = _("You no longer accept it: it is refused, and nobody accepts it any more. The case goes on.")
        title = _("Take back my acceptance of proposal %(n)s")
    title, possible = title % {"n": card.proposal.number}, card.awaits_me or card.may_take_back
    return Deed(title, told, title, possible, "second", obstacles.to_a_split(dossier))


def withdraw(dossier: Dossier) -> Deed:
    amount = {"amount": euros(dossier.dispute.cents)}
    told = _(
        "The case ends: %(amount)s are held again and the tranches are as they were before. If you open one again on "
        "the same tranche, it goes straight to an arbitrator."
    )
    if not dossier.ends_by_withdrawal:
        told = _("Your claim is given up; the case goes on with the other side’s, and %(amount)s stay frozen.")
    title, why = _("Withdraw my claim"), dossier.kept_because or obstacles.general()
    return Deed(title, told % amount, title, dossier.may_withdraw, "stop", why)
