from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from marketplace.documents.forms import DocumentsField
from marketplace.documents.intake import OFFICE, PLAIN
from marketplace.fields import ChoiceCards, DayField, EurosField
from marketplace.forms import Deed, Performing
from marketplace.locking import Deleted
from marketplace.templatetags.page import PARIS, day, filesize_fr
from projects.contacts import reachable, telling
from projects.forms.tranches import HIGHEST_CENTS
from projects.models import Category, Content, Formula, Place, Project
from projects.models.projects import MOST_FILES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from marketplace.accounts.models import User
    from marketplace.documents.intake import Clean
    from projects.models import ProjectVersion

LONGEST_CALL = 90  # days
MOST_SKILLS, LONGEST_SKILL = 12, 40


def titled(choices: Any) -> list[tuple[str, Any]]:
    """`choices` with a capital letter at the beginning of each."""
    return [(value, capfirst(label)) for value, label in choices]


class SkillsField(forms.CharField):
    """Skills typed with commas between them, cleaned to a list without doubles."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        words = [" ".join(word.split()) for word in super().clean(value).split(",")]
        skills = list({word.casefold(): word for word in reversed(words) if word}.values())[::-1]
        if len(skills) > MOST_SKILLS:
            raise ValidationError(_("Twelve skills at most: keep those that decide."), code="many")
        if any(len(skill) > LONGEST_SKILL for skill in skills):
            raise ValidationError(_("Each skill has 40 characters at most: put commas between them."), code="long")
        return skills


class SpecificationField(DocumentsField):
    """The client's files. When one is refused the others are `good` all the same: a draft keeps them."""

    good: Sequence[Clean] = ()

    def clean(self, data: Any, initial: Any = None) -> Any:
        good, errors = [], []
        for file in data if data and len(data) <= self.most else [data]:
            try:
                good += super().clean([file] if file is not data else data)
            except ValidationError as error:
                errors.append(error)
        self.good = good
        if errors:
            raise ValidationError(errors)
        return good


class DroppedField(forms.TypedMultipleChoiceField):
    """Files to remove, by their ids; one that is gone already is passed over."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(coerce=lambda value: int(str(value)[:18]), **kwargs)

    def valid_value(self, value: Any) -> bool:
        return str(value).isascii() and str(value).isdecimal()


class BudgetField(EurosField):
    """One end of the budget, in whole cents excluding VAT."""

    def __init__(self, **kwargs: Any) -> None:
        errors = {
            "invalid": _("Write a positive amount in euros, such as 1200.50, without a minus sign or words."),
            "min": _("Zero is not a budget: write %(limit)s at least."),
            "max": _("A budget is %(limit)s at most here: share a larger project out over several calls."),
        }
        unit = _("€ excl. VAT")
        super().__init__(unit=unit, min_cents=100, max_cents=HIGHEST_CENTS, error_messages=errors, **kwargs)


class ProjectForm(Deed):
    """A call for offers as its client writes it, whole: what it takes to hand it in."""

    title = forms.CharField(
        label=_("Title"),
        max_length=120,
        help_text=_("What is to be made, in a line. Everybody sees it, so no name, address or phone number."),
    )
    category = forms.ModelChoiceField(Category.objects.all(), label=_("Category"), empty_label=_("Choose a category"))
    skills = SkillsField(
        label=_("Skills"), required=False, help_text=_("Separated by commas, twelve at most. Everybody sees them.")
    )
    teaser = forms.CharField(
        label=_("Teaser"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("What makes a provider open your dossier, in 300 characters. Everybody sees it."),
    )
    description = forms.CharField(
        label=_("Full description"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 12}),
        help_text=_("Context, what is expected, constraints, how you will choose. Providers read it for a credit."),
    )
    specification = SpecificationField(label=_("Specification"), required=False, most=MOST_FILES, accept=PLAIN | OFFICE)
    dropped = DroppedField(label=_("Files to remove"), required=False, widget=forms.CheckboxSelectMultiple)
    budget_min_cents = BudgetField(label=_("Budget, from"))
    budget_max_cents = BudgetField(label=_("Budget, up to"))
    place = forms.ChoiceField(
        label=_("Place of work"), choices=titled(Place.choices), widget=ChoiceCards, initial=Place.REMOTE
    )
    city = forms.CharField(
        label=_("City"), max_length=80, required=False, help_text=_("Where the work or the visits take place.")
    )
    urgent = forms.BooleanField(
        label=_("Urgent"), required=False, help_text=_("Providers are invited to call you at once.")
    )
    starts_on = DayField(past=timedelta(), label=_("Wanted start"), required=False)
    closes_on = DayField(past=timedelta(days=36_500), ahead=timedelta(days=36_500), label=_("Closing date"))
    formula_wanted = forms.ChoiceField(
        label=_("Formula wanted"), choices=titled(Formula.choices), widget=ChoiceCards, initial=Formula.R0
    )
    sealed = forms.ChoiceField(
        label=_("Offers"),
        choices=[("open", _("Open to bidders")), ("sealed", _("Sealed"))],
        widget=ChoiceCards,
        initial="open",
    )

    def __init__(self, data: Any = None, files: Any = None, *, project: Project | None = None) -> None:
        self.project = project
        super().__init__(data, files, initial=initial_of(project))
        self._explain()
        self.list_files()

    def list_files(self) -> None:
        """Offer to remove each file that the project holds."""
        kept = self.project.specification_files.select_related("document") if self.project else []
        if "dropped" in self.fields:
            choices = [(file.pk, f"{file.document.name} ({filesize_fr(file.document.size)})") for file in kept]
            self.fields["dropped"].choices = choices  # type: ignore[attr-defined]

    def _explain(self) -> None:
        """Hints that carry figures or dates."""
        first, last = bounds()
        words = {"first": day(first), "last": day(last)}
        self.fields["closes_on"].help_text = _("At 18:00 in Paris, between %(first)s and %(last)s.") % words
        formula = self.fields["formula_wanted"]
        formula.choices = titled((wanted.value, wanted.label) for wanted in Formula.offered())  # type: ignore[attr-defined]
        formula.initial = Formula.or_base(Formula.R0)
        formula.widget.hints = {
            "BASE": _("We introduce you; you manage work and payment alone."),
            "R0": _("Your money waits on the project’s internal account until you accept each delivery."),
        }
        self.fields["sealed"].widget.hints = {
            "open": _("A provider who opens the dossier reads the other offers."),
            "sealed": _("Providers see how many offers there are, not what they say. Fixed once published."),
        }

    def clean_title(self) -> str:
        return public(" ".join(self.cleaned_data["title"].split()))

    def clean_teaser(self) -> str:
        return public(" ".join(self.cleaned_data["teaser"].split()))

    def clean_city(self) -> str:
        return public(self.cleaned_data["city"])

    def clean_skills(self) -> list[str]:
        skills: list[str] = self.cleaned_data["skills"]
        public(" , ".join(skills))
        return skills

    def clean_description(self) -> str:
        text: str = self.cleaned_data["description"].replace("\r\n", "\n")
        if reachable(text):
            raise ValidationError(_("Remove the e-mail address or phone number: a direct contact credit opens yours."))
        return text

    def clean_closes_on(self) -> date | None:
        chosen: date | None = self.cleaned_data["closes_on"]
        first, last = bounds()
        if chosen and not first <= chosen <= last:
            words = {"first": day(first), "last": day(last)}
            raise ValidationError(_("Choose a day between %(first)s and %(last)s."), code="range", params=words)
        return chosen

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        low, high = data.get("budget_min_cents"), data.get("budget_max_cents")
        if low and high and low > high:
            self.add_error("budget_max_cents", _("The budget is reversed: this amount is below the one above."))
        if data.get("place") in {Place.MIXED, Place.ON_SITE} and data.get("city") == "":
            self.add_error("city", _("Say in which city."))
        return data


class ChangeForm(ProjectForm):
    """An open project as its client changes it: one page, one new version; sealed offers and closing date stay."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, files: Any = None, *, project: Project) -> None:
        super().__init__(data, files, project=project)
        self.open, self.initial["version"] = project, project.version
        self.made: ProjectVersion | None = None
        for name in ("sealed", "closes_on"):
            del self.fields[name]
        self.fields["starts_on"].kept = {project.starts_on}  # type: ignore[attr-defined]

    @property
    def content(self) -> Content:
        """What was typed; the rest as the project says it."""
        data = {name: value for name, value in self.cleaned_data.items() if name in Content.__dataclass_fields__}
        return replace(Content.of(self.open), **data)

    @property
    def thanks(self) -> str:
        """What follows from the change."""
        if self.made is None:
            return gettext("Nothing has changed: the project stays as it was.")
        return gettext("Your change is published as version %(number)s.") % {"number": self.made.published_number}

    def save(self, *, by: User) -> bool:
        """Publish the change; a refusal is shown on the form."""
        data = self.cleaned_data
        files, dropped, seen = data["specification"], data.get("dropped", []), data["version"]

        def deed() -> None:
            self.made = self.open.change(self.content, files, dropped, by=by, seen=seen)

        try:
            return self.done(deed)
        except ValidationError as disk:
            self.add_error("specification", disk)
            return False


