"""The sentences of the light, word for word (product, section 5)."""

from __future__ import annotations

import pytest
from django.utils import translation

from escrow.lights import Money, light

NOTHING, PART, ALL = Money(120_000, 0, 0), Money(120_000, 50_000, 0), Money(120_000, 120_000, 0)
SENTENCES = [
    (
        "PLANNED",
        NOTHING,
        "stop",
        "Ne commencez pas : 0 € sur 1 200 € déposés, même si le client vous dit que l’argent arrive",
    ),
    ("FUNDED", PART, "soon", "Travaillez à hauteur de 500,00 € sur 1 200,00 €"),
    ("FUNDED", ALL, "go", "Vous pouvez travailler"),
    ("DELIVERED", ALL, "go", "Livrée : 1 200,00 € bloqués, en attente de la réception par le client"),
    ("DELIVERED", PART, "soon", "Livrée : 500,00 € bloqués. Ne continuez pas : 700,00 € ne sont pas déposés"),
    (
        "DELIVERED",
        Money(120_000, 50_000, 50_000),
        "stop",
        "Livrée : 0,00 € bloqués. Ne continuez pas : 700,00 € ne sont pas déposés",
    ),
    ("RELEASED", Money(120_000, 120_000, 120_000), "done", "Libérée en entier"),
    ("DISPUTED", ALL, "stop", "En litige : ne continuez pas avant son issue"),
    ("REFUNDED", ALL, "done", "Rendue au client"),
    ("CANCELLED", NOTHING, "done", "Annulée : il n’y a rien à faire"),
]


@pytest.mark.parametrize(("state", "money", "kind", "sentence"), SENTENCES)
def test_the_light_says_how_far_to_work(state: str, money: Money, kind: str, sentence: str) -> None:
    found = light(state, money)
    assert found.kind == kind
    assert found.label.replace("\u202f", " ").replace("\xa0", " ") == sentence


def test_the_light_speaks_english_too() -> None:
    with translation.override("en"):
        assert light("PLANNED", NOTHING).label.startswith("Do not start: €0 deposited out of €1,200")
