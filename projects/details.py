"""Details called false: the page of the provider who says so, and that of the client whose details they are."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

from credits.models import Kind, Spending
from marketplace import deadlines
from projects.models import ClaimState, DetailsClaim, claim_until

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from projects.models import Project


class Standing:
    """What was found false about `client`'s details and waits for them, or for our staff to check again."""

    def __init__(self, client: User) -> None:
        rows = DetailsClaim.objects.filter(client=client).uncorrected()
        self.found = list(rows.select_related("project", "client__company").order_by("pk"))

    @property
    def has_corrected(self) -> bool:
        """Whether something of what was found false has changed since."""
        return any(claim.is_corrected for claim in self.found)

    @property
    def may_contest(self) -> bool:
        """Whether something found false has not been contested yet."""
        return any(not claim.is_contested for claim in self.found)


class DetailsCheck:
    """Where `provider` stands with the contact credit spent on `project`, a row of `called_by(provider)`."""

    def __init__(self, project: Project, provider: User) -> None:
        self.project = project
        rows = Spending.objects.on(project.key).filter(provider=provider, kind=Kind.CONTACT)
        self.spending: Spending = rows.latest("pk")

    @cached_property
    def last(self) -> DetailsClaim | None:
        """The latest claim on that credit."""
        return DetailsClaim.objects.filter(spending=self.spending).order_by("pk").last()

    @property
    def waiting(self) -> DetailsClaim | None:
        """The claim that our staff has yet to check."""
        return self.last if self.last and self.last.state == ClaimState.OPEN else None

    @property
    def refused(self) -> DetailsClaim | None:
        """The claim that our staff has refused; new facts may follow it."""
        return self.last if self.last and self.last.state == ClaimState.REFUSED else None

    @property
    def until(self) -> datetime:
        """Until when the details may be called false."""
        return claim_until(self.spending)

    @property
    def is_open(self) -> bool:
        """Whether a claim may be sent now; the deed itself checks again under the lock."""
        return not self.spending.returned_at and not self.waiting and timezone.now() <= self.until

    @property
    def answer_by(self) -> datetime:
        """Until when a claim sent now is answered."""
        return deadlines.after(timezone.now(), settings.DETAILS_ANSWER_DAYS)
