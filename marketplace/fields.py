"""Fields and widgets that several apps' forms share: amounts in euros, days, choices drawn as cards."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Any
from unicodedata import category

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from marketplace.templatetags.page import PARIS, amount, euros

YEAR = timedelta(days=365)
NUMBER = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,2}))?")
FINE = re.compile(r"[0-9]+\.[0-9]{3,}")  # cut finer than a cent, or a thousand written as others do
FAR = re.compile(r"[0-9]{13,}(\.[0-9]{1,2})?")  # an amount all the same, beyond any bound


UNSEEN = {"Cc", "Cf", "Cn", "Co", "Cs", "Mn", "Zl", "Zp", "Zs"}  # Unicode's categories without ink of their own
BLANKS = set("\u115f\u1160\u2800\u3164\uffa0")  # letters and signs that are drawn as nothing


def must_be_seen(text: str) -> None:
    """Refuse a text in which there is nothing to read: it would pass for an answer where one is needed."""
    if all(category(sign) in UNSEEN or sign in BLANKS for sign in str(text)):
        raise ValidationError(_("There is nothing to read in this text: write it again."), code="unseen")


def shown(name: str) -> str:
    """The name of a file that somebody sent, without the signs that would turn or hide what is read."""
    return "".join(sign for sign in name if category(sign)[0] != "C")


class EurosInput(forms.TextInput):
    """An amount at the right edge of its box, its unit after it."""

    def __init__(self, unit: str | Promise = "€", attrs: Mapping[str, Any] | None = None) -> None:
        fixed = {"class": "input--amount", "inputmode": "decimal", "autocomplete": "off", "data-unit": unit}
        super().__init__({**fixed, **(attrs or {})})


class EurosField(forms.Field):
    """An amount typed in euros ("1 200,50"), cleaned to whole cents. Refused: a third decimal, a sign, words."""

    default_error_messages = {
        "invalid": _("Write an amount in euros, such as 1200.50."),
        "decimals": _("Write an amount in euros with two decimals at most, such as 1200.50."),
        "min": _("%(limit)s at least."),
        "max": _("%(limit)s at most."),
        "far": _("No amount here is that high: count the figures."),
    }

    def __init__(
        self, *, unit: str | Promise = "€", min_cents: int | None = 1, max_cents: int | None = None, **kwargs: Any
    ) -> None:
        self.min_cents, self.max_cents = min_cents, max_cents
        kwargs.setdefault("widget", EurosInput(unit))
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        return amount(value) if isinstance(value, int) else value

    def to_python(self, value: Any) -> int | None:
        if value in self.empty_values:
            return None
        found = NUMBER.fullmatch(plain(str(value)))
        if not found:
            name = "decimals" if FINE.fullmatch(plain(str(value))) else "invalid"
            if is_far(value):
                name = "far" if self.max_cents is None else "max"
            raise ValidationError(self.error_messages[name], code=name, params={"limit": euros(self.max_cents or 0)})
        return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value is None:
            return
        if self.min_cents is not None and value < self.min_cents:
            raise ValidationError(self.error_messages["min"], code="min", params={"limit": euros(self.min_cents)})
        if self.max_cents is not None and value > self.max_cents:
            raise ValidationError(self.error_messages["max"], code="max", params={"limit": euros(self.max_cents)})


def is_far(value: Any) -> bool:
    """Whether what was typed is an amount beyond any bound."""
    return bool(FAR.fullmatch(plain(str(value))))


def plain(text: str) -> str:
    """`text` without spaces and currency, its decimal mark a point; the mark is the last of comma and point."""
    bare = re.sub(r"[\s€]", "", text)
    if "," in bare and "." in bare:
        thousands = min(",", ".", key=bare.rindex)
        bare = bare.replace(thousands, "")
    return bare.replace(",", ".")


class DayInput(forms.DateInput):
    """The browser's own calendar."""

    input_type = "date"

    def __init__(self, attrs: Mapping[str, Any] | None = None) -> None:
        super().__init__({"class": "input--short", **(attrs or {})}, format="%Y-%m-%d")


class DayField(forms.DateField):
    """A day, picked in the browser's calendar or typed. Refused: one so long ago, or so far off, that it is a slip.

    `past` and `ahead` say how far from today in Paris it may be; a day among `kept`, which stands already, is as right
    as it was once it has passed.
    """

    widget = DayInput
    input_formats = ["%Y-%m-%d", "%d/%m/%Y"]
    default_error_messages = {
        "far": _("Choose a day between %(first)s and %(last)s."),
        "past": _("This day has passed: choose today or a later one."),
    }
    kept: Collection[date | None] = ()

    def __init__(self, *, past: timedelta = YEAR, ahead: timedelta = 5 * YEAR, **kwargs: Any) -> None:
        self.past, self.ahead = past, ahead
        super().__init__(**kwargs)

    def validate(self, value: Any) -> None:
        super().validate(value)
        today = timezone.localdate(timezone=PARIS)
        first, last = today - self.past, today + self.ahead
        if not value or value in self.kept or first <= value <= last:
            return
        if not self.past and value < first:
            raise ValidationError(self.error_messages["past"], code="past")
        limits = {"first": date_format(first, "DATE_FORMAT"), "last": date_format(last, "DATE_FORMAT")}
        raise ValidationError(self.error_messages["far"], code="far", params=limits)


class ChoiceCards(forms.RadioSelect):
    """One choice among a few, each in a box with a sentence under it: `hints` maps values to sentences."""

    def __init__(self, hints: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.hints = dict(hints or {})

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        return {**option, "hint": self.hints.get(str(value), ""), "card": True}
