"""What everybody may know of a project and of its client before any credit is spent (product, section 3)."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.db.models import Count, Q, Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace.templatetags.page import filesize_fr, number
from projects.models import Question


class Face:
    """Counts of what the closed dossier of `project` holds, and its client's track record: two queries.

    The row comes from a queryset `with_track_record()`.
    """

    def __init__(self, project: Any) -> None:
        self.project = project

    @cached_property
    def files(self) -> dict[str, int]:
        """How many specification files, and their size in bytes."""
        rows = self.project.specification_files
        found: dict[str, int] = rows.aggregate(count=Count("pk"), size=Sum("document__size", default=0))
        return found

    @cached_property
    def talk(self) -> dict[str, int]:
        """Questions and answers, here and on every project of the same client."""
        here = Q(project=self.project.pk)
        found: dict[str, int] = Question.objects.filter(project__client=self.project.client_id).aggregate(
            asked=Count("pk"),
            answered=Count("answer"),
            asked_here=Count("pk", filter=here),
            answered_here=Count("answer", filter=here),
        )
        return found

    @property
    def file_words(self) -> str:
        """The number of files and what they weigh."""
        count = self.files["count"]
        words = ngettext("%(n)s file", "%(n)s files", count) % {"n": count}
        return f"{words}, {filesize_fr(self.files['size'])}" if count else words

    @property
    def talk_words(self) -> str:
        """The number of questions, and of answers when there is anything to answer."""
        asked, answered = self.talk["asked_here"], self.talk["answered_here"]
        words = ngettext("%(n)s question", "%(n)s questions", asked) % {"n": asked}
        if not asked:
            return words
        return f"{words}, {ngettext('%(n)s answer', '%(n)s answers', answered) % {'n': answered}}"

    @property
    def locked(self) -> list[tuple[str, str]]:
        """What the closed dossier holds, in counts."""
        words = len(self.project.description.split())
        placed = _("%(n)s, sealed") if self.project.sealed else _("%(n)s, not sealed")
        return [
            (_("Full description"), ngettext("%(n)s word", "%(n)s words", words) % {"n": number(words)}),
            (_("Specification"), self.file_words),
            (_("Questions and answers"), self.talk_words),
            (_("Competing offers"), placed % {"n": self.project.offers_count}),
        ]

    @property
    def client_facts(self) -> list[tuple[str, str]]:
        """The client's track record, from rows."""
        total, awarded = self.project.client_published, self.project.client_awarded
        published = ngettext("%(n)s published", "%(n)s published", total) % {"n": total}
        calls = f"{published}, {ngettext('%(n)s awarded', '%(n)s awarded', awarded) % {'n': awarded}}"
        answers = _("%(answered)s of %(asked)s") % self.talk if self.talk["asked"] else _("none asked yet")
        return [(_("Calls for offers"), calls), (_("Questions answered"), answers)]
