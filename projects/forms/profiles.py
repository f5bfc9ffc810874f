from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from marketplace.fields import ChoiceCards, EurosField
from marketplace.forms import Performing
from projects.forms.publish import SkillsField, titled
from projects.forms.tranches import HIGHEST_CENTS
from projects.incognito import incognito
from projects.models import Category, Place, Portrait, Profile

if TYPE_CHECKING:
    from marketplace.accounts.models import User

MOST_CATEGORIES = 5


class ProfileForm(Performing):
    """What a provider tells everybody. Contact details and whole names are refused: pages would mask them."""

    headline = forms.CharField(
        label=_("Headline"),
        max_length=120,
        help_text=_("What you do, in a line: “Booking sites for hotels, Django and accessibility”."),
    )
    presentation = forms.CharField(
        label=_("Presentation"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("How you work, for whom, what one may expect of you. No name, e-mail, phone or web address."),
    )
    skills = SkillsField(
        label=_("Skills"), required=False, help_text=_("Separated by commas, twelve at most; as projects name them.")
    )
    categories = forms.ModelMultipleChoiceField(
        Category.objects.all(),
        label=_("Categories"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Five at most."),
    )
    day_rate_cents = EurosField(
        label=_("Day rate"),
        required=False,
        unit=_("€ excl. VAT"),
        min_cents=100,
        max_cents=HIGHEST_CENTS,
        help_text=_("Left empty, none is shown. It binds you to nothing: each offer has its own price."),
    )
    place = forms.ChoiceField(label=_("Where you work"), choices=titled(Place.choices), widget=ChoiceCards)
    city = forms.CharField(
        label=_("City"), max_length=80, required=False, help_text=_("The city alone, without an address.")
    )
    past_work = forms.CharField(
        label=_("References"),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("Past work: for what kind of client, what was delivered, what came of it. No web address."),
    )
    published = forms.BooleanField(
        label=_("Show my profile to everybody"),
        required=False,
        help_text=_("In the directory of providers, and from your offers. Without it nobody but you reads it."),
    )

    def __init__(self, data: Any = None, *, provider: User) -> None:
        self.provider = provider
        self.profile = Profile.objects.of(provider).prefetch_related("in_categories__category").first()
        super().__init__(data, initial=self.written())

    def written(self) -> dict[str, Any]:
        """What the profile says now; of a first one, that it is to be published."""
        if not self.profile:
            return {"published": True, "place": Place.REMOTE}
        return {**vars(self.profile.portrait), "published": self.profile.published_at is not None}

    def discreet(self, name: str) -> str:
        """The text typed into `name`, refused when pages would mask a part of it."""
        text: str = self.cleaned_data[name].replace("\r\n", "\n")
        if incognito(text, self.provider) != text:
            raise ValidationError(
                _("Everybody sees this: remove names, company, e-mail, phone number and web address."), code="contact"
            )
        return text

    def clean_headline(self) -> str:
        return " ".join(self.discreet("headline").split())

    def clean_presentation(self) -> str:
        return self.discreet("presentation")

    def clean_past_work(self) -> str:
        return self.discreet("past_work")

    def clean_city(self) -> str:
        return self.discreet("city")

    def clean_skills(self) -> list[str]:
        skills: list[str] = self.cleaned_data["skills"]
        self.cleaned_data["skills"] = " , ".join(skills)
        self.discreet("skills")
        return skills

    def clean_categories(self) -> list[Category]:
        chosen = list(self.cleaned_data["categories"])
        if len(chosen) > MOST_CATEGORIES:
            raise ValidationError(_("Five categories at most: keep those in which you are at home."), code="many")
        return chosen

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("place") in {Place.MIXED, Place.ON_SITE} and data.get("city") == "":
            self.add_error("city", _("Say in which city."))
        return data

    def save(self) -> Profile:
        """Write it."""
        data = dict(self.cleaned_data)
        published = data.pop("published")
        return Profile.write(Portrait(**data), by=self.provider, published=published)
