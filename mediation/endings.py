"""What both sides are told of the end of a case: what became of the money, and where each tranche is now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from escrow.notices import accept_by, named_light, payments
from marketplace.events.tellings import Facts, Kind, Letter, tells
from marketplace.templatetags.page import euros
from mediation.hearers import author, both, others
from mediation.letters import OPEN_CASE, OfCase, Words, in_words, say

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from marketplace.accounts.models import User
    from marketplace.events.models import Event

PAYMENTS = _("Open the payments page")
INVOICE = _("Send your invoice to be paid: the released money waits for it.")
AS_BEFORE = _("%(frozen)s are held again, and everything is as before the dispute.")

RULED = (
    _("A court has ruled on case SMA %(n)s. Its ruling takes the place of the SMA’s decision, which is void."),
    _("The shares below are those of the ruling. They are executed at once, in one movement."),
)


class OfEnd(OfCase):
    """A letter about every tranche of a case that is over, as it is now, in its reader's words."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        for user, facts in super().people(event):
            client, _provider = event.facts["parties"]
            yield user, {**facts, "key": event.project_key, "to_client": user.pk == client}

    def more(self, facts: Facts) -> list[str]:
        """No proposal waits any more, no evidence is taken."""
        return []

    def items(self, facts: Facts) -> list[str]:
        """The light of each tranche."""
        return [named_light(part, to_client=facts["to_client"]) for part in facts["parts"]]


class Thawed(OfEnd):
    """Without an award: as before the dispute."""

    def figures(self, facts: Facts) -> list[tuple[str, str]]:
        """What is held again, and until when the client examines it."""
        dates = [row for part in facts["parts"] for row in accept_by(part)]
        return [(_now("Held again"), euros(facts["frozen_cents"])), *dates]

    def action(self, facts: Facts) -> tuple[str, str] | None:
        """Where to go on."""
        return payments(facts, str(self.words.label)) if self.words.label == PAYMENTS else super().action(facts)


say(
    "withdrawn",
    others,
    Words(
        _("Go on with your project, the dispute is withdrawn: %(title)s"),
        [_("%(who)s withdraws what was claimed: case SMA %(n)s ends without a decision."), AS_BEFORE],
        PAYMENTS,
    ),
    shape=Thawed,
)
say(
    "withdrawn",
    author,
    Words(
        _("Go on as before, %(frozen)s are no longer frozen: %(title)s"),
        [_("You have withdrawn your claim: case SMA %(n)s ends without a decision."), AS_BEFORE],
        PAYMENTS,
    ),
    shape=Thawed,
)
say(
    "undecided",
    both,
    Words(
        _("Open the dispute again if you wish, it ended without a decision: %(title)s"),
        [
            _("Nobody decided case SMA %(n)s in time, and we apologise. Nobody has won: %(frozen)s are held again."),
            _("Opened again, the dispute goes straight to an arbitrator."),
        ],
        OPEN_CASE,
    ),
    shape=Thawed,
)


@tells("mediation.executed", kind=Kind.DISPUTE)
class Awarded(OfEnd):
    """Each side learns both shares, by whose word, and how its own reaches it."""

    to = staticmethod(both)

    def subject(self, facts: Facts) -> str:
        """What comes to the reader, and what they have to do; that a court has ruled comes first."""
        told = str(self.to_client(facts) if facts["to_client"] else self.to_provider(facts))
        return " ".join([_now("A court has ruled."), told]) if facts.get("ruling") else told

    def to_client(self, facts: Facts) -> _StrPromise:
        """The client has nothing to do."""
        if not facts["client_cents"]:
            return _("Nothing to do, the money in dispute goes to the provider: %(title)s")
        return _("Nothing to do, %(client)s in dispute come back to you: %(title)s")

    def to_provider(self, facts: Facts) -> _StrPromise:
        """What the provider may now be paid."""
        if not facts["provider_cents"]:
            return _("Nothing to do, the money in dispute goes back to the client: %(title)s")
        return _("Send your invoice, %(provider)s in dispute are yours: %(title)s")

    def paragraphs(self, facts: Facts) -> Sequence[_StrPromise | str]:
        """By whose word it was shared out, and how the reader's share comes."""
        told = RULED if facts.get("ruling") else [self.shared(facts)]
        if facts.get("unread"):
            told = [*told, _("The SMA had not examined what was sent since the decision when its one delay ended.")]
        return [*told, *self.what_next(facts)]

    def shared(self, facts: Facts) -> _StrPromise:
        """To whom it went: to both, or all of it to one of the two."""
        if not facts["client_cents"]:
            return _("All the money in dispute goes to the provider.")
        if not facts["provider_cents"]:
            return _("All the money in dispute goes back to the client.")
        return _("The money in dispute has been shared out between the two of you, to the cent.")

    def what_next(self, facts: Facts) -> list[_StrPromise]:
        """How a share reaches its side; nothing of a share that is nothing."""
        if facts["to_client"]:
            back = _(
                "Your share goes back the way it came, to the card or the account that paid it: your bank shows it "
                "within 5 to 10 days."
            )
            return [back] if facts["client_cents"] else []
        return [INVOICE] if facts["provider_cents"] else []

    def figures(self, facts: Facts) -> list[tuple[str, str]]:
        return [
            (_now("In dispute"), euros(facts["frozen_cents"])),
            (_now("To the provider"), euros(facts["provider_cents"])),
            (_now("Back to the client"), euros(facts["client_cents"])),
        ]

    def letter(self, facts: Facts) -> Letter:
        """The provider invoices what is theirs."""
        letter = super().letter(facts)
        if facts["provider_cents"] and not facts["to_client"]:
            letter.action, letter.asks = (_now("Send my invoice"), reverse("payouts:list")), True
            letter.ask = str(INVOICE)
            letter.known = _now("%(provider)s in dispute are yours: %(title)s") % in_words(facts)
            if facts.get("ruling"):
                letter.known = " ".join([_now("A court has ruled."), letter.known])
        return letter

    def action(self, facts: Facts) -> tuple[str, str]:
        return payments(facts, str(PAYMENTS))
