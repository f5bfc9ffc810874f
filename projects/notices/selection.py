from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace.accounts.models import User
from marketplace.events.models import Event
from marketplace.events.tellings import Facts, Kind, Letter, Telling, tells
from marketplace.templatetags.page import euros, paris
from projects.alike import SHOWN
from projects.cards import budget_words
from projects.comparison import rank
from projects.lessons import sentence
from projects.models import Agreement, Offer, Project
from projects.storyline import LOSS


def days(count: int) -> str:
    """A delay in days."""
    return ngettext("%(n)s day", "%(n)s days", count) % {"n": count}


@tells("project.awarded", name=LOSS, kind=Kind.SELECTION)
class OfferLost(Telling):
    """Why not, where the offer stood among n, and three findings for the next one (product, section 4.6)."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        losers = {facts["offer"]: facts for facts in event.facts["losers"]}
        project = Project.objects.get(key=event.project_key)
        base = {"title": project.title, "number": project.number, "at": event.at.isoformat(), "key": project.key}
        for offer in Offer.objects.filter(pk__in=losers).select_related("provider"):
            alike = Project.objects.new_to(offer.provider).alike(project)[:SHOWN]
            yield offer.provider, {**base, **losers[offer.pk], "alike": [line_of(row) for row in alike]}

    def letter(self, facts: Facts) -> Letter:
        at = paris(datetime.fromisoformat(facts["at"]))
        return Letter(
            subject=_("Your offer was not chosen: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[
                _("The client chose another provider on %(at)s. Here is their reason, word for word:") % {"at": at},
                _("Where you stood, among %(n)s offers:") % facts,
            ],
            quote=facts["reason"],
            table=[
                [_("Criterion"), _("You"), *([_("Median")] if "median_price_cents" in facts else []), _("Rank")],
                [_("Price excl. VAT"), *figures(facts, "price_cents", "price_rank", euros)],
                [_("Delay"), *figures(facts, "delay_days", "delay_rank", days)],
            ],
            items_title=_("Three findings for the next one"),
            items=[sentence(code, found, euros) for code, found in facts["lessons"]],
            action=(
                _("See the detail on the project report"),
                reverse("projects:report", args=[facts["key"]]) + "#non-retenue",
            ),
            links=[linked(row) for row in facts.get("alike", [])],
            links_title=_("Open now, and alike"),
            note=_(
                "Credits do not come back when another provider is chosen. Should the agreement fall through, "
                "the client may still turn to you: you would have nothing to pay again."
            ),
        )


def line_of(project: Project) -> Facts:
    """What a letter says of an open project."""
    return {
        "title": project.title,
        "key": project.key,
        "low": project.budget_min_cents,
        "high": project.budget_max_cents,
        "closes_at": project.closes_at.isoformat() if project.closes_at else "",
    }


def linked(row: Facts) -> tuple[str, str, str]:
    """An open project as a link: its title, its address, its budget and its closing date."""
    budget, closes = budget_words(row["low"], row["high"]), row["closes_at"]
    until = _("closes on %(date)s") % {"date": paris(datetime.fromisoformat(closes))} if closes else ""
    return row["title"], reverse("projects:detail", args=[row["key"]]), " · ".join(filter(None, [budget, until]))


def figures(facts: Facts, measure: str, place: str, words: Callable[[int], str]) -> list[str]:
    """The loser's own figure, the median unless the offers were sealed, and the rank."""
    median = facts.get(f"median_{measure}")
    return [words(facts[measure]), *([words(median)] if median is not None else []), rank(facts[place], facts["n"])]


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
                _("Congratulations: the client chose your offer."),
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
