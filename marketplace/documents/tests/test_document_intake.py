from __future__ import annotations

import io
from typing import Any

import pikepdf
import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils import translation
from django.utils.datastructures import MultiValueDict
from PIL import Image, ImageFile

from marketplace.documents import intake, pdf
from marketplace.documents.forms import DocumentField, DocumentsField
from marketplace.documents.intake import OFFICE, PLAIN, Clean
from marketplace.documents.tests import files
from marketplace.documents.tests.files import upload


def clean(content: bytes, name: str = "piece.pdf", accept: intake.Types = PLAIN) -> Clean:
    return intake.clean(upload(content, name), accept)


def refusal(content: bytes, name: str = "piece.pdf", accept: intake.Types = PLAIN) -> str:
    with pytest.raises(ValidationError) as error:
        clean(content, name, accept)
    return str(error.value.code)


def test_pdf_loses_all_that_acts_and_keeps_its_pages() -> None:
    content = clean(files.pdf(files.armed)).content
    with pikepdf.open(io.BytesIO(content)) as document:
        everything = "".join(map(repr, [document.Root, document.trailer, *document.objects]))
        assert len(document.pages) == 1
        assert "https://honest.example/" in everything
        for gone in ("CANARY", "JavaScript", "/AA", "OpenAction", "Launch", "SubmitForm", "XFA"):
            assert gone not in everything
        assert list(document.attachments) == ["factur-x.xml"]
        assert document.attachments["factur-x.xml"].get_file().read_bytes() == files.INVOICE
        assert len(document.Root.AF) == 1
    assert b"CANARY" not in content


@pytest.mark.parametrize("content", [b"no xml", b"<!DOCTYPE x><x/>", b"<x>" + b" " * pdf.MAX_ATTACHMENT])
def test_false_invoice_data_is_dropped(content: bytes) -> None:
    def attach(document: pikepdf.Pdf) -> None:
        document.attachments["factur-x.xml"] = content

    with pikepdf.open(io.BytesIO(clean(files.pdf(attach)).content)) as document:
        assert not list(document.attachments)


@pytest.mark.parametrize("password", ["", "secret"])
def test_encrypted_pdf_is_refused(password: str) -> None:
    assert refusal(files.pdf(encryption=pikepdf.Encryption(owner="o", user=password))) == "encrypted"


def test_pdf_that_is_none_is_refused() -> None:
    assert refusal(b"%PDF-1.7\nnothing of the kind") == "broken"
    assert refusal(files.pdf(lambda document: document.pages.__delitem__(0))) == "broken"


def test_pdf_too_intricate_to_judge_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "MAX_NODES", 2)
    assert refusal(files.pdf(files.armed)) == "broken"


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("JPEG", "L"), ("JPEG", "RGB"), ("JPEG", "CMYK"), ("PNG", "1"), ("PNG", "L"), ("PNG", "RGB"), ("PNG", "P")],
)
def test_image_is_drawn_again(kind: str, mode: str) -> None:
    done = clean(files.image(kind, mode), "photo.png")
    assert done.content_type == f"image/{kind.lower()}"
    assert Image.open(io.BytesIO(done.content)).size == (8, 4)


@pytest.mark.parametrize(("mode", "options"), [("RGBA", {}), ("LA", {}), ("P", {"transparency": 0}), ("I;16", {})])
def test_png_keeps_what_is_seen_through(mode: str, options: dict[str, Any]) -> None:
    result = Image.open(io.BytesIO(clean(files.image("PNG", mode, **options)).content))
    assert result.mode == {"RGBA": "RGBA", "LA": "LA", "P": "RGBA", "I;16": "RGB"}[mode]


def test_photograph_forgets_where_it_was_taken_and_stands_upright() -> None:
    raw = files.located_jpeg()
    assert files.CANARY in raw
    content = clean(raw, "photo.jpg").content
    assert files.CANARY not in content
    upright = Image.open(io.BytesIO(content))
    assert upright.size == (4, 8)
    assert not upright.getexif()


POLYGLOTS = {
    "GIF and script": b"GIF89a=1;alert(1)//",
    "PDF and HTML": files.pdf().replace(b"%PDF-1.3\n", b"%PDF-1.3\n%<html><script>alert(1)</script>\n"),
    "HTML behind a PDF": files.pdf() + b"<script>alert(1)</script>",
    "PDF and ZIP": files.pdf() + files.archive(evil=b"x"),
    "PDF behind something": b"MZ" + files.pdf(),
    "JPEG and PHP": files.image("JPEG", comment=b"<?php system($_GET[0]); ?>"),
    "PHP behind a JPEG": files.image("JPEG") + b"<?PHP system($_GET[0]); ?>",
    "PNG and ZIP": files.image() + files.archive(evil=b"x"),
    "PNG and PDF": files.image() + files.pdf(),
    "SVG": b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>",
}


@pytest.mark.parametrize("name", POLYGLOTS)
def test_two_files_in_one_are_refused(name: str) -> None:
    assert refusal(POLYGLOTS[name]) in {"polyglot", "type"}


