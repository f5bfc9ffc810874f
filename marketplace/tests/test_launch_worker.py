from __future__ import annotations

import http.client
from urllib.parse import urlsplit

import pytest

from marketplace.launch.worker import too_long
from marketplace.testing.processes import Site


def test_address_that_is_too_long_gets_a_page_of_ours() -> None:
    head, _empty, page = too_long().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 414 ")
    assert f"Content-Length: {len(page)}".encode() in head
    assert "Cette adresse est trop longue" in page.decode()


@pytest.mark.django_db(transaction=True)
def test_server_answers_a_too_long_address_with_it(site: Site) -> None:
    connection = http.client.HTTPConnection(urlsplit(site.url).netloc, timeout=10)
    connection.request("GET", f"/projets/?q={'a' * 5000}")
    answer = connection.getresponse()
    assert answer.status == 414
    assert "Cette adresse est trop longue" in answer.read().decode()
    connection.close()
