"""Contact details in public texts: they are what a direct contact credit opens, so nobody writes them in a teaser."""

from __future__ import annotations

import re

AT, DOT = r"(?:@|\(at\)|\[at\]|\(arobase\))", r"(?:\.|\(dot\)|\(point\))"
# Each pattern begins only where a word does: a long run of letters is read once.
EMAIL = re.compile(rf"(?<![\w.+-])[\w.+-]+\s?{AT}\s?[\w-]+(?:\s?{DOT}\s?[\w-]+)+", re.IGNORECASE)
PHONE = re.compile(
    r"(?<![\w+])(?:(?:\+|00)\d{1,3}[\s.\-(]*(?:\(0\))?(?:\d[\s.)-]?){7,11}\d|0[1-9](?:[\s.-]?\d{2}){4})(?!\d)"
)
ADDRESS = re.compile(
    r"(?:https?://|www\.)[^\s<>()\[\],]+"
    r"|(?<![\w@.-])(?!(?:asp|vb|ado)\.net\b|socket\.io\b)"
    r"(?:[\w-]+\.)+(?:com|net|org|fr|eu|io|dev|app|info|biz|agency|studio)(?:/\S*)?(?![\w@])",
    re.IGNORECASE,
)
MASK = "[…]"


def reachable(text: str) -> bool:
    """Whether `text` holds an e-mail address or a phone number."""
    return bool(EMAIL.search(text) or PHONE.search(text))


def telling(text: str) -> bool:
    """Whether `text` holds an e-mail address, a phone number or a web address."""
    return reachable(text) or bool(ADDRESS.search(text))


def masked(text: str, *, addresses: bool = True) -> str:
    """`text` with contact details replaced by a mask; web addresses stay when `addresses` is false."""
    for pattern in (EMAIL, PHONE, ADDRESS) if addresses else (EMAIL, PHONE):
        text = pattern.sub(MASK, text)
    return text
