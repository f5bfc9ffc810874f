from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from escrow.models import EscrowAccount
from escrow.tests import way as escrow
from marketplace.accounts.models import User
from marketplace.testing.cast import reauthenticate
from mediation.models import Dispute, SplitProposal
from mediation.tests import way
from mediation.tests.pages import address, page, send

pytestmark = pytest.mark.django_db
NOT_NOW = "Il n’y a rien à faire ici pour l’instant"


@pytest.fixture
def dispute(account: EscrowAccount) -> Dispute:
    """In mediation, about the first tranche: 1 200 €."""
    return way.mediated(account)


def test_answer_begins_the_mediation(account: EscrowAccount, as_provider: Client) -> None:
    dispute = way.opened(account)
    assert "Envoyer ma réponse" in page(as_provider, address(dispute, "reponse/"))
    status, where = send(as_provider, address(dispute, "reponse/"), text="Non.", exhibits=[escrow.png()])
    assert (status, where, way.fresh(dispute).state) == (302, address(dispute), "MEDIATION")
    assert NOT_NOW in page(as_provider, address(dispute, "reponse/"))


def test_empty_answer_is_refused_and_a_late_one_keeps_its_words(account: EscrowAccount, as_provider: Client) -> None:
    dispute = way.opened(account)
    assert "Ce champ est obligatoire" in send(as_provider, address(dispute, "reponse/"), text="")[1]
    way.let_fall(dispute, "sma.answer")
    status, text = send(as_provider, address(dispute, "reponse/"), text="Trop tard, mais lisez.")
    assert status == 200
    assert "Trop tard, mais lisez." in text
    assert "Le dossier n’en est pas à cette étape" in text
    assert f'formaction="{address(dispute, "messages/")}">L’envoyer comme message' in text
    assert send(as_provider, address(dispute, "messages/"), text="Trop tard, mais lisez.")[0] == 302


def test_message_and_evidence_are_in_the_case(dispute: Dispute, as_client: Client) -> None:
    assert "Chaque pièce est datée et scellée" in page(as_client, address(dispute, "messages/"))
    assert send(as_client, address(dispute, "messages/"), text="Voici.", exhibits=[escrow.png()])[0] == 302
    text = page(as_client, address(dispute))
    assert "A1. maquette.png" in text
    assert "Voici." in text


def test_same_message_sent_twice_is_written_once(dispute: Dispute, as_client: Client) -> None:
    typed = {"text": "Voici.", "key": str(uuid.uuid4())}
    assert [send(as_client, address(dispute, "messages/"), **typed)[0] for _n in range(2)] == [302, 302]
    assert dispute.entries.filter(kind="SAID").count() == 1


@pytest.mark.parametrize(
    "typed",
    [
        {"text": ""},
        {"text": "\u200b"},
        {"text": "x" * 5001},
        {"text": "a\x00b"},
        {"text": "Vu.", "key": "abc"},
        {"text": "Vu.", "exhibits": [SimpleUploadedFile("gros.png", bytes(11_000_000))]},
        {"text": "Vu.", "exhibits": [SimpleUploadedFile("actif.svg", b"<svg onload='alert(1)'/>")]},
    ],
    ids=lambda typed: "-".join(typed),
)
def test_bad_message_is_refused_with_a_sentence(dispute: Dispute, as_client: Client, typed: dict[str, Any]) -> None:
    before = dispute.entries.count()
    status, text = send(as_client, address(dispute, "messages/"), **typed)
    assert (status, dispute.entries.count()) == (200, before)
    assert "error-summary" in text


def test_line_break_counts_as_one_sign(dispute: Dispute, as_client: Client) -> None:
    lines = "\n".join(["a" * 49] * 100)
    sent = lines.replace("\n", "\r\n")
    assert (len(lines), len(sent)) == (4_999, 5_098)
    assert send(as_client, address(dispute, "messages/"), text=sent)[0] == 302
    assert dispute.entries.latest("pk").text == lines
    assert send(as_client, address(dispute, "messages/"), text=f"{sent}aa")[0] == 200


def test_share_typed_by_each_side_makes_the_whole(dispute: Dispute, as_client: Client, as_provider: Client) -> None:
    for reader, share in ((as_client, "400"), (as_provider, "1 000,50")):
        assert send(reader, address(dispute, "propositions/"), share=share, reason="Au prorata.")[0] == 302
    shares = [(p.provider_cents, p.client_cents) for p in dispute.proposals.order_by("number")]
    assert shares == [(80_000, 40_000), (100_050, 19_950)]


