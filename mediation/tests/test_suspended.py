"""A side whose account is suspended: it goes on with its case, to the end, and does nothing else."""

from __future__ import annotations

import re
import uuid

import pytest
from django.test import Client

from escrow.models import EscrowAccount
from escrow.tests import way as escrow
from escrow.tests.way import chosen, png, published, with_credits
from marketplace.accounts.models import User
from marketplace.documents.models import Document
from marketplace.events.models import Notice
from mediation.models import Dispute
from mediation.tests import way
from mediation.tests.pages import address, downloaded, page, send
from projects.models import Project, Thread, ThreadMessage
from projects.tabs import LABELS
from projects.tests import avenants

pytestmark = pytest.mark.django_db


@pytest.fixture
def dispute(account: EscrowAccount, moderator_user: User) -> Dispute:
    """Opened by the client; the provider is suspended before having answered."""
    dispute = way.opened(account)
    dispute.say("", by=dispute.client, key=uuid.uuid4(), exhibits=[way.exhibit("Capture")])
    dispute.provider.suspend(by=moderator_user, reason="Faux SIREN")
    return way.fresh(dispute)


def test_suspended_side_plays_its_case_to_the_end(dispute: Dispute, as_provider: Client) -> None:
    for end, typed in (
        ("reponse/", {"text": "Non.", "exhibits": [png()]}),
        ("messages/", {"text": "Lisez la pièce B1."}),
        ("propositions/", {"share": "900", "reason": "Au prorata."}),
        ("demande/", {"grievance": "Tout est livré.", "claim": "1200"}),
    ):
        assert send(as_provider, address(dispute, end), **typed)[0] == 302, end
    refused, accepted = (way.proposed(way.fresh(dispute), cents, dispute.client).number for cents in (10_000, 80_000))
    assert send(as_provider, address(dispute, f"propositions/{refused}/refus/"))[0] == 200
    assert send(as_provider, address(dispute, f"propositions/{accepted}/acceptation/"))[0] == 302
    assert (way.fresh(dispute).state, way.tranche(dispute.account).released_cents) == ("EXECUTED", 80_000)


def test_suspended_side_reads_all_of_its_project(dispute: Dispute, as_provider: Client) -> None:
    key = dispute.project.key
    paths = [f"/projets/{key}/rapport/", f"/projets/{key}/paiements/", f"/projets/{key}/paiements/releve.pdf"]
    for path in (*paths, address(dispute)):
        assert as_provider.get(path).status_code == 200, path
    assert downloaded(as_provider, dispute.evidence.get().document.get_absolute_url())
    text = page(as_provider, address(dispute))
    assert "Votre compte est suspendu" in text
    assert "Envoyer ma réponse" in text


@pytest.mark.parametrize("party", ["as_client", "as_provider"])
def test_suspended_account_is_shown_no_button_that_is_closed_to_it(
    account: EscrowAccount, moderator_user: User, request: pytest.FixtureRequest, party: str
) -> None:
    escrow.delivered(way.tranche(account, 2))
    browser, key = request.getfixturevalue(party), account.project.key
    pages = [f"/projets/{key}/paiements/", f"/projets/{key}/rapport/"]
    buttons = re.compile(r'class="button[^"]*" href="([^"]*)"')
    before = {path for address in pages for path in buttons.findall(page(browser, address))}
    assert any("/tranches/" in path for path in before)
    getattr(account.agreement, party.removeprefix("as_")).suspend(by=moderator_user, reason="Faux SIREN")
    shown = {path for address in pages for path in buttons.findall(page(browser, address))}
    assert {path for path in shown if browser.get(path).status_code == 403} == set()


def test_suspended_side_moves_no_other_money(dispute: Dispute, as_provider: Client, as_client: Client) -> None:
    key, other = dispute.project.key, way.tranche(dispute.account, 2).pk
    deeds = [f"paiements/tranches/{other}/{end}/" for end in ("livraison", "restitution")]
    paths = [f"/projets/{key}/{end}" for end in (*deeds, "litige/nouveau/", "offre/")]
    for path in (*paths, f"/demandes-de-paiement/tranches/{other}/", "/mon-compte/iban/"):
        for answer in (as_provider.get(path), as_provider.post(path, {"key": str(uuid.uuid4())})):
            assert answer.status_code in {403, 404}, path
    assert way.tranche(dispute.account, 2).state == "FUNDED"


