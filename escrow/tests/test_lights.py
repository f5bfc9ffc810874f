"""The sentences of the light, word for word (product, section 5)."""

from __future__ import annotations

import pytest
from django.utils import translation

from escrow.lights import Money, light

NOTHING, PART, ALL = Money(120_000, 0, 0), Money(120_000, 50_000, 0), Money(120_000, 120_000, 0)
TO_THE_PROVIDER = [
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
    (
        "REFUNDED",
        Money(120_000, 70_000, 70_000),
        "done",
        "Partagée, 700,00 € pour vous et le reste du dépôt pour le client",
    ),
    ("CANCELLED", NOTHING, "done", "Annulée : il n’y a rien à faire"),
]
TO_THE_CLIENT = [
    ("PLANNED", NOTHING, "stop", "0 € sur 1 200 € déposés : le prestataire ne doit pas commencer"),
    ("FUNDED", PART, "soon", "Le prestataire peut travailler à hauteur de 500,00 € sur 1 200,00 €"),
    ("FUNDED", ALL, "go", "Le prestataire peut travailler"),
    ("DELIVERED", ALL, "go", "Livrée : 1 200,00 € bloqués, en attente de votre réception"),
    (
        "DELIVERED",
        PART,
        "soon",
        "Livrée : 500,00 € bloqués. 700,00 € ne sont pas déposés : le prestataire ne doit pas continuer",
    ),
    ("RELEASED", Money(120_000, 120_000, 120_000), "done", "Libérée en entier"),
    ("DISPUTED", ALL, "stop", "En litige : le prestataire ne doit pas continuer avant son issue"),
    ("REFUNDED", ALL, "done", "Rendue : la somme vous revient"),
    ("CANCELLED", NOTHING, "done", "Annulée : il n’y a rien à faire"),
]


def plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\xa0", " ")


@pytest.mark.parametrize(("state", "money", "kind", "sentence"), TO_THE_PROVIDER)
def test_the_light_tells_the_provider_how_far_to_work(state: str, money: Money, kind: str, sentence: str) -> None:
    found = light(state, money)
    assert (found.kind, plain(found.label)) == (kind, sentence)


@pytest.mark.parametrize(("state", "money", "kind", "sentence"), TO_THE_CLIENT)
def test_the_light_tells_the_client_what_is_covered(state: str, money: Money, kind: str, sentence: str) -> None:
    found = light(state, money, to_client=True)
    assert (found.kind, plain(found.label)) == (kind, sentence)
    assert found.kind == light(state, money).kind


def test_the_light_speaks_english_too() -> None:
    with translation.override("en"):
        assert light("PLANNED", NOTHING).label.startswith("Do not start: €0 deposited out of €1,200")
