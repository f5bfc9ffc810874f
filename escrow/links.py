"""What other apps have to say of tranches on the payments page: one link each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from escrow.models.deposits import askable, lacking_cents
from escrow.states import TrancheState
from projects.report import Reading, todos

if TYPE_CHECKING:
    from escrow.models import Tranche
    from marketplace.accounts.models import User
    from projects.report import Todo

Links = dict[int, tuple[str, str]]
Maker = Callable[[Sequence["Tranche"], "Reading"], Links]
MAKERS: list[Maker] = []


def linking(maker: Maker) -> Maker:
    """Register a maker of links: for each tranche, by its row, an address and its words."""
    MAKERS.append(maker)
    return maker


class Row(NamedTuple):
    """A tranche on the payments page: the link that somebody has for it, and the deposit that can be asked for."""

    tranche: Tranche
    link: tuple[str, str] | None
    askable_cents: int


def link_of(tranche: Tranche, user: User) -> tuple[str, str] | None:
    """The link that somebody has for one tranche, to `user`."""
    return with_links([tranche], Reading(tranche.account.project, user))[0].link


def case_of(tranche: Tranche, user: User) -> tuple[tuple[str, str] | None, Todo | None]:
    """The link to the case of a tranche in dispute, and what is to be done there next, for `user`."""
    reading = Reading(tranche.account.project, user)
    link = with_links([tranche], reading)[0].link if tranche.state == TrancheState.DISPUTED else None
    return link, next((step for step in todos(reading) if link and step.url == link[0]), None)


def with_links(tranches: Sequence[Tranche], reading: Reading) -> list[Row]:
    """The tranches of an account in their order, each with its link and its deposit."""
    made = {pk: link for maker in MAKERS for pk, link in maker(tranches, reading).items()}
    total = lacking_cents(tranches) if tranches and tranches[0].account.asks_deposits else 0
    return [Row(tranche, made.get(tranche.pk), askable(tranche, total)) for tranche in tranches]
