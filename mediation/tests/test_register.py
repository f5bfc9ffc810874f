"""The public register of decisions, and the texts chosen for it."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from escrow.models import EscrowAccount, Shares
from escrow.tests.way import png
from marketplace.accounts.models import User
from marketplace.testing.cast import person, signed_in
from mediation import register as registers
from mediation.anonymity import of_side, unnamed
from mediation.exhibits import Exhibit
from mediation.models import Decision, Dispute, Seizure
from mediation.tests import way
from mediation.tests.desk import case_page, do, offered, page, plain

pytestmark = pytest.mark.django_db
REGISTER = "/sma/decisions/"
TEXT = "Deux tiers du travail étaient utilisables ; le reste n’avait pas été livré."


@pytest.fixture
def decided(account: EscrowAccount, mediator_user: User, arbitrator_user: User) -> Dispute:
    """Two thirds to the provider, six days after the opening."""
    dispute = way.arbitrated(account, mediator_user)
    with time_machine.travel(dispute.opened_at + timedelta(days=6, minutes=1), tick=False):
        way.drafted(dispute, 80_000)
    return way.fresh(dispute)


@pytest.fixture
def executed(decided: Dispute) -> Dispute:
    return way.let_fall(decided, "sma.execute")


def test_empty_register_says_what_comes_there(client: Client) -> None:
    text = page(client, REGISTER)
    assert "Aucune décision pour l’instant" in text
    assert f'href="{REGISTER}"' in page(client, "/")


def test_decision_is_published_without_anybody(executed: Dispute, as_arbitrator: Client, client: Client) -> None:
    assert do(as_arbitrator, executed, "publish", text=TEXT) == ""
    text = page(client, REGISTER)
    category = executed.project.category
    for words in (TEXT, str(category), "1 000 à 5 000 €", "67 % au prestataire, 33 % au client", "6 jours"):
        assert words in text
    for secret in (executed.number, executed.project.title, "Caron", "Mercier", "1 200", "800,00", "Aude"):
        assert secret not in text
    assert TEXT in case_page(as_arbitrator, executed)


def test_text_begins_as_the_reasons_without_names(executed: Dispute, as_arbitrator: Client) -> None:
    assert way.WHY in page(as_arbitrator, f"/admin/mediation/dispute/{executed.pk}/publish/do/")


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("Claire Caron a refusé.", "Claire Caron"),
        ("Selon claire caron, rien n’allait.", "claire caron"),
        ("{0.arbitrator.name} a tranché.", "{0.arbitrator.name}"),
        ("Un bureau du quai de la Fosse.", "quai de la Fosse"),
        ("L’atelier MERCIER avait tort.", "atelier MERCIER"),
        ("Écrire à paul@exemple.fr.", "paul@exemple.fr"),
        ("Mme Caron n’a rien versé.", "Caron"),
        ("Paul a livré en retard.", "Paul"),
        ("M. MERCIER a livré.", "MERCIER"),
        ("Ce que demandait Architectes Associés.", "Architectes"),
        ("Société 914 505 565, à jour.", "914 505 565"),
        ("SIRET 85285656600012.", "85285656600012"),
        ("TVA FR12{0.client.company.siren}.", "914505565"),
        ("Une autre société, 954330122.", "954330122"),
        ("Joindre le 06 12 34 56 78.", "06 12 34 56 78"),
        ("Joindre le 612345678.", "612345678"),
        ("Compte FR76 3000 6000 0112 3456 7890 189.", "FR76 3000 6000 0112 3456 7890 189"),
        ("Au siège, 4 quai de la Fosse.", "4 quai de la Fosse"),
        ("Une entreprise de Nantes (44000).", "Nantes"),
        ("La refonte de l’espace adhérent.", "refonte de l’espace adhérent"),
        ("Projet {0.project.number}.", "{0.project.number}"),
        ("Le prix était de 2 480 €.", "2 480 €"),
        ("Le prix était de 2\u202f480,00\u00a0€ HT.", "2 480,00 €"),
        ("Il devait 2480,00 euros.", "2480,00 euros"),
        ("Il devait 2.480,00 €.", "2.480,00 €"),
        ("Il devait 2480 EUR en tout.", "2480 EUR"),
        ("Il devait 2480eur en tout.", "2480eur"),
        ("Il devait € 2 480 en tout.", "€ 2 480"),
        ("Il devait 2,5 k€ en tout.", "2,5 k€"),
        ("Il devait 2,5 millions d’euros.", "2,5 millions d’euros"),
        ("Entre 1 200 à 5 000 € environ.", "5 000 €"),
        ("Voir exemple.fr.", "exemple.fr"),
        ("Voir www.exemple.com/x pour le reste.", "www.exemple.com/x"),
        ("Voir atelier-mercier.paris", "atelier-mercier.paris"),
        ("Dossier {0.number}, clos.", "{0.number}"),
        ("Le projet « {0.project.title} ».", "{0.project.title}"),
    ],
)
def test_text_that_names_a_side_is_refused(
    executed: Dispute, as_arbitrator: Client, client: Client, said: str, named: str
) -> None:
    text = do(as_arbitrator, executed, "publish", text=said.format(executed))
    assert "Ce texte dit de qui il s’agit" in text
    assert named.format(executed) in text
    assert "Aucune décision" in page(client, REGISTER)


@pytest.mark.parametrize(
    "said",
    [
        "Une position claire : le prix, 1 000 à 5 000 €, était dû le 12/03/2026.",
        "Architectes ou non, les parties avaient un contrat de plus de 15 000 €.",
        "Moins de 1\u202f000\u00a0€ étaient en jeu, 67 % pour le prestataire, 3 livrables sur 12.",
        "L’article 1103 du code civil, en 2016.Le reste suit, node.js compris.",
        "Le premier atelier a duré deux jours, comme le prévoyait l’article 4.",
    ],
)
def test_ordinary_words_are_published(executed: Dispute, as_arbitrator: Client, client: Client, said: str) -> None:
    assert do(as_arbitrator, executed, "publish", text=said) == ""
    assert plain(said) in page(client, REGISTER)


def test_text_that_is_offered_may_be_published(
    account: EscrowAccount, mediator_user: User, as_arbitrator: Client
) -> None:
    dispute = way.arbitrated(account, mediator_user)
    reasons = "Paul Mercier (852 856 566, 06 12 34 56 78) a livré à Caron Architectes ce qui était convenu."
    shares = Shares(120_000, 0)
    Decision.draft(dispute, shares, reasons=reasons, by=dispute.arbitrator or mediator_user, key=uuid.uuid4())
    way.let_fall(way.fresh(dispute), "sma.execute")
    offered = unnamed(reasons, dispute)
    assert offered == "[…] ([…], […]) a livré à […] ce qui était convenu."
    assert offered in page(as_arbitrator, f"/admin/mediation/dispute/{dispute.pk}/publish/do/")
    assert do(as_arbitrator, dispute, "publish", text=offered) == ""


def test_person_without_a_company_is_found_by_their_name(mediator_user: User) -> None:
    assert list(of_side("Hier, Marc est venu.", mediator_user)) == [(6, 10)]


def test_decision_is_published_once_executed(decided: Dispute, as_arbitrator: Client) -> None:
    assert "publish" not in offered(as_arbitrator, decided)
    assert "error" in do(as_arbitrator, decided, "publish", text=TEXT)


def test_publication_is_taken_off_and_put_back(executed: Dispute, as_arbitrator: Client, client: Client) -> None:
    for text in (TEXT, "D’autres mots."):
        assert do(as_arbitrator, executed, "publish", text=text) == ""
    assert "D’autres mots." in page(client, REGISTER)
    assert do(as_arbitrator, executed, "take-off") == ""
    assert "Aucune décision" in page(client, REGISTER)
    assert "Retirée du registre" in case_page(as_arbitrator, executed)
    assert "take-off" not in offered(as_arbitrator, executed)
    assert do(as_arbitrator, executed, "publish", text=TEXT) == ""
    assert TEXT in page(client, REGISTER)


def test_register_says_when_a_court_ruled_otherwise(decided: Dispute, arbitrator_user: User, client: Client) -> None:
    seizure = Seizure.record(decided, Exhibit.of(png()).copy, note="", by=arbitrator_user)
    way.ruled(seizure, 0, by=arbitrator_user)
    assert do(signed_in(arbitrator_user), decided, "publish", text=TEXT) == ""
    assert "un tribunal a jugé autrement depuis" in page(client, REGISTER)


@pytest.mark.parametrize(
    ("cents", "words"),
    [(120_000, "tout au prestataire"), (0, "tout au client"), (1, "1 % au"), (119_999, "99 % au"), (60_000, "50 % au")],
)
def test_outcome_in_whole_percents(
    account: EscrowAccount, mediator_user: User, as_arbitrator: Client, client: Client, cents: int, words: str
) -> None:
    dispute = way.arbitrated(account, mediator_user)
    way.drafted(dispute, cents)
    way.let_fall(dispute, "sma.execute")
    do(as_arbitrator, dispute, "publish", text=TEXT)
    assert words in page(client, REGISTER)


def test_register_is_read_page_by_page(
    account: EscrowAccount, mediator_user: User, as_arbitrator: Client, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registers, "ON_A_PAGE", 1)
    for position in (1, 2):
        dispute = way.arbitrated(account, mediator_user, position)
        way.drafted(dispute, 0)
        way.let_fall(dispute, "sma.execute")
        do(as_arbitrator, dispute, "publish", text=f"Texte {position}, sans nom.")
    text = page(client, REGISTER)
    assert "Texte 2" in text
    assert "Texte 1" not in text
    older = text.partition('href="?avant=')[2].partition('"')[0]
    text = page(client, f"{REGISTER}?avant={older}")
    assert "Texte 1" in text
    assert "Texte 2" not in text


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30, "\x00", "1 or 1=1"])
def test_wrong_place_in_the_register_is_its_beginning(client: Client, before: str) -> None:
    assert client.get(REGISTER, {"avant": before}).status_code == 200


def test_name_of_one_word_is_found_with_its_capital(db: None) -> None:
    somebody = person("zoe@exemple.fr", "Zoé")
    assert [*of_side("Zoé a décidé, zoé non.", somebody)] == [(0, 3)]


def test_side_without_a_company_is_known_by_its_name(db: None) -> None:
    nobody = person("zoe@exemple.fr", "Zoé Lambert")
    assert [*of_side("Décidé pour Zoé Lambert.", nobody)] == [(12, 23), (12, 15), (16, 23)]
