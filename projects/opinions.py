"""Reviews as pages show them: what both sides of a project wrote, and what clients said of a provider."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from django.utils import timezone
from django.utils.translation import gettext as _

from projects.incognito import incognito
from projects.models import ProjectState, Review, ReviewState, review_until
from projects.models.reviews import CRITERIA, other_party

if TYPE_CHECKING:
    from datetime import datetime

    from marketplace.accounts.models import User
    from projects.models import Project

PAGE = 10


class Said:
    """One review as everybody may read it: its words and its answer without contact details and whole names."""

    def __init__(self, review: Review) -> None:
        self.review, self.people = review, (review.author, review.subject)

    @property
    def text(self) -> str:
        """The words."""
        return incognito(self.review.text, *self.people)

    @property
    def answer(self) -> str:
        """The answer of the reviewed."""
        return incognito(self.review.answer, *self.people)

    @property
    def who(self) -> str:
        """Whose it is, without telling who or which project: a client, and what it was about."""
        return _("A client, %(category)s") % {"category": self.review.project.category.name}


class Received(NamedTuple):
    """A page of the reviews of a provider, and where the next one begins (0 at the end)."""

    said: list[Said]
    older: int


def received(provider: User, before: str = "") -> Received:
    """What clients said of `provider`, the latest first."""
    people = ("author__company", "subject__company", "project__category")
    rows = list(Review.objects.of_provider(provider).before(before).select_related(*people)[: PAGE + 1])
    shown = rows[:PAGE]
    return Received([Said(row) for row in shown], shown[-1].pk if len(rows) > PAGE else 0)


class Pair:
    """What both sides of a project say of each other, for one of them: the other's only once it is published."""

    def __init__(self, project: Project, user: User) -> None:
        self.project, self.user = project, user
        self.other = other_party(project, user)

    @cached_property
    def rows(self) -> dict[int, Review]:
        """The reviews that one may read, by author: one query."""
        rows = Review.objects.visible_to(self.user).filter(project=self.project)
        return {row.author_id: row for row in rows.select_related("author__company", "subject__company")}

    @property
    def own(self) -> Review | None:
        """One's own, whatever its state."""
        return self.rows.get(self.user.pk)

    @property
    def theirs(self) -> Said | None:
        """The other's, once everybody may read it."""
        row = self.rows.get(self.other.pk)
        return Said(row) if row else None

    @property
    def mine(self) -> Said | None:
        """One's own as others read it."""
        return Said(self.own) if self.own else None

    @cached_property
    def other_has_written(self) -> bool:
        """Whether the other side has written, published or not."""
        return Review.objects.filter(project=self.project, author=self.other).exists()

    @property
    def until(self) -> datetime | None:
        """Until when one may write."""
        return review_until(self.project)

    @property
    def is_writable(self) -> bool:
        """Whether one may write, or write anew, now."""
        if self.project.state != ProjectState.COMPLETED or self.until is None or timezone.now() > self.until:
            return False
        return self.own is None or self.own.state == ReviewState.WRITTEN

    @property
    def is_answerable(self) -> bool:
        """Whether one may answer what the other published."""
        return self.theirs is not None and not self.theirs.review.answer

    @property
    def criteria(self) -> tuple[str, str, str]:
        """What the three marks of one's own are about."""
        work, exchange, terms = CRITERIA[self.user.pk == self.project.client_id]
        return str(work), str(exchange), str(terms)
