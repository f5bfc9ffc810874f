from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import User
from marketplace.forms import Deed, Performing
from marketplace.payments.models import Payment
from marketplace.templatetags.page import amount
from projects import amending
from projects.forms.agreements import AcceptForm, TermsForm
from projects.forms.prose import ProseField, without_details
from projects.forms.tranches import FIRST, MOST, TrancheForm
from projects.models import Agreement, Amendment, Terms, TrancheTerms
from projects.models.offers import whole
from projects.terms import changes


def introduced(field: forms.Field) -> None:
    """The parties know each other since the introduction: contact details are welcome in what they write."""
    field.validators = [check for check in field.validators if check is not without_details]


class AmendTrancheForm(TrancheForm):
    """A tranche that goes on under its number, or a new one without; one that no longer changes is shown as it is."""

    number = forms.IntegerField(min_value=1, required=False, widget=forms.HiddenInput)
    off = forms.BooleanField(label=_("Cancel this tranche"), required=False)

    def __init__(self, *args: Any, fixed: Mapping[int, str], known: Mapping[int, TrancheTerms], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        said = str(self["number"].value() or "")
        self.known = int(said) if said.isdecimal() and int(said) in known else 0
        self.why = fixed.get(self.known, "")
        if not self.known:
            del self.fields["off"]
        if self.why:
            shown = vars(known[self.known]) | {"cents": amount(known[self.known].cents)}
            for name, value in shown.items():
                self.initial[name], self.fields[name].disabled = value, True
            del self.fields["off"]
        self.said = known.get(self.known)
        for name in ("title", "deliverable"):
            introduced(self.fields[name])

    @property
    def terms(self) -> TrancheTerms | None:
        if self.why:
            return self.said
        return None if self.cleaned_data.get("off") else super().terms


AmendRows = forms.formset_factory(AmendTrancheForm, extra=0, min_num=FIRST, max_num=MOST, absolute_max=MOST)


class AmendForm(TermsForm):
    """An avenant: it starts from the terms last proposed, or from those in force. Who owes the fees does not change."""

    provider_pays = None  # type: ignore[assignment]
    fees_reason = None  # type: ignore[assignment]

    def __init__(self, *args: Any, agreement: Agreement, user: User, **kwargs: Any) -> None:
        self.agreement, self.last = agreement, agreement.amendments.told().first()
        self.fixed, start = amending.fixed(agreement), agreement.version
        if self.last and self.last.is_begun:
            start = self.last.version
        self.known = {part.position: part.terms for part in start.tranches.all()}
        super().__init__(*args, version=start, user=user, **kwargs)
        self.initial["instead_of"] = self.last.number if self.last else 0
        introduced(self.fields["scope"])

    def make_rows(self, data: Any, initial: Any = None) -> Any:
        first = [{"number": number, **vars(part)} for number, part in self.known.items()]
        told = {"fixed": self.fixed, "known": self.known, "kept": self.kept}
        return AmendRows(data, prefix="tranche", initial=first, form_kwargs=told)

    def is_valid(self) -> bool:
        return super().is_valid() and self._leaves_work()

    def _leaves_work(self) -> bool:
        """Refuse to leave every tranche out without another: the whole price would silently be one payment anew."""
        cancelled = [row for row in self.rows.forms if row.known and not row.terms]
        if not cancelled or self.tranches:
            return True
        cancelled[-1].add_error("off", _("One tranche at least stays: keep this one, or add another in its place."))
        return False

    @property
    def pairs(self) -> list[tuple[int | None, TrancheTerms]]:
        """The tranches typed with their numbers; a single one whose amount was left alone follows the price."""
        price = self.cleaned_data["price_cents"]
        found = [(row.cleaned_data.get("number"), row.terms) for row in self.rows.forms if row.terms]
        if len(found) == 1 and found[0][1].cents == self.version.price_cents:
            return [(found[0][0], replace(found[0][1], cents=price))]
        return found or [(None, whole(price))]

    def save(self) -> Amendment | None:  # type: ignore[override]  # another deed than a version of the terms
        """Propose it; a refusal is shown on the form."""
        data, pairs = self.cleaned_data, self.pairs
        terms = Terms(
            scope=data["scope"],
            price_cents=data["price_cents"],
            delay_days=data["delay_days"],
            starts_on=data["starts_on"],
            formula=data.get("formula", self.version.formula),
            tranches=[part for _number, part in pairs],
            release_on_silence=data["release_on_silence"],
        )
        numbers, instead_of = [number for number, _part in pairs], data["instead_of"]
        made = self.perform(
            lambda: Amendment.propose(self.agreement, terms, numbers=numbers, by=self.user, instead_of=instead_of)
        )
        if made is None:
            self._catch_up(instead_of)
        return made

    def _catch_up(self, number: int) -> None:
        """After a refusal: what was proposed meanwhile is shown, and the form, as typed, takes its place."""
        last = self.agreement.amendments.told().first()
        if last and last.number != number:
            self.newer = changes(last.former, last.version)
        data = QueryDict(mutable=True)
        data.update(self.data)
        data["instead_of"] = str(last.number if last else 0)
        self.data = data


class AmendAcceptForm(AcceptForm):
    """The acceptance of an avenant, with a box for each consent that it asks."""

    def save(self, amendment: Amendment) -> bool:  # type: ignore[override]  # another row is accepted
        """Accept; a refusal is shown on the form."""
        return self.done(lambda: amendment.accept(by=self.user, consents=self.asked))


class AmendDeclineForm(Performing):
    """Why the other party does not want it."""

    reason = ProseField(
        label=_("Your reason"), max_length=1000, rows=3, help_text=_("The other party reads it, word for word.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        introduced(self.fields["reason"])

    def save(self, amendment: Amendment, *, by: User) -> bool:
        """Decline; a refusal is shown on the form."""
        return self.done(lambda: amendment.decline(by=by, reason=self.cleaned_data["reason"]))


class WithdrawForm(Performing):
    """A proposal taken back, which needs no word."""

    def save(self, amendment: Amendment, *, by: User) -> bool:
        """Withdraw; a refusal is shown on the form."""
        return self.done(lambda: amendment.withdraw(by=by))


class AmendPayForm(Deed):
    """The payment of what it adds to the fees."""

    def save(self, amendment: Amendment, *, by: User) -> Payment | None:
        """Start the payment; a refusal is shown on the form."""
        return self.perform(lambda: amendment.pay(by=by, key=self.cleaned_data["key"]))
