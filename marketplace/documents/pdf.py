"""PDFs rebuilt from their pages: what acts, calls out or hides is left behind."""

from __future__ import annotations

import io

import pikepdf
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

MAX_NODES = 400_000
MAX_ATTACHMENT = 1024 * 1024
KEYS = ("/OpenAction", "/AA", "/JS", "/JavaScript", "/XFA", "/RichMediaContent", "/Collection", "/Requirements", "/URI")
ACTIONS = {
    "/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToR", "/GoToE", "/Rendition", "/Movie", "/Sound",
    "/RichMediaExecute", "/GoTo3DView", "/Thread", "/ResetForm", "/Hide", "/SetOCGState", "/Trans",
}  # fmt: skip
ANNOTATIONS = {"/FileAttachment", "/RichMedia", "/Movie", "/Sound", "/Screen", "/3D"}
INVOICE_DATA = {"factur-x.xml", "zugferd-invoice.xml", "xrechnung.xml"}
LINKS = ("http://", "https://", "mailto:")


def rebuilt_pdf(raw: bytes) -> bytes:
    """The same pages, links and invoice data (Factur-X) without scripts, actions, media or attached files.

    Refused with a ValidationError: a PDF that is encrypted, damaged, empty, or too intricate to be judged.
    """
    try:
        with pikepdf.open(io.BytesIO(raw)) as pdf:
            if pdf.is_encrypted:
                raise pikepdf.PasswordError
            return stripped(pdf)
    except pikepdf.PasswordError as locked:
        sentence = _("This PDF is protected by a password. Save it without one.")
        raise ValidationError(sentence, code="encrypted") from locked
    except (pikepdf.PdfError, pikepdf.ForeignObjectError, ValueError, TypeError, KeyError, RuntimeError) as broken:
        raise ValidationError(_("This PDF is damaged and cannot be read."), code="broken") from broken


def stripped(pdf: Pdf) -> bytes:
    """`pdf` written anew after everything that acts was taken out of it."""
    if not len(pdf.pages):
        raise ValueError("a PDF without a page")
    drop_attachments(pdf)
    for page in pdf.pages:
        drop_annotations(page.obj)
    disarm(pdf)
    out = io.BytesIO()
    # The same file sent twice gives the same bytes: an identifier drawn from the clock would hide a double click.
    pdf.save(
        out,
        object_stream_mode=pikepdf.ObjectStreamMode.generate,
        compress_streams=True,
        deterministic_id=True,
    )
    return out.getvalue()


def drop_attachments(pdf: Pdf) -> None:
    """Leave no file inside but the structured data of an invoice."""
    kept = []
    for name in list(pdf.attachments.keys()):
        if is_invoice_data(pdf, name):
            kept.append(pdf.attachments[name].obj)
        else:
            del pdf.attachments[name]
    for holder in (pdf.Root, *(page.obj for page in pdf.pages)):
        if "/AF" in holder:
            del holder["/AF"]
    if kept:
        pdf.Root["/AF"] = Array(kept)


def is_invoice_data(pdf: Pdf, name: str) -> bool:
    """Whether an attached file is the XML of a Factur-X, small and without a document type."""
    if name.lower() not in INVOICE_DATA:
        return False
    content = pdf.attachments[name].get_file().read_bytes()
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    return len(content) <= MAX_ATTACHMENT and start.startswith(b"<") and b"<!DOCTYPE" not in content.upper()


def drop_annotations(page: Object) -> None:
    """Take media and attached files off a page; links, notes and form fields stay."""
    if "/Annots" in page:
        notes = page["/Annots"]
        page["/Annots"] = Array([note for note in notes if str(note.get("/Subtype", "")) not in ANNOTATIONS])


def disarm(pdf: Pdf) -> None:
    """Visit every object once and take its actions away."""
    todo: list[Object] = [pdf.Root, pdf.trailer, *pdf.objects]
    for _visited in range(MAX_NODES):
        if not todo:
            return
        node = todo.pop()
        if isinstance(node, Array):
            todo.extend(child for child in node if is_direct_container(child))
        elif isinstance(node, Dictionary | Stream):
            disarm_one(node)
            todo.extend(child for _key, child in node.items() if is_direct_container(child))
    raise ValueError("more objects than a document needs")


def is_direct_container(child: object) -> bool:
    """Whether `child` lives inside its parent: the others are in the list of objects anyway."""
    return isinstance(child, Array | Dictionary | Stream) and not child.is_indirect


def disarm_one(node: Object) -> None:
    """Empty an action that acts, cut the keys that start one, and cut what would be fetched from outside."""
    for key in KEYS:
        if key in node and not (key == "/URI" and is_plain_link(node)):
            del node[key]
    if isinstance(node, Stream):
        if "/F" in node:
            del node["/F"]
    elif str(node.get("/S", "")) in ACTIONS:
        for key in list(node.keys()):
            del node[key]


def is_plain_link(node: Object) -> bool:
    """Whether an action only opens a page of the web or a mail."""
    return node.get("/S") == Name.URI and str(node["/URI"]).lower().startswith(LINKS)
