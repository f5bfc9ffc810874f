"""What Stripe's objects change here, by the kind of event that names them; `<app>/reactions.py` declares it.

A fact is retrieved, never read from the message that names it: order and repeats do not matter.
"""

from __future__ import annotations

from collections.abc import Callable

Follower = Callable[[str], None]
followers: dict[str, Follower] = {}


def follows(*kinds: str) -> Callable[[Follower], Follower]:
    """Declare the function that retrieves the object (by its Stripe id) named by these kinds of events."""

    def declare(follower: Follower) -> Follower:
        followers.update(dict.fromkeys(kinds, follower))
        return follower

    return declare
