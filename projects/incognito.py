"""Texts about people who are not introduced yet: without contact details, and without their whole names."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from marketplace.accounts.models.company import LEGAL_FORMS
from projects.contacts import MASK, masked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from marketplace.accounts.models import User

WORD = re.compile(r"\w+")


def folded(word: str) -> str:
    """`word` as two spellings of it are compared: no capitals, no accents."""
    return unicodedata.normalize("NFKD", word.casefold()).encode("ascii", "ignore").decode()


def names_of(user: User) -> Iterator[list[str]]:
    """The words of what would tell who `user` is: first and last name, the company without its legal form."""
    yield WORD.findall(user.name)
    if user.has_company:
        yield [word for word in WORD.findall(user.company.name) if folded(word) not in LEGAL_FORMS]


def spans(text: str, name: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where `text` says `name`. A name of one word counts only as it is spelt: "Web" is a company, "web" is not."""
    found, plain = list(WORD.finditer(text)), [folded(word) for word in name]
    said = [folded(match[0]) for match in found]
    for start in range(len(said) - len(name) + 1):
        end = start + len(name)
        if said[start:end] == plain and (len(name) > 1 or found[start][0] == name[0]):
            yield found[start].start(), found[end - 1].end()


def incognito(text: str, *people: User) -> str:
    """`text` as everybody may read it: contact details and the whole names of `people` are masked."""
    text = masked(text)
    for name in (name for user in people for name in names_of(user) if name):
        for start, end in reversed(list(spans(text, name))):
            text = text[:start] + MASK + text[end:]
    return text
