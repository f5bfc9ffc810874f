"""What may come in: files are recognised by their content, made inert or refused, and given a harmless name."""

from __future__ import annotations

import io
import unicodedata
import zipfile
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageFile, ImageOps

from marketplace.documents.office.still import must_be_still
from marketplace.documents.pdf import rebuilt_pdf

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 40_000_000
MAX_NAME = 120
Image.MAX_IMAGE_PIXELS = MAX_PIXELS

PDF, PNG, JPEG = "application/pdf", "image/png", "image/jpeg"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODT, ODS = "application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.spreadsheet"
EXTENSIONS = {PDF: "pdf", PNG: "png", JPEG: "jpg", DOCX: "docx", XLSX: "xlsx", ODT: "odt", ODS: "ods"}
Types = frozenset[str]
PLAIN: Types = frozenset({PDF, PNG, JPEG})
ODF: Types = frozenset({ODT, ODS})
OFFICE: Types = frozenset({DOCX, XLSX}) | ODF

MAGIC = {b"%PDF-": PDF, b"\x89PNG\r\n\x1a\n": PNG, b"\xff\xd8\xff": JPEG}
ACTIVE = (b"<?php", b"<script", b"<html", b"<!doctype html", b"<svg")


@dataclass(frozen=True)
class Clean:
    """A file that passed: its inert bytes, its true type and a name that is safe to show."""

    name: str
    content_type: str
    content: bytes

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self.content)


def refused(sentence: str | _StrPromise, code: str, **facts: object) -> ValidationError:
    """A refusal to show beside the field."""
    return ValidationError(sentence, code=code, params=facts or None)


def clean(upload: File[bytes], accept: Types = PLAIN) -> Clean:
    """`upload` made inert. A ValidationError says why it is refused: size, type, damage, two types in one."""
    if not upload.size:
        raise refused(_("This file is empty."), "empty")
    if upload.size > MAX_BYTES:
        raise refused(_("This file is larger than 10 MB."), "size")
    upload.seek(0)
    raw = upload.read()
    content_type = sniffed(raw)
    if content_type not in accept:
        raise refused(_("Only these files can be sent here: %(types)s."), "type", types=listed(accept))
    must_be_one_thing(raw, content_type)
    content = inert(raw, content_type)
    return Clean(safe_name(upload.name or "", content_type), content_type, content)


def listed(accept: Types) -> str:
    """The accepted types as people know them: "PDF, PNG, JPG"."""
    return ", ".join(extension.upper() for kind, extension in EXTENSIONS.items() if kind in accept)


def sniffed(raw: bytes) -> str:
    """The type that the content itself shows, or nothing."""
    for magic, content_type in MAGIC.items():
        if raw.startswith(magic):
            return content_type
    return office_type(raw) if raw.startswith(b"PK\x03\x04") else ""


def office_type(raw: bytes) -> str:
    """Which office file this ZIP is, or nothing; one that is broken is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            names = set(archive.namelist())
            if "[Content_Types].xml" in names:
                return DOCX if "word/document.xml" in names else XLSX if "xl/workbook.xml" in names else ""
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 100:
                declared = archive.read("mimetype").decode("ascii", "replace").strip()
                return declared if declared in ODF else ""
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError):
        pass
    return ""


def must_be_one_thing(raw: bytes, content_type: str) -> None:
    """Refuse a file that is also something else: one that a browser, PHP or an unzipper would take too."""
    tail = raw[raw.rfind(b"%%EOF") :] if content_type == PDF else b""
    searched = raw if content_type in {PNG, JPEG} else raw[:1024] + tail
    lowered = searched.lower()
    double = any(mark in lowered for mark in ACTIVE) or (content_type != PDF and b"%PDF-" in searched)
    if double or (content_type not in OFFICE and zipfile.is_zipfile(io.BytesIO(raw))):
        raise refused(_("This file hides a second one. Export it again from your software and retry."), "polyglot")


def inert(raw: bytes, content_type: str) -> bytes:
    """The same document without anything that acts: PDFs rebuilt, images drawn again without their metadata.

    Office files stay as they are; one in which something acts is refused.
    """
    if content_type in OFFICE:
        must_be_still(raw, is_odf=content_type in ODF)
        return raw
    if content_type == PDF:
        return rebuilt_pdf(raw)
    return redrawn(raw, "PNG" if content_type == PNG else "JPEG")


def redrawn(raw: bytes, kind: str) -> bytes:
    """The pixels of an image alone, upright: place and camera are gone."""
    ImageFile.LOAD_TRUNCATED_IMAGES = False  # WeasyPrint, once imported, lets half an image pass for a whole one.
    try:
        with Image.open(io.BytesIO(raw), formats=[kind]) as image:
            if image.width * image.height > MAX_PIXELS:
                raise refused(_("This image has more than 40 million pixels."), "pixels")
            upright = ImageOps.exif_transpose(image)
            plain = upright.convert(drawable(upright, kind))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as bomb:
        raise refused(_("This image has more than 40 million pixels."), "pixels") from bomb
    except (OSError, SyntaxError, ValueError, EOFError) as broken:
        raise refused(_("This image is damaged and cannot be read."), "broken") from broken
    plain.info.clear()
    out = io.BytesIO()
    plain.save(out, kind, optimize=True) if kind == "PNG" else plain.save(out, kind, quality=90)
    return out.getvalue()


def drawable(image: Image.Image, kind: str) -> str:
    """The mode in which `image` is written again without losing what is seen."""
    if kind == "JPEG":
        return "L" if image.mode in {"1", "L"} else "RGB"
    if image.mode in {"1", "L", "LA", "RGB", "RGBA"} and "transparency" not in image.info:
        return image.mode
    return "RGBA" if image.has_transparency_data else "RGB"


def safe_name(name: str, content_type: str) -> str:
    """`name` to show and to save under: no path, no invisible or reversing signs, the extension of the true type."""
    base = unicodedata.normalize("NFC", PurePosixPath(name.replace("\\", "/")).name)
    seen = "".join(sign for sign in base if unicodedata.category(sign)[0] != "C")
    stem = " ".join(PurePosixPath(seen).stem.split()).strip(". ")[:MAX_NAME]
    return f"{stem or 'document'}.{EXTENSIONS[content_type]}"
