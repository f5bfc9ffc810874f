"""What everybody may know of a project and of its client before any credit is spent (product, section 3)."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.db.models import Count, F, IntegerField, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace.events.models import Event
from marketplace.templatetags.page import filesize_fr, number
from projects import storyline
from projects.cards import budget_words
from projects.models import DossierMessage, Enclosure, Project, Question, SpecificationFile
from projects.track_record import TrackRecord

if TYPE_CHECKING:
    from django.db.models import QuerySet


def figure(rows: QuerySet[Any], what: Any) -> Coalesce:
    """`what` over the `rows` of the project of the outer query; 0 without any."""
    found = rows.filter(project=OuterRef("pk")).order_by().values("project").annotate(n=what).values("n")
    return Coalesce(Subquery(found, output_field=IntegerField()), 0)


def counts(project_id: int) -> dict[str, int]:
    """What the dossier holds, in figures: one query, however much there is. Files of offers go uncounted."""
    own, talk = DossierMessage.objects.filter(author=F("project__client")), Enclosure.objects.public()
    steps = Event.objects.filter(project_key=OuterRef("key"), verb__in=storyline.HISTORY).order_by()
    row: Any = (
        Project.objects.filter(pk=project_id)
        .values("pk")
        .annotate(
            files=figure(SpecificationFile.objects.all(), Count("pk")),
            size=figure(SpecificationFile.objects.all(), Sum("document__size")),
            papers=figure(talk, Count("pk")),
            asked=figure(Question.objects.all(), Count("pk")),
            answered=figure(Question.objects.all(), Count("answer")),
            written=figure(DossierMessage.objects.all(), Count("pk")),
            by_client=figure(own, Count("pk")),
            steps=Coalesce(Subquery(steps.values("project_key").annotate(n=Count("pk")).values("n")), 0),
        )
        .get()
    )
    return {name: int(value) for name, value in row.items()}


class Face:
    """Counts of what the closed dossier of `project` holds, and its client's track record: two queries."""

    def __init__(self, project: Any) -> None:
        self.project = project

    @cached_property
    def counts(self) -> dict[str, int]:
        """Files and their size in bytes, questions, answers, messages."""
        return counts(self.project.pk)

    @cached_property
    def record(self) -> TrackRecord:
        """The client's track record."""
        return TrackRecord(self.project.client_id)

    @property
    def budget(self) -> str:
        """The budget, in a sentence."""
        words = budget_words(self.project.budget_min_cents, self.project.budget_max_cents)
        return _("Budget announced: %(budget)s.") % {"budget": words}

    @property
    def talk(self) -> dict[str, int]:
        """Questions and answers, here."""
        return {"asked_here": self.counts["asked"], "answered_here": self.counts["answered"]}

    @property
    def file_words(self) -> str:
        """The number of files and what they weigh."""
        count = self.counts["files"]
        words = ngettext("%(n)s file", "%(n)s files", count) % {"n": count}
        return f"{words}, {filesize_fr(self.counts['size'])}" if count else words

    @property
    def talk_words(self) -> str:
        """The number of questions, and of answers when there is anything to answer."""
        asked, answered = self.counts["asked"], self.counts["answered"]
        words = ngettext("%(n)s question", "%(n)s questions", asked) % {"n": asked}
        if not asked:
            return words
        replies = ngettext("%(n)s answer", "%(n)s answers", answered) % {"n": answered}
        return f"{words}, {replies}"

    @property
    def message_words(self) -> str:
        """The number of messages, of the client and of providers."""
        client, others = self.counts["by_client"], self.counts["written"] - self.counts["by_client"]
        if not others:
            return number(client)
        words = ngettext(
            "%(n)s of the client, %(others)s of providers", "%(n)s of the client, %(others)s of providers", client
        )
        return words % {"n": client, "others": others}

    @property
    def locked(self) -> list[tuple[str, str]]:
        """What the closed dossier holds, in counts."""
        words = self.project.description_words
        placed = _("%(n)s, sealed") if self.project.sealed else _("%(n)s, not sealed")
        return [
            (_("Full description"), ngettext("%(n)s word", "%(n)s words", words) % {"n": number(words)}),
            (_("Specification"), self.file_words),
            (_("Questions and answers"), self.talk_words),
            (_("Competing offers"), placed % {"n": self.project.offers_count}),
            (_("Messages"), self.message_words),
            (_("Files of messages and answers"), number(self.counts["papers"])),
        ]

    @property
    def client_facts(self) -> list[tuple[str, str]]:
        """The client's track record, from rows."""
        return self.record.facts