def test_all_or_nothing_may_be_proposed(dispute: Dispute, as_provider: Client) -> None:
    for share in ("0", "1200"):
        assert send(as_provider, address(dispute, "propositions/"), share=share, reason="Tout ou rien.")[0] == 302
    assert list(dispute.proposals.values_list("provider_cents", flat=True)) == [120_000, 0]


@pytest.mark.parametrize("share", ["", "-1", "0,001", "1 200,01", "99999999999999999999", "🙂", "a\x00"])
def test_bad_share_is_refused_and_the_words_stay(dispute: Dispute, as_client: Client, share: str) -> None:
    status, text = send(as_client, address(dispute, "propositions/"), share=share, reason="Au prorata.")
    assert (status, dispute.proposals.count()) == (200, 0)
    assert "Au prorata." in text
    assert 'aria-invalid="true"' in text


def test_reason_of_a_split_has_2000_signs_at_most(dispute: Dispute, as_client: Client) -> None:
    assert 'maxlength="2000"' in page(as_client, address(dispute)).partition('name="reason"')[2].partition(">")[0]
    status, text = send(as_client, address(dispute, "propositions/"), share="800", reason="p" * 2001)
    assert (status, dispute.proposals.count()) == (200, 0)
    assert "2000 caractères" in text
    assert send(as_client, address(dispute, "propositions/"), share="800", reason="p" * 2000)[0] == 302


def test_same_split_as_theirs_is_to_be_accepted(dispute: Dispute, as_client: Client) -> None:
    way.proposed(dispute, 80_000, dispute.provider)
    text = send(as_client, address(dispute, "propositions/"), share="400", reason="Pareil.")[1]
    assert "acceptez-la" in text
    assert dispute.proposals.count() == 1


def test_acceptance_says_what_it_brings_about_then_settles(dispute: Dispute, as_client: Client) -> None:
    way.proposed(dispute, 80_000, dispute.provider)
    path = address(dispute, "propositions/1/acceptation/")
    text = page(as_client, path)
    assert "Accepter 400,00 € pour moi" in text
    assert "elle s’exécute aussitôt, en un seul mouvement" in text
    assert [send(as_client, path) for _again in range(2)] == [(302, address(dispute))] * 2
    assert way.fresh(dispute).state == "EXECUTED"
    assert way.tranche(dispute.account).released_cents == 80_000
    assert NOT_NOW in page(as_client, path)


def test_password_is_asked_again_before_an_acceptance(dispute: Dispute, as_client: Client) -> None:
    way.proposed(dispute, 80_000, dispute.provider)
    path = address(dispute, "propositions/1/acceptation/")
    reauthenticate(as_client, dispute.client, ago=3600)
    assert "/compte/confirmation/" in as_client.get(path)["Location"]
    assert send(as_client, path)[0] == 302
    assert way.fresh(dispute).state == "MEDIATION"


@pytest.mark.parametrize("end", ["propositions/1/acceptation/", "propositions/1/refus/", "retrait/"])
@pytest.mark.parametrize("typed", [{}, {"key": "abc"}, {"key": ""}], ids=["nothing", "wrong", "empty"])
def test_deed_without_a_key_does_nothing(dispute: Dispute, as_client: Client, end: str, typed: dict[str, str]) -> None:
    way.proposed(dispute, 80_000, dispute.provider)
    answer = as_client.post(address(dispute, end), typed)
    assert (answer.status_code, "Cette page a expiré" in answer.content.decode()) == (200, True)
    assert (way.fresh(dispute).state, dispute.proposals.get().state) == ("MEDIATION", "OPEN")


def test_own_proposal_is_neither_accepted_nor_refused(dispute: Dispute, as_client: Client) -> None:
    way.proposed(dispute, 80_000, dispute.client)
    for end in ("acceptation/", "refus/"):
        assert NOT_NOW in page(as_client, address(dispute, f"propositions/1/{end}"))
        send(as_client, address(dispute, f"propositions/1/{end}"))
    assert dispute.proposals.get().state == "OPEN"


