"""The dates of a project that are still to come, in words for one reader: on the report, and for their calendar."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from typing import Any, NamedTuple

from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.templatetags.page import PARIS
from projects.bundles import rebuilt
from projects.models import AgreementState, Deadline, Formula, ProjectState, SecondChoice
from projects.models.endings import COMPLETION
from projects.models.reviews import REVIEWS
from projects.report import Reading
from projects.storyline import own_agreement, own_version


class Words(NamedTuple):
    """What falls on a date: a title, and what happens without anybody."""

    title: str
    text: str = ""


class Coming(NamedTuple):
    """A date to come: an instant, or a day. `ref` names it for good among those of the project."""

    ref: str
    at: datetime | date
    words: Words

    @property
    def instant(self) -> datetime:
        """When it is over."""
        return self.at if isinstance(self.at, datetime) else datetime.combine(self.at, time(23, 59), PARIS)


Teller = Callable[[Deadline, Reading], Words | None]
Maker = Callable[[Reading], Iterator[Coming]]
TELLERS: dict[str, Teller] = {}
MAKERS: list[Maker] = []


def dated(*kinds: str) -> Callable[[Teller], Teller]:
    """Declare what deadlines of `kinds` say to a reader; None: nothing to them. Kinds without words are not shown."""

    def declare(teller: Teller) -> Teller:
        TELLERS.update(dict.fromkeys(kinds, teller))
        return teller

    return declare


def coming(maker: Maker) -> Maker:
    """Declare dates of a project that no deadline holds."""
    MAKERS.append(maker)
    return maker


def dates(reading: Reading) -> list[Coming]:
    """What is still to come for the reader, the nearest first; each thing once."""
    now = timezone.now().astimezone(UTC)
    found = [row for maker in MAKERS for row in maker(reading) if row.instant > now]
    return sorted(found, key=lambda row: (row.instant, row.ref))


def waiting(reading: Reading) -> list[Deadline]:
    """The deadlines of the project that wait and that have words; no query when they came with the project."""
    known: list[dict[str, Any]] | None = vars(reading.project).get("waiting_deadlines")
    if known is not None:
        return [row for row in rebuilt(Deadline, known) if row.kind in TELLERS]
    return list(Deadline.objects.waiting().filter(project=reading.project, kind__in=TELLERS).order_by("due_at", "pk"))


@coming
def deadlines(reading: Reading) -> Iterator[Coming]:
    """The deadlines that concern the reader."""
    for deadline in reading.once(waiting):
        if words := TELLERS[deadline.kind](deadline, reading):
            yield Coming(f"{deadline.kind.replace('.', '-')}-{deadline.subject_id}", deadline.due_at, words)


@dated("agreement.lapse")
def agreement_words(deadline: Deadline, reading: Reading) -> Words | None:
    """For the two parties: what the agreement waits for."""
    agreement = reading.once(own_agreement)
    if not agreement or agreement.pk != deadline.subject_id:
        return None
    if agreement.state == AgreementState.PROPOSED:
        return Words(_("Terms to be confirmed by both"), _("Otherwise the agreement lapses."))
    return Words(_("Introduction to be paid"), _("Otherwise the agreement lapses."))


@dated("project.cancel")
def second_choice_words(deadline: Deadline, reading: Reading) -> Words | None:
    """For all who follow the project: the client's second choice."""
    if not SecondChoice(reading.project).is_open:
        return None
    told = _("Otherwise the project is cancelled and credits come back.")
    return Words(_("Last day to choose again"), told)


@dated(COMPLETION)
def completion_words(deadline: Deadline, reading: Reading) -> Words | None:
    """For the parties of a base project."""
    return Words(_("The project completes by itself")) if reading.once(own_version) else None


@dated(REVIEWS)
def reviews_words(deadline: Deadline, reading: Reading) -> Words | None:
    """For the parties of a completed project."""
    if not reading.once(own_version):
        return None
    return Words(_("Last day to give an opinion"), _("Opinions are then published, even one alone."))


@coming
def of_the_call(reading: Reading) -> Iterator[Coming]:
    """Closing and choice of an open call, for all who follow it."""
    project = reading.project
    if project.state != ProjectState.OPEN:
        return
    if project.closes_at:
        yield Coming("offers-close", project.closes_at, Words(_("Offers close")))
    if project.select_by and (project.offers_count or project.is_available):
        told = _("Otherwise the project expires and credits come back.")
        yield Coming("client-chooses", project.select_by, Words(_("Last day for the client to choose"), told))


@coming
def of_the_terms(reading: Reading) -> Iterator[Coming]:
    """The dates of a base agreement under way; in R0 those of the account's tranches stand for them."""
    version = reading.once(own_version)
    if not version or reading.project.state != ProjectState.ACTIVE or version.formula == Formula.R0:
        return
    for tranche in version.tranches.all():
        if tranche.due_on:
            words = Words(_("Delivery of tranche %(n)s") % {"n": tranche.position}, tranche.title)
            yield Coming(f"tranche-{tranche.position}", tranche.due_on, words)
