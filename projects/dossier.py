"""What one reader finds behind a project's address: its teaser, its dossier, or the news that it is gone."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Value
from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.documents.models import Document
from marketplace.events.models import Event
from projects import report, storyline
from projects.alike import cards_alike
from projects.contacts import masked
from projects.exchange import OfferSheet, Paper, Post, offer_sheets, papers_of, posts, sent_with
from projects.face import Face
from projects.masks import Mask
from projects.models import DossierMessage, Enclosure, Offer, OfferDraft, OfferState, Project, ProjectState, Question
from projects.odds import Odds, OddsBook
from projects.tabs import Tab, chosen, tabs

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from marketplace.accounts.models import User
    from projects.models.readers import ProjectQuerySet

MOST_EVENTS = 200


def addressed_by(user: User | AnonymousUser) -> ProjectQuerySet:
    """The projects whose address answers `user`, each with what they may do there (see `with_access_of`)."""
    rows = Project.objects.visible_to(user).select_related("client__company", "category")
    if not user.is_authenticated:
        shut = Value(False)
        return rows.annotate(is_open_to=shut, names_client_to=shut, may_bid=shut, has_draft=shut)
    drafts = OfferDraft.objects.written_by(user).filter(project=OuterRef("pk"))
    may_bid = Project.objects.bid_open_to(user).filter(pk=OuterRef("pk"))
    return with_access_of(rows, user).annotate(may_bid=Exists(may_bid), has_draft=Exists(drafts))


def with_access_of(rows: ProjectQuerySet, user: User) -> ProjectQuerySet:
    """Each project with whether its dossier `is_open_to` the user, and whether it `names_client_to` them."""
    same = {"pk": OuterRef("pk")}
    return rows.annotate(
        is_open_to=Exists(Project.objects.dossier_open_to(user).filter(**same)),
        names_client_to=Exists(Project.objects.contact_open_to(user).filter(**same)),
    )


class Dossier:
    """A project as `user` may see it (product, section 3), opened at one of its tabs.

    The querysets decide; this gathers. `project` is a row of `addressed_by(user)`. Each tab asks the database for what
    it shows and no more.
    """

    def __init__(self, project: Any, user: User | AnonymousUser, tab: str = "") -> None:
        self.project, self.face, self.reader = project, Face(project), user
        self.user: User | None = user if user.is_authenticated else None
        self.tab = chosen(tab)
        self.mask = Mask(project, user, names_client=bool(project.names_client_to))

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
    def panel(self) -> str:
        """The template of the tab, open or locked."""
        name = self.tab if self.is_open else "locked"
        return f"projects/dossier/{name}.html"

    @cached_property
    def tabs(self) -> list[Tab]:
        """The tabs with their counts, locked or open."""
        return tabs(self)

    @property
    def current(self) -> Tab:
        """The tab that is shown."""
        return next(tab for tab in self.tabs if tab.slug == self.tab)

    @property
    def is_owner(self) -> bool:
        """Whether the reader is the client."""
        return self.user is not None and self.project.client_id == self.user.pk

    @property
    def has_offer_credit(self) -> bool:
        """Whether the reader may bid, ask and write."""
        return bool(self.project.may_bid)

    @property
    def may_write(self) -> bool:
        """Whether the reader may write a message now; the deed itself checks again under the lock."""
        if self.is_owner:
            return bool(self.project.state == ProjectState.OPEN)
        return self.has_offer_credit and bool(self.project.is_available)

    @property
    def contact(self) -> User | None:
        """The client, for who may read their details; nobody otherwise."""
        client: User = self.project.client
        return client if self.project.names_client_to else None

    @property
    def description(self) -> str:
        """The need: web and postal addresses belong to it, ways to be reached are masked as elsewhere."""
        text: str = self.project.description
        return text if self.mask.lifts(self.project.client_id) else masked(text, addresses=False)

    @cached_property
    def files(self) -> QuerySet[Document]:
        """The specification; only drawn in an open dossier."""
        rows = self.project.specification_files.values("document")
        return Document.objects.filter(pk__in=rows).order_by("pk")

    @cached_property
    def enclosures(self) -> list[Enclosure]:
        """Every file that the reader may read of questions, answers, messages and offers placed: one query."""
        if self.user is None:
            return []
        carriers = ("question__provider", "message__author", "offer__provider")
        rows = Enclosure.objects.visible_to(self.user).of_dossier().filter(project=self.project)
        return list(rows.select_related(*carriers))

    @property
    def papers(self) -> list[Paper]:
        """The same files with what each came with, the latest first."""
        return papers_of(self.enclosures, client_id=self.project.client_id)

    @cached_property
    def posts(self) -> list[Post]:
        """Questions with their answers, and messages, oldest first, as this reader may read them."""
        if self.user is None:
            return []
        asked = Question.objects.visible_to(self.user).filter(project=self.project)
        written = DossierMessage.objects.visible_to(self.user).filter(project=self.project)
        rows = (asked.select_related("provider", "answer"), written.select_related("author"))
        return posts(*rows, mask=self.mask, files=sent_with(self.enclosures))

    @cached_property
    def _offers(self) -> list[Offer]:
        if self.user is None:
            return []
        rows = Offer.objects.visible_to(self.user).filter(project=self.project)
        return list(rows.select_related("provider__profile").prefetch_related("tranches").order_by("price_cents", "pk"))

    @property
    def offers(self) -> list[OfferSheet]:
        """The living offers that the reader may read: all unless sealed, and always one's own."""
        living = [offer for offer in self._offers if offer.state != OfferState.WITHDRAWN]
        return offer_sheets(living, mask=self.mask, files=sent_with(self.enclosures))

    @cached_property
    def mine(self) -> Offer | None:
        """The reader's own offer, withdrawn or not."""
        if self.user is None or self.is_owner:
            return None
        offer = Offer.objects.placed_by(self.user).filter(project=self.project).first()
        if offer:
            offer.project = self.project
        return offer

    @cached_property
    def history(self) -> list[tuple[Event, report.Line]]:
        """The public steps of the call, and the reader's own, the latest first."""
        if self.user is None:
            return []
        reading = report.Reading(self.project, self.user)
        events = storyline.history_of(reading).select_related("by").order_by("-pk")[:MOST_EVENTS]
        return list(report.lines(list(events), reading))

    @property
    def next_step(self) -> tuple[str, str]:
        """The address and the words of the button under the teaser."""
        if self.user and not self.user.is_provider:
            return "", ""
        return reverse("projects:spend", args=[self.project.key, "consultation"]), _(
            "Open the dossier: 1 consultation credit"
        )

    @cached_property
    def odds(self) -> Odds | None:
        """The estimate for one more offer on this project, when there are enough cases."""
        return OddsBook().of(self.project)

    @cached_property
    def alike(self) -> list[dict[str, Any]]:
        """The cards of three available projects like this one."""
        return cards_alike(self.project, self.reader)
