"""The page where a provider says that the details opened by their contact credit are false."""

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
