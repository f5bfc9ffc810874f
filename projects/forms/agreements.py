from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import User
from marketplace.fields import ChoiceCards, DayField, EurosField
from marketplace.forms import Deed, Performing
from marketplace.payments.models import Payment
from projects.forms.tranches import HIGHEST_CENTS, WithTranches
from projects.models import Agreement, AgreementVersion, Formula, Terms, TrancheTerms

FORMULA_HINTS: dict[str, Any] = {
    Formula.R0: _("The money waits on the project’s internal account before the work, and is released on delivery."),
    Formula.BASE: _("The introduction only: you then manage work and payment between yourselves."),
}


class TermsForm(WithTranches):
    """A new version of the terms. Only the client is shown the formula."""

    instead_of = forms.IntegerField(widget=forms.HiddenInput)
    scope = forms.CharField(
        label=_("What is to be done"),
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("Scope and assumptions: what is included, and what is not."),
    )
    price_cents = EurosField(label=_("Price of the project"), unit=_("€ excl. VAT"), max_cents=HIGHEST_CENTS)
    delay_days = forms.IntegerField(label=_("Delay, in days"), min_value=1, max_value=1500)
    starts_on = DayField(label=_("Start"), required=False)
    formula = forms.ChoiceField(label=_("Formula"), choices=Formula.choices, widget=ChoiceCards(FORMULA_HINTS))

    def __init__(self, *args: Any, version: AgreementVersion, user: User, **kwargs: Any) -> None:
        rows = [TrancheTerms(t.title, t.deliverable, t.cents, t.due_on) for t in version.tranches.all()]
        initial = {name: getattr(version, name) for name in self.base_fields if hasattr(version, name)}
        super().__init__(*args, rows=rows, initial={**initial, "instead_of": version.number}, **kwargs)
        self.version, self.user = version, user
        if user != version.agreement.client:
            del self.fields["formula"]

    def save(self) -> AgreementVersion | None:
        """Propose the version typed; a refusal is shown on the form."""
        data = self.cleaned_data
        tranches = self.tranches or [TrancheTerms(str(_("The whole project")), "", data["price_cents"])]
        terms = Terms(
            scope=data["scope"],
            price_cents=data["price_cents"],
            delay_days=data["delay_days"],
            starts_on=data["starts_on"],
            formula=data.get("formula", self.version.formula),
            tranches=tranches,
            release_on_silence=self.version.release_on_silence,
        )
        return self.perform(
            lambda: self.version.agreement.propose(terms, by=self.user, instead_of=data["instead_of"]),
        )


class AcceptForm(Performing):
    """The acceptance of one numbered version, with a box to tick."""

    number = forms.IntegerField(widget=forms.HiddenInput)
    read = forms.BooleanField(label=_("I have read these terms and accept them"))

    def save(self, agreement: Agreement, *, by: User) -> bool:
        """Accept; a refusal is shown on the form."""
        return self.done(lambda: agreement.accept(self.cleaned_data["number"], by=by))


class PayForm(Deed):
    """The payment of the fees: one key for each page drawn, one payment for each key."""

    def save(self, agreement: Agreement, *, by: User) -> Payment | None:
        """Start the payment; a refusal is shown on the form."""
        return self.perform(lambda: agreement.pay(by=by, key=self.cleaned_data["key"]))
