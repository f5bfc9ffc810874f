from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from marketplace.templatetags.page import PARIS

from .categories import Category
from .choices import Formula, Place

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from marketplace.documents.intake import Clean

    from .projects import Project

CLOSING_HOUR = time(18)  # in Paris


def closing_on(day: date) -> datetime:
    """The instant at which a project that closes on `day` closes: 18:00 in Paris."""
    return datetime.combine(day, CLOSING_HOUR, PARIS).astimezone(UTC)


def days_after(at: datetime, days: int) -> datetime:
    """The same hour of the clock in Paris, `days` later (or earlier), whatever the clocks did in between."""
    local = at.astimezone(PARIS)
    return datetime.combine(local.date() + timedelta(days=days), local.time(), PARIS).astimezone(UTC)


def plain(value: Any) -> Any:
    """A column's value as JSON keeps it; a category by its slug and its names in our languages, as they are today."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Category):
        return {"slug": value.slug, "fr": value.name_fr, "en": value.name_en}
    return value


@dataclass(frozen=True)
class Content:
    """What a client writes of a project; amounts in cents excluding VAT, 0 while the budget is not decided."""

    title: str
    category: Category
    teaser: str = ""
    description: str = ""
    skills: list[str] = field(default_factory=list)
    budget_min_cents: int = 0
    budget_max_cents: int = 0
    place: str = Place.REMOTE
    city: str = ""
    urgent: bool = False
    starts_on: date | None = None
    formula_wanted: str = Formula.R0
    sealed: bool = False
    closes_at: datetime | None = None

    @classmethod
    def of(cls, project: Project) -> Content:
        """What `project` says now."""
        return cls(**{f.name: getattr(project, f.name) for f in fields(cls)})

    def as_fields(self) -> dict[str, Any]:
        """The columns of a project that it fills."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


@dataclass(frozen=True)
class Jotting:
    """A page of the form as typed: the answers that are right, the others word for word, files to add and to drop.

    `names` are the columns that the page is about; `seen` is their digest when it was drawn, None to write over
    whatever another page has written since.
    """

    names: Sequence[str]
    answers: Mapping[str, Any]
    to_correct: Mapping[str, str] = field(default_factory=dict)
    files: Sequence[Clean] = ()
    dropped: Sequence[int] = ()
    seen: str | None = None

    @classmethod
    def whole(cls, content: Content, files: Sequence[Clean] = ()) -> Jotting:
        """Every page of the form at once, each answer right."""
        answers = content.as_fields()
        return cls(tuple(answers), answers, files=files)
