from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from escrow.models import EscrowAccount
from escrow.tests import way as escrow
from marketplace.accounts.models import User
from marketplace.templatetags.page import paris
from marketplace.testing.cast import signed_in
from mediation.ahead import Ahead
from mediation.models import Dispute
from mediation.tests import way
from mediation.tests.pages import page, plain, send
from mediation.turns import Turn
from projects.models import Formula

pytestmark = pytest.mark.django_db
WORDS = "412 fiches sur 1 960 n’ont pas leurs photos."


def opening(account: EscrowAccount) -> str:
    return f"/projets/{account.project.key}/litige/nouveau/"


def plea(account: EscrowAccount, *positions: int, **other: Any) -> dict[str, Any]:
    """What the form is filled in with: the first tranche, or those at `positions`."""
    chosen = [way.tranche(account, position).pk for position in positions or (1,)]
    return {"tranches": chosen, "grievance": WORDS, "claim": "1 000,00", **other}


def test_page_shows_what_each_tranche_holds(account: EscrowAccount, as_client: Client) -> None:
    text = page(as_client, opening(account))
    assert "1 200,00 € bloqués" in text
    assert "Personne ne peut obtenir plus que ce que contiennent maintenant les tranches en litige" in text


def test_case_opens_and_freezes_what_was_chosen(account: EscrowAccount, as_client: Client) -> None:
    status, where = send(as_client, opening(account), **plea(account, 1, 2), exhibits=[escrow.png()])
    dispute = Dispute.objects.get()
    assert (status, where) == (302, f"/litiges/{dispute.key}/")
    assert (dispute.cents, dispute.claims.get().cents) == (264_000, 100_000)
    assert dispute.evidence.get().label == "A1"
    assert "Le dossier est ouvert" in page(as_client, where)


def test_refused_page_says_which_files_to_choose_again(account: EscrowAccount, as_client: Client) -> None:
    typed = plea(account, claim="9 000") | {"exhibits": [escrow.png()]}
    _status, text = send(as_client, opening(account), **typed)
    assert f"Choisissez à nouveau votre fichier : {escrow.png().name}. Le navigateur ne le garde pas." in text
    assert "9 000" in text


def test_same_page_sent_twice_opens_one_case(account: EscrowAccount, as_client: Client) -> None:
    typed = plea(account, key=str(uuid.uuid4()))
    assert len({send(as_client, opening(account), **typed) for _n in range(2)}) == 1
    assert Dispute.objects.count() == 1


def test_project_in_base_is_refused_with_the_reason(client_user: User, provider_user: User, as_client: Client) -> None:
    agreement = escrow.activated(escrow.chosen(escrow.published(client_user), provider_user), Formula.BASE)
    path = f"/projets/{agreement.project.key}/litige/nouveau/"
    for text in (page(as_client, path), send(as_client, path)[1]):
        assert "formule de base" in text
        assert "Geler l’argent" not in text
        assert "pour répondre" not in text
        assert f'href="/accords/{agreement.key}/avenants/nouveau/"' in text
    assert "Proposer la formule R0" not in page(signed_in(provider_user), path)
    assert "le SMA n’a rien sur quoi statuer" in page(as_client, f"/projets/{agreement.project.key}/rapport/")


def test_account_without_money_is_refused_with_the_reason(
    client_user: User, provider_user: User, as_provider: Client
) -> None:
    account = escrow.opened(client_user, provider_user)
    text = page(as_provider, opening(account))
    assert "Aucune tranche de ce projet n’a d’argent bloqué" in text
    assert "pour répondre" not in text
    for way_on in (account.get_absolute_url(), f"/projets/{account.project.key}/fil/"):
        assert f'href="{way_on}"' in text.partition("Ce que vous pouvez faire")[2]
    status, text = send(as_provider, opening(account), **plea(account))
    assert (status, Dispute.objects.count()) == (200, 0)
    assert WORDS in text
    for end in ("paiements", "rapport"):
        assert "/litige/nouveau/" not in page(as_provider, f"/projets/{account.project.key}/{end}/")


