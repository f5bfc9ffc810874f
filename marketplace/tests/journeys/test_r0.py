"""From a published project to a paid provider, in the R0 formula."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sepaxml
from django.conf import settings
from lxml import etree

from marketplace.tests.journeys.visitor import Visitor, a_pdf
from marketplace.tests.journeys.way import (
    Call,
    accept,
    approve,
    ask_and_answer,
    bid,
    buy_pack,
    choose,
    open_dossier,
    publish,
    sign_up,
)

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from marketplace.tests.journeys.conftest import Meet

pytestmark = [
    pytest.mark.journey,
    pytest.mark.xdist_group("journey"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(400),
]
CALL = Call(
    title="Refonte du site d’une librairie nantaise",
    teaser="Un catalogue de 4 000 titres, une réservation en magasin, un site que chacun peut lire.",
    description="Le site date de 2014. Nous voulons une réservation simple, sans paiement en ligne.",
    category="Sites et applications web",
    low="2000",
    high="5000",
)
REASON = "Votre planning dépasse notre réouverture du printemps."
PAIN = Path(sepaxml.__file__).with_name("schemas") / "pain.001.001.09.xsd"
ANSWER = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>
<GrpHdr><MsgId>BANQUE-1</MsgId><CreDtTm>2026-11-24T10:00:00</CreDtTm></GrpHdr>
<OrgnlGrpInfAndSts><OrgnlMsgId>{message}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId></OrgnlGrpInfAndSts>
<OrgnlPmtInfAndSts><OrgnlPmtInfId>{batch}</OrgnlPmtInfId><TxInfAndSts><OrgnlEndToEndId>{reference}</OrgnlEndToEndId>
<TxSts>ACSC</TxSts></TxInfAndSts></OrgnlPmtInfAndSts>
</CstmrPmtStsRpt></Document>"""


