from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse
from django.utils.translation import gettext as _

from credits.models import Kind, Spending
from marketplace.accounts.models import User
from marketplace.events.models import Event
from marketplace.events.tellings import Facts, Letter, Telling, tells
from marketplace.events.tellings import Kind as NoticeKind

REASONS = {
    "project_rejected": lambda: _("the project was rejected by our moderation after it was opened"),
    "project_withdrawn": lambda: _("the client withdrew the project"),
    "project_expired": lambda: _("the project expired without a choice"),
    "project_cancelled": lambda: _("the project was cancelled"),
}


@tells("credit.returned", kind=NoticeKind.MONEY)
class CreditReturned(Telling):
    """A credit came back by itself: which one, and why."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        spending = Spending.objects.select_related("provider").get(pk=event.facts["spending"])
        title = event.facts.get("title", "")
        yield spending.provider, {"kind": spending.kind, "reason": spending.return_reason, "title": title}

    def letter(self, facts: Facts) -> Letter:
        kind = str(Kind(facts["kind"]).label)
        return Letter(
            subject=_("Your %(kind)s has come back") % {"kind": kind},
            project=facts["title"],
            paragraphs=[
                _("It is in your wallet again: %(reason)s.") % {"reason": REASONS[facts["reason"]]()},
                _("Nothing is to be done. Credits never expire."),
            ],
            action=(_("See my credits"), reverse("credits:wallet")),
        )
