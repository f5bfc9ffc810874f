"""What a client changed of a project from one version to the next, in words: field by field, word by word."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from marketplace.templatetags.page import day, euros
from projects.models import Formula, Place, Project

if TYPE_CHECKING:
    from projects.models import ProjectVersion

WORD = re.compile(r"\s+|\w+|[^\w\s]")
MOST_WORDS = 2_000  # of a passage compared word by word, or lines of a text: more would take seconds
KEPT = 12  # words left around what has changed
Piece = tuple[str, str]


class Difference(NamedTuple):
    """One field that differs: its label and its text in pieces, each kept ("="), removed ("-") or added ("+")."""

    label: str
    pieces: list[Piece]


def differences(former: ProjectVersion | None, version: ProjectVersion) -> list[Difference]:
    """What `version` says otherwise than `former`, none for the first version."""
    if former is None:
        return []
    pairs = [(name, former.content.get(name), version.content.get(name)) for name in version.content]
    pairs.append(("files", file_names(former), file_names(version)))
    return [Difference(label(name), pieces(said(name, old), said(name, new))) for name, old, new in pairs if old != new]


def history(versions: Sequence[ProjectVersion]) -> list[tuple[ProjectVersion, list[Difference]]]:
    """Each of `versions`, the latest first, with what it says otherwise than the one before it."""
    former: list[ProjectVersion | None] = [None, *versions]
    return [(version, differences(before, version)) for before, version in zip(former, versions, strict=False)][::-1]


def file_names(version: ProjectVersion) -> list[str]:
    """The files of a version, each with the beginning of its SHA-256: the same name may hide another file."""
    return [f"{name} ({sha256[:8]})" for name, sha256 in version.files]


def told(changes: Sequence[Sequence[Any]]) -> Iterator[tuple[str, str]]:
    """The facts of a "project.changed" event as lines of a letter: what, and from what to what."""
    for name, old, new in changes:
        before, after = said(name, old), said(name, new)
        words = _("%(before)s → %(after)s") if before and after else "%(before)s%(after)s"
        if not after:
            words = _("removed: %(before)s")
        elif not before:
            words = _("added: %(after)s")
        yield label(name), words % {"before": before, "after": after}


def label(name: str) -> str:
    """What people call a field of a project."""
    if name == "files":
        return str(_("Specification files"))
    return str(capfirst(next(field.verbose_name for field in Project._meta.fields if field.name == name)))


WORDS: dict[str, Callable[[Any], str]] = {
    "category": lambda category: str(category["en" if (get_language() or "").startswith("en") else "fr"]),
    "skills": ", ".join,
    "files": ", ".join,
    "budget_min_cents": euros,
    "budget_max_cents": euros,
    "place": lambda place: capfirst(str(Place(place).label)),
    "formula_wanted": lambda formula: capfirst(str(Formula(formula).label)),
    "urgent": lambda urgent: _("yes") if urgent else _("no"),
    "sealed": lambda sealed: _("yes") if sealed else _("no"),
    "starts_on": lambda iso: day(date.fromisoformat(iso)),
}


def said(name: str, value: Any) -> str:
    """A value of a version's content as people read it."""
    return "" if value is None else WORDS.get(name, str)(value)


def pieces(before: str, after: str) -> list[Piece]:
    """Two texts as one, in pieces kept, removed and added; long passages that stay the same are shortened."""
    lines = [compared(old, new) for old, new in passages(before, after)]
    return shortened(merged(piece for line in lines for piece in line))


def passages(before: str, after: str) -> Iterator[tuple[str, str]]:
    """Pairs of passages, whole lines, that answer each other; most are the same."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    if max(len(old), len(new)) > MOST_WORDS:
        yield before, after
        return
    for _tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new).get_opcodes():
        yield "".join(old[i1:i2]), "".join(new[j1:j2])


def compared(before: str, after: str) -> Iterator[Piece]:
    """One passage in pieces, word by word unless it is too long for it."""
    if before == after:
        yield "=", before
        return
    old, new = WORD.findall(before), WORD.findall(after)
    if max(len(old), len(new)) > MOST_WORDS:
        yield from (("-", before), ("+", after))
        return
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new).get_opcodes():
        if tag == "equal":
            yield "=", "".join(old[i1:i2])
        else:
            yield from (("-", "".join(old[i1:i2])), ("+", "".join(new[j1:j2])))


def merged(found: Iterator[Piece]) -> list[Piece]:
    """The pieces without empty ones, neighbours of one sign put together."""
    full = [(sign, text) for sign, text in found if text]
    return [(sign, "".join(text for _sign, text in group)) for sign, group in groupby(full, key=lambda piece: piece[0])]


def shortened(found: list[Piece]) -> list[Piece]:
    """The pieces, with the middle of long passages that stay the same left out."""
    end = len(found) - 1
    return [
        (sign, excerpt(text, first=n == 0, last=n == end) if sign == "=" else text)
        for n, (sign, text) in enumerate(found)
    ]


def excerpt(text: str, *, first: bool, last: bool) -> str:
    """The words of `text` next to what has changed: its end when it comes first, its beginning when it comes last."""
    words = WORD.findall(text)
    head, tail = ([] if first else words[: 2 * KEPT]), ([] if last else words[-2 * KEPT :])
    if len(words) <= len(head) + len(tail) or (first and last):
        return text
    return "".join([*head, " … ", *tail])
