from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Case, Exists, OuterRef, Q, TextField, When
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from credits.statement import names_projects
from marketplace.accounts.home import Step, steps
from marketplace.documents.readers import reads
from marketplace.events.reactions import on
from marketplace.payments.purposes import Purpose, purpose
from projects import aftermath, agenda, amended, endings, filings, lapses, nextstep, outcome, storyline, talks, timeline
from projects.models import (
    Agreement,
    DetailsClaim,
    Enclosure,
    Flag,
    Hint,
    Offer,
    Project,
    ProjectState,
    ProjectVersion,
    Question,
)
from projects.models.readers import UNSEEN
from projects.report import Reading, todos
from projects.returns import UnreadOffer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from django.db.models import Model

    from marketplace.accounts.models import User
    from marketplace.documents.models import Document
    from marketplace.events.models import Event
    from marketplace.ledger.posting import Move
    from marketplace.payments.models import Payment

UNDER_WAY = (ProjectState.DRAFT, ProjectState.REJECTED, ProjectState.OPEN, ProjectState.AWARDED, ProjectState.ACTIVE)
PRESSING = (
    Case(When(state__in=("AWARDED", "ACTIVE"), then=0), When(state="OPEN", offers_count__gt=0, then=1), default=2),
    "-pk",
)
MOST_STEPS = 12  # "my projects" lists them all
__all__ = [
    "aftermath",
    "agenda",
    "amended",
    "endings",
    "filings",
    "lapses",
    "nextstep",
    "outcome",
    "storyline",
    "talks",
    "timeline",
]  # imported for what it registers


@purpose("agreements.fees")
class IntroductionFees(Purpose):
    """The commission, and in R0 the R0 fee: paid, they make the agreement active."""

    words = _("introduction")

    def agreement(self, payment: Payment) -> Agreement:
        """The agreement that a payment is for."""
        return Agreement.objects.select_related("project").get(pk=int(payment.reference))

    def rows(self, payment: Payment) -> list[Model]:
        agreement = self.agreement(payment)
        return [agreement.project, agreement]

    def place(self, payment: Payment) -> list[Move] | None:
        return self.agreement(payment).activate(payment)

    def still_wanted(self, payment: Payment) -> bool:
        return self.agreement(payment).awaits(payment)

    def back(self, payment: Payment) -> str:
        return reverse("projects:agreement", args=[self.agreement(payment).key])


@steps
def what_projects_ask(user: User) -> Iterator[Step]:
    """What the reports of one's projects under way ask of oneself, one step for each project at most."""
    rows = Project.objects.report_open_to(user).filter(state__in=UNDER_WAY).select_related("category")
    for project in rows.order_by(*PRESSING)[:MOST_STEPS]:
        mine = [todo for todo in todos(Reading(project, user)) if todo.mine and todo.url]
        for todo in mine[:1]:
            yield Step(project.title, todo.title, todo.label, todo.url, todo.by)


@steps
def correct_details(user: User) -> Iterator[Step]:
    """Details found false: their owner can publish nothing before they have corrected or contested them."""
    if DetailsClaim.objects.filter(client=user).uncorrected().filter(stated_at=None).exists():
        yield Step(
            gettext("Correct your details"),
            gettext("A provider could not reach you with them. You cannot publish a project before."),
            gettext("Check my details"),
            reverse("projects:confirm_details"),
        )


@on("escrow.finished")
def complete_project(event: Event) -> None:
    Project.objects.get(key=event.project_key).complete()


@names_projects
def titles(keys: Collection[str], user: User) -> dict[str, tuple[str, str]]:
    """The titles of projects as the public saw them, and the pages of those whose address answers `user`."""
    is_seen = Exists(Project.objects.visible_to(user).filter(pk=OuterRef("pk")))
    title = Case(
        When(Q(state__in=UNSEEN, opened_at__isnull=False), then=ProjectVersion.objects.title_seen_of(OuterRef("pk"))),
        default="title",
        output_field=TextField(),
    )
    rows = Project.objects.filter(key__in=keys).annotate(is_seen=is_seen, shown=title)
    found = rows.values_list("key", "shown", "is_seen")
    return {key: (title, reverse("projects:detail", args=[key]) if seen else "") for key, title, seen in found}


@on("offer.placed")
def await_reading(event: Event) -> None:
    offer = Offer.objects.select_related("project", "provider").get(pk=event.facts["offer"])
    Hint.after_offer(offer)
    UnreadOffer(offer).watch()


@on("credit.spent.offer")
def await_reading_anew(event: Event) -> None:
    for offer in Offer.objects.filter(project__key=event.project_key, provider=event.by).select_related("project"):
        UnreadOffer(offer).watch()


@on("project.reopened")
def await_reading_again(event: Event) -> None:
    for offer in Offer.objects.filter(project__key=event.project_key, read_at=None).select_related("project"):
        UnreadOffer(offer).watch()


@on("question.asked")
def await_answer(event: Event) -> None:
    Hint.after_question(Question.objects.select_related("project", "provider").get(pk=event.facts["question"]))


@on("project.rejected")
def answer_flags(event: Event) -> None:
    Flag.close_all(Project.objects.get(key=event.project_key), by=event.by)


@reads("projects.specification", suspended=True)
def may_read_specification(user: User, document: Document) -> bool:
    """Specification files follow the dossier (product, section 3); moderators read them too."""
    rows = Project.objects.filter(specification_files__document=document)
    return rows.filter(pk__in=Project.objects.dossier_open_to(user)).exists() or (
        user.is_staff and user.has_perm("projects.moderate_project")
    )


@reads("projects.enclosure", suspended=True)
def may_read_enclosure(user: User, document: Document) -> bool:
    """Files of the dossier follow what carries them (product, section 3)."""
    found: bool = Enclosure.objects.visible_to(user).filter(document=document).exists()
    return found
