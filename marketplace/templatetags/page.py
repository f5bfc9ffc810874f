"""The words and drawings that every page uses: amounts, dates in Paris, icons. A builtin: no `{% load %}` is needed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.forms import BoundField
from django.template.base import NodeList, Parser, Token
from django.template.context import Context
from django.template.loader import get_template
from django.urls import NoReverseMatch, resolve, reverse
from django.utils import timezone
from django.utils.formats import date_format, get_format
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from marketplace.icons import ICONS

register = template.Library()
PARIS = ZoneInfo("Europe/Paris")
Day = date | datetime | None


def grouped(number: int) -> str:
    """`number` with the thousands of the active language apart."""
    return f"{number:,}".replace(",", str(get_format("THOUSAND_SEPARATOR")))


def amount(cents: int) -> str:
    """`cents` as "1 200,00": what stands in an input, without the currency."""
    whole, rest = divmod(abs(cents), 100)
    return f"{'−' if cents < 0 else ''}{grouped(whole)}{get_format('DECIMAL_SEPARATOR')}{rest:02d}"


@register.filter
def euros(cents: int | None) -> str:
    """An amount with its cents: 120000 → "1 200,00 €"; nothing for None."""
    return "" if cents is None else str(get_format("EUROS")).format(amount=amount(int(cents)))


@register.filter
def euros_short(cents: int | None) -> str:
    """An amount without cents when it has none: 120000 → "1 200 €"."""
    if cents is None or cents % 100:
        return euros(cents)
    sign = "−" if cents < 0 else ""
    return str(get_format("EUROS")).format(amount=sign + grouped(abs(int(cents)) // 100))


@register.filter
def percent(basis_points: int | None) -> str:
    """A rate held in basis points: 1500 → "15 %", 1250 → "12,5 %"."""
    if basis_points is None:
        return ""
    number = f"{basis_points / 100:.2f}".rstrip("0").rstrip(".").replace(".", str(get_format("DECIMAL_SEPARATOR")))
    return str(get_format("PERCENT")).format(number=number)


@register.filter
def number(count: int | None) -> str:
    """A count with its thousands apart: 1786 → "1 786"."""
    return "" if count is None else grouped(int(count))


@register.filter
def siren(digits: str | None) -> str:
    """A SIREN number as people read it: "552100554" → "552 100 554"; other numbers as they are."""
    digits = digits or ""
    return "\xa0".join(re.findall("...", digits)) if re.fullmatch(r"\d{9}", digits) else digits


@register.filter
def iban(number: str) -> str:
    """An IBAN in groups of four, as people copy it: "FR7630006000…" → "FR76 3000 6000 …"."""
    return " ".join(re.findall(".{1,4}", number))


@register.filter
def filesize_fr(size: int | None) -> str:
    """A file's size in decimal units: 1234567 → "1,2 Mo"."""
    units, value = get_format("SIZE_UNITS"), float(size or 0)
    for unit in units:
        if value < 1000 or unit == units[-1]:
            break
        value /= 1000
    digits = f"{value:.1f}" if unit not in units[:2] else f"{value:.0f}"
    return f"{digits.replace('.', str(get_format('DECIMAL_SEPARATOR')))}\xa0{unit}"


def in_words(value: Day, style: str) -> str:
    """`value` in the active language and in Paris, by the format named `style`; French says "1er" for a first."""
    if value is None or value == "":
        return ""
    local = timezone.localtime(value, PARIS) if isinstance(value, datetime) else value
    pattern = str(get_format(style))
    if local.day == 1:
        pattern = re.sub(r"(?<!\\)j", lambda _: str(get_format("FIRST_OF_MONTH")), pattern)
    return date_format(local, pattern)


@register.filter
def paris(value: datetime | None) -> str:
    """An instant in words: "vendredi 4 décembre 2026, 18 h 00"."""
    return in_words(value, "INSTANT")


