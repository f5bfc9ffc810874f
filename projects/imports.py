"""Calls for offers from a CSV file: read, checked line by line, then driven through the same methods as the site's.

Choices, for who prepares a file: a title longer than a project's is cut at a word and ends with "…"; a teaser is the
beginning of what a description says that the others of the file do not; e-mail addresses and phone numbers are masked;
a row is known by its id, its address or its words, and is never imported twice for the same client.
"""

from __future__ import annotations

import csv
import hashlib
import html
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import nh3
from django.utils import timezone

from marketplace.templatetags.page import PARIS
from projects.contacts import MASK, masked
from projects.models import Category, Content, Formula, Project, ProjectState, closing_on

if TYPE_CHECKING:
    from marketplace.accounts.models import User

T = TypeVar("T")
LONGEST = {"title": 120, "teaser": 300, "description": 20_000, "address": 500}
HIGHEST_CENTS = 1_000_000_000
OPENING_HOUR = time(9)  # in Paris, on the day a call was first published
NAMES: dict[str, tuple[str, ...]] = {
    "title": ("title", "titre", "name", "nom", "intitule", "intitulé", "subject", "objet"),
    "description": ("description", "details", "détails", "body", "texte", "text", "content"),
    "budget": ("budget", "price", "prix", "amount", "montant", "budget_eur", "budget_usd", "budget_gbp"),
    "published_on": ("published_on", "published", "date", "publication", "date_publication", "posted_on", "created_at"),
    "category": ("category", "categorie", "catégorie"),
    "id": ("id", "key", "reference", "référence", "ref"),
    "address": ("source_url", "url", "link", "lien"),
}
FOREIGN = ("_usd", "_gbp")  # budgets that a rate must turn into euros
NEEDED = ("title", "description", "budget")
DAYS = ("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%Y/%m/%d")
IMAGE, LINK = re.compile(r"!\[([^\]]*)\]\([^)]*\)"), re.compile(r"\[([^\]]+)\]\((\S+?)\)")
RULE = re.compile(r"^\s*([-_*=])(\s*\1){2,}\s*$", re.MULTILINE)
HEADING, FENCE = re.compile(r"^\s{0,3}#{1,6}\s+", re.MULTILINE), re.compile(r"^\s*(```|~~~).*$", re.MULTILINE)
STRONG = re.compile(r"(\*\*|__|~~|`)(?=\S)(.+?)(?<=\S)\1")
NUMBER = re.compile(r"(?:[$€£]\s?|EUR\s?|USD\s?)?(\d[\d\s.,\u00a0\u202f']*)(k)?\s?(?:[$€£]|EUR|USD)?", re.IGNORECASE)
RANGE = re.compile(r"\s*(?:-|–|—|\bto\b|\bà\b)\s*")
THOUSANDS = re.compile(r"\d{1,3}(?:(?:,\d{3})+|(?:\.\d{3})+)")
ENGLISH = re.compile(r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
FRENCH = re.compile(r"(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d+)?")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Unreadable(Exception):
    """A file or a row that cannot be imported, with the sentence that says why."""


@dataclass(frozen=True)
class Plan:
    """How a file is read: whose it is, which columns, which category and rate when a row says nothing."""

    client: User
    category: Category | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    rate: Decimal | None = None  # euros for one unit; None: the file's budgets are euros
    open_days: int = 30
    formula: str = Formula.BASE


@dataclass(frozen=True)
class Row:
    """A row that passed: its line in the file, what it says, and how it is known again."""

    line: int
    content: Content
    source_key: str
    address: str
    published_at: datetime | None


@dataclass
class Reading:
    """A file once read: the rows that passed, and a sentence for each that did not."""

    rows: list[Row] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def read(path: Path, plan: Plan) -> Reading:
    """Read every row of `path`; nothing is written. Raises Unreadable when the file as a whole makes no sense."""
    records = list(records_of(path))
    if not records:
        raise Unreadable("The file has no row under its heading.")
    columns = columns_of(list(records[0][1]), plan.columns)
    if plan.rate is None and columns["budget"].casefold().endswith(FOREIGN):
        raise Unreadable(f"The column {columns['budget']!r} is not in euros: give --rate, euros for one of its units.")
    categories = {name.casefold(): c for c in Category.objects.all() for name in (c.slug, c.name_fr, c.name_en)}
    boilerplate = shared_paragraphs(plain(record.get(columns["description"]) or "") for _line, record in records)
    reading, seen = Reading(), dict[str, int]()
    for line, record in records:
        values = {name: CONTROL.sub("", record.get(column) or "").strip() for name, column in columns.items()}
        try:
            row = row_of(line, values, plan, categories, boilerplate)
        except Unreadable as error:
            reading.errors.append(f"line {line}: {error}")
            continue
        if row.source_key in seen:
            reading.errors.append(f"line {line}: the same row as line {seen[row.source_key]}.")
        seen.setdefault(row.source_key, line)
        reading.rows.append(row)
    return reading


def records_of(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row with the line it begins on. A byte order mark, CRLF and fields of several lines are all right."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise Unreadable(f"The file cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise Unreadable(f"The file is not in UTF-8 (byte {error.start}): save it again as CSV UTF-8.") from error
    csv.field_size_limit(10_000_000)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").splitlines(keepends=True)
    reader = csv.DictReader(lines, delimiter=delimiter_of(lines[0] if lines else ""), strict=True, restkey="")
    begun = 2
    try:
        for record in reader:
            if "" in record and any(record.pop("") or []):
                raise Unreadable(f"line {begun}: more fields than the heading names.")
            yield begun, record
            begun = reader.line_num + 1
    except csv.Error as error:
        raise Unreadable(f"line {begun}: not CSV ({error}). Is a quotation mark left open?") from error


def delimiter_of(heading: str) -> str:
    """What separates the fields: comma, semicolon or tab, whichever the heading has most of."""
    return max(",;\t", key=heading.count)


def columns_of(headings: list[str], given: Mapping[str, str]) -> dict[str, str]:
    """Which column says what: `given` first (empty: none), then the usual names. Raises Unreadable when one lacks."""
    known = {heading.strip().casefold(): heading for heading in headings if heading}
    columns: dict[str, str] = {}
    for name, usual in NAMES.items():
        wanted = (given[name],) if name in given else usual
        found = next((known[w.strip().casefold()] for w in wanted if w.strip().casefold() in known), None)
        if found:
            columns[name] = found
        elif given.get(name):
            raise Unreadable(f"There is no column {given[name]!r}: the file has {', '.join(headings)}.")
    if missing := [name for name in NEEDED if name not in columns]:
        raise Unreadable(f"No column for {', '.join(missing)}: name it, such as --columns {missing[0]}=HEADING.")
    return columns


def row_of(
    line: int, values: Mapping[str, str], plan: Plan, categories: Mapping[str, Category], boilerplate: set[str]
) -> Row:
    """One row, checked. Raises Unreadable with everything that is wrong with it."""
    faults: list[str] = []
    title = masked(" ".join(plain(values["title"]).split()))
    description = masked(plain(values["description"]), addresses=False)
    faults += ["the title is empty."] if not title else []
    faults += ["the description is empty."] if not description else []
    if len(description) > LONGEST["description"]:
        faults.append(f"the description has {len(description)} characters, {LONGEST['description']} at most.")
    budget = tried(lambda: budget_of(values["budget"], plan.rate or Decimal(1)), faults)
    category = tried(lambda: category_of(values.get("category", ""), plan, categories), faults)
    published_at = tried(lambda: published(values.get("published_on", "")), faults)
    if faults or budget is None or category is None:
        raise Unreadable(" ".join(faults))
    low, high = budget
    content = Content(
        title=shortened(title, LONGEST["title"]),
        category=category,
        teaser=teaser_of(description, boilerplate) or shortened(title, LONGEST["teaser"]),
        description=description,
        budget_min_cents=low,
        budget_max_cents=high,
        formula_wanted=plan.formula,
        closes_at=closing_on(timezone.localdate(timezone.now(), PARIS) + timedelta(days=plan.open_days)),
    )
    address = address_of(values.get("address", ""))
    return Row(line, content, source_key_of(values), address, published_at)


def tried(ask: Callable[[], T], faults: list[str]) -> T | None:
    """What `ask` finds; when it cannot, its sentence joins `faults`, so that a row says all that is wrong with it."""
    try:
        return ask()
    except Unreadable as error:
        faults.append(str(error))
        return None


def category_of(text: str, plan: Plan, categories: Mapping[str, Category]) -> Category:
    """The category a row names, else the plan's."""
    if text and (found := categories.get(text.casefold())):
        return found
    if text and not plan.category:
        raise Unreadable(f"there is no category {text!r}.")
    if not plan.category:
        raise Unreadable("no category: add a column, or give --category.")
    return plan.category


def budget_of(text: str, rate: Decimal) -> tuple[int, int]:
    """Both ends of a budget in cents, exactly: "4000.0", "$1,200", "1 200,50 €", "5 000 - 8 000", "5k"."""
    parts = RANGE.split(text.strip()) if text.strip() else []
    if not all(parts):
        raise Unreadable(f"the budget {text!r} is no amount above zero.")
    ends = [cents_of(part, rate) for part in parts]
    if len(ends) not in {1, 2}:
        raise Unreadable(f"the budget {text!r} is no amount." if text.strip() else "the budget is empty.")
    low, high = ends[0], ends[-1]
    if low > high:
        raise Unreadable(f"the budget {text!r} is reversed.")
    return low, high


def cents_of(text: str, rate: Decimal) -> int:
    """An amount in cents of euros, half a cent rounded up. Raises Unreadable for zero, a sign, or words."""
    found = NUMBER.fullmatch(text.strip())
    if not found:
        raise Unreadable(f"the budget {text.strip()!r} is no amount.")
    try:
        value = Decimal(decimal_point(found[1])) * (1000 if found[2] else 1)
    except InvalidOperation as error:
        raise Unreadable(f"the budget {text.strip()!r} is no amount.") from error
    cents = int((value * rate * 100).quantize(Decimal(1), ROUND_HALF_UP))
    if not 0 < cents <= HIGHEST_CENTS:
        raise Unreadable(f"the budget {text.strip()!r} is outside 0.01 to 10,000,000 euros.")
    return cents


def decimal_point(text: str) -> str:
    """Digits with a point: commas or points before groups of three digits part thousands, another mark is decimal."""
    bare = re.sub(r"[\s\u00a0\u202f']", "", text).rstrip(".,")
    if THOUSANDS.fullmatch(bare):
        return re.sub(r"[.,]", "", bare)
    if ENGLISH.fullmatch(bare):
        return bare.replace(",", "")
    if FRENCH.fullmatch(bare):
        return bare.replace(".", "").replace(",", ".")
    raise InvalidOperation


def published(text: str) -> datetime | None:
    """The morning of the day on which a call was first published. Raises Unreadable for a day to come."""
    if not text:
        return None
    day = day_of(text)
    moment = min(datetime.combine(day, OPENING_HOUR, PARIS).astimezone(UTC), timezone.now())
    if day > timezone.localdate(timezone.now(), PARIS):
        raise Unreadable(f"published_on {text!r} is in the future.")
    return moment


def day_of(text: str) -> date:
    """A day as people and programs write it."""
    for pattern in DAYS:
        try:
            return datetime.strptime(text[:10], pattern).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    raise Unreadable(f"published_on {text!r} is no date: write YYYY-MM-DD.")


def address_of(text: str) -> str:
    """A web address, or nothing for anything else."""
    is_web = urlsplit(text).scheme in {"http", "https"} and len(text) <= LONGEST["address"]
    return text if is_web else ""


def source_key_of(values: Mapping[str, str]) -> str:
    """How a row is known again: its id, else its address, else all that it says."""
    mark = values.get("id") or values.get("address") or "\n".join(values.get(name, "") for name in NAMES)
    return hashlib.sha256(mark.encode()).hexdigest()


def plain(text: str) -> str:
    """Markdown and HTML as plain words: links keep their address, images their description, paragraphs stay."""
    text = re.sub(r"<(?:br|/p|/div|/li|/h\d)\b[^>]*>", "\n", text, flags=re.IGNORECASE)
    text = html.unescape(nh3.clean(re.sub(r"<(?![a-zA-Z/!])", "&lt;", text), tags=set()))
    text = FENCE.sub("", LINK.sub(linked, IMAGE.sub(r"\1", text)))
    text = HEADING.sub("", RULE.sub("", text))
    text = STRONG.sub(r"\2", STRONG.sub(r"\2", text))
    lines = (line.rstrip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def linked(found: re.Match[str]) -> str:
    """A link as words, then its address unless both are the same."""
    words, address = found[1], found[2]
    return words if words == address else f"{words} ({address})"


def paragraphs(text: str) -> list[str]:
    """The paragraphs and lines of `text`, each on one line."""
    return [" ".join(part.split()) for part in text.split("\n") if part.strip()]


def shared_paragraphs(texts: Iterable[str]) -> set[str]:
    """What several descriptions of a file begin or end with alike: it tells one call from another to nobody."""
    every = [set(paragraphs(text)) for text in texts]
    counts = Counter(part for parts in every for part in parts)
    limit = max(2, len(every) // 20)
    return {part for part, count in counts.items() if count > limit}


def teaser_of(description: str, boilerplate: set[str]) -> str:
    """The beginning of what only this description says, without contact details, in 300 characters."""
    own = [part for part in paragraphs(description) if part not in boilerplate]
    return shortened(masked(" ".join(own)).replace(f" ({MASK})", ""), LONGEST["teaser"])


def shortened(text: str, most: int) -> str:
    """`text` in `most` characters at most, cut after a word and ended with "…" when it is cut."""
    if len(text) <= most:
        return text
    head = text[: most - 1]
    cut = head.rpartition(" ")[0] if " " in head[most // 2 :] else head
    return cut.rstrip(" ,;:.-") + "…"


def write(rows: Iterable[Row], plan: Plan, *, is_open: bool, by: User | None) -> Counter[str]:
    """Make a project of each row that is not there yet, and hand it in and open it when `is_open`.

    In the caller's transaction. Counts "written" and "known".
    """
    known = set(Project.objects.owned_by(plan.client).exclude(source_key="").values_list("source_key", flat=True))
    counts: Counter[str] = Counter()
    for row in rows:
        if row.source_key in known:
            counts["known"] += 1
            continue
        project = Project.bring_in(row.content, by=plan.client, source_key=row.source_key, source_url=row.address)
        if is_open:
            project.submit(by=plan.client)
            if project.state == ProjectState.SUBMITTED:  # without moderation it is open already
                project.approve(by=by, at=row.published_at)
        counts["written"] += 1
    return counts
