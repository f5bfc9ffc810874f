"""What one reader finds behind a project's address: its teaser, its dossier, or the news that it is gone."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Value
from django.urls import reverse
from django.utils.translation import gettext as _

from credits.models import Kind, Spending
from marketplace.documents.models import Document
from projects.alike import cards_alike
from projects.face import Face
from projects.models import Offer, OfferState, Project, Question

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from marketplace.accounts.models import User
    from projects.models.readers import ProjectQuerySet


def addressed_by(user: User | AnonymousUser) -> ProjectQuerySet:
    """The projects whose address answers `user`, each with `is_open_to` (dossier) and `names_client_to` them."""
    rows = Project.objects.visible_to(user).with_track_record().select_related("client__company", "category")
    if not user.is_authenticated:
        return rows.annotate(is_open_to=Value(False), names_client_to=Value(False))
    return with_access_of(rows, user)


def with_access_of(rows: ProjectQuerySet, user: User) -> ProjectQuerySet:
    """Each project with whether its dossier `is_open_to` the user, and whether it `names_client_to` them."""
    same = {"pk": OuterRef("pk")}
    return rows.annotate(
        is_open_to=Exists(Project.objects.dossier_open_to(user).filter(**same)),
        names_client_to=Exists(Project.objects.contact_open_to(user).filter(**same)),
    )


class Dossier:
    """A project as `user` may see it (product, section 3). The querysets decide; this only gathers.

    `project` is a row of `addressed_by(user)`.
    """

    def __init__(self, project: Any, user: User | AnonymousUser) -> None:
        self.project, self.face, self.reader = project, Face(project), user
        self.user: User | None = user if user.is_authenticated else None

    @property
    def is_open(self) -> bool:
        """Whether the reader may see the whole dossier."""
        return bool(self.project.is_open_to)

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
    def has_offer_credit(self) -> bool:
        """Whether the reader may bid and ask."""
        mine = Spending.objects.living().on(self.project.key).filter(provider=self.user, kind=Kind.OFFER)
        return self.user is not None and mine.exists()

    @property
    def contact(self) -> User | None:
        """The client, for who may read their details; nobody otherwise."""
        client: User = self.project.client
        return client if self.project.names_client_to else None

    @cached_property
    def files(self) -> QuerySet[Document]:
        """The specification; only drawn in an open dossier."""
        rows = self.project.specification_files.values("document")
        return Document.objects.filter(pk__in=rows).order_by("pk")

    @cached_property
    def questions(self) -> QuerySet[Question]:
        """Questions with their answers, oldest first."""
        rows = Question.objects.visible_to(self.user) if self.user else Question.objects.none()
        return rows.filter(project=self.project).select_related("provider", "answer")

    @cached_property
    def _offers(self) -> list[Offer]:
        rows = Offer.objects.visible_to(self.user) if self.user else Offer.objects.none()
        return list(rows.filter(project=self.project).select_related("provider").order_by("price_cents", "pk"))

    @property
    def offers(self) -> list[Offer]:
        """The living offers that the reader may read: all unless sealed, and always one's own."""
        return [offer for offer in self._offers if offer.state != OfferState.WITHDRAWN]

    @property
    def mine(self) -> Offer | None:
        """The reader's own offer, withdrawn or not."""
        return next((offer for offer in self._offers if self.user and offer.provider_id == self.user.pk), None)

    @property
    def next_step(self) -> tuple[str, str]:
        """The address and the words of the button under the teaser."""
        if self.user and not self.user.is_provider:
            return "", ""
        return reverse("projects:spend", args=[self.project.key, "consultation"]), _(
            "Open the dossier: 1 consultation credit"
        )

    @cached_property
    def alike(self) -> list[dict[str, Any]]:
        """The cards of three available projects like this one."""
        return cards_alike(self.project, self.reader)