def test_mediator_s_proposal_waits_for_the_second(
    dispute: Dispute, mediator_user: User, as_client: Client, as_provider: Client
) -> None:
    dispute.assign(mediator_user, by=mediator_user)
    way.proposed(way.fresh(dispute), 80_000, mediator_user)
    path = address(dispute, "propositions/1/acceptation/")
    assert "Dès que l’autre partie l’acceptera aussi" in page(as_client, path)
    send(as_client, path)
    assert way.fresh(dispute).state == "MEDIATION"
    assert "L’autre partie l’a acceptée" in page(as_provider, path)
    send(as_provider, path)
    assert way.fresh(dispute).state == "EXECUTED"


def test_refusal_carries_its_reason(dispute: Dispute, as_client: Client) -> None:
    way.proposed(dispute, 80_000, dispute.provider)
    path = address(dispute, "propositions/1/refus/")
    assert "Refuser la proposition 1" in page(as_client, path)
    assert send(as_client, path, reason="Trop peu.")[0] == 302
    assert dispute.proposals.get().state == "REFUSED"
    assert dispute.entries.get(kind="REFUSED").text == "Trop peu."


def test_replaced_proposal_is_refused_to_who_accepts_it(dispute: Dispute, as_client: Client) -> None:
    for cents in (80_000, 90_000):
        way.proposed(dispute, cents, dispute.provider)
    status, text = send(as_client, address(dispute, "propositions/1/acceptation/"))
    assert (status, way.fresh(dispute).state) == (200, "MEDIATION")
    assert "lisez la dernière" in text


@pytest.mark.parametrize("n", [0, 2, 99999])
def test_unknown_proposal_is_not_there(dispute: Dispute, as_client: Client, n: int) -> None:
    way.proposed(dispute, 80_000, dispute.provider)
    for end in ("acceptation/", "refus/"):
        assert as_client.get(address(dispute, f"propositions/{n}/{end}")).status_code == 404


def test_proposal_on_a_closed_case_is_refused(dispute: Dispute, as_provider: Client) -> None:
    dispute.withdraw(by=dispute.client)
    assert NOT_NOW in page(as_provider, address(dispute, "propositions/"))
    status, text = send(as_provider, address(dispute, "propositions/"), share="10", reason="Encore.")
    assert (status, SplitProposal.objects.count()) == (200, 0)
    assert "Encore." in text


def test_withdrawal_says_what_it_brings_about_then_thaws(dispute: Dispute, as_client: Client) -> None:
    path = address(dispute, "retrait/")
    assert "1 200,00 € redeviennent bloqués" in page(as_client, path)
    assert send(as_client, path, reason="Tout est arrangé.")[0] == 302
    assert way.fresh(dispute).state == "WITHDRAWN"
    assert way.tranche(dispute.account).state == "FUNDED"


def test_withdrawal_leaves_the_other_side_s_claim(account: EscrowAccount, as_client: Client) -> None:
    dispute = way.opened(account)
    dispute.join(way.Plea("Les fiches sont livrées.", 90_000), by=dispute.provider, key=uuid.uuid4())
    path = address(dispute, "retrait/")
    assert "le dossier continue avec celle de l’autre partie" in page(as_client, path)
    assert "Le dossier continue" in page(as_client, address(dispute))
    send(as_client, path)
    assert (way.fresh(dispute).state, NOT_NOW in page(as_client, path)) == ("MEDIATION", True)
    assert "Demande retirée" in page(as_client, address(dispute))


def test_side_without_a_claim_withdraws_nothing(dispute: Dispute, as_provider: Client) -> None:
    path = address(dispute, "retrait/")
    assert NOT_NOW in page(as_provider, path)
    assert send(as_provider, path)[0] == 200
    assert way.fresh(dispute).state == "MEDIATION"


def test_claim_in_the_same_case_is_bounded_by_what_is_frozen(account: EscrowAccount, as_provider: Client) -> None:
    dispute = way.opened(account)
    path = address(dispute, "demande/")
    assert "Le SMA ne peut statuer que sur 1 200,00 €" in page(as_provider, path)
    status, text = send(as_provider, path, grievance="Tout est livré.", claim="1 200,01")
    assert (status, dispute.claims.count()) == (200, 1)
    assert "Tout est livré." in text
    assert send(as_provider, path, grievance="Tout est livré.", claim="1 200")[0] == 302
    assert NOT_NOW in page(as_provider, path)
