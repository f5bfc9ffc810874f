"""ODT and ODS: the parts that they may have, and what these may say (OpenDocument 1.3, parts 2 and 3)."""

from __future__ import annotations

import re

from marketplace.documents.office.archives import Archive
from marketplace.documents.office.parts import Acting, attribute, elements, is_plain, local, must_be_data

MANIFEST, TYPE = "META-INF/manifest.xml", "mimetype"
MARKUP = re.compile(
    r"META-INF/(manifest|documentsignatures)\.xml|manifest\.rdf|(Object \d+/)?(content|styles|meta|settings)\.xml"
)
DATA = re.compile(r"(Object \d+/)?(Thumbnails|Pictures|ObjectReplacements|Fonts)/[^/]+|layout-cache")
EMPTY = re.compile(r"Configurations2/.*")  # the menus and keys of the writer's own: only without a content
SCRIPT = "{urn:oasis:names:tc:opendocument:xmlns:script:"
FORMS = ("{http://www.w3.org/2002/xforms", "{urn:oasis:names:tc:opendocument:xmlns:database:")
ACTIVE = {
    *("event-listeners", "script", "execute-macro", "dde-connection", "dde-connection-decl", "dde-source", "dde-link"),
    *("plugin", "applet", "floating-frame", "object-ole", "database-source-sql", "database-source-query"),
    *("database-source-table", "encryption-data", "connection-resource", "error-macro"),
}
CALLS = re.compile(r"\b(DDE|WEBSERVICE)\s*\(|'[^']*'#|\bfile:", re.IGNORECASE)
COMMANDS = ("vnd.sun.star.", "macro:", "javascript:", "service:", "slot:")
OWN = ("chart", "..")  # a chart of the sheet that it stands in
INSIDE = re.compile(r"(?!.*\.\.)(\./)?[^/:\\#][^:\\]*")
ORIGIN = re.compile(r"file:///([A-Za-z]:/)?(?!/)[^:\\]*|/?(?!/)[^:\\]*")  # the template, on the writer's own disk


def must_be_still(archive: Archive) -> None:
    """Refuse (Acting) a package with a part on no list of ours, or one that says to act, call out or fetch."""
    for part in archive.infolist():
        name = part.filename
        if name == TYPE or (part.is_dir() and not part.file_size):
            continue
        if MARKUP.fullmatch(name):
            must_say_nothing_active(archive, name)
        elif DATA.fullmatch(name):
            must_be_data(archive, name)
        elif part.file_size or not EMPTY.fullmatch(name):
            raise Acting(name)


def must_say_nothing_active(archive: Archive, name: str) -> None:
    """Refuse (Acting) a part in which something acts or calls out, or that declares one which would."""
    for element in elements(archive, name):
        tag = str(element.tag)
        if tag.startswith((SCRIPT, *FORMS)) or local(tag) in ACTIVE:
            raise Acting(f"{name}: {tag}")
        if local(tag) == "file-entry" and not is_known(attribute(element, "full-path")):
            raise Acting(f"{name}: {tag}")
        if any(acts(local(tag), local(key), str(value)) for key, value in element.items()):
            raise Acting(f"{name}: {tag}")


def is_known(path: str) -> bool:
    """Whether a declared part is one that we take; folders are nothing by themselves."""
    folder = path == "/" or re.fullmatch(r"(Object \d+|Thumbnails|Pictures|ObjectReplacements|Fonts)/", path)
    return bool(folder or any(shape.fullmatch(path) for shape in (MARKUP, DATA, EMPTY)))


def acts(tag: str, key: str, value: str) -> bool:
    """Whether an attribute calls a macro or a program, or fetches something that lies outside."""
    if value.lower().startswith(COMMANDS) or (key == "formula" and CALLS.search(value)):
        return True
    if key != "href" or not value.strip() or value.startswith("#") or (tag, value) == OWN:
        return False
    if tag == "a":
        return not is_plain(value)
    return not (ORIGIN if tag == "template" else INSIDE).fullmatch(value)
