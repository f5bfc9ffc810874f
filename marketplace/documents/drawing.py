"""WeasyPrint, and what it may fetch: nothing but our static files. To load it takes as long as all of a small site."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.conf import settings
from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

TYPES = {".css": "text/css", ".svg": "image/svg+xml", ".png": "image/png"}


class NotFetched(Exception):
    """A page asked for something else than one of our static files: it is not printed."""


class OwnStaticOnly(URLFetcher):  # type: ignore[misc]
    """Serves `static:NAME` from the folder `root`; refuses everything else, the network and other files included."""

    def __init__(self, root: Path) -> None:
        super().__init__(allowed_protocols=("static",), allow_redirects=False, fail_on_errors=True)
        self.root = root.resolve()

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        """The file that `url` names; raises FatalURLFetchingError, which is no Exception, for any other address."""
        scheme, _colon, name = url.partition(":")
        path = (self.root / name.lstrip("/")).resolve()
        kind = TYPES.get(path.suffix)
        if scheme != "static" or kind is None or not path.is_relative_to(self.root) or not path.is_file():
            raise FatalURLFetchingError(url)
        return URLFetcherResponse(url, path.read_bytes(), {"Content-Type": kind})


@cache
def look() -> tuple[CSS, FontConfiguration, OwnStaticOnly]:
    """The style of all our papers, their fonts and what may be fetched: read once for each process."""
    fonts, root = FontConfiguration(), Path(settings.BASE_DIR) / "static"
    return CSS(filename=str(root / "css/paper.css"), font_config=fonts), fonts, OwnStaticOnly(root)


def drawn(page: str) -> bytes:
    """The PDF/A-3b of a page of HTML, fonts embedded. Raises NotFetched for a foreign address."""
    style, fonts, fetcher = look()
    try:
        document = HTML(string=page, url_fetcher=fetcher, base_url="static:")
        content: bytes = document.write_pdf(stylesheets=[style], font_config=fonts, pdf_variant="pdf/a-3b")
    except FatalURLFetchingError as refused:
        raise NotFetched(str(refused)) from refused
    return content
