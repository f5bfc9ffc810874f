from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from credits.models import Kind, Spending
from marketplace.accounts.models import User
from marketplace.fields import DayField, EurosField
from marketplace.forms import Deed, Performing
from projects.forms.prose import ProseField
from projects.forms.tranches import HIGHEST_CENTS, LOWEST_CENTS, DelayField, WithTranches
from projects.models import Answer, Offer, OfferState, OfferTerms, Project, Question
from projects.models.offers import WRITTEN


class SpendForm(Performing):
    """The confirmation of a spending: nothing to type. A second click finds the first spending."""

    def save(self, project: Project, kind: Kind, *, by: User) -> Spending | None:
        """Spend; a refusal is shown on the page."""
        return self.perform(lambda: project.spend(kind, by=by))


class OfferForm(WithTranches, Deed):
    """An offer: price, delay, what is proposed and under which assumptions, tranches if any."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)  # of the project, as the bidder read it
    price_cents = EurosField(
        label=_("Price of the project"), unit=_("€ excl. VAT"), min_cents=LOWEST_CENTS, max_cents=HIGHEST_CENTS
    )
    delay_days = DelayField(help_text=_("Calendar days from the start."))
    starts_on = DayField(label=_("Possible start"), required=False)
    pitch = ProseField(
        label=_("What you propose"),
        max_length=5000,
        rows=8,
        help_text=_("How you will go about it, and what of your experience is close to this project."),
    )
    assumptions = ProseField(
        label=_("Assumptions"),
        max_length=5000,
        required=False,
        help_text=_("What your price counts on: access, contents, answers, a second opinion…"),
    )

    def __init__(self, *args: Any, offer: Offer | None = None, version: int | None = None, **kwargs: Any) -> None:
        self.offer = offer
        if offer:
            kwargs["initial"] = {name: getattr(offer, name) for name in WRITTEN}
            kwargs["rows"] = offer.typed_tranches
        super().__init__(*args, **kwargs)
        self.initial["version"] = version

    def save(self, project: Project, *, by: User) -> bool:
        """Place the offer, or revise the one that stands; a refusal is shown on the form.

        After a change of the project the page is shown again with what is new: the next sending has seen it.
        """
        terms = OfferTerms(**{name: self.cleaned_data[name] for name in WRITTEN}, tranches=self.tranches)
        offer, seen = self.offer, self.cleaned_data["version"]
        if offer is None or offer.state == OfferState.WITHDRAWN:
            key = self.cleaned_data["key"]
            done = self.done(lambda: Offer.place(project, by=by, terms=terms, key=key, seen=seen))
        else:
            done = self.done(lambda: offer.revise(by=by, terms=terms, seen=seen))
        if not done:  # what a refusal's page shows is the project as it is now
            data = QueryDict(mutable=True)
            data.update(self.data)
            data["version"] = str((offer.project if offer else project).version)
            self.data = data
        return done


class QuestionForm(Deed):
    """A written question to the client."""

    text = ProseField(label=_("Your question"), max_length=3000)

    def save(self, project: Project, *, by: User) -> Question | None:
        """Ask; a refusal is shown on the form."""
        data = self.cleaned_data
        return self.perform(lambda: Question.ask(project, by=by, text=data["text"], key=data["key"]))


class AnswerForm(Performing):
    """The client's answer."""

    text = ProseField(label=_("Your answer"), max_length=3000)

    def save(self, question: Question, *, by: User) -> Answer | None:
        """Answer; a refusal is shown on the form."""
        return self.perform(lambda: question.answer_with(self.cleaned_data["text"], by=by))
