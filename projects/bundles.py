"""Small lists that come with a row of another table, so that a page made of many parts asks the database few times."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Model
from django.db.models.functions import JSONObject
from django.urls import reverse

if TYPE_CHECKING:
    from django.db.models import QuerySet

T = TypeVar("T", bound=Model)
MOST_FILES = 30  # of one origin; the pages that they come from show them all
NAMES = ("key", "name", "size", "created_at")


class Filed(NamedTuple):
    """A file to download, as components/files.html shows it; `row` is what it came with."""

    key: str
    name: str
    size: int
    created_at: datetime
    row: int | None = None

    @classmethod
    def of(cls, found: dict[str, Any]) -> Filed:
        """From what `files_of` found."""
        return cls(**{**found, "created_at": datetime.fromisoformat(found["created_at"])})

    def get_absolute_url(self) -> str:
        """Where it is downloaded, by those who may."""
        return reverse("documents:download", args=[self.key])


def listed(rows: QuerySet[Any], **fields: str) -> ArraySubquery:
    """`rows`, which refer to the outer query, as a list of small objects."""
    return ArraySubquery(rows.values(found=JSONObject(**fields)))


def files_of(rows: QuerySet[Any], **fields: str) -> ArraySubquery:
    """The documents of `rows`, the latest first, for `Filed.of`."""
    return listed(rows.order_by("-pk")[:MOST_FILES], **{name: f"document__{name}" for name in NAMES}, **fields)


def whole(rows: QuerySet[Any], *more: str) -> ArraySubquery:
    """`rows`, which refer to the outer query, with all their columns and what `more` names, for `rebuilt`."""
    fields = [*(field.attname for field in rows.model._meta.concrete_fields if not field.generated), *more]
    return listed(rows, **dict(zip(fields, fields, strict=True)))


def rebuilt(model: type[T], rows: Iterable[dict[str, Any]]) -> list[T]:
    """Rows of `model` from what `whole` found; what is no column stands on them as an annotation does."""
    fields = {field.attname: field for field in model._meta.concrete_fields}
    made = []
    for row in rows:
        own = {name: fields[name].to_python(value) for name, value in row.items() if name in fields}
        made.append(model(**own))
        vars(made[-1]).update({name: value for name, value in row.items() if name not in fields})
    return made


def with_rows(parent: Any, name: str, rows: list[Any]) -> Any:
    """`parent` with its relation `name` filled with `rows`, as prefetch_related does, which would ask once more."""
    found = getattr(parent, name).all()
    found._result_cache, found._prefetch_done = rows, True
    vars(parent).setdefault("_prefetched_objects_cache", {})[name] = found
    return parent
