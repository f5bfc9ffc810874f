from __future__ import annotations

from typing import Any

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

    def __init__(self, *args: Any, offer: Offer | None = None, **kwargs: Any) -> None:
        self.offer = offer
        if offer:
            kwargs["initial"] = {name: getattr(offer, name) for name in WRITTEN}
            kwargs["rows"] = offer.typed_tranches
        super().__init__(*args, **kwargs)

    def save(self, project: Project, *, by: User) -> bool:
        """Place the offer, or revise the one that stands; a refusal is shown on the form."""
        terms = OfferTerms(**{name: self.cleaned_data[name] for name in WRITTEN}, tranches=self.tranches)
        offer = self.offer
        if offer is None or offer.state == OfferState.WITHDRAWN:
            return self.done(lambda: Offer.place(project, by=by, terms=terms, key=self.cleaned_data["key"]))
        return self.done(lambda: offer.revise(by=by, terms=terms))


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
