"""Files that people send, good and bad, made from nothing."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pikepdf
from django.core.files.uploadedfile import SimpleUploadedFile
from pikepdf import Array, Dictionary, Name, Pdf, String
from PIL import Image

CANARY = b"47.2184,-1.5536"
INVOICE = b'<?xml version="1.0"?><rsm:CrossIndustryInvoice xmlns:rsm="urn:x"/>'


def upload(content: bytes, name: str = "piece.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "application/octet-stream")


def pdf(change: Callable[[Pdf], object] | None = None, **options: Any) -> bytes:
    document = pikepdf.new()
    document.add_blank_page()
    if change:
        change(document)
    out = io.BytesIO()
    document.save(out, **options)
    return out.getvalue()


def armed(document: Pdf) -> None:
    """Everything in a PDF that acts, calls out or hides."""
    script = Dictionary(S=Name.JavaScript, JS=String("app.alert('CANARY')"))
    root, page = document.Root, document.pages[0].obj
    root.OpenAction = script
    root.AA = Dictionary(WC=script)
    root.Names = Dictionary(JavaScript=Dictionary(Names=Array([String("x"), document.make_indirect(script)])))
    root.AcroForm = Dictionary(Fields=Array(), XFA=String("CANARY"))
    page.AA = Dictionary(O=script)
    page.Annots = Array(
        [
            link(Dictionary(S=Name.Launch, F=String("CANARY.exe"))),
            link(Dictionary(S=Name.URI, URI=String("javascript:CANARY"))),
            link(Dictionary(S=Name.URI, URI=String("https://honest.example/"), Next=script)),
            link(Dictionary(S=Name.SubmitForm, F=String("https://CANARY.example"))),
            Dictionary(Type=Name.Annot, Subtype=Name.FileAttachment, Contents=String("CANARY")),
            document.make_indirect(Dictionary(Type=Name.Annot, Subtype=Name.RichMedia, Contents=String("CANARY"))),
        ]
    )
    outside = document.make_stream(b"CANARY" * 0, F=String("file:///CANARY"))
    page.Outside = outside
    document.attachments["secret.exe"] = b"MZCANARY"
    document.attachments["factur-x.xml"] = INVOICE
    root.AF = Array([document.attachments["secret.exe"].obj, document.attachments["factur-x.xml"].obj])


def link(action: Dictionary) -> Dictionary:
    return Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 1, 1]), A=action)


def image(kind: str = "PNG", mode: str = "RGB", size: tuple[int, int] = (8, 4), **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size).save(out, kind, **options)
    return out.getvalue()


def located_jpeg() -> bytes:
    """A photograph that says where it was taken, lying on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = CANARY.decode()
    return image("JPEG", exif=exif, comment=CANARY)


def archive(**entries: bytes) -> bytes:
    """A ZIP, the same bytes at any hour: workers that collect tests by their parameters must agree."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as folder:
        for name, content in entries.items():
            folder.writestr(zipfile.ZipInfo(name.replace("__", "/")), content)
    return out.getvalue()


Parts = dict[str, bytes] | None
RELATIONS = "application/vnd.openxmlformats-package.relationships+xml"
OOXML = "http://schemas.openxmlformats.org"
RELATED = f"{OOXML}/officeDocument/2006/relationships"
KIND = "application/vnd.openxmlformats-officedocument"
NAMES = f'xmlns:w="{OOXML}/wordprocessingml/2006/main" xmlns:v="urn:schemas-microsoft-com:vml"'
ODF = "urn:oasis:names:tc:opendocument:xmlns"
ODF_NAMES = " ".join(
    f'xmlns:{name}="{ODF}:{name}:1.0"' for name in ("office", "text", "table", "draw", "script", "form", "meta")
)


def typed(**kinds: str) -> bytes:
    """`[Content_Types].xml`: the declared type of each part, by its name."""
    extensions = {"rels": RELATIONS, "png": "image/png"}
    plain = "".join(f'<Default Extension="{one}" ContentType="{kind}"/>' for one, kind in extensions.items())
    named = "".join(f'<Override PartName="/{name}" ContentType="{kind}"/>' for name, kind in kinds.items())
    return f'<Types xmlns="{OOXML}/package/2006/content-types">{plain}{named}</Types>'.encode()


def related(*targets: tuple[str, str], mode: str = "Internal") -> bytes:
    """A part of relationships: sort and target of each."""
    rows = "".join(
        f'<Relationship Id="r{n}" Type="{RELATED}/{sort}" Target="{target}" TargetMode="{mode}"/>'
        for n, (sort, target) in enumerate(targets)
    )
    return f'<Relationships xmlns="{OOXML}/package/2006/relationships">{rows}</Relationships>'.encode()


def docx(body: str = "", parts: Parts = None, *, kinds: dict[str, str] | None = None) -> bytes:
    """A letter of one paragraph; `body` is put into it, `parts` are added, `kinds` are their declared types."""
    main = {"word/document.xml": f"{KIND}.wordprocessingml.document.main+xml", **(kinds or {})}
    given = {
        "[Content_Types].xml": typed(**main),
        "_rels/.rels": related(("officeDocument", "word/document.xml")),
        "word/document.xml": f"<w:document {NAMES}><w:body><w:p>{body}</w:p></w:body></w:document>".encode(),
    }
    return archive(**{**given, **(parts or {})})


def xlsx(cell: str = "", parts: Parts = None, *, kinds: dict[str, str] | None = None) -> bytes:
    """A workbook of one sheet with one cell."""
    main = {
        "xl/workbook.xml": f"{KIND}.spreadsheetml.sheet.main+xml",
        "xl/worksheets/sheet1.xml": f"{KIND}.spreadsheetml.worksheet+xml",
        **(kinds or {}),
    }
    given = {
        "[Content_Types].xml": typed(**main),
        "_rels/.rels": related(("officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": b"<workbook/>",
        "xl/_rels/workbook.xml.rels": related(("worksheet", "worksheets/sheet1.xml")),
        "xl/worksheets/sheet1.xml": f"<worksheet><c>{cell}</c></worksheet>".encode(),
    }
    return archive(**{**given, **(parts or {})})


def opendocument(body: str = "", parts: Parts = None, *, kind: str = "text") -> bytes:
    """An ODT, or an ODS with `kind="spreadsheet"`, as LibreOffice lays it out."""
    names = ["/", "content.xml", "Configurations2/", *(parts or {})]
    entries = "".join(f'<m:file-entry m:full-path="{name}" m:media-type="text/xml"/>' for name in names)
    manifest = f'<m:manifest xmlns:m="{ODF}:manifest:1.0">{entries}</m:manifest>'
    link = 'xmlns:xlink="http://www.w3.org/1999/xlink"'
    content = f"<office:document-content {ODF_NAMES} {link}><office:scripts/>{body}</office:document-content>"
    given = {
        "mimetype": f"application/vnd.oasis.opendocument.{kind}".encode(),
        "content.xml": content.encode(),
        "Configurations2/": b"",
        "Configurations2/accelerator/current.xml": b"",
        "META-INF/manifest.xml": manifest.encode(),
    }
    return archive(**{**given, **(parts or {})})
