from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import User
from marketplace.fields import ChoiceCards, DayField, EurosField
from marketplace.forms import Deed, Performing
from marketplace.payments.models import Payment
from projects.contacts import telling
from projects.forms.prose import DIGEST, ProseField
from projects.forms.tranches import HIGHEST_CENTS, LOWEST_CENTS, DelayField, WithTranches
from projects.models import Agreement, AgreementState, AgreementVersion, Consent, FeesBy, Formula, Terms, TrancheTerms
from projects.models.offers import whole
from projects.terms import Change, changes

FORMULA_HINTS: dict[str, Any] = {
    Formula.R0: _("The money waits on the project’s internal account before the work, and is released on delivery."),
    Formula.BASE: _("The introduction only: you then manage work and payment between yourselves."),
}


class TermsForm(WithTranches):
    """A new version of the terms. Only the client is shown the formula."""

    instead_of = forms.IntegerField(widget=forms.HiddenInput)
    scope = ProseField(
        label=_("What is to be done"),
        max_length=40_000,
        rows=8,
        help_text=_("Scope and assumptions: what is included, and what is not."),
    )
    price_cents = EurosField(
        label=_("Price of the project"), unit=_("€ excl. VAT"), min_cents=LOWEST_CENTS, max_cents=HIGHEST_CENTS
    )
    delay_days = DelayField()
    starts_on = DayField(past=timedelta(), label=_("Start"), required=False)
    formula = forms.ChoiceField(label=_("Formula"), choices=Formula.choices, widget=ChoiceCards(FORMULA_HINTS))
    release_on_silence = forms.BooleanField(
        label=_("Silence releases: without an answer 14 days after a delivery, its money is released"),
        required=False,
        help_text=_("R0 formula only. Each of you ticks it again when accepting."),
    )
    provider_pays = forms.BooleanField(
        label=_("Exceptionally, the provider pays the introduction instead of the client"),
        required=False,
        help_text=_("They must consent to it apart, when they accept the terms."),
    )
    fees_reason = ProseField(
        label=_("Why the provider pays"), max_length=500, rows=2, required=False, help_text=_("Part of the terms.")
    )

    def __init__(self, *args: Any, version: AgreementVersion, user: User, **kwargs: Any) -> None:
        initial = {name: getattr(version, name) for name in self.base_fields if hasattr(version, name)}
        initial |= {"instead_of": version.number, "provider_pays": version.fees_by == FeesBy.PROVIDER}
        super().__init__(*args, rows=version.typed_tranches, standing=version, initial=initial, **kwargs)
        self.version, self.user = version, user
        self.newer: list[Change] = []
        if user == version.agreement.client:
            self._offer_formulas()
        else:
            del self.fields["formula"]

    def _offer_formulas(self) -> None:
        """Those on offer; an introduction made under another keeps that one."""
        standing = self.version.agreement.state == AgreementState.ACTIVE and self.version.formula
        offered = [formula for formula in Formula if formula in {*Formula.offered(), standing}]
        self.fields["formula"].choices = [(each.value, each.label) for each in offered]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """What goes together: a reason with an exception, silence with R0."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("provider_pays") and not data.get("fees_reason"):
            self.add_error("fees_reason", _("Give the reason of this exception: both of you sign it."))
        if data.get("release_on_silence") and data.get("formula", self.version.formula) != Formula.R0:
            self.add_error("release_on_silence", _("Only the R0 formula holds money that silence could release."))
        self._must_name_nobody(data)
        return data

    def _must_name_nobody(self, data: dict[str, Any]) -> None:
        """Before the introduction, what is added to the terms tells no way to the other party."""
        if self.version.agreement.state == AgreementState.ACTIVE:
            return
        known = {*self.version.scope.splitlines(), self.version.fees_reason}
        known |= {text for t in self.version.tranches.all() for text in (t.title, *t.deliverable.splitlines())}
        for form, names in ((self, ("scope", "fees_reason")), *((row, ("title", "deliverable")) for row in self.rows)):
            for name in names:
                typed = data.get(name, "") if form is self else form[name].value() or ""
                if any(telling(DIGEST.sub("", text)) for text in typed.splitlines() if text not in known):
                    form.add_error(name, _("Remove the web, mail or postal address: the introduction opens them."))

    def _one_payment(self, price_cents: int) -> list[TrancheTerms]:
        """The whole price as one tranche, in the words that it had before if it was that already."""
        own = [tranche.terms for tranche in self.version.tranches.all()]
        plain = own and not self.version.typed_tranches
        return [replace(own[0], cents=price_cents)] if plain else [whole(price_cents)]

    def save(self) -> AgreementVersion | None:
        """Propose the version typed; a refusal is shown on the form."""
        data = self.cleaned_data
        terms = Terms(
            scope=data["scope"],
            price_cents=data["price_cents"],
            delay_days=data["delay_days"],
            starts_on=data["starts_on"],
            formula=data.get("formula", self.version.formula),
            tranches=self.tranches or self._one_payment(data["price_cents"]),
            release_on_silence=data["release_on_silence"],
            fees_by=FeesBy.PROVIDER if data["provider_pays"] else FeesBy.CLIENT,
            fees_reason=data["fees_reason"] if data["provider_pays"] else "",
        )
        agreement = self.version.agreement
        made = self.perform(lambda: agreement.propose(terms, by=self.user, instead_of=data["instead_of"]))
        if made is None:
            self._catch_up(data["instead_of"])
        return made

    def _catch_up(self, number: int) -> None:
        """After a refusal: what a newer version changes is shown, and the form, as typed, takes that one's place."""
        current = self.version.agreement.version
        self.newer = changes(current.agreement.versions.filter(number=number).first(), current)
        data = QueryDict(mutable=True)
        data.update(self.data)
        data["instead_of"] = str(current.number)
        self.data = data


CONSENTS: dict[Consent, Any] = {
    Consent.FEES: _("I, the provider, agree to pay the introduction myself, for the reason stated"),
    Consent.SILENCE: _("I agree that without an answer 14 days after a delivery, its money is released"),
}


class AcceptForm(Performing):
    """The acceptance of one numbered version: a box to tick, and one more for each consent that it asks of `user`."""

    number = forms.IntegerField(widget=forms.HiddenInput)
    read = forms.BooleanField(label=_("I have read these terms and accept them"))

    def __init__(self, *args: Any, version: AgreementVersion, user: User, **kwargs: Any) -> None:
        super().__init__(*args, initial={"number": version.number}, **kwargs)
        self.user, self.asked = user, [consent for consent in CONSENTS if consent in version.consents_of(user)]
        for consent in self.asked:
            self.fields[consent.lower()] = forms.BooleanField(label=CONSENTS[consent])

    def save(self, agreement: Agreement) -> bool:
        """Accept; a refusal is shown on the form."""
        number = self.cleaned_data["number"]
        return self.done(lambda: agreement.accept(number, by=self.user, consents=self.asked))


class PayForm(Deed):
    """The payment of the fees: one key for each page drawn, one payment for each key."""

    def save(self, agreement: Agreement, *, by: User) -> Payment | None:
        """Start the payment; a refusal is shown on the form."""
        return self.perform(lambda: agreement.pay(by=by, key=self.cleaned_data["key"]))