@register.filter
def paris_short(value: datetime | None) -> str:
    """An instant for lists and tables: "4 déc. 2026, 18 h 00"."""
    return in_words(value, "INSTANT_SHORT")


@register.filter
def day(value: Day) -> str:
    """A date, or the date in Paris of an instant: "4 décembre 2026"."""
    return in_words(value, "DAY")


@register.filter
def day_named(value: Day) -> str:
    """As `day`, with its name: "vendredi 4 décembre 2026"."""
    return in_words(value, "DAY_NAMED")


@register.filter
def hour(value: datetime | None) -> str:
    """The hour in Paris: "18 h 00"."""
    return in_words(value, "HOUR")


@register.simple_tag
def when(value: Day, style: str = "long") -> str:
    """`<time>` around `value`; `style` is long, short, day or day_named."""
    if value is None:
        return ""
    draw: Callable[[Any], str] = {"long": paris, "short": paris_short, "day": day, "day_named": day_named}[style]
    if style == "long" and not isinstance(value, datetime):
        draw = day_named
    machine = (
        value.astimezone(PARIS).isoformat(timespec="minutes") if isinstance(value, datetime) else value.isoformat()
    )
    return format_html('<time datetime="{}">{}</time>', machine, draw(value))


@register.simple_tag
@cache
def icon(name: str, css: str = "") -> SafeString:
    """The icon `name` (marketplace/icons.py), hidden from screen readers: words always stand beside it."""
    shape = '<svg class="icon{}" viewBox="0 0 20 20" aria-hidden="true" focusable="false">{}</svg>'
    return format_html(shape, f" {css}" if css else "", mark_safe(ICONS[name]))  # noqa: S308  (our own table)


def stays_open(path: str) -> bool:
    """Whether the page `path` of ours is open to a suspended account."""
    return bool(getattr(resolve(path.partition("?")[0].partition("#")[0]).func, "suspended", True))


@register.filter
def open_to(path: str, user: object) -> bool:
    """Whether a button may lead to the page `path` of ours: most are closed to a suspended account."""
    return not getattr(user, "is_suspended", False) or stays_open(path)


@register.simple_tag
@cache
def fixed(component: str) -> SafeString:
    """The component of this name, which asks nothing of the page: it is drawn once per process."""
    return mark_safe(get_template(f"components/{component}.html").render())  # noqa: S308  (rendered, so escaped)


@register.simple_tag(takes_context=True)
def nav_link(context: Context, route: str, label: str, picture: str = "") -> str:
    """A list item that leads to `route`, marked when the reader is there; nothing if it does not exist for them."""
    path = path_of(route)
    if not path or not open_to(path, context.get("user")):
        return ""
    here = getattr(context.get("request"), "path", "")
    return nav_item(path, conditional_escape(label), picture, is_here=here == path)


@cache
def path_of(route: str) -> str:
    """Where the page `route` is, found once per process; nothing if there is none."""
    try:
        return reverse(route)
    except NoReverseMatch:
        return ""


@cache
def nav_item(path: str, label: str, picture: str, *, is_here: bool) -> SafeString:
    """The list item of `nav_link`, whose `label` is HTML: every page has the same thirty."""
    return format_html(
        '<li><a href="{}"{}>{}<span>{}</span></a></li>',
        path,
        mark_safe(' aria-current="page"' if is_here else ""),  # noqa: S308  (one of two literals)
        icon(picture) if picture else "",
        mark_safe(label),  # noqa: S308  (escaped by nav_link)
    )


@register.filter
def in_textarea(text: object) -> str:
    """`text` after the line break that browsers drop at the start of a <textarea>, so that its own first one stays."""
    return f"\n{text}"


@register.filter
def unit(field: BoundField) -> str:
    """The unit that a field's widget declares (`data-unit`), such as "€ HT"."""
    return str(field.field.widget.attrs.get("data-unit", ""))


