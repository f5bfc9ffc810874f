"""Tables that leave for a spreadsheet: what French Excel opens by a double click, and takes for no formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from django.http import StreamingHttpResponse

BATCH = 200  # rows written together


def inert(text: str) -> str:
    """`text` as a cell that no spreadsheet takes for a formula (OWASP: CSV injection)."""
    return f"'{text}" if text.startswith(tuple("=+-@\t\r\n＝＋－＠")) else text


def csv_of(rows: Iterable[Sequence[str | int]]) -> Iterator[str]:
    """`rows` as CSV, in pieces: a mark that it is UTF-8, semicolons, every text inert; numbers stay numbers."""
    file = io.StringIO("\ufeff")
    file.seek(1)
    writer = csv.writer(file, delimiter=";")
    for n, row in enumerate(rows, 1):
        writer.writerow([inert(cell) if isinstance(cell, str) else cell for cell in row])
        if n % BATCH == 0:
            yield file.getvalue()
            file.seek(0)
            file.truncate()
    yield file.getvalue()


def download(rows: Iterable[Sequence[str | int]], name: str) -> StreamingHttpResponse:
    """The answer that brings `rows` as the file `name`; they are read while it leaves, and no cache keeps them."""
    response = StreamingHttpResponse(csv_of(rows), content_type="text/csv; charset=utf-8")
    response["Cache-Control"] = "private, no-store"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
