"""What a freeze says on the timeline, and what both parties are told of its end; the case tells its beginning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from escrow.notices import Told, accept_by, amounts, named_light, payments
from marketplace.events.tellings import Facts, Kind, Letter, tells
from marketplace.templatetags.page import euros
from projects.report import Line, Reading, line

if TYPE_CHECKING:
    from marketplace.events.models import Event


@line("escrow.frozen", "escrow.thawed", "escrow.awarded")
def line_of(event: Event, reading: Reading) -> Line | None:
    """For the two parties only."""
    if reading.user.pk not in event.facts["parties"]:
        return None
    words = {
        "escrow.frozen": (_("%(amount)s frozen by a dispute"), _("%(tranches)s: the rest goes on."), "stop"),
        "escrow.thawed": (_("%(amount)s are no longer frozen"), _("%(tranches)s: as before the dispute."), "go"),
        "escrow.awarded": (
            _("%(amount)s in dispute are shared out"),
            _("%(provider)s to the provider, %(client)s back to the client."),
            "go",
        ),
    }
    title, detail, tone = words[event.verb]
    facts = in_words(event.facts)
    return Line(title % facts, detail % facts, tone)


def in_words(facts: Facts) -> dict[str, str]:
    """The amounts of a freeze, and its tranches."""
    named = ", ".join(_("tranche %(n)s") % {"n": part["position"]} for part in facts["parts"])
    amounts = {side: euros(facts[f"{side}_cents"]) for side in ("provider", "client")}
    return {"tranches": named[:1].upper() + named[1:], "amount": euros(facts["cents"]), **amounts}


class OfFreeze(Told):
    """A letter about every tranche of a freeze, as it is now."""

    @property
    def to_client(self) -> bool:
        return self.to == "client"

    def about(self, facts: Facts, subject: str, paragraphs: list[str], figures: list[tuple[str, str]]) -> Letter:
        """The letter, with the light of each tranche in its reader's words."""
        lights = [named_light(part, to_client=self.to_client) for part in facts["parts"]]
        action = payments(facts, _("Open the payments page"))
        return self.sheet(facts, subject % amounts(facts), paragraphs, items=lights, figures=figures, action=action)


@tells("escrow.thawed", name="escrow.thawed.client", kind=Kind.DISPUTE)
class Thawed(OfFreeze):
    """As before the dispute."""

    def letter(self, facts: Facts) -> Letter:
        told = _("The dispute is over without an award: %(amount)s are held again, and everything is as before.")
        dates = [row for part in facts["parts"] for row in accept_by(part)]
        return self.about(facts, _("%(amount)s are no longer frozen: %(title)s"), [told % amounts(facts)], dates)


@tells("escrow.thawed", name="escrow.thawed.provider", kind=Kind.DISPUTE)
class ThawedForProvider(Thawed):
    to = "provider"


@tells("escrow.awarded", name="escrow.awarded.client", kind=Kind.DISPUTE)
class Awarded(OfFreeze):
    """Each learns both shares, and how theirs reaches them."""

    def letter(self, facts: Facts) -> Letter:
        told = _("The money in dispute has been shared out, to the cent.")
        figures = [
            (_("In dispute"), euros(facts["cents"])),
            (_("To the provider"), euros(facts["provider_cents"])),
            (_("Back to the client"), euros(facts["client_cents"])),
        ]
        subject = _("%(amount)s in dispute are shared out: %(title)s")
        return self.about(facts, subject, [told, *self.what_next(facts)], figures)

    def what_next(self, facts: Facts) -> list[str]:
        """How the client's share comes back."""
        if not facts["client_cents"]:
            return []
        return [
            _(
                "Your share goes back the way it came, to the card or the account that paid it: your bank shows it "
                "within 5 to 10 days."
            )
        ]


@tells("escrow.awarded", name="escrow.awarded.provider", kind=Kind.DISPUTE)
class AwardedToProvider(Awarded):
    to = "provider"

    def letter(self, facts: Facts) -> Letter:
        own = super().letter(facts)
        if facts["provider_cents"]:
            own.action = (_("Send my invoice"), reverse("payouts:list"))
        return own

    def what_next(self, facts: Facts) -> list[str]:
        """How the provider is paid."""
        if not facts["provider_cents"]:
            return []
        return [_("Send your invoice to be paid: the released money waits for it.")]