def test_suspended_client_withdraws_and_pays_nothing(
    account: EscrowAccount, moderator_user: User, as_client: Client
) -> None:
    dispute = way.mediated(account)
    dispute.client.suspend(by=moderator_user, reason="Faux SIREN")
    for end in ("depot/", f"tranches/{way.tranche(account, 2).pk}/liberation/"):
        assert as_client.get(f"/projets/{account.project.key}/paiements/{end}").status_code in {403, 404}
    assert send(as_client, address(dispute, "retrait/"))[0] == 302
    assert way.fresh(dispute).state == "WITHDRAWN"


WAITS = "reste sur le compte interne du projet jusqu’à la réouverture de votre compte"


@pytest.fixture
def awarded(account: EscrowAccount, moderator_user: User) -> Dispute:
    """The provider, suspended meanwhile, is to have 800 € of the first tranche."""
    dispute = way.mediated(account)
    proposal = way.proposed(dispute, 80_000, dispute.provider)
    dispute.provider.suspend(by=moderator_user, reason="Faux SIREN")
    proposal.accept(by=dispute.client)
    return way.fresh(dispute)


def test_suspended_provider_is_asked_for_no_invoice_of_an_award(awarded: Dispute, as_provider: Client) -> None:
    letter = Notice.objects.get(user=awarded.provider, name="mediation.executed").letter
    assert letter.subject.startswith(
        "Pour information, votre compte étant suspendu\xa0: 800,00\xa0€ du litige sont à vous"
    )
    assert "Envoyez votre facture" not in " ".join([letter.subject, *letter.paragraphs])
    assert WAITS in letter.paragraphs[0]
    assert letter.action is None
    report = page(as_provider, f"/projets/{awarded.project.key}/rapport/")
    assert "En attente, votre compte étant suspendu : facturer 800,00 €" in report
    assert "Vous : facturer" not in report
    for path in ("/demandes-de-paiement/", f"/projets/{awarded.project.key}/paiements/"):
        assert WAITS in page(as_provider, path), path
    assert "Vos 800,00 € restent sur le compte interne" in page(as_provider, address(awarded))


def test_suspended_provider_finds_no_way_to_be_paid(awarded: Dispute, as_provider: Client) -> None:
    text = page(as_provider, "/demandes-de-paiement/").partition("<main")[2]
    assert "/mon-compte/iban/" not in text
    assert "Facturer" not in text
    assert "Attribuée le" in text


def test_provider_who_is_not_suspended_is_asked_for_the_invoice(account: EscrowAccount, as_provider: Client) -> None:
    dispute = way.mediated(account)
    way.proposed(dispute, 80_000, dispute.provider).accept(by=dispute.client)
    text = page(as_provider, "/demandes-de-paiement/")
    for words in ("Facturer 800,00 €", "Attribuée le"):
        assert words in text
    assert "suspendu" not in page(as_provider, address(dispute))


def test_suspended_client_is_asked_for_no_deposit_and_no_release(
    account: EscrowAccount, moderator_user: User, as_client: Client
) -> None:
    account.agreement.client.suspend(by=moderator_user, reason="Faux SIREN")
    escrow.delivered(way.tranche(account, 2))
    letter = Notice.objects.filter(user=account.agreement.client, event__verb="escrow.delivered").get().letter
    assert letter.subject.startswith("Pour information, votre compte étant suspendu")
    text = page(as_client, f"/projets/{account.project.key}/paiements/").partition("<main")[2]
    assert "En attente, votre compte étant suspendu : accepter la tranche 2" in text
    assert WAITS in text
    assert "Vous : " not in text


def test_suspended_side_is_still_asked_for_what_its_case_waits_for(dispute: Dispute, as_provider: Client) -> None:
    assert "Vous : répondre au litige" in page(as_provider, f"/projets/{dispute.project.key}/rapport/")
    way.let_fall(dispute, "sma.answer")
    letter = Notice.objects.get(user=dispute.provider, name="mediation.mediation.both").letter
    assert letter.subject.startswith("Proposez un partage avant le")
    assert letter.path == address(dispute)


