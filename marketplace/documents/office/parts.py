"""What a part of an office file says, read without following it anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lxml import etree

from marketplace.documents.office.archives import Archive

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

PLAIN_LINKS = ("#", "http://", "https://", "mailto:", "tel:")
FOREIGN = (b"MZ", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF-", b"\x7fELF", b"#!")  # programs, packages, OLE files


class Acting(ValueError):
    """Something that acts, calls out, or that is on no list of ours."""


def elements(archive: Archive, name: str) -> Iterator[Element]:
    """The elements of an XML part, each at its end, its children gone. Refused (Acting): a part with a DTD."""
    with archive.open(name) as part:
        reader = etree.iterparse(part, events=("end",), resolve_entities=False, no_network=True, load_dtd=False)
        checked = False
        for _event, element in reader:
            if not checked and element.getroottree().docinfo.internalDTD is not None:
                raise Acting(f"{name}: a DTD")
            checked = True
            archive.bounds.spend(elements=1)
            yield element
            forget(element)


def forget(element: Element) -> None:
    """Let go of an element that was read, and of those before it: a large part never stands in memory whole."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def local(tag: object) -> str:
    """The name of an element or attribute without its namespace."""
    return str(tag).rpartition("}")[2]


def attribute(element: Element, name: str) -> str:
    """An attribute of an element, in whichever namespace; empty when it has none."""
    return next((str(value) for key, value in element.items() if local(str(key)) == name), "")


def is_plain(target: str) -> bool:
    """Whether a link does nothing unless somebody clicks it, and then opens a page or a letter."""
    return not target.strip() or target.strip().lower().startswith(PLAIN_LINKS)


def must_be_data(archive: Archive, name: str) -> None:
    """Refuse (Acting) a program, a package or an OLE file under the name of an image or a font."""
    with archive.open(name) as part:
        if part.read(8).startswith(FOREIGN):
            raise Acting(f"{name}: another file")
