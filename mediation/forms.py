from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from escrow.models import EscrowAccount, Shares, Tranche
from marketplace.accounts.models import User
from marketplace.documents.intake import OFFICE, PLAIN
from marketplace.fields import EurosField, is_far
from marketplace.forms import Deed
from marketplace.templatetags.page import euros
from mediation.exhibits import ExhibitsField
from mediation.models import Claim, Dispute, Entry, Plea, SplitProposal
from mediation.models.timeline import MOST_SIGNS

ENORMOUS = "9" * 12  # euros: more than any project holds


def words(
    label: Any, help_text: Any = "", *, required: bool = True, rows: int = 5, most: int = MOST_SIGNS
) -> forms.CharField:
    """A text of one of the two sides, of `most` signs."""
    area = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(label=label, help_text=help_text, required=required, max_length=most, widget=area)


def exhibits() -> ExhibitsField:
    """Evidence, of any type that the site takes."""
    return ExhibitsField(label=_("Evidence"), required=False, most=10, accept=PLAIN | OFFICE)


class ClaimField(EurosField):
    """A claim. However much is typed, it is an amount: the form says what can be awarded at most."""

    def to_python(self, value: Any) -> int | None:
        return super().to_python(ENORMOUS if is_far(value) else value)


class PleaForm(Deed):
    """What one side says when it opens or joins a case."""

    grievance = words(
        _("What you complain of"), _("Facts, dates, what was agreed. The other side and the SMA read it.")
    )
    claim = ClaimField(label=_("What you claim"), help_text=_("VAT included, of the money that is held."))
    exhibits = exhibits()

    @property
    def plea(self) -> Plea:
        """Its words, its claim in cents, its evidence."""
        data = self.cleaned_data
        return Plea(data["grievance"], data["claim"], data["exhibits"])

    def typed(self) -> dict[str, str]:
        """The words as they were typed: for another form of the same kind."""
        return {name: self.data.get(name, "") for name in ("grievance", "claim")}

    def must_not_exceed(self, frozen_cents: int) -> None:
        """Say beside the claim that it is more than can be awarded."""
        if self.cleaned_data.get("claim", 0) > frozen_cents:
            self.add_error("claim", Dispute.TooMuchClaimed.sentence % {"frozen": euros(frozen_cents)})


class OpenForm(PleaForm):
    """A case about one or more tranches that hold money. `case`: the one that stands already on one of them."""

    tranches = forms.ModelMultipleChoiceField(
        Tranche.objects.none(),
        label=_("Tranches in dispute"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("What they hold now is frozen until the case ends. The other tranches go on."),
    )
    field_order = ["tranches", "grievance", "claim", "exhibits"]

    def __init__(
        self, *args: Any, account: EscrowAccount, free: Sequence[Tranche], chosen: str = "", **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.account = account
        self.case: Dispute | None = None
        field: Any = self.fields["tranches"]
        field.queryset = account.tranches.all()  # one that is in a case by now is refused with its sentence
        label = _("%(tranche)s: %(amount)s held")
        field.choices = [(t.pk, label % {"tranche": t, "amount": euros(t.held_cents)}) for t in free]
        field.initial = [tranche.pk for tranche in free if str(tranche.pk) == chosen or len(free) == 1]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if held := sum(tranche.held_cents for tranche in data.get("tranches", ())):
            self.must_not_exceed(held)
        return data

    def save(self, *, by: User) -> Dispute | None:
        """Open the case; a refusal is shown on the form."""
        return self.perform(lambda: self.opened(by))

    def opened(self, by: User) -> Dispute:
        """The case; one that stands already is kept, so that the page can lead to it."""
        try:
            return Dispute.open(
                self.account,
                self.cleaned_data["tranches"],
                plea=self.plea,
                by=by,
                key=self.cleaned_data["key"],
            )
        except Dispute.AlreadyInCase as refusal:
            self.case = refusal.case
            raise


class OfCase(Deed):
    """Something that one side does in a case."""

    def __init__(self, *args: Any, dispute: Dispute, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dispute = dispute


class JoinForm(OfCase, PleaForm):
    """The claim of the other side, in a case that stands."""

    field_order = ["grievance", "claim", "exhibits"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        self.must_not_exceed(self.dispute.cents)
        return data

    def save(self, *, by: User) -> Claim | None:
        """Claim too; a refusal is shown on the form."""
        return self.perform(lambda: self.dispute.join(self.plea, by=by, key=self.cleaned_data["key"]))


class AnswerForm(OfCase):
    """The answer of the other side."""

    text = words(_("Your answer"), _("Facts, dates, what you accept and what you do not."))
    exhibits = exhibits()

    def save(self, *, by: User) -> Entry | None:
        """Answer; a refusal is shown on the form."""
        data = self.cleaned_data
        return self.perform(
            lambda: self.dispute.answer(data["text"], by=by, key=data["key"], exhibits=data["exhibits"])
        )


class SayForm(OfCase):
    """A message, evidence, or both."""

    text = words(_("Your message"), _("Read by the other side and the SMA."), required=False, rows=4)
    exhibits = exhibits()

    def save(self, *, by: User) -> Entry | None:
        """Write; a refusal is shown on the form."""
        data = self.cleaned_data
        return self.perform(lambda: self.dispute.say(data["text"], by=by, key=data["key"], exhibits=data["exhibits"]))


class ProposeForm(OfCase):
    """A split of which the author types their own share alone: the other side has the rest."""

    share = EurosField(label=_("Your share"), min_cents=0)
    reason = words(_("Why this split?"), _("Read by the other side and the mediator."), rows=3, most=2000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        frozen, field = self.dispute.cents, self.fields["share"]
        field.max_cents = frozen  # type: ignore[attr-defined]
        told = _("From 0 € to %(frozen)s. The rest goes to the other side: both shares always come to %(frozen)s.")
        field.help_text = told % {"frozen": euros(frozen)}
        field.widget.attrs["data-split"] = frozen

    def shares(self, by: User) -> Shares:
        """The whole split, from the share of `by`."""
        mine, rest = self.cleaned_data["share"], self.dispute.cents - self.cleaned_data["share"]
        return Shares(mine, rest) if self.dispute.is_("provider", by) else Shares(rest, mine)

    def save(self, *, by: User) -> SplitProposal | None:
        """Propose; a refusal is shown on the form."""
        data = self.cleaned_data
        return self.perform(
            lambda: SplitProposal.propose(self.dispute, self.shares(by), reason=data["reason"], by=by, key=data["key"])
        )


class AcceptForm(Deed):
    """One click: a proposal is accepted as it stands."""

    def save(self, proposal: SplitProposal, *, by: User) -> bool:
        """Accept; a refusal is shown on the page."""
        return self.done(lambda: proposal.accept(by=by))


class ReasonForm(Deed):
    """Words that may go with a refusal or a withdrawal."""

    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Read by the other side and the SMA."),
    )


class RefuseForm(ReasonForm):
    """A proposal is not wanted."""

    def save(self, proposal: SplitProposal, *, by: User) -> bool:
        """Refuse; a refusal of ours is shown on the page."""
        return self.done(lambda: proposal.refuse(by=by, reason=self.cleaned_data["reason"]))


class WithdrawForm(ReasonForm):
    """A claim is given up; with the last one the case ends."""

    def save(self, dispute: Dispute, *, by: User) -> bool:
        """Withdraw; a refusal is shown on the page."""
        return self.done(lambda: dispute.withdraw(self.cleaned_data["reason"], by=by))
