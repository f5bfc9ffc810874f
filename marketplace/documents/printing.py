"""PDFs of our own pages, drawn by WeasyPrint (drawing.py)."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.template.loader import render_to_string
from django.utils.translation import get_language


def printed(template: str, context: dict[str, Any]) -> bytes:
    """The PDF/A-3b of `template`, fonts embedded, in the active language. Raises NotFetched for a foreign address.

    WeasyPrint is a third of what a process of the site loads at its start: only one that prints loads it.
    """
    drawing = import_module("marketplace.documents.drawing")
    content: bytes = drawing.drawn(render_to_string(template, {"LANGUAGE_CODE": get_language(), **context}))
    return content
