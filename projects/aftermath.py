"""The report when an award falls through: who ended it and why, and the client's second choice."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from projects.models import Agreement, AgreementState, Offer, OfferState, SecondChoice
from projects.report import Line, Panel, Reading, Todo, line, panel, todo
from projects.storyline import signed

if TYPE_CHECKING:
    from marketplace.events.models import Event


def why(event: Event) -> str:
    """Which date has passed."""
    paying = event.facts["was"] == AgreementState.AGREED
    return _("The introduction was not paid in time.") if paying else _("The terms were not confirmed in time.")


WORDS: dict[str, Callable[[Event], Line]] = {
    "agreement.declined": lambda e: Line(_("The provider declined"), e.facts["reason"], "stop"),
    "agreement.called_off": lambda e: Line(_("The client ended the discussion"), e.facts["reason"], "stop"),
    "agreement.lapsed": lambda e: Line(_("The agreement lapsed"), why(e), "stop"),
    "project.runner_up": lambda e: Line(_("Another bidder is called"), tone="go"),
}


def own_agreements(reading: Reading) -> set[int]:
    """The agreements on the project, living or not, of which the reader is a party; no query for anybody else."""
    rows = Agreement.objects.visible_to(reading.user).filter(project=reading.project)
    return set(rows.values_list("pk", flat=True))


@line(*WORDS)
def party_line(event: Event, reading: Reading) -> Line | None:
    """For the two parties of that agreement alone."""
    concerned = event.facts["agreement"] in reading.once(own_agreements)
    return signed(event, reading, WORDS[event.verb](event)) if concerned else None


@line("project.cancelled")
def cancelled_line(event: Event, reading: Reading) -> Line | None:
    return Line(_("Project cancelled"), event.facts["reason"], "stop")


def standing(reading: Reading) -> list[Offer]:
    """The offers that the client may turn to, the cheapest first."""
    rows = Offer.objects.filter(project=reading.project, state=OfferState.LOST, provider__is_active=True)
    return list(rows.select_related("provider").order_by("price_cents", "pk"))


@todo
def choose_again(reading: Reading) -> Todo | None:
    """The client has a second choice until a date; the others wait for it."""
    project = reading.project
    if not SecondChoice(project).is_open:
        return None
    if not reading.as_client:
        waiting = _("The client: choose again")
        return Todo(
            waiting, _("The agreement with the provider chosen first fell through."), by=project.decide_by, mine=False
        )
    told = _("The agreement fell through: turn to another bidder, or open the call again. Else it is cancelled.")
    url = reverse("projects:report", args=[project.key]) + "#deuxieme-choix"
    return Todo(_("You: choose again"), told, _("Choose again"), url, project.decide_by)


@panel(order=2)
def second_choice_panel(reading: Reading) -> Panel | None:
    """What the client may do now: each bidder in one click, or the call open again."""
    if not reading.as_client or not SecondChoice(reading.project).is_open:
        return None
    return Panel("projects/report/second_choice.html", {"offers": reading.once(standing)})
