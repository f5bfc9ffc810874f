from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import User
from marketplace.forms import Performing
from projects.forms.prose import ProseField
from projects.models import Agreement, Offer, Project, SecondChoice


class DeclineForm(Performing):
    """Why a party ends the discussion of the terms."""

    reason = ProseField(
        label=_("Your reason"), max_length=1000, rows=3, help_text=_("The other party reads it, word for word.")
    )

    def save(self, agreement: Agreement, *, by: User) -> bool:
        """Decline; a refusal is shown on the form."""
        return self.done(lambda: agreement.decline(by=by, reason=self.cleaned_data["reason"]))


class RunnerUpForm(Performing):
    """The call of another bidder, which needs no word."""

    def save(self, offer: Offer, *, by: User) -> Agreement | None:
        """Call; a refusal is shown on the form."""
        return self.perform(lambda: SecondChoice(offer.project).call(offer, by=by))


class ReopenForm(Performing):
    """The call for offers opened again, which needs no word."""

    def save(self, project: Project, *, by: User) -> bool:
        """Open again; a refusal is shown on the form."""
        return self.done(lambda: SecondChoice(project).reopen(by=by))
