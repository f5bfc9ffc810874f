"""Contact details in texts that others read: they are what a direct contact credit opens, so they are masked there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

AT, DOT = r"(?:@|\(at\)|\[at\]|\(arobase\))", r"(?:\.|\(dot\)|\(point\))"
TLD = r"(?:com|net|org|fr|eu|io|be|ch|de|info|pro|me|biz|dev|app)"
# Each pattern begins only where a word does: a long run of letters is read once.
EMAIL = re.compile(rf"(?<![\w.+-])[\w.+-]+\s?{AT}\s?[\w-]+(?:\s?{DOT}\s?[\w-]+)+", re.IGNORECASE)
# "nom at domaine point fr", "nom arobase domaine.fr": a bare "at" is English too, so only before a spelt point.
SPELT = re.compile(
    rf"(?<![\w.+-])[\w.+-]+\s+(?:(?:\[?arobase\]?)\s+[\w-]+(?:\s*\.\s*|\s+(?:point|dot)\s+)"
    rf"|(?:at|chez)\s+[\w-]+\s+(?:point|dot)\s+){TLD}\b",
    re.IGNORECASE,
)
DATE = r"(?!\d\d([\s./-])\d\d\1(?:19|20)\d\d(?!\d))"  # "01/02/2026 10:00" has ten digits too
PHONE = re.compile(
    rf"(?<![\w+])(?:(?:\+|00)\d{{1,3}}[\s.\-(]*(?:\(0\))?(?:\d[\s.)-]?){{7,11}}\d"
    rf"|{DATE}0[1-9](?:[\s./_-]{{0,3}}\d{{2}}){{4}}|0[\s._-]{{1,3}}[1-9](?:[\s._-]{{1,3}}\d){{8}})(?!\d)"
)
DIGIT_WORD = (
    r"(?:z[ée]ro|une?|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|treize|quatorze|quinze|seize|vingts?"
    r"|trente|quarante|cinquante|soixante|et)"
)
SPOKEN = re.compile(
    rf"\bz[ée]ro[\s,-]+(?:un|deux|trois|quatre|cinq|six|sept|huit|neuf)(?:[\s,-]+{DIGIT_WORD}){{4,16}}\b", re.IGNORECASE
)
MESSENGER = (
    r"(?:whats?app|telegram|signal|skype|discord|instagram|insta|messenger|linkedin|facebook|snapchat|snap|viber"
    r"|wechat|twitter|threema|mastodon|bluesky|teams)"
)
VERSION = r"(?!v?\d+(?:\.\d+)*(?![\w.]))"
# "Telegram : @nom", "skype: live:nom.prenom", "Discord nom#1234"; a plain word after a colon is a sentence, not a name.
HANDLE = re.compile(
    rf"\b{MESSENGER}\b(?:\s*[:=,]\s*|\s+)(?:@\w[\w.-]+|live:[\w.-]+|\w[\w.]{{1,40}}\#\d{{4}})"
    rf"|\b{MESSENGER}\b\s*[:=]\s*{VERSION}(?=[\w.-]{{0,40}}\w[._\d-])\w[\w.-]{{2,40}}\w",
    re.IGNORECASE,
)
STREET = r"(?:rue|avenue|av\.|boulevard|bd|impasse|quai|chemin|all[ée]e|route|place|square|cours|passage|faubourg)"
STRICT_STREET = r"(?:rue|avenue|boulevard|impasse|quai)"
# "4 quai de la Fosse", or any kind of street with its postcode: "2 places de marché" is no address.
POSTAL = re.compile(
    rf"(?<![\w.,/-])\d{{1,4}}(?:\s?(?:bis|ter|quater))?,?\s+(?:"
    rf"{STREET}\s[^\n\d]{{2,60}}?[\s,]\d{{5}}\b(?:\s+[A-ZÀ-Ý][\w’'-]+)?"
    rf"|(?:{STRICT_STREET})\s+(?:(?:de|du|des|d[’']|la|le|les|l[’'])\s*){{0,2}}[A-ZÀ-Ý][\w’'-]+(?:[\s-][A-ZÀ-Ý][\w’'-]+){{0,3}})"
)
ADDRESS = re.compile(
    r"(?:https?://|www\.)[^\s<>()\[\],]+"
    r"|(?<![\w@.-])(?!(?:asp|vb|ado)\.net\b|socket\.io\b)"
    r"(?:[\w-]+\.)+(?:com|net|org|fr|eu|io|dev|app|info|biz|agency|studio|me)(?:/\S*)?(?![\w@])",
    re.IGNORECASE,
)
MASK = "[…]"
REACHING = (EMAIL, SPELT, PHONE, SPOKEN, HANDLE)


def found(text: str, patterns: Iterable[re.Pattern[str]]) -> bool:
    """Whether one of `patterns` is in `text`."""
    return any(pattern.search(text) for pattern in patterns)


def reachable(text: str) -> bool:
    """Whether `text` holds an e-mail address, a phone number (also spelt) or a messaging account."""
    return found(text, REACHING)


def telling(text: str) -> bool:
    """Whether `text` holds what `reachable` finds, a postal address or a web address."""
    return found(text, (*REACHING, POSTAL, ADDRESS))


def masked(text: str, *, addresses: bool = True) -> str:
    """`text` with contact details replaced by a mask; postal and web addresses stay when `addresses` is false."""
    for pattern in (*REACHING, POSTAL, ADDRESS) if addresses else REACHING:
        text = pattern.sub(MASK, text)
    return text
