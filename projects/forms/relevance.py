"""The order of relevance where so many projects have the words that they cannot all be ranked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from projects.forms.sorts import LATEST, SORTS
from projects.models import Project
from projects.models.readers import HEADED

if TYPE_CHECKING:
    from projects.models.readers import ProjectQuerySet


@dataclass(frozen=True)
class Ranking:
    """The projects of `rows` that match `text`, in the order of `with_relevance`, without working it out for each.

    That order is the one of the dates within two classes, so that the head of each is read off an index: of those whose
    title and skills match, then of the others. More than `many` are met on the way, fewer are looked up.
    """

    rows: ProjectQuerySet
    text: str
    many: int

    def keys(self, most: int, cursor: tuple[int, int] | None, *, backwards: bool) -> list[int]:
        """The keys of the `most` projects after `cursor` (before it when `backwards`): three queries at most."""
        found: list[int] = []
        latest = SORTS[LATEST]
        for rank, rows in reversed(self._classes) if backwards else self._classes:
            begun, instant = divmod(cursor[0], HEADED) if cursor else (rank, 0)
            if len(found) == most or (rank < begun if backwards else rank > begun):
                continue
            if cursor and rank == min(begun, 1):
                rows = rows.filter(latest.beyond((instant, cursor[1]), backwards=backwards))
            ordered = rows.order_by(*latest.order(backwards=backwards)).values_list("pk", flat=True)
            found += ordered[: most - len(found)]
        return found

    @property
    def _classes(self) -> list[tuple[int, ProjectQuerySet]]:
        """Each class with its rank, the first one first."""
        keys = self._first_headed
        if len(keys) <= self.many:
            return [(1, self.rows.filter(pk__in=keys)), (0, self.rows.met(self.text).exclude(pk__in=keys))]
        return [(1, self.rows.met_in_headings(self.text)), (0, self.rows.met_in_teaser(self.text))]

    @cached_property
    def _first_headed(self) -> list[int]:
        """The keys of some projects whose title and skills match, of all when there are `many` at most."""
        rows = Project.objects.available().headed(self.text).order_by()
        return list(rows.values_list("pk", flat=True)[: self.many + 1])
