"""The SMA's people in the administration, as their browser sees it."""

from __future__ import annotations

import uuid
from typing import Any

from django.test import Client

from mediation.models import Dispute

CASES = "/admin/mediation/dispute/"
REASONS = "Les deux tiers des fiches sont repris et utilisables ; les photos manquent, pièce A1 à l’appui."


def plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\xa0", " ").replace("&#x27;", "'")


def page(client: Client, path: str = CASES, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, (path, answer.status_code)
    return plain(answer.content.decode())


def case_page(client: Client, dispute: Dispute) -> str:
    return page(client, f"{CASES}{dispute.pk}/change/")


def do(client: Client, dispute: Dispute, deed: str, /, **data: Any) -> str:
    """What the deed answers with, or nothing when it was done."""
    answer = client.post(f"{CASES}{dispute.pk}/{deed}/do/", {"key": str(uuid.uuid4()), **data})
    if answer.status_code == 302:
        assert answer["Location"] == f"{CASES}{dispute.pk}/change/", answer["Location"]
        return ""
    return plain(answer.content.decode()) if answer.status_code == 200 else str(answer.status_code)


def offered(client: Client, dispute: Dispute) -> set[str]:
    """The deeds whose buttons stand on the page of the case."""
    text = case_page(client, dispute)
    parts = text.split(f'href="{CASES}{dispute.pk}/')[1:]
    return {part.partition("/do/")[0] for part in parts if "/do/" in part[:20]}