@register.filter
def widget_kind(field: BoundField) -> str:
    """How components/field.html lays a field out: hidden, check, set, file or input."""
    widget = field.field.widget
    if widget.is_hidden:
        return "hidden"
    if getattr(widget, "input_type", "") == "checkbox" and not widget.use_fieldset:
        return "check"
    if widget.use_fieldset:
        return "set"
    return "file" if getattr(widget, "input_type", "") == "file" else "input"


@register.filter
def target(field: BoundField) -> str:
    """The id that an error's link leads to: the input, or the first of a group."""
    return field.id_for_label or f"{field.auto_id}_0"


@register.inclusion_tag("components/money_bar.html")
def money_bar(
    total_cents: int, parts: Iterable[tuple[str, str, int]], *, label: str = "", note: str = ""
) -> dict[str, Any]:
    """The internal account at a glance, on `total_cents`.

    `parts` are (kind, words, cents) from left to right, kind being paid, released, held, frozen, refunded or missing;
    what they leave of the total is drawn as missing. `label` names the total, `note` stands beside it.
    """
    drawn, start = [], 0
    for kind, words, cents in parts:
        lines = hatch(start, cents, max(total_cents // 80, 1)) if kind == "frozen" else ""
        drawn.append({"kind": kind, "words": words, "cents": cents, "x": start, "width": cents, "hatch": lines})
        start += cents
    whole = max(total_cents, start, 1)
    return {"total_cents": total_cents, "width": whole, "parts": drawn, "label": label, "note": note}


def hatch(start: int, width: int, step: int) -> str:
    """The path of slanted lines over a part of the bar: frozen money is told by its drawing, not by a colour alone."""
    return "".join(f"M{x} 100L{x + step} 0" for x in range(start, start + width - step + 1, step))


@register.inclusion_tag("components/odds.html")
def odds(rate: float | None, low: float = 0, high: float = 0, cases: int = 0, *, hint: bool = False) -> dict[str, Any]:
    """An estimate in percent (0 to 100): the band from `low` to `high` first, then the point, always with `cases`.

    `rate` None means that there are not enough cases. `hint` draws the small form for cards.
    """
    known = rate is not None
    return {
        "known": known,
        "hint": hint,
        "cases": cases,
        "rate": round(rate or 0),
        "low": round(low),
        "high": round(high),
        "x": f"{low:.1f}",
        "width": f"{max(high - low, 0.5):.1f}",
        "point": f"{rate or 0:.1f}",
    }


ROLES = (
    (re.compile(r"<table(?![^>]*\brole=)"), '<table role="table"'),
    (re.compile(r"<(thead|tbody|tfoot)(?![^>]*\brole=)"), r'<\1 role="rowgroup"'),
    (re.compile(r"<tr(?![^>]*\brole=)\b"), '<tr role="row"'),
    (re.compile(r'<th(?=[^>]*\bscope="col")(?![^>]*\brole=)'), '<th role="columnheader"'),
    (re.compile(r'<th(?=[^>]*\bscope="row")(?![^>]*\brole=)'), '<th role="rowheader"'),
    (re.compile(r"<td(?![^>]*\brole=)"), '<td role="cell"'),
)


class StackTable(template.Node):
    """A table that becomes small sheets when narrow; explicit roles keep it a table for screen readers."""

    def __init__(self, inside: NodeList) -> None:
        self.inside = inside

    def render(self, context: Context) -> SafeString:
        html: str = self.inside.render(context)
        for pattern, role in ROLES:
            html = pattern.sub(role, html)
        return mark_safe(f'<div class="table-fit">{html}</div>')  # noqa: S308  (rendered, so escaped, above)


@register.tag
def stack_table(parser: Parser, token: Token) -> StackTable:
    """`{% stack_table %}<table class="table table--stack">…</table>{% endstack_table %}`."""
    inside = parser.parse(("endstack_table",))
    parser.delete_first_token()
    return StackTable(inside)
