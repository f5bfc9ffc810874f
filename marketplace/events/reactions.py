"""What a lower app causes in a higher one: `@on(verb)` functions, run by `Event.record` in the same transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from marketplace.events.models import Event

Reaction = Callable[["Event"], None]
registry: dict[str, list[Reaction]] = {}


def on(*verbs: str) -> Callable[[Reaction], Reaction]:
    """Declare a function of `<app>/reactions.py` that follows from each event named in `verbs`.

    It runs in the transaction of the deed, in the order of the apps: an exception that leaves it undoes the deed.
    """

    def declare(reaction: Reaction) -> Reaction:
        for verb in verbs:
            registry.setdefault(verb, []).append(reaction)
        return reaction

    return declare


def run(event: Event) -> None:
    """Run what follows from `event`."""
    for reaction in registry.get(event.verb, ()):
        reaction(event)
