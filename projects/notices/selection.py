from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.events.models import Event
from marketplace.events.tellings import Facts, Kind, Letter, Telling, tells
from marketplace.templatetags.page import euros, paris
from projects.comparison import rank
from projects.lessons import sentence
from projects.models import Agreement, Offer, Project


def days(count: int) -> str:
    """A delay in days."""
    return _("%(count)s days") % {"count": count}


@tells("project.awarded", name="project.awarded.lost", kind=Kind.SELECTION)
class OfferLost(Telling):
    """Why not, where the offer stood among n, and three findings for the next one (product, section 4.6)."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        losers = {facts["offer"]: facts for facts in event.facts["losers"]}
        project = Project.objects.select_related("category").get(key=event.project_key)
        alike = [[other.title, other.key] for other in Project.objects.alike(project)[:3]]
        for offer in Offer.objects.filter(pk__in=losers).select_related("provider"):
            base = {"title": project.title, "number": project.number, "at": event.at.isoformat(), "alike": alike}
            yield offer.provider, {**base, "key": project.key, "name": offer.provider.name, **losers[offer.pk]}

    def letter(self, facts: Facts) -> Letter:
        at = paris(datetime.fromisoformat(facts["at"]))
        opening = _("Hello %(name)s, the client chose another provider on %(at)s. Here is their reason, word for word:")
        n = facts["n"]
        return Letter(
            subject=_("Your offer was not chosen: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[opening % {**facts, "at": at}],
            quote=facts["reason"],
            figures=[
                (_("Your price, excluding VAT"), euros(facts["price_cents"])),
                (_("Median price of the offers"), euros(facts["median_price_cents"])),
                (_("Your rank in price (1st: the lowest)"), rank(facts["price_rank"], n)),
                (_("Your delay"), days(facts["delay_days"])),
                (_("Median delay of the offers"), days(facts["median_delay_days"])),
                (_("Your rank in delay (1st: the shortest)"), rank(facts["delay_rank"], n)),
            ],
            items=[sentence(code, found, euros) for code, found in facts["lessons"]] + closing(facts),
            action=(_("See projects alike"), reverse("projects:list")),
        )


def closing(facts: Facts) -> list[str]:
    """What becomes of the credits, and open projects that look like this one."""
    lines = [_("Open now, and alike: %(title)s") % {"title": title} for title, _key in facts["alike"]]
    return [
        *lines,
        _(
            "Credits do not come back when another provider is chosen. Should the agreement fall through, "
            "the client may still turn to you: you would have nothing to pay again."
        ),
    ]


@tells("project.awarded", name="project.awarded.won", kind=Kind.AGREEMENT)
class OfferWon(Telling):
    """The winner is invited to confirm the terms, with the date until which they can."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        agreement = Agreement.objects.select_related("provider", "project").get(pk=event.facts["agreement"])
        yield (
            agreement.provider,
            {
                "title": agreement.project.title,
                "number": agreement.project.number,
                "name": agreement.provider.name,
                "agreement": agreement.key,
                "price_cents": agreement.offer.price_cents,
                "n": event.facts["offers"],
                "confirm_by": agreement.confirm_by.isoformat(),
            },
        )

    def letter(self, facts: Facts) -> Letter:
        by = paris(datetime.fromisoformat(facts["confirm_by"]))
        return Letter(
            subject=_("You were chosen: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[
                _("Congratulations %(name)s: the client chose your offer.") % facts,
                _(
                    "Nothing binds you yet. Read the terms and confirm them, or propose a change. Do not start "
                    "working: the project begins once both have confirmed the same terms and the introduction is paid."
                ),
            ],
            figures=[
                (_("Your price, excluding VAT"), euros(facts["price_cents"])),
                (_("Offers received"), str(facts["n"])),
                (_("To confirm before"), by),
            ],
            action=(_("Read and confirm the terms"), reverse("projects:agreement", args=[facts["agreement"]])),
        )
