"""Countries that companies are established in, by ISO 3166 code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

EUROPEAN_UNION: dict[str, _StrPromise] = {
    "AT": _("Austria"),
    "BE": _("Belgium"),
    "BG": _("Bulgaria"),
    "CY": _("Cyprus"),
    "CZ": _("Czechia"),
    "DE": _("Germany"),
    "DK": _("Denmark"),
    "EE": _("Estonia"),
    "ES": _("Spain"),
    "FI": _("Finland"),
    "FR": _("France"),
    "GR": _("Greece"),
    "HR": _("Croatia"),
    "HU": _("Hungary"),
    "IE": _("Ireland"),
    "IT": _("Italy"),
    "LT": _("Lithuania"),
    "LU": _("Luxembourg"),
    "LV": _("Latvia"),
    "MT": _("Malta"),
    "NL": _("Netherlands"),
    "PL": _("Poland"),
    "PT": _("Portugal"),
    "RO": _("Romania"),
    "SE": _("Sweden"),
    "SI": _("Slovenia"),
    "SK": _("Slovakia"),
}
ELSEWHERE: dict[str, _StrPromise] = {
    "CA": _("Canada"),
    "CH": _("Switzerland"),
    "CI": _("Ivory Coast"),
    "DZ": _("Algeria"),
    "GB": _("United Kingdom"),
    "IS": _("Iceland"),
    "LI": _("Liechtenstein"),
    "MA": _("Morocco"),
    "MC": _("Monaco"),
    "MG": _("Madagascar"),
    "NO": _("Norway"),
    "SN": _("Senegal"),
    "TN": _("Tunisia"),
    "US": _("United States"),
}
COUNTRIES = EUROPEAN_UNION | ELSEWHERE
VAT_PREFIXES = {"GR": "EL"}  # the tax authorities write Greece their own way


def choices() -> list[tuple[str, str]]:
    """The countries in the alphabetical order of the reader's language, France first."""
    names = [(code, str(name)) for code, name in COUNTRIES.items()]
    return sorted(names, key=lambda pair: (pair[0] != "FR", slugify(pair[1])))


def name_of(code: str) -> str:
    """A country's name in the reader's language; its code when it is none of ours."""
    return str(COUNTRIES.get(code, code))
