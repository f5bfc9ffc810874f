"""What a browser asks of the pages of cases, and what they say."""

from __future__ import annotations

import uuid
from typing import Any

from django.test import Client

from mediation.models import Dispute


def address(dispute: Dispute, end: str = "") -> str:
    return f"/litiges/{dispute.key}/{end}"


def plain(text: str) -> str:
    """`text` with no-break spaces made plain."""
    return text.replace("\u202f", " ").replace("\xa0", " ").replace("&nbsp;", " ").replace("&#x27;", "'")


def page(client: Client, path: str, status: int = 200) -> str:
    """The text of a page."""
    answer = client.get(path)
    assert answer.status_code == status
    return plain(answer.content.decode())


def downloaded(client: Client, path: str) -> bytes:
    """What is in a file."""
    answer = client.get(path)
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)  # type: ignore[attr-defined]


def send(client: Client, path: str, **data: Any) -> tuple[int, str]:
    """What a form answers: the status, and the page or the address it leads to."""
    answer = client.post(path, {"key": str(uuid.uuid4()), **data})
    return answer.status_code, plain(answer.get("Location") or answer.content.decode())