def pages_of(account: EscrowAccount) -> list[str]:
    """What a case is about: the dossier at each of its tabs, the thread, the agreement, an avenant."""
    dossier, agreement = f"/projets/{account.project.key}/", account.agreement.get_absolute_url()
    tabs = [f"{dossier}?onglet={slug}" for slug in LABELS]
    return [*tabs, f"{dossier}fil/", agreement, f"{agreement}accord.pdf", f"{agreement}avenants/1/"]


@pytest.mark.parametrize("side", ["client", "provider"])
def test_suspended_side_reads_again_what_its_case_is_about(
    account: EscrowAccount, moderator_user: User, request: pytest.FixtureRequest, side: str
) -> None:
    person: User = getattr(account.agreement, side)
    avenants.proposed(account.agreement, {3: 90_000})
    Thread(account.agreement).write("Voici les accès.", by=account.agreement.client, key=uuid.uuid4())
    way.opened(account)
    person.suspend(by=moderator_user, reason="Faux SIREN")
    browser = request.getfixturevalue(f"as_{side}")
    for path in pages_of(account):
        assert browser.get(path).status_code == browser.head(path).status_code == 200, path
    assert "Voici les accès." in page(browser, f"/projets/{account.project.key}/fil/")


@pytest.mark.parametrize("side", ["client", "provider"])
def test_suspended_side_is_led_nowhere_that_is_closed(
    account: EscrowAccount, moderator_user: User, request: pytest.FixtureRequest, side: str
) -> None:
    avenants.proposed(account.agreement, {3: 90_000})
    getattr(account.agreement, side).suspend(by=moderator_user, reason="Faux SIREN")
    browser, links = request.getfixturevalue(f"as_{side}"), re.compile(r'href="(/[^"#]*)"')
    for path in pages_of(account):
        text = "" if path.endswith(".pdf") else page(browser, path).partition("<main")[2].partition("</main>")[0]
        assert 'method="post"' not in text, path
        assert {link for link in links.findall(text) if browser.get(link).status_code != 200} == set(), path


def test_suspended_side_reads_that_terms_wait(
    client_user: User, rival_user: User, moderator_user: User, as_rival: Client
) -> None:
    agreement = chosen(published(client_user), rival_user)
    rival_user.suspend(by=moderator_user, reason="Faux SIREN")
    text = page(as_rival, agreement.get_absolute_url())
    assert "En attente, votre compte étant suspendu" in text
    assert "Vous : accepter" not in text
    assert 'method="post"' not in text.partition("<main")[2].partition("</main>")[0]


def test_suspended_side_does_nothing_on_what_it_reads(
    account: EscrowAccount, moderator_user: User, as_provider: Client
) -> None:
    avenants.proposed(account.agreement, {3: 90_000})
    account.agreement.provider.suspend(by=moderator_user, reason="Faux SIREN")
    project, agreement = f"/projets/{account.project.key}/", account.agreement.get_absolute_url()
    thread = [f"{project}fil/", f"{project}messages/", f"{project}questions/"]
    for path in (*thread, *(f"{agreement}avenants/{end}" for end in ("nouveau/", "1/accepter/", "1/refuser/"))):
        status, text = send(as_provider, path, text="Bonjour", accept="on")
        assert (status, "Fermé tant que votre compte est suspendu" in text) == (403, True), path
    assert not ThreadMessage.objects.exists()


def test_suspended_side_reads_the_files_of_its_own_project_alone(
    account: EscrowAccount, moderator_user: User, client_user: User, as_provider: Client
) -> None:
    other = published(client_user)
    with_credits(account.agreement.provider, other)
    own, bought = (specified(project) for project in (account.project, other))
    assert downloaded(as_provider, bought.get_absolute_url())
    account.agreement.provider.suspend(by=moderator_user, reason="Faux SIREN")
    assert downloaded(as_provider, own.get_absolute_url())
    for path in (bought.get_absolute_url(), f"/projets/{other.key}/", f"/projets/{other.key}/fil/"):
        assert as_provider.get(path).status_code == 404, path


def specified(project: Project) -> Document:
    """A file of the specification of `project`."""
    document = Document.take_in(way.exhibit().copy, owner=project.client, purpose="projects.specification")
    project.specification_files.create(document=document)
    return document
