"""Every word shown on the site has its French: `python -m marketplace.launch.words`.

Collects the msgids of code and templates as gettext's own tools do, and looks each up in the catalogue.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import polib
from django.utils.translation.template import templatize

from marketplace.launch.ground import ROOT

PACKAGES = ("marketplace", "projects", "credits", "escrow", "mediation", "payouts", "templates")
LEFT_OUT = {"tests", "testing", "migrations", "launch", "__pycache__"}
KEYWORDS = """_ _now gettext gettext_lazy gettext_noop ngettext:1,2 ngettext_lazy:1,2 pgettext:1c,2 pgettext_lazy:1c,2
    npgettext:1c,2,3 npgettext_lazy:1c,2,3""".split()  # noqa: SIM905
PLACE = re.compile(r"%\((\w+)\)")


def sources() -> Iterator[Path]:
    """The files in which words are written."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*")):
            if path.suffix in {".py", ".html", ".txt"} and not LEFT_OUT & set(path.relative_to(ROOT).parts):
                yield path


def collected() -> polib.POFile:
    """The msgids of every source."""
    with tempfile.TemporaryDirectory() as folder:
        names = []
        for path in sources():
            text = path.read_text(encoding="utf-8")
            name = str(path.relative_to(ROOT))
            copy = Path(folder, name)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(text if path.suffix == ".py" else templatize(text, origin=name), encoding="utf-8")
            names.append(name)
        keys = [f"--keyword={word}" for word in KEYWORDS]
        words = ["xgettext", "-L", "Python", "--from-code=UTF-8", "-k", *keys, "-o", "-", "-f", "-"]
        done = subprocess.run(words, input="\n".join(names), cwd=folder, capture_output=True, text=True, check=True)
        return polib.pofile(done.stdout) if done.stdout else polib.POFile()


def faults(entry: polib.POEntry, french: polib.POEntry | None) -> Iterator[str]:
    """What is wrong with the translation of one msgid."""
    if french is None:
        yield "no French"
        return
    if french.fuzzy or not french.translated():
        yield "fuzzy or empty"
    if bool(entry.msgid_plural) != bool(french.msgid_plural):
        yield "singular or plural"
    asked = set(PLACE.findall(entry.msgid + entry.msgid_plural))
    given = set(PLACE.findall(french.msgstr + "".join(french.msgstr_plural.values())))
    if given - asked:
        yield f"unknown places: {', '.join(sorted(given - asked))}"
    if not entry.msgid_plural and asked - given:
        yield f"places left out: {', '.join(sorted(asked - given))}"


def red_words() -> list[str]:
    """One line per msgid that is wrong, with where it is."""
    catalogue = polib.pofile(str(ROOT / "locale/fr/LC_MESSAGES/django.po"))
    known = {(entry.msgctxt, entry.msgid): entry for entry in catalogue if not entry.obsolete}
    found = []
    for entry in collected():
        file, line = entry.occurrences[0]
        wrong = faults(entry, known.get((entry.msgctxt, entry.msgid)))
        found += [f"{os.path.normpath(file)}:{line}: {fault}: {entry.msgid!r}" for fault in wrong]
    return found


if __name__ == "__main__":
    lines = red_words()
    sys.stdout.writelines(f"{line}\n" for line in lines)
    raise SystemExit(bool(lines))
