"""What both parties are told of the end of a freeze; the case tells its beginning, and the timeline."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from escrow.notices import Told, accept_by, amounts, named_light, payments
from marketplace.events.tellings import Facts, Kind, Letter, tells
from marketplace.templatetags.page import euros


class OfFreeze(Told):
    """A letter about every tranche of a freeze, as it is now."""

    @property
    def to_client(self) -> bool:
        return self.to == "client"

    def about(self, facts: Facts, subject: str, paragraphs: list[str], figures: list[tuple[str, str]]) -> Letter:
        """The letter, with the light of each tranche in its reader's words."""
        lights = [named_light(part, to_client=self.to_client) for part in facts["parts"]]
        action = payments(facts, _("Open the payments page"))
        return self.sheet(facts, subject, paragraphs, items=lights, figures=figures, action=action)


@tells("escrow.thawed", name="escrow.thawed.client", kind=Kind.DISPUTE)
class Thawed(OfFreeze):
    """As before the dispute."""

    def letter(self, facts: Facts) -> Letter:
        told = _("The dispute is over without an award: %(amount)s are held again, and everything is as before.")
        dates = [row for part in facts["parts"] for row in accept_by(part)]
        subject = _("Go on as before, %(amount)s are no longer frozen: %(title)s")
        return self.about(facts, subject % amounts(facts), [told % amounts(facts)], dates)


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
        return self.about(facts, self.subject(facts), [told, *self.what_next(facts)], figures)

    def subject(self, facts: Facts) -> str:
        """What comes to the client, who has nothing to do."""
        if not facts["client_cents"]:
            return _("Nothing to do, the money in dispute goes to the provider: %(title)s")
        own = _("Nothing to do, %(own)s in dispute come back to you: %(title)s")
        return own % {"own": euros(facts["client_cents"]), "title": facts["title"]}

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

    def subject(self, facts: Facts) -> str:
        """What the provider may now be paid."""
        if not facts["provider_cents"]:
            return _("Nothing to do, the money in dispute goes back to the client: %(title)s")
        own = _("Send your invoice, %(own)s in dispute are yours: %(title)s")
        return own % {"own": euros(facts["provider_cents"]), "title": facts["title"]}

    def what_next(self, facts: Facts) -> list[str]:
        """How the provider is paid."""
        if not facts["provider_cents"]:
            return []
        return [_("Send your invoice to be paid: the released money waits for it.")]
