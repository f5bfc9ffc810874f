"""What follows the introduction and the end of a project, on its report and at home: base end, surveys, reviews."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts.home import Step, steps
from marketplace.events.reactions import on
from projects.dates import waiting
from projects.models import Deadline, Formula, Project, ProjectState, Review, Survey, review_until
from projects.models.endings import COMPLETION, watch, watch_no_more
from projects.models.reviews import REVIEWS
from projects.opinions import Pair
from projects.report import Line, Panel, Reading, Todo, line, panel, todo
from projects.storyline import own_version

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from marketplace.accounts.models import User
    from marketplace.events.models import Event

MOST_STEPS = 6


@on("agreement.active")
def watch_over_base(event: Event) -> None:
    """A base project is asked about twice and ends by itself."""
    if event.facts["formula"] == Formula.BASE:
        project = Project.objects.get(key=event.project_key)
        watch(project, project.activated_at or event.at)


@on("agreement.amended")
def follow_the_formula(event: Event) -> None:
    """An avenant from or to the base formula: its dates begin with it, or are without object."""
    project = Project.objects.get(key=event.project_key)
    is_watched = Deadline.objects.about(project, COMPLETION).waiting().exists()
    if event.facts["formula"] != Formula.BASE:
        watch_no_more(project)
    elif not is_watched:
        watch(project, event.at)


@on("project.completed")
def await_reviews(event: Event) -> None:
    """Both sides have a time to say what they think; it does not end twice."""
    project = Project.objects.get(key=event.project_key)
    Deadline.objects.cancel(project, COMPLETION)
    if until := review_until(project):
        Deadline.objects.set(REVIEWS, project, until, project=project)


def is_party(reading: Reading) -> bool:
    """Whether the reader is one of the two who were introduced."""
    return bool(reading.project.activated_at) and (reading.as_client or reading.as_winner)


def runs_by_itself(reading: Reading) -> bool:
    """Whether the reader is a party of a base project under way."""
    if reading.project.state != ProjectState.ACTIVE or not is_party(reading):
        return False
    version = reading.once(own_version)
    return version is not None and version.formula == Formula.BASE


def pair(reading: Reading) -> Pair | None:
    """The reviews of a completed project, for its parties; no query before the end."""
    done = reading.project.state == ProjectState.COMPLETED and is_party(reading)
    return Pair(reading.project, reading.user) if done else None


def survey_to_answer(reading: Reading) -> int | None:
    """The rank of the latest survey that waits for the reader; no query before the introduction."""
    if not is_party(reading):
        return None
    if "survey_rank" in vars(reading.project):  # it came with the project, see projects.gathering
        rank: int | None = vars(reading.project)["survey_rank"]
        return rank
    waiting = Survey.objects.addressed_to(reading.user).unanswered().filter(project=reading.project)
    return waiting.values_list("rank", flat=True).last()


def address(name: str, project: Project, *more: object) -> str:
    """A page of `project`."""
    return reverse(f"projects:{name}", args=[project.key, *more])


@todo
def review_each_other(reading: Reading) -> Todo | None:
    """Each side says what it thinks of the other while there is time."""
    both = reading.once(pair)
    if not both or not both.is_writable:
        return None
    url = address("reviews", reading.project)
    if both.own is None:
        text = _("Published together with the other’s, or alone on that date.")
        return Todo(_("You: give your opinion"), text, _("Write my review"), url, both.until)
    waiting = _("The other party: give an opinion")
    return Todo(waiting, "", _("See my review"), url, both.until, mine=False)


def completes_at(reading: Reading) -> datetime | None:
    """When a base project completes without a word of anybody."""
    return next((row.due_at for row in reading.once(waiting) if row.kind == COMPLETION), None)


def by_itself(text: str, until: datetime | None) -> str:
    """`text`, and that the project completes by itself at the date beside it, if it does."""
    ends = _("Without a word from either of you the project completes by itself on that date.")
    return f"{text} {ends}" if until else text


@todo
def answer_survey(reading: Reading) -> Todo | None:
    """What became of a base project, asked of each side."""
    rank = reading.once(survey_to_answer)
    if rank is None:
        return None
    until, url = reading.once(completes_at), address("survey", reading.project, rank)
    text = by_itself(_("Three questions; only our staff reads your answers."), until)
    return Todo(_("You: tell us what became of the project"), text, _("Answer"), url, until, pressing=False)


@todo
def work_alone(reading: Reading) -> Todo | None:
    """Under the base formula the parties go on by themselves once they are introduced, until it ends by itself."""
    if not runs_by_itself(reading):
        return None
    until = reading.once(completes_at)
    limits = _("The platform answers neither for unpaid work nor for requests beyond the contract.")
    text = by_itself(limits, until)
    return Todo(_("The two of you, between yourselves"), text, by=until, mine=False, pressing=False)


@panel(order=12)
def end_panel(reading: Reading) -> Panel | None:
    """Under the base formula either side says when the work is over."""
    if not runs_by_itself(reading):
        return None
    return Panel("projects/report/end.html", {"by_itself_at": reading.once(completes_at)})


@panel(order=13)
def reviews_panel(reading: Reading) -> Panel | None:
    """What both sides say of each other, once the project is completed."""
    both = reading.once(pair)
    return Panel("projects/report/reviews.html", {"pair": both}) if both else None


@line("review.written")
def written_line(event: Event, reading: Reading) -> Line | None:
    """Both parties know that a review is in; nobody else."""
    if not is_party(reading):
        return None
    return Line(_("You gave your opinion") if event.by_id == reading.user.pk else _("The other party gave an opinion"))


@line("review.published")
def published_line(event: Event, reading: Reading) -> Line | None:
    """Both parties may read the reviews."""
    return Line(_("Reviews published"), tone="go") if is_party(reading) else None


@line("survey.asked")
def survey_line(event: Event, reading: Reading) -> Line | None:
    """Both parties were asked."""
    return Line(_("We asked both of you what became of the project")) if is_party(reading) else None


@steps
def finish(user: User) -> Iterator[Step]:
    """Reviews and surveys of completed projects; those of projects under way are steps of their reports."""
    own = Review.objects.filter(project=OuterRef("pk"), author=user)
    open_ones = Deadline.objects.waiting().filter(kind=REVIEWS, project=OuterRef("pk"), due_at__gt=timezone.now())
    done = Project.objects.shared_by(user).filter(Exists(open_ones), ~Exists(own), state=ProjectState.COMPLETED)
    for project in done.order_by("-ended_at")[:MOST_STEPS]:
        until, url = review_until(project), address("reviews", project)
        yield Step(project.title, _("The project is completed: say what you think."), _("Write my review"), url, until)
    waiting = Survey.objects.addressed_to(user).unanswered().filter(project__state=ProjectState.COMPLETED)
    for survey in waiting.select_related("project").order_by("-pk")[:MOST_STEPS]:
        url = address("survey", survey.project, survey.rank)
        yield Step(survey.project.title, _("Tell us what became of the project."), _("Answer"), url)
