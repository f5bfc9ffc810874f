"""A typing error in a search is forgiven: what the reader may have meant, offered and never put in its place."""

from __future__ import annotations

import re
from itertools import groupby

from projects.models import Word
from projects.models.words import LONGEST, SHORTEST, Near

TYPED = re.compile(rf"(?<![\w-])[^\W\d_]{{{SHORTEST},{LONGEST}}}(?!\w)")
MOST_WORDS = 8


def respelt(text: str) -> str:
    """`text` with each word that no open project has replaced by the nearest that some have; "" when there is none."""
    typed = list(dict.fromkeys(word.lower() for word in TYPED.findall(text)))[:MOST_WORDS]
    if not typed:
        return ""
    near = groupby(Word.objects.near(typed), lambda pair: pair.typed)
    better = {word: found for word, pairs in near if (found := best(list(pairs)))}
    if not better:
        return ""
    return TYPED.sub(lambda found: better.get(found[0].lower(), found[0]), text)


def best(pairs: list[Near]) -> str:
    """The word with the fewest letters typed wrong, the commonest among equals; "" when too many would be."""
    ranked = min(pairs, key=lambda pair: (slips(pair.typed_plain, pair.plain), -pair.projects, pair.text))
    allowed = 1 if len(ranked.typed) <= 4 else 2 if len(ranked.typed) <= 8 else 3
    return ranked.text if slips(ranked.typed_plain, ranked.plain) <= allowed else ""


def slips(typed: str, meant: str) -> int:
    """Letters left out, added, changed or exchanged with their neighbour between two words."""
    earlier: list[int] = []
    before = list(range(len(meant) + 1))
    for i, letter in enumerate(typed, 1):
        row = [i]
        for j, other in enumerate(meant, 1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other)))
            if i > 1 and j > 1 and letter == meant[j - 2] and typed[i - 2] == other:
                row[j] = min(row[j], earlier[j - 2] + 1)
        earlier, before = before, row
    return before[-1]