def test_report_of_another_provider_says_nothing_of_disputes(
    client_user: User, provider_user: User, rival_user: User, as_rival: Client
) -> None:
    project = escrow.published(client_user)
    escrow.with_credits(rival_user, project)
    escrow.activated(escrow.chosen(project, provider_user))
    account = EscrowAccount.objects.with_parties().get(project=project)
    escrow.funded(account)
    way.opened(account)
    text = page(as_rival, f"/projets/{project.key}/rapport/")
    assert "Litiges" not in text
    assert "litige" not in text.partition("<main")[2].partition("</main")[0]


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("claim", "0", "0,01 € au moins"),
        ("claim", "-1", "Écrivez une somme en euros"),
        ("claim", "0,001", "deux décimales au plus"),
        ("claim", "9999999999999", "Le SMA ne peut statuer que sur 1 200,00 €"),
        ("claim", "9" * 40 + ",99", "Le SMA ne peut statuer que sur 1 200,00 €"),
        ("claim", "1 200,01", "Le SMA ne peut statuer que sur 1 200,00 €"),
        ("claim", "🙂", "Écrivez une somme en euros"),
        ("grievance", "", "Ce champ est obligatoire"),
        ("grievance", "a\x00b", "nul"),
        ("tranches", "0", "Sélectionnez un choix valide"),
        ("tranches", "x", "n’est pas une valeur"),
        ("tranches", "", "n’est pas une valeur"),
    ],
)
def test_bad_answer_is_refused_beside_its_field(
    account: EscrowAccount, as_client: Client, field: str, typed: str, told: str
) -> None:
    status, text = send(as_client, opening(account), **{**plea(account), field: typed})
    assert (status, Dispute.objects.count()) == (200, 0)
    assert told in text
    assert 'aria-invalid="true"' in text


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("gros.pdf", b"%PDF-1.7" + bytes(11_000_000), "10 Mo"),
        ("page.html", b"<html><script>alert(1)</script></html>", "page.html"),
        ("vide.pdf", b"", "vide"),
    ],
)
def test_evidence_too_large_or_of_another_type_is_refused(
    account: EscrowAccount, as_client: Client, name: str, content: bytes, told: str
) -> None:
    status, text = send(as_client, opening(account), **plea(account), exhibits=[SimpleUploadedFile(name, content)])
    assert (status, Dispute.objects.count()) == (200, 0)
    assert told in text
    assert WORDS in text


def test_second_opening_is_led_into_the_case_with_its_words(account: EscrowAccount, as_provider: Client) -> None:
    dispute = way.opened(account)
    status, text = send(as_provider, opening(account), **plea(account))
    assert (status, Dispute.objects.count()) == (200, 1)
    assert f"Rejoindre le dossier SMA {dispute.number}" in text
    assert WORDS in text
    assert 'value="1 000,00"' in text
    status, _where = send(as_provider, f"/litiges/{dispute.key}/demande/", grievance=WORDS, claim="1 000,00")
    assert (status, dispute.claims.count()) == (302, 2)


def test_own_case_is_shown_to_who_opens_it_again(account: EscrowAccount, as_client: Client) -> None:
    dispute = way.opened(account)
    text = send(as_client, opening(account), **plea(account))[1]
    assert "Rejoindre le dossier" not in text
    assert f'href="/litiges/{dispute.key}/"' in text
    assert WORDS in text


def test_tranches_in_a_case_are_offered_no_more(account: EscrowAccount, as_client: Client) -> None:
    dispute = way.opened(account)
    text = page(as_client, opening(account))
    assert "1 200,00 € bloqués" not in text
    assert "1 440,00 € bloqués" in text
    assert f"Le dossier SMA {dispute.number} est ouvert sur ce projet" in text


@pytest.mark.parametrize("who", ["as_rival", "as_stranger", "as_mediator"])
def test_nobody_else_opens_a_case(account: EscrowAccount, who: str, request: pytest.FixtureRequest) -> None:
    reader = request.getfixturevalue(who)
    assert reader.get(opening(account)).status_code == 404
    assert send(reader, opening(account), **plea(account))[0] == 404
    assert not Dispute.objects.exists()


@pytest.mark.parametrize("who", ["as_client", "as_provider"])
def test_report_and_payments_page_lead_to_it(account: EscrowAccount, who: str, request: pytest.FixtureRequest) -> None:
    reader, key = request.getfixturevalue(who), account.project.key
    for path in (f"/projets/{key}/rapport/", f"/projets/{key}/paiements/"):
        assert f'href="{opening(account)}' in page(reader, path)
    chosen = page(reader, f"{opening(account)}?tranche={way.tranche(account, 2).pk}")
    assert chosen.count(" checked") == 1
    dispute = way.opened(account)
    for path in (f"/projets/{key}/rapport/", f"/projets/{key}/paiements/"):
        text = page(reader, path)
        assert f'href="/litiges/{dispute.key}/"' in text
        assert f"Dossier SMA {dispute.number}" in text


def test_page_says_that_a_dispute_opened_again_has_no_mediation(
    account: EscrowAccount, as_client: Client, as_provider: Client
) -> None:
    way.opened(account).withdraw(by=account.agreement.client)
    text, theirs = page(as_client, opening(account)), page(as_provider, opening(account))
    assert "Rouvert sur la tranche 1, le litige va directement devant un arbitre" in text
    assert "Rouvert sur" not in theirs
    assert "avec l’aide de la médiation" in text
    first = page(as_client, opening(account)).partition("L’autre partie a jusqu’au ")[2]
    assert send(as_client, opening(account), **plea(account))[0] == 302
    again = Dispute.objects.latest("pk")
    assert again.straight
    assert first.startswith(plain(paris(again.answer_by)))
    ahead = Ahead.of(Turn.of(again))
    assert plain(paris(ahead.decision)) in first
    assert plain(paris(ahead.execution)) in first


def test_page_promises_no_mediation_where_every_tranche_has_had_one(account: EscrowAccount, as_client: Client) -> None:
    way.opened(account, 1, 2, 3).withdraw(by=account.agreement.client)
    text = page(as_client, opening(account))
    assert "Rouvert sur les tranches 1, 2 et 3, le litige va directement" in text
    assert "avec l’aide de la médiation" not in text