def manage(command: str, environment: dict[str, str]) -> str:
    """What a command of the site says, run as an operator runs it."""
    words = [sys.executable, str(settings.BASE_DIR / "manage.py"), command]
    done = subprocess.run(words, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def search(provider: Visitor) -> None:
    """Find the call in the list: by words without accents, by category, by budget; and not where it does not fit."""
    provider.go("/projets/")
    provider.sees(CALL.title, CALL.teaser, "2 000 à 5 000 € HT")
    provider.types(q="librairies nantaises catalogue")
    provider.press("Rechercher")
    provider.sees(CALL.title)
    provider.chooses("categorie", "web")
    provider.chooses("budget", "2")
    provider.press("Appliquer")
    provider.sees(CALL.title)
    provider.go("/projets/?categorie=mobile")
    provider.never_sees(CALL.title)
    provider.go("/projets/?budget=4")
    provider.never_sees(CALL.title)


def read_newsletter(provider: Visitor, site_env: dict[str, str]) -> None:
    """The day's newsletter, once only, and from it to the call's page."""
    assert "2 copies written, 2 sent" in manage("send_newsletter", site_env)
    assert "0 copies written, 0 sent" in manage("send_newsletter", site_env)
    news = provider.gets("")
    assert CALL.title in news
    assert "2 000 à 5 000 € HT" in news
    provider.follows("/projets/")
    provider.sees(CALL.title)


def see_contact(provider: Visitor, client: Visitor) -> None:
    """A contact credit shows the client's details; the client is told who has them."""
    provider.never_sees(client.email, "Librairie Coiffard")
    provider.press("Voir les coordonnées : 1 crédit contact direct")
    provider.press("Dépenser 1 crédit contact direct et voir les coordonnées")
    provider.sees("Nadia Coiffard", "Librairie Coiffard", client.email)
    assert "Paul Mercier" in client.gets("coordonnées")


def select(client: Visitor, provider: Visitor, rival: Visitor) -> None:
    """Side by side, then the choice; the loser reads why, the winner what is next."""
    client.gets("Nouvelle offre")
    client.follows("/mes-avis/")
    client.press("Comparer les offres")
    client.sees("Paul M.", "Rita L.", "3 000,00 € HT", "3 600,00 € HT")
    client.never_sees(provider.email, "Atelier Mercier")
    choose(client, "Paul M.", "3 000,00 €", REASON)
    lost = rival.gets(f"Votre offre n’a pas été retenue : {CALL.title}")
    assert REASON in lost
    assert re.search(r"3 600(,00)? €.*3 300(,00)? €.*2e sur 2.*90 jours.*68 jours.*2e sur 2", lost), lost
    assert lost.count(" - ") == 3
    rival.follows("/mes-avis/")
    assert "3 000,00 €" in provider.gets(f"Vous êtes retenu : {CALL.title}")
    provider.follows("/mes-avis/")
    provider.sees("Version 1 des termes, à confirmer", "Formule de base")


def agree(client: Visitor, provider: Visitor) -> None:
    """The client wants R0 instead; both accept this second version, and it alone."""
    client.press("Proposer d’autres termes")
    client.chooses("formula", "R0")
    client.press("Proposer cette version")
    client.sees("Version 2")
    accept(client, 2, "3 000,00 €")
    provider.gets("Version 2")
    provider.follows("/mes-avis/")
    provider.sees("Formule R0", "Acceptés par le client le")
    accept(provider, 2, "3 000,00 €")
    provider.sees("Termes confirmés des deux côtés, figés")


def introduce(client: Visitor, provider: Visitor) -> None:
    """The client pays commission and R0 fee, at the second card; each side gets the other's details."""
    assert "648,00 €" in client.gets("Termes confirmés, mise en relation à payer")
    client.follows("/mes-avis/")
    client.sees("450,00 €", "90,00 €", "648,00 €")
    client.press("Payer 648,00 €")
    client.pays("648,00 €", refused_first=True)
    client.press("Continuer")
    client.sees("Paul Mercier", "Atelier Mercier", provider.email)
    told = provider.gets("Mise en relation faite, formule R0")
    assert "Nadia Coiffard" in told
    assert client.email in told
    assert provider.email in client.gets("Mise en relation faite, formule R0")
    provider.follows("/mes-avis/")
    provider.sees("Nadia Coiffard", client.email)


def deposit(client: Visitor, provider: Visitor) -> None:
    """The light is red, the client deposits the first tranche, the light turns green."""
    provider.press("Gestion paiements")
    provider.sees("Ne commencez pas : 0 € sur 1 440 € déposés, même si le client vous dit que l’argent arrive")
    client.follows("/mes-avis/")
    client.press("Gestion paiements")
    client.press("Déposer 1 440,00 €")
    client.press("Déposer ce montant par carte")
    client.pays("1 440,00 €")
    client.press("Continuer")
    client.sees("1 440,00 € déposés sur 3 600,00 €")
    provider.gets("1 440,00 € déposés")
    provider.follows("/mes-avis/")
    provider.sees("Vous pouvez travailler")


def deliver(provider: Visitor) -> None:
    """The first tranche, with a file."""
    provider.press("Livrer la tranche 1")
    provider.types(message="Les maquettes des six pages, prêtes à relire.")
    provider.attaches("documents", a_pdf("maquettes"))
    provider.press("Livrer la tranche 1")
    provider.sees("1 440,00 € bloqués")


def release(client: Visitor, provider: Visitor) -> None:
    """The client, asked who they are, releases a part with a reason, then the rest."""
    client.gets("Livré, à examiner : Maquettes")
    client.follows("/mes-avis/")
    client.gives_password_again()
    client.sees("prêtes à relire")
    assert client.downloads("maquettes.pdf").startswith(b"%PDF")
    client.opens("Ne libérer qu’une partie, en donnant le motif")
    client.types(amount="800", reason="Il manque la page d’un auteur.")
    client.press("Libérer ce montant")
    client.sees("800,00 € sont libérés")
    assert "Il manque la page d’un auteur." in provider.gets("800,00 €")
    client.press("Libérer 640,00 €")
    client.press("Libérer 640,00 €")
    assert "640,00 €" in provider.gets("640,00 €")
    provider.follows("/mes-avis/")
    provider.sees("Facturer 1 440,00 €")


def ask_to_be_paid(provider: Visitor) -> None:
    """The provider says where, proving who they are, then sends the invoice of what was released."""
    provider.press("Donner mon IBAN")
    provider.gives_password_again()
    provider.types(iban="FR76 3000 6000 0112 3456 7890 189")
    provider.press("Enregistrer ce compte bancaire")
    provider.never_sees("FR7630006000011234567890189")
    provider.go("/demandes-de-paiement/")
    provider.press("Facturer 1 440,00 €")
    provider.sees("Librairie Coiffard", "1 200,00 €", "240,00 €")
    provider.attaches("invoice", a_pdf("facture-2026-041"))
    today = date.today().isoformat()  # noqa: DTZ011
    provider.types(number="2026-041", issued_on=today, ht_cents="1200", vat_cents="240")
    provider.press("Envoyer la facture et demander le paiement")
    provider.sees("2026-041", "1 440,00 €")


def approve_request(finance: Visitor) -> None:
    """From the mail to the administration; the request is approved."""
    assert "2026-041" in finance.gets("Demande de paiement")
    finance.follows("/mes-avis/")
    finance.signs_in()
    finance.sees("2026-041", "1 440,00 €", "Librairie Coiffard", "0189")
    finance.never_sees("FR7630006000011234567890189")
    assert finance.downloads("facture-2026-041.pdf").startswith(b"%PDF")
    finance.press("Approuver cette demande")
    finance.gives_password_again()
    finance.sees("Atelier Mercier", "1 440,00 €", "0189")
    finance.press("Approuver cette demande")


def send_batch(finance: Visitor) -> bytes:
    """Somebody else of Finance makes the file for the bank, downloads it and marks it as sent."""
    finance.go("/admin/payouts/payoutrequest/")
    finance.signs_in()
    finance.page.locator("input.action-select").check()
    finance.page.locator("select[name=action]").select_option("make_batch")
    finance.page.locator("button[name=index]").click()
    finance.page.wait_for_url("**/payoutbatch/*/change/")
    finance.look()
    file = finance.downloads(".xml")
    finance.press("Marquer comme remis à la banque")
    finance.gives_password_again()
    finance.press("Marquer comme remis à la banque")
    return file


def answer_of_the_bank(file: bytes) -> Any:
    """The file fits its schema; what the bank answers once it has paid."""
    tree = etree.parse(BytesIO(file))
    etree.XMLSchema(etree.parse(PAIN)).assertValid(tree)
    found = {name: tree.findtext(f".//{{*}}{name}") for name in ("MsgId", "PmtInfId", "EndToEndId", "InstdAmt")}
    assert found["InstdAmt"] == "1440.00"
    words = ANSWER.format(message=found["MsgId"], batch=found["PmtInfId"], reference=found["EndToEndId"])
    return {"name": "reponse.xml", "mimeType": "application/xml", "buffer": words.encode()}


def import_answer(finance: Visitor, answer: Any) -> None:
    """The bank has paid."""
    finance.go("/admin/payouts/bankanswer/")
    finance.press("Importer une réponse de la banque")
    finance.page.locator("input[type=file]").set_input_files(answer)
    finance.press("Importer")
    finance.sees("Payés : 1")


def read_that_it_is_paid(provider: Visitor) -> None:
    """The mail and the page say so, and the account's figures add up."""
    assert "0189" in provider.gets("Payé : 1 440,00 €")
    provider.follows("/mes-avis/")
    provider.sees("2026-041", "Payée")
    provider.go("/mes-projets/")
    provider.press(CALL.title)
    provider.press("Gestion paiements")
    provider.sees("Versé envoyé sur le compte bancaire du prestataire 1 440,00 €")
    sums = figures(provider)
    assert sums == [[0, 0, 0, 144_000, 0, 0, 0, 144_000], [144_000, 216_000, 360_000]]
    assert all(sum(parts) == total for *parts, total in sums)


def figures(visitor: Visitor) -> list[list[int]]:
    """The sums of a payments page in cents, each with its total at the end."""
    sums = visitor.page.locator(".money-sum dl").all()
    amounts = [rows.locator("dd:not(.money-sum__sign)").all_inner_texts() for rows in sums]
    return [[int(re.sub(r"\D", "", text)) for text in column] for column in amounts]


def bids(provider: Visitor, rival: Visitor, client: Visitor, site_env: dict[str, str]) -> None:
    """Found in the list and in the newsletter, then consulted, questioned, and bid for by two."""
    provider.signs_in()
    search(provider)
    read_newsletter(provider, site_env)
    buy_pack(provider, "Régulier", "82,80 €")
    provider.follows("/projets/")
    open_dossier(provider, CALL)
    see_contact(provider, client)
    bid(provider, "3000", "45", "Trois versions relues avec vous.", [("Maquettes", "1200"), ("Site en ligne", "1800")])
    ask_and_answer(provider, client)
    rival.looks = False
    rival.signs_in()
    buy_pack(rival, "Offre", "14,40 €")
    rival.gets(CALL.title)
    rival.follows("/projets/")
    open_dossier(rival, CALL)
    bid(rival, "3600", "90", "Je reprends tout depuis le début.", [])
    rival.looks = True


def test_r0_goes_from_a_published_project_to_a_paid_provider(
    meet: Meet,
    site_env: dict[str, str],
    provider_user: User,
    rival_user: User,
    moderator_user: User,
    finance_user: User,
    second_finance_user: User,
) -> None:
    client, provider, rival = meet("nadia@librairie-coiffard.example"), meet(provider_user), meet(rival_user)
    sign_up(client, "Nadia Coiffard", "client", "Librairie Coiffard", "552100554")
    publish(client, CALL)
    approve(meet(moderator_user), CALL)
    bids(provider, rival, client, site_env)
    select(client, provider, rival)
    agree(client, provider)
    introduce(client, provider)
    deposit(client, provider)
    deliver(provider)
    release(client, provider)
    ask_to_be_paid(provider)
    approve_request(meet(finance_user))
    finance = meet(second_finance_user)
    import_answer(finance, answer_of_the_bank(send_batch(finance)))
    read_that_it_is_paid(provider)
    manage("check_books", site_env)
