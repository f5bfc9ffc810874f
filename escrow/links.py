"""What other apps have to say of tranches on the payments page: one link each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from escrow.models import Tranche
    from projects.report import Reading

Links = dict[int, tuple[str, str]]
Maker = Callable[[Sequence["Tranche"], "Reading"], Links]
MAKERS: list[Maker] = []


def linking(maker: Maker) -> Maker:
    """Register a maker of links: for each tranche, by its row, an address and its words."""
    MAKERS.append(maker)
    return maker


def with_links(tranches: Sequence[Tranche], reading: Reading) -> list[tuple[Tranche, tuple[str, str] | None]]:
    """The tranches in their order, each with the link that somebody has for it."""
    made = {pk: link for maker in MAKERS for pk, link in maker(tranches, reading).items()}
    return [(tranche, made.get(tranche.pk)) for tranche in tranches]
