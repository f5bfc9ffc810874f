"""What the findings for a loser look at besides the offers: how bidders answered the client, what profiles lack."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from projects.lessons import Reply, middle

from .messages import DossierMessage
from .offers import Offer, Question

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from projects.models import Profile


class Act(NamedTuple):
    """Something that somebody wrote in the dossier."""

    author: int
    at: datetime


def acts(offers: Sequence[Offer]) -> list[Act]:
    """Every message and question of the call of `offers`: two queries."""
    calls = {offer.project_id for offer in offers}
    written = DossierMessage.objects.filter(project__in=calls).values_list("author", "written_at")
    asked = Question.objects.filter(project__in=calls).values_list("provider", "asked_at")
    return sorted((Act(*row) for row in [*written, *asked]), key=lambda act: act.at)


def replies(offers: Sequence[Offer], written: Iterable[Act], *, client: int) -> dict[int, Reply]:
    """For each bidder: the client's messages since their offer, how many they answered, after how many hours.

    The first thing that a bidder writes after a message answers it, and so does revising the offer. Hours are the
    median, whole. A bidder to whom the client wrote nothing is left out.
    """
    theirs: dict[int, list[datetime]] = defaultdict(list)
    for act in written:
        theirs[act.author].append(act.at)
    found = {}
    for offer in offers:
        own = sorted([*theirs[offer.provider_id], *([offer.revised_at] if offer.revised_at else [])])
        calls = [at for at in theirs[client] if at > offer.placed_at]
        waits = [next((later - at for later in own if later > at), None) for at in calls]
        hours = [int(wait.total_seconds() // 3600) for wait in waits if wait is not None]
        if calls:
            found[offer.provider_id] = Reply(len(calls), len(hours), middle(hours) if hours else 0)
    return found


def gaps(provider: User) -> tuple[str, ...]:
    """What the profile of `provider` lacks, see projects.lessons.GAPS; read the row with `provider__profile`."""
    profile: Profile | None = getattr(provider, "profile", None)
    if profile is None or not profile.is_public:
        return ("profile",)
    lacking = {"past_work": not profile.past_work.strip(), "skills": not profile.skills}
    return tuple(gap for gap, lacks in lacking.items() if lacks)
