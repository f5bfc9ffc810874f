"""Which projects there are for whom (product, section 3), and how they are searched."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.search import SearchQuery, SearchVectorField
from django.db import models
from django.db.models import Case, Count, Exists, ExpressionWrapper, F, Func, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from credits.models import Kind, Spending

from .choices import ProjectState

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from marketplace.accounts.models import User

    from .projects import Project

TEXT_SEARCH = "french_unaccent"  # a text search configuration made by a migration: French stems, accents ignored
ALIKE = 4
BID = ("PLACED", "WON", "LOST")  # the states of an offer that was not withdrawn
HEADED = 10**16  # of a relevance: what a match in title and skills is worth, more than any date in microseconds
UNSEEN = (ProjectState.DRAFT, ProjectState.SUBMITTED, ProjectState.REJECTED)  # what the public does not see, or no more


def headings() -> Func:
    """The words of a title and its skills alone (weight A of the stored ones; an index holds them)."""
    return Func(F("search"), template="ts_filter(%(expressions)s, '{a}')", output_field=SearchVectorField())


def query_of(text: str) -> SearchQuery:
    """What `text`, as typed into a search box, asks for."""
    return SearchQuery(text, config=TEXT_SEARCH, search_type="websearch")


def meets(vector: F | Func, text: str) -> Func:
    """Whether `vector` matches `text`, in a form that PostgreSQL takes for likely and asks of each row it meets."""
    shape = "coalesce(%(expressions)s, false)"
    return Func(vector, query_of(text), template=shape, arg_joiner=" @@ ", output_field=models.BooleanField())


def spent(user: User, *kinds: Kind) -> Exists:
    """Whether `user` has a living spending of one of `kinds` on the project of the outer query."""
    return Exists(Spending.objects.living().filter(provider=user, kind__in=kinds, project_key=OuterRef("key")))


class ProjectQuerySet(models.QuerySet["Project"]):
    """Who may see what is decided here (product, section 3)."""

    def available(self) -> ProjectQuerySet:
        """Projects that take offers and credits now."""
        return self.filter(state=ProjectState.OPEN, closes_at__gt=timezone.now())

    def published(self) -> ProjectQuerySet:
        """Projects that the public may see or saw the end of: not those that moderation has taken from it."""
        return self.once_open().exclude(state__in=UNSEEN)

    def once_open(self) -> ProjectQuerySet:
        """Projects that were open to the public once, whatever became of them."""
        return self.filter(opened_at__isnull=False)

    def visible_to(self, user: User | AnonymousUser) -> ProjectQuerySet:
        """Projects whose address answers `user` at all: those that were open once, and one's own.

        Of those that left, or that moderation rejected, it says only that they are no longer available. A suspended
        account reads its own alone.
        """
        once_open = Q(opened_at__isnull=False)
        if not user.is_authenticated:
            return self.filter(once_open)
        return self.filter(Q(client=user) | (Q(winner=user) if user.is_suspended else once_open))

    def owned_by(self, user: User) -> ProjectQuerySet:
        """The client's own projects."""
        return self.filter(client=user)

    def dossier_open_to(self, user: User) -> ProjectQuerySet:
        """Projects whose full dossier `user` may read: owner, winner, or one who spent a consultation credit.

        The losers' access ends LOSER_ACCESS_DAYS after the activation; everybody's but the owner's with a rejection,
        even before the last credit has come back. A suspended account keeps its own projects alone.
        """
        if user.is_suspended:
            return self.filter(Q(client=user) | Q(winner=user))
        limit = timezone.now() - timedelta(days=settings.LOSER_ACCESS_DAYS)
        recent = Q(activated_at=None) | Q(activated_at__gt=limit)
        return self.filter(
            Q(client=user) | Q(winner=user) | (recent & ~Q(state__in=UNSEEN) & spent(user, Kind.CONSULTATION)),
        )

    def contact_open_to(self, user: User) -> ProjectQuerySet:
        """Projects whose client's name, e-mail and phone `user` may read: contact credit, or winner once active."""
        introduced = Q(activated_at__isnull=False, winner=user)
        return self.filter(Q(client=user) | introduced | (~Q(state__in=UNSEEN) & spent(user, Kind.CONTACT)))

    def called_by(self, provider: User) -> ProjectQuerySet:
        """Projects on which `provider` spent a contact credit, whether it came back or not."""
        bought = Spending.objects.filter(provider=provider, kind=Kind.CONTACT, project_key=OuterRef("key"))
        return self.filter(Exists(bought))

    def flaggable_by(self, user: User) -> ProjectQuerySet:
        """Published projects of somebody else, which `user` may report to moderation."""
        return self.published().exclude(client=user)

    def shared_by(self, party: User) -> ProjectQuerySet:
        """Projects that `party` has begun with somebody, as the client or as the winner: under way or completed."""
        return self.filter(Q(client=party) | Q(winner=party), activated_at__isnull=False)

    def bid_open_to(self, user: User) -> ProjectQuerySet:
        """Projects on which `user` has spent an offer credit, and so may bid and ask while they are available.

        Not those that chose `user` once, who declined.
        """
        declined = self.model._default_manager.filter(
            pk=OuterRef("pk"), offers__provider=user, offers__declined_at__isnull=False
        )
        return self.exclude(state__in=UNSEEN).filter(spent(user, Kind.OFFER)).exclude(Exists(declined))

    def talk_open_to(self, user: User) -> ProjectQuerySet:
        """Projects in whose dossier `user` may write messages while open: one's own call, or where one may bid."""
        called = Q(client=user, opened_at__isnull=False)
        return self.exclude(state__in=UNSEEN).filter(called | spent(user, Kind.OFFER))

    def report_open_to(self, user: User) -> ProjectQuerySet:
        """Projects whose report concerns `user`: its client, its winner, every provider with a living spending.

        Whoever was chosen once keeps it, though the agreement fell through and the credits came back. A suspended
        account keeps those of its own projects alone, not what it bought of others' calls.
        """
        bought = Q(pk__in=()) if user.is_suspended else ~Q(state__in=UNSEEN) & spent(user, Kind.CONSULTATION)
        chosen = Exists(self.model._default_manager.filter(pk=OuterRef("pk"), agreements__provider=user))
        return self.filter(Q(client=user) | Q(winner=user) | bought | chosen)

    def new_to(self, user: User | AnonymousUser) -> ProjectQuerySet:
        """Projects of others on which `user` has placed no offer that stands."""
        if not user.is_authenticated:
            return self
        rows = self.model._default_manager.filter(pk=OuterRef("pk"))
        bid = rows.filter(offers__provider=user, offers__state__in=BID)
        return self.exclude(client=user).exclude(Exists(bid))

    def alike(self, project: Project) -> ProjectQuerySet:
        """Available projects that resemble `project`, the most alike first: its category and budget, then the latest.

        None of the client of `project`. Never more than a handful: each part reads the head of an index.
        """
        others = self.available().exclude(pk=project.pk).exclude(client=project.client_id)
        latest = others.order_by("-opened_at", "-pk")
        same = Q(category=project.category_id)
        budget = Q(budget_min_cents__lte=project.budget_max_cents, budget_max_cents__gte=project.budget_min_cents)
        near = [latest.filter(same & budget), latest.filter(same), latest]
        found = Q()
        for rows in near:
            found |= Q(pk__in=rows.values("pk")[:ALIKE])
        distance = Case(When(same & budget, then=0), When(same, then=1), default=2)
        return self.filter(found).order_by(distance, "-opened_at", "-pk")

    def matching(self, text: str) -> ProjectQuerySet:
        """Projects whose title, skills or teaser match `text`, as typed into a search box."""
        return self.filter(search=query_of(text))

    def headed(self, text: str) -> ProjectQuerySet:
        """Those that match `text` by their title and skills alone."""
        return self.alias(headings=headings()).filter(meets(F("search"), text), headings=query_of(text))

    def met(self, text: str) -> ProjectQuerySet:
        """As `matching`, for words that many have: PostgreSQL walks the list in its order and tries each row."""
        return self.filter(meets(F("search"), text))

    def met_in_headings(self, text: str) -> ProjectQuerySet:
        """As `headed`, for words that many have."""
        return self.met(text).filter(meets(headings(), text))

    def met_in_teaser(self, text: str) -> ProjectQuerySet:
        """Those of `met` that are not `headed`."""
        return self.met(text).exclude(meets(headings(), text))

    def with_relevance(self, text: str) -> ProjectQuerySet:
        """Each of those that match `text` with its `relevance`: its date, in microseconds, and HEADED when `headed`.

        Worked out row by row: for a bounded set only.
        """
        big = models.BigIntegerField()  # named for the sum as well: Django would take it for a smaller integer
        micros = "(extract(epoch from %(expressions)s) * 1000000)::bigint"
        opened = Func(F("opened_at"), template=micros, output_field=big)
        worth = Case(When(meets(headings(), text), then=HEADED), default=0, output_field=big)
        return self.annotate(relevance=ExpressionWrapper(opened + worth, output_field=big))

    def with_track_record(self) -> ProjectQuerySet:
        """Each with its client's calls: `client_published` and `client_awarded`, worked out for the rows shown only."""
        own = self.model._default_manager.filter(client=OuterRef("client"), opened_at__isnull=False)
        published = own.exclude(state__in=UNSEEN).order_by().values("client").annotate(n=Count("pk"))
        awarded = published.filter(awarded_at__isnull=False)
        return self.annotate(
            client_published=Coalesce(Subquery(published.values("n")), 0),
            client_awarded=Coalesce(Subquery(awarded.values("n")), 0),
        )

    def with_marks_of(self, user: User | AnonymousUser) -> ProjectQuerySet:
        """Each with what `user` has done there: `consulted`, `has_bid`, `is_own`."""
        if not user.is_authenticated:
            return self.annotate(consulted=Value(False), has_bid=Value(False), is_own=Value(False))
        rows = self.model._default_manager.filter(pk=OuterRef("pk"))
        bid = rows.filter(offers__provider=user, offers__state__in=BID)
        own = Case(When(client=user, then=True), default=False)
        return self.annotate(consulted=spent(user, Kind.CONSULTATION), has_bid=Exists(bid), is_own=own)
