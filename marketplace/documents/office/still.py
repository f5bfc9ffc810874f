"""Whether an office file may be handed on as it is."""

from __future__ import annotations

import struct
import zipfile
import zlib

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from lxml import etree

from marketplace.documents.office import odf, opc
from marketplace.documents.office.archives import Hidden, whole

UNREADABLE = (
    *(zipfile.BadZipFile, zlib.error, etree.XMLSyntaxError, EOFError, KeyError, NotImplementedError, OSError),
    *(RuntimeError, ValueError, struct.error),
)


def must_be_still(raw: bytes, *, is_odf: bool) -> None:
    """Refuse, with a ValidationError, a file that acts, calls out, carries another one, or that we cannot judge.

    What it may hold is listed (ECMA-376 part 2 for DOCX and XLSX, ODF 1.3 part 2 for ODT and ODS): what is not, is not
    taken.
    """
    try:
        with whole(raw) as archive:
            odf.must_be_still(archive) if is_odf else opc.must_be_still(archive)
    except Hidden as hidden:
        sentence = _("This file hides a second one. Export it again from your software and retry.")
        raise ValidationError(sentence, code="polyglot") from hidden
    except UNREADABLE as acting:
        sentence = _(
            "This file has active content, or something that we cannot check (macro, embedded object, external link or "
            "data). Save it as PDF and send the PDF."
        )
        raise ValidationError(sentence, code="active") from acting