class DiscardForm(Performing):
    """The confirmation that deletes a draft."""

    def save(self, project: Project, *, by: User) -> bool:
        """Delete it; a refusal is shown on the page. One that is gone already is as good as deleted."""

        def deed() -> None:
            with suppress(Deleted):
                project.discard(by=by)

        return self.done(deed)


class SubmitForm(Performing):
    """The confirmation that hands a project in."""

    def save(self, project: Project, *, by: User) -> bool:
        """Hand it in; a refusal is shown on the page."""
        return self.done(lambda: project.submit(by=by))


class ExtendForm(Performing):
    """The button that takes more time to choose."""

    def save(self, project: Project, *, by: User) -> bool:
        """Extend; a refusal is told."""
        return self.done(lambda: project.extend(by=by))


class WithdrawForm(Performing):
    """The confirmation that takes a project back."""

    def save(self, project: Project, *, by: User) -> bool:
        """Take it back; a refusal is shown on the page."""
        return self.done(lambda: project.withdraw(by=by))


def bounds() -> tuple[date, date]:
    """The first and the last day on which a call may close: tomorrow, and in 90 days."""
    today = timezone.localdate(timezone.now(), PARIS)
    return today + timedelta(days=1), today + timedelta(days=LONGEST_CALL)


def initial_of(project: Project | None) -> dict[str, Any]:
    """What the form holds at first: the project's own words, or the usual closing date."""
    usual = timezone.localdate(timezone.now(), PARIS) + timedelta(days=settings.PROJECT_OPEN_DAYS)
    if project is None:
        return {"closes_on": usual}
    fields = {name: getattr(project, name) for name in Content.__dataclass_fields__}
    for name in ("budget_min_cents", "budget_max_cents"):
        fields[name] = fields[name] or None
    fields["formula_wanted"] = Formula.or_base(project.formula_wanted)
    closes_on = timezone.localdate(project.closes_at, PARIS) if project.closes_at else usual
    return {**fields, "closes_on": closes_on, "sealed": "sealed" if project.sealed else "open"}


def public(text: str) -> str:
    """`text` as everybody will see it, refused when it holds contact details."""
    if telling(text):
        raise ValidationError(_("Everybody sees this: remove the e-mail, phone number or web address."), code="contact")
    return text