def test_empty_large_and_foreign_files_are_refused() -> None:
    assert refusal(b"") == "empty"
    assert refusal(b"%PDF-" + b" " * intake.MAX_BYTES) == "size"
    assert refusal(b"MZ\x90\x00", "facture.pdf") == "type"
    assert refusal(files.archive(a=b"b"), "archive.zip", PLAIN | OFFICE) == "type"


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("size", [(6_500, 6_400), (10_000, 9_000)])
def test_image_of_too_many_pixels_is_refused_before_it_is_drawn(kind: str, size: tuple[int, int]) -> None:
    assert refusal(files.image(kind, "L", size)) == "pixels"


def test_image_just_within_the_limit_without_python_warnings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    monkeypatch.setattr(intake, "MAX_PIXELS", 31)
    assert refusal(files.image()) == "pixels"


@pytest.mark.parametrize("lenient", [False, True])
def test_damaged_image_is_refused(monkeypatch: pytest.MonkeyPatch, lenient: bool) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", lenient)
    assert refusal(files.image("JPEG", size=(64, 64))[:-40]) == "broken"
    assert refusal(files.image()[:45]) == "broken"
    assert refusal(b"\xff\xd8\xff\xe0 nothing") == "broken"


@pytest.mark.parametrize(
    ("content", "extension"),
    [
        (files.docx(), "docx"),
        (files.xlsx(), "xlsx"),
        (files.opendocument(), "odt"),
        (files.opendocument(kind="spreadsheet"), "ods"),
    ],
)
def test_office_file_passes_untouched_only_where_it_may(content: bytes, extension: str) -> None:
    done = clean(content, f"annexe.{extension}", PLAIN | OFFICE)
    assert (done.content, done.name, done.size) == (content, f"annexe.{extension}", len(content))
    assert refusal(content) == "type"


@pytest.mark.parametrize(
    "content",
    [
        files.archive(**{"[Content_Types].xml": b""}),
        files.archive(mimetype=b"application/epub+zip"),
        files.archive(mimetype=b"x" * 200),
        pytest.param(files.docx()[:40], id="cut short"),
    ],
)
def test_archive_of_no_known_kind_is_refused(content: bytes) -> None:
    assert refusal(content, "a.docx", PLAIN | OFFICE) == "type"


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("facture.exe", "facture.pdf"),
        ("photo\u202egnp.pdf", "photognp.pdf"),
        ("a\x00b\x07.pdf", "ab.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\moi\\Bureau\\devis n\u00ba 3.PDF", "devis n\u00ba 3.pdf"),
        ("  deux   espaces .pdf", "deux espaces.pdf"),
        ("", "document.pdf"),
        (".pdf", "pdf.pdf"),
        ("\u202e\u200b", "document.pdf"),
        ("e\u0301te\u0301.pdf", "été.pdf"),
        ("x" * 300 + ".pdf", "x" * 120 + ".pdf"),
    ],
)
def test_name_is_safe_to_show(sent: str, shown: str) -> None:
    assert intake.safe_name(sent, intake.PDF) == shown


class PieceForm(forms.Form):
    piece = DocumentField(required=False)
    annexes = DocumentsField(required=False, most=2, accept=PLAIN | OFFICE)


def sent(**named: list[UploadedFile[bytes]] | None) -> PieceForm:
    return PieceForm({}, MultiValueDict(named))


def test_fields_give_inert_files() -> None:
    form = sent(piece=[upload(files.pdf(files.armed))], annexes=[upload(files.docx(), "a.docx"), upload(files.image())])
    assert form.is_valid()
    assert isinstance(form.cleaned_data["piece"], Clean)
    assert [file.name for file in form.cleaned_data["annexes"]] == ["a.docx", "piece.png"]


def test_fields_may_stay_empty_unless_required() -> None:
    form = sent()
    assert form.is_valid()
    assert form.cleaned_data == {"piece": None, "annexes": []}
    form.fields["piece"].required = form.fields["annexes"].required = True
    form.full_clean()
    assert set(form.errors) == {"piece", "annexes"}


def test_errors_stand_beside_the_field_in_french_and_name_the_file() -> None:
    bad, empty = upload(b"MZ", "virus.pdf"), upload(b"", "vide.pdf")
    with translation.override("fr"):
        form = sent(piece=[bad], annexes=[bad, empty])
        assert form.errors["piece"] == ["Seuls ces fichiers peuvent être envoyés ici\xa0: PDF, PNG, JPG."]
        assert form.errors["annexes"] == [
            "virus.pdf\xa0: Seuls ces fichiers peuvent être envoyés ici\xa0: PDF, PNG, JPG, DOCX, XLSX, ODT, ODS.",
            "vide.pdf\xa0: Ce fichier est vide.",
        ]
        assert sent(annexes=[bad] * 3).errors["annexes"] == ["2 fichiers au plus."]


def test_field_says_what_it_takes() -> None:
    with translation.override("fr"):
        html = str(sent()["annexes"])
        assert 'accept=".pdf,.png,.jpg,.docx,.xlsx,.odt,.ods"' in html
        assert " multiple" in html
        assert sent()["piece"].help_text == "PDF, PNG, JPG, 10\xa0Mo au plus."
