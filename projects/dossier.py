"""What one reader finds behind a project's address: its teaser, its dossier, or the news that it is gone."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from credits.models import Kind, Spending
from marketplace.documents.models import Document
from projects.models import Offer, Project, Question

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from marketplace.accounts.models import User


class Dossier:
    """A project as `user` may see it (product, section 3). The querysets decide; this only gathers."""

    def __init__(self, project: Project, user: User | AnonymousUser) -> None:
        self.project = project
        self.user: User | None = user if user.is_authenticated else None

    @cached_property
    def is_open(self) -> bool:
        """Whether the reader may see the whole dossier."""
        return self.user is not None and Project.objects.dossier_open_to(self.user).filter(pk=self.project.pk).exists()

    @property
    def template(self) -> str:
        """The page for this reader."""
        if self.is_open:
            return "projects/dossier.html"
        return "projects/teaser.html" if self.project.is_available else "projects/gone.html"

    @property
    def is_owner(self) -> bool:
        """Whether the reader is the client."""
        return self.user is not None and self.project.client_id == self.user.pk

    @cached_property
    def spent(self) -> set[str]:
        """The kinds of credits that the reader has spent here."""
        if not self.user:
            return set()
        return set(
            Spending.objects.living().on(self.project.key).filter(provider=self.user).values_list("kind", flat=True)
        )

    @property
    def has_offer_credit(self) -> bool:
        """Whether the reader may bid and ask."""
        return Kind.OFFER in self.spent

    @cached_property
    def contact(self) -> User | None:
        """The client, for who may read their details; nobody otherwise."""
        if self.user and Project.objects.contact_open_to(self.user).filter(pk=self.project.pk).exists():
            return self.project.client
        return None

    @cached_property
    def files(self) -> QuerySet[Document]:
        """The specification; only drawn in an open dossier."""
        rows = self.project.specification_files.values("document")
        return Document.objects.filter(pk__in=rows)

    @cached_property
    def questions(self) -> QuerySet[Question]:
        """Questions with their answers, oldest first."""
        rows = Question.objects.visible_to(self.user) if self.user else Question.objects.none()
        return rows.filter(project=self.project).select_related("provider", "answer")

    @cached_property
    def offers(self) -> list[Offer]:
        """The living offers that the reader may read: all unless sealed, and always one's own."""
        rows = Offer.objects.visible_to(self.user) if self.user else Offer.objects.none()
        found = rows.living().filter(project=self.project).select_related("provider").prefetch_related("tranches")
        return list(found.order_by("price_cents", "pk"))

    @cached_property
    def mine(self) -> Offer | None:
        """The reader's own offer."""
        if not self.user:
            return None
        return Offer.objects.filter(project=self.project, provider=self.user).prefetch_related("tranches").first()

    @property
    def locked(self) -> list[tuple[str, str]]:
        """What the closed dossier holds, in counts."""
        files = self.files.count()
        questions, offers = self.project.questions_count, self.project.offers_count
        words = len(self.project.description.split())
        placed = _("%(n)s, sealed") if self.project.sealed else _("%(n)s, not sealed")
        return [
            (_("Full description"), ngettext("%(n)s word", "%(n)s words", words) % {"n": words}),
            (_("Specification"), ngettext("%(n)s file", "%(n)s files", files) % {"n": files}),
            (_("Questions and answers"), ngettext("%(n)s question", "%(n)s questions", questions) % {"n": questions}),
            (_("Competing offers"), placed % {"n": offers}),
        ]

    @property
    def next_step(self) -> tuple[str, str]:
        """The address and the words of the button under the teaser."""
        if self.user and not self.user.is_provider:
            return "", ""
        return reverse("projects:spend", args=[self.project.key, "consultation"]), _(
            "Open the dossier: 1 consultation credit"
        )

    @cached_property
    def alike(self) -> QuerySet[Project]:
        """Three available projects like this one."""
        return Project.objects.alike(self.project).select_related("category")[:3]

    @cached_property
    def client_facts(self) -> list[tuple[str, str]]:
        """The client's track record, from rows."""
        own = Project.objects.owned_by(self.project.client).published()
        total, awarded = own.count(), own.filter(awarded_at__isnull=False).count()
        answered = Question.objects.filter(project__client=self.project.client, answer__isnull=False).count()
        asked = Question.objects.filter(project__client=self.project.client).count()
        return [
            (
                _("Calls for offers"),
                _("%(total)s published, %(awarded)s awarded") % {"total": total, "awarded": awarded},
            ),
            (_("Questions answered"), _("%(answered)s of %(asked)s") % {"answered": answered, "asked": asked}),
        ]
