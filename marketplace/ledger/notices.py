from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.accounts.staff import FINANCE
from marketplace.events.models import Event
from marketplace.events.tellings import Facts, Kind, Letter, Telling, tells


@tells("books.red", kind=Kind.MONEY)
class BooksAreWrong(Telling):
    """Finance is woken: a check of the books is red, and payouts stand still."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        group = Group.objects.filter(name=FINANCE)
        for user in User.objects.filter(groups__in=group, is_active=True):
            yield user, {**event.facts, "project": event.project_key}

    def letter(self, facts: Facts) -> Letter:
        if facts["project"]:
            subject = _("The books are wrong: payouts of project %(project)s are paused")
            effect = _("No transfer of this project leaves for the bank until the pause is lifted; all else goes on.")
        else:
            subject = _("The books are wrong: all payouts are paused")
            effect = _("No transfer leaves for the bank until the pause is lifted; all else goes on.")
        return Letter(
            subject=subject % facts,
            paragraphs=[effect, _("What the check %(check)s found:") % facts],
            quote=facts["sentence"],
            action=(_("Open the pause"), reverse("admin:ledger_pause_change", args=[facts["pause"]])),
        )
