"""What else an avenant touches: higher apps say what they hold and what follows, without projects knowing them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from projects.models import Agreement, AgreementVersion


class Effect(NamedTuple):
    """What terms would do to one tranche once they are in force: the tranche, what becomes of it, a figure if any."""

    title: str
    text: str
    figure: str = ""


class Follower(ABC):
    """What must follow the terms of an agreement when an avenant changes them; declared with `@follower`."""

    @abstractmethod
    def must_fit(self, version: AgreementVersion) -> None:
        """Refuse, with a sentence of its own, terms that what it holds cannot follow now. Changes nothing."""

    @abstractmethod
    def fixed(self, agreement: Agreement) -> dict[int, str]:
        """The numbers of the tranches that no longer change, each with why."""

    @abstractmethod
    def effects(self, version: AgreementVersion) -> list[Effect]:
        """What these terms would change now, in words."""


T = TypeVar("T", bound=type[Follower])
followers: list[Follower] = []


def follower(cls: T) -> T:
    """Declare a Follower."""
    followers.append(cls())
    return cls


def must_fit(version: AgreementVersion) -> None:
    """Refuse terms that one of the followers cannot follow."""
    for one in followers:
        one.must_fit(version)


def fixed(agreement: Agreement) -> dict[int, str]:
    """The numbers of the tranches that no longer change, each with why."""
    return {number: why for one in followers for number, why in one.fixed(agreement).items()}


def effects(version: AgreementVersion) -> list[Effect]:
    """What these terms would change now, in words."""
    return [effect for one in followers for effect in one.effects(version)]
