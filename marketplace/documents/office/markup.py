"""What the words and figures of a DOCX or XLSX may say: fields, formulas and attributes that call nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from marketplace.documents.office.archives import Archive
from marketplace.documents.office.parts import Acting, attribute, elements, is_plain, local

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

ACTIVE = {
    *("altChunk", "control", "OLEObject", "oleObject", "oleLink", "ddeLink", "externalLink", "subDoc", "mailMerge"),
    *("frameset", "FmlaMacro", "script", "foreignObject", "dbPr", "webPr", "webExtension"),
}
FORMULAS = {
    *("f", "definedName", "formula", "formula1", "formula2", "oldFormula", "calculatedColumnFormula"),
    *("totalsRowFormula", "calculatedItem"),
}
CALLS = re.compile(
    r"""\b(WEBSERVICE|IMAGE|RTD|DDE|CALL|REGISTER(\.ID)?|EXEC)\s*\(|\w\|('[^']*'|[\w.\\/:]+)!"""
    r"""|\bHYPERLINK\s*\(\s*"(?!#|https?:|mailto:|tel:)""",
    re.IGNORECASE,
)
# ECMA-376, part 1, 17.16.5, without those that fetch, launch or print.
LISTED = """
= ADDIN ADDRESSBLOCK ADVANCE ASK AUTHOR AUTONUM AUTONUMLGL AUTONUMOUT AUTOTEXT AUTOTEXTLIST BARCODE BIBLIOGRAPHY
BIDIOUTLINE CITATION COMMENTS COMPARE CREATEDATE DATE DISPLAYBARCODE DOCPROPERTY DOCVARIABLE EDITTIME EQ FILENAME
FILESIZE FILLIN FORMCHECKBOX FORMDROPDOWN FORMTEXT GOTOBUTTON GREETINGLINE HYPERLINK IF INDEX INFO KEYWORDS
LASTSAVEDBY LISTNUM MERGEBARCODE MERGEFIELD MERGEREC MERGESEQ NEXT NEXTIF NOTEREF NUMCHARS NUMPAGES NUMWORDS PAGE
PAGEREF PRINTDATE PRIVATE QUOTE REF REVNUM SAVEDATE SECTION SECTIONPAGES SEQ SET SHAPE SKIPIF STYLEREF SUBJECT SYMBOL
TA TC TEMPLATE TIME TITLE TOA TOC USERADDRESS USERINITIALS USERNAME XE
"""
FIELDS = set(LISTED.split())
NESTED = "\0"
NAME = re.compile(r"\s*(=|[A-Za-z]*)")
TARGET = re.compile(r'\s*HYPERLINK\s+(?!\\l)(?:\\[a-z]\s+)*"?([^"]*)', re.IGNORECASE)


class Fields:
    """The fields of a part as their pieces come, whose name may be cut in two."""

    def __init__(self) -> None:
        self.open: list[str] = [""]

    def take(self, element: Element) -> None:
        """One more element. Refused (Acting): a field on no list of ours, once it ends."""
        name = local(element.tag)
        if name in {"instrText", "delInstrText"}:
            self.open[-1] += element.text or ""
        elif name == "fldSimple":
            must_be_plain(attribute(element, "instr"))
        elif name == "fldChar" and attribute(element, "fldCharType") == "begin":
            self.open[-1] += NESTED if len(self.open) > 1 else ""
            self.open.append("")
        elif name == "fldChar" and attribute(element, "fldCharType") == "end" and len(self.open) > 1:
            must_be_plain(self.open.pop())

    def end(self) -> None:
        """The part is over: what has not ended is judged as well."""
        for text in self.open:
            must_be_plain(text)


def must_be_plain(instruction: str) -> None:
    """Refuse (Acting) a field that fetches, launches or calls, or whose name is put together by others."""
    if not instruction.strip():
        return
    named = NAME.match(instruction)
    target = TARGET.match(instruction)
    if not named or named[1].upper() not in FIELDS or (target and not is_plain(target[1])):
        raise Acting(instruction)


def must_say_nothing_active(archive: Archive, name: str) -> None:
    """Refuse (Acting) a part of words, figures or drawings in which something acts or calls out."""
    fields = Fields()
    for element in elements(archive, name):
        tag = local(element.tag)
        calls = tag in FORMULAS and CALLS.search(element.text or "")
        if tag in ACTIVE or calls or any(acts(tag, local(key), str(value)) for key, value in element.items()):
            raise Acting(f"{name}: {tag}")
        fields.take(element)
    fields.end()


def acts(tag: str, key: str, value: str) -> bool:
    """Whether an attribute runs a macro, or fetches something by itself."""
    if key == "href" and tag not in {"image", "use", "fill", "imagedata"}:
        return not is_plain(value)
    fetches = key in {"src", "href"} and not value.lower().startswith(("#", "data:image/"))
    return bool(value) and (fetches or key == "macro")
