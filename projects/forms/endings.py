from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from marketplace.forms import Deed, Performing
from projects.forms.publish import titled
from projects.models import Again, Completion, Opinion, Outcome, Review, Survey, Tidings

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from projects.models import Project
    from projects.opinions import Pair

STARS = [(n, ngettext_lazy("%(n)s star", "%(n)s stars", n) % {"n": n}) for n in range(5, 0, -1)]
MARKS = ("work", "exchange", "terms")


class CompletionForm(Performing):
    """The confirmation that the work is over."""

    def save(self, project: Project, *, by: User) -> bool:
        """Complete the project; a refusal is shown on the page."""
        return self.done(lambda: Completion(project).carry_out(by=by))


class StarsField(forms.TypedChoiceField):
    """One to five stars, the best first."""

    def __init__(self) -> None:
        super().__init__(coerce=int, choices=STARS, widget=forms.RadioSelect(attrs={"class": "stars-choice"}))


class ReviewForm(Deed):
    """What one party says of the other: three marks and words."""

    work, exchange, terms = StarsField(), StarsField(), StarsField()
    text = forms.CharField(
        label=_("In your words"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("What went well, what did not. Whole names and contact details are masked where others read it."),
    )

    def __init__(self, data: Any = None, *, pair: Pair) -> None:
        self.pair = pair
        own, names = pair.own, (*MARKS, "text")
        super().__init__(data, initial={name: getattr(own, name) for name in names} if own else None)
        for name, label in zip(MARKS, pair.criteria, strict=True):
            self.fields[name].label = label

    def save(self) -> Review | None:
        """Keep the review; a refusal is shown on the form."""
        data = dict(self.cleaned_data)
        key = data.pop("key")
        return self.perform(lambda: Review.write(self.pair.project, Opinion(**data), by=self.pair.user, key=key))


class AnswerForm(Performing):
    """The one answer of the reviewed."""

    answer = forms.CharField(
        label=_("Your answer"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("Shown below the review, for good: you have one answer. Contact details are masked."),
    )

    def save(self, review: Review, *, by: User) -> bool:
        """Publish the answer; a refusal is shown on the form."""
        return self.done(lambda: review.answer_with(self.cleaned_data["answer"], by=by))


class SurveyForm(Performing):
    """What became of a base project."""

    delivered = forms.TypedChoiceField(coerce=Outcome, choices=titled(Outcome.choices), widget=forms.RadioSelect)
    paid = forms.TypedChoiceField(coerce=Outcome, choices=titled(Outcome.choices), widget=forms.RadioSelect)
    again = forms.TypedChoiceField(
        label=_("Would you use the site again?"),
        coerce=Again,
        choices=titled(Again.choices),
        widget=forms.RadioSelect,
    )
    text = forms.CharField(
        label=_("In your words"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 5})
    )

    def __init__(self, data: Any = None, *, survey: Survey) -> None:
        self.survey = survey
        super().__init__(data)
        mine = survey.as_client
        work, money = self.fields["delivered"], self.fields["paid"]
        work.label = _("Did you receive the work as agreed?") if mine else _("Did you deliver the work as agreed?")
        money.label = _("Did you pay it as agreed?") if mine else _("Were you paid as agreed?")

    def save(self) -> bool:
        """Keep the answers; a refusal is shown on the form."""
        return self.done(lambda: self.survey.answer(Tidings(**self.cleaned_data)))
