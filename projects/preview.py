"""A project before it is handed in: what each kind of reader will see, and what the platform bills."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace.documents.models import Document
from projects.cards import card
from projects.forms.steps import REVIEW, STEPS, address, line_of_steps, missing
from projects.models import Project, ProjectState
from projects.prices import Price, prices

if TYPE_CHECKING:
    from django.db.models import QuerySet


class Preview:
    """`project` as its client looks at it before handing it in."""

    def __init__(self, project: Project) -> None:
        self.project = project

    @cached_property
    def card(self) -> dict[str, Any]:
        """Its line in the list of available projects."""
        row = Project.objects.filter(pk=self.project.pk).with_track_record()[0]
        marks = {"is_own": False, "has_bid": False, "consulted": False}
        vars(row).update(marks, client_published=row.client_published or 1)  # type: ignore[attr-defined]
        is_chosen = "category" not in self.project.to_correct
        return card(row, {row.category_id: self.project.category.name if is_chosen else "–"})

    @cached_property
    def files(self) -> QuerySet[Document]:
        """The specification."""
        return Document.objects.filter(pk__in=self.project.specification_files.values("document"))

    @property
    def locked(self) -> list[tuple[str, str]]:
        """What a visitor sees of the closed dossier: counts."""
        words, files = self.project.description_words, len(self.files)
        return [
            (_("Full description"), ngettext("%(n)s word", "%(n)s words", words) % {"n": words}),
            (_("Specification"), ngettext("%(n)s file", "%(n)s files", files) % {"n": files}),
            (_("Your name, company, e-mail and phone"), _("with a direct contact credit")),
        ]

    @property
    def prices(self) -> list[Price]:
        """What the platform bills."""
        return prices(self.project)

    @property
    def is_ready(self) -> bool:
        """Whether the button that hands it in is shown; the deed itself checks again under the lock."""
        return self.project.is_editable and not self.missing

    @cached_property
    def missing(self) -> list[tuple[str, str]]:
        """What it lacks to be handed in: where to correct it, and what is wrong."""
        return missing(self.project) if self.project.is_editable else []

    @property
    def steps(self) -> list[tuple[str, str, str]]:
        """Where one is, as on the pages of the form: the label, address and state of each step."""
        pages = {slug: address(self.project, step) for slug, step in STEPS.items() if self.project.is_editable}
        return [(label, pages.get(slug, ""), state) for slug, label, state in line_of_steps(REVIEW)]

    @property
    def thanks(self) -> str:
        """What follows from handing it in."""
        if self.project.state == ProjectState.OPEN:
            return _("Your project is published: providers can open it and bid.")
        return _("Your project is handed in. We check it within one working day and tell you at once.")
