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


def docx(extra: str = "word/styles.xml") -> bytes:
    return archive(**dict.fromkeys(("[Content_Types].xml", "word/document.xml", extra), b"<x/>"))
