"""What a text of the public register may not say: anything by which one of the two sides could be recognised."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import override
from stdnum import luhn

from marketplace.accounts.models.company import LEGAL_FORMS
from projects.contacts import ADDRESS, MASK, POSTAL, REACHING
from projects.incognito import WORD, folded, spans
from projects.models.bands import BANDS, band_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from marketplace.accounts.models import User
    from mediation.models import Dispute

Spans = Iterator[tuple[int, int]]
NUMBER = re.compile(r"\d(?:[\s./-]?\d){7,}")
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:\s?[A-Z\d]{4}){3,}(?:\s?[A-Z\d]{1,3}\b)?", re.IGNORECASE)
SPACE = r"[ \u00a0\u202f]"
FIGURES = rf"\d++(?:(?:{SPACE}|[.,'’])\d++)*+"
EURO = r"(?:[kM]?€|(?:mille\s|millions?\s(?:d[’']\s?)?)?(?:euros?|eur)\b)"
SUM = re.compile(rf"(?<![\d.,])(?:{FIGURES}\s?{EURO}|(?:€|\beur){SPACE}?{FIGURES})", re.IGNORECASE)
DOMAIN = re.compile(
    r"(?<![\w@.-])(?:[\w-]+\.)+(?:ai|alsace|be|bzh|ca|cc|ch|cloud|co|coop|corsica|de|design|es|gg|it|lu|mobi|name|online"
    r"|paris|pro|re|shop|site|store|studio|tech|tv|uk|web|website|work|xyz)(?:/\S*)?(?![\w@])",
    re.IGNORECASE,
)
SIREN, SIRET = 9, 14
LEAST_DIGITS = 12  # of an account's number; fewer are words
NEW_SENTENCE = re.compile(r"(?:^|[.!?:\n«])\s*\Z")


def telling(text: str, dispute: Dispute) -> list[str]:
    """What `text` says that would tell whose case it is, in its own words; nothing when it may be published."""
    return list(dict.fromkeys(text[start:end] for start, end in spots(text, dispute)))


def unnamed(text: str, dispute: Dispute) -> str:
    """`text` with all of it masked."""
    for start, end in reversed(spots(text, dispute)):
        text = text[:start] + MASK + text[end:]
    return text


def spots(text: str, dispute: Dispute) -> list[tuple[int, int]]:
    """Where it says so, in order; what touches is one."""
    case = (spans(text, WORD.findall(words)) for words in (dispute.number, dispute.project.title))
    number = ((match.start(), match.end()) for match in re.finditer(re.escape(dispute.project.number), text))
    sides = (of_side(text, user) for user in dispute.parties)
    bench = [one for one in (dispute.mediator, dispute.arbitrator, dispute.approver) if one]
    seats = (of_person(text, user) for user in bench)
    joined: list[tuple[int, int]] = []
    for start, end in sorted(chain(contacts(text), sums(text), number, *case, *sides, *seats)):
        if joined and not text[joined[-1][1] : start].strip():
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def contacts(text: str) -> Spans:
    """Addresses, phones, accounts and companies' numbers, whose ever they are."""
    for pattern in (*REACHING, POSTAL, ADDRESS, DOMAIN):
        yield from (match.span() for match in pattern.finditer(text))
    yield from (match.span() for match in IBAN.finditer(text) if len(digits_of(match[0])) >= LEAST_DIGITS)
    for match in NUMBER.finditer(text):
        digits = digits_of(match[0])
        if len(digits) in {SIREN, SIRET} and luhn.is_valid(digits):
            yield match.span()


def sums(text: str) -> Spans:
    """Exact sums in euros, which the two sides and whoever knows their contract would recognise; not the bands."""
    plain = re.sub(SPACE, " ", text)
    patterns = [re.compile(rf"(?<!\w){re.escape(words)}", re.IGNORECASE) for words in all_bands()]
    bands = [match.span() for pattern in patterns for match in pattern.finditer(plain)]
    for match in SUM.finditer(text):
        if not any(start <= match.start() and match.end() <= end for start, end in bands):
            yield match.span()


def all_bands() -> Iterator[str]:
    """The bands of amounts as the register writes them, in both languages, with plain spaces."""
    for language, _name in settings.LANGUAGES:
        with override(language):
            yield from (re.sub(SPACE, " ", band_words(band)) for band in BANDS)


def of_side(text: str, user: User) -> Spans:
    """One side's names, each word of them too, its company with its numbers and address, its phone."""
    yield from of_person(text, user)
    numbers = [digits_of(user.phone)[-9:]]
    if user.has_company:
        company = user.company
        named = [word for word in WORD.findall(company.name) if folded(word) not in LEGAL_FORMS]
        yield from spans(text, named)
        yield from words_of(text, named, least=4, inside=True)
        street = [word for word in WORD.findall(company.street) if not word[0].isdigit()]
        for words in (WORD.findall(company.street), street, WORD.findall(company.postcode), WORD.findall(company.city)):
            yield from spans(text, words) if words else ()
        numbers += [company.siren or "", digits_of(company.vat_number)]
    for match in re.finditer(r"\d(?:[\s./-]?\d)*", text):
        if any(number and number in digits_of(match[0]) for number in numbers):
            yield match.span()


def of_person(text: str, user: User) -> Spans:
    """Somebody's whole name, however it is spelt, and each word of it with its capital."""
    name = WORD.findall(user.name)
    if len(name) > 1:
        yield from spans(text, name)
    yield from words_of(text, name, least=3)


def words_of(text: str, words: Sequence[str], *, least: int, inside: bool = False) -> Spans:
    """Each word of a name, with its capital: "Claire", not "claire"; `inside`: not where a sentence begins."""
    plain = {folded(word) for word in words if len(word) >= least}
    for match in WORD.finditer(text):
        begins = inside and NEW_SENTENCE.search(text, 0, match.start())
        if match[0][0].isupper() and folded(match[0]) in plain and not begins:
            yield match.span()


def digits_of(text: str) -> str:
    """The digits alone."""
    return re.sub(r"\D", "", text)
