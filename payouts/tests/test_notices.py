"""Each step is told to the provider with its figures and the next date, and to Finance what waits for them."""

from __future__ import annotations

import pytest
from django.core import mail
from django.test import Client
from django.utils import translation

from marketplace.accounts.models import User
from marketplace.events.models import Notice
from marketplace.events.tasks import deliver
from marketplace.events.tellings import Letter
from payouts import reasons
from payouts.models import PayoutRequest
from payouts.tests import way
from payouts.tests.test_pages import plain

pytestmark = pytest.mark.django_db


def told(user: User, name: str) -> Letter:
    letter = Notice.objects.get(user=user, name=name).letter
    assert letter
    return letter


def words(letter: Letter) -> str:
    return plain(" ".join([letter.subject, *map(str, letter.paragraphs), letter.quote]))


def test_asking_is_told_to_the_provider_and_to_all_of_finance(
    finance_user: User, second_finance_user: User, asked: PayoutRequest
) -> None:
    letter = told(asked.provider, "payout.asked.provider")
    assert "Demande de paiement reçue : 1 200,00 €" in words(letter)
    assert "avant le" in words(letter)
    assert dict(letter.figures)["Facture"] == "AC-1"
    assert letter.action == ("Voir mes demandes de paiement", "/demandes-de-paiement/")
    for user in (finance_user, second_finance_user):
        letter = told(user, "payout.asked.finance")
        assert "La facture AC-1 attend une décision avant le" in words(letter)
        assert letter.action
        assert letter.action[1] == f"/admin/payouts/payoutrequest/{asked.pk}/change/"


def test_every_step_to_the_end_has_its_letter(
    approved: PayoutRequest, provider_user: User, second_finance_user: User
) -> None:
    batch = way.sent([approved], second_finance_user)
    way.answered(batch, second_finance_user)
    for name, expected in {
        "payout.approved": "se terminant par 0189 part avant le",
        "payout.sent": "devrait arriver avant le",
        "payout.paid": "Payé : 1 200,00 €",
    }.items():
        assert expected in words(told(provider_user, name))


def test_the_client_is_told_of_the_invoice_and_of_its_payment(
    approved: PayoutRequest, client_user: User, second_finance_user: User
) -> None:
    letter = told(client_user, "payout.asked.client")
    assert "Facture AC-1 émise par" in words(letter)
    assert "vous n’avez rien d’autre à payer" in words(letter)
    way.answered(way.sent([approved], second_finance_user), second_finance_user)
    assert "est payée : 1 200,00 €" in words(told(client_user, "payout.paid.client"))
    assert Notice.objects.filter(user=client_user, name__startswith="payout.").count() == 2


def test_a_refusal_quotes_its_reason_and_leads_to_sending_again(
    asked: PayoutRequest, provider_user: User, finance_user: User
) -> None:
    asked.refuse(by=finance_user, reason="Il manque votre SIREN.")
    letter = told(provider_user, "payout.refused")
    path = f"/demandes-de-paiement/tranches/{asked.tranche_id}/?reprise={asked.pk}"
    assert (letter.quote, letter.action) == ("Il manque votre SIREN.", ("Corriger et renvoyer", path))


def test_a_return_says_the_bank_s_reason_in_the_reader_s_language(
    approved: PayoutRequest, provider_user: User, second_finance_user: User
) -> None:
    way.answered(way.sent([approved], second_finance_user), second_finance_user, "RJCT", "AC04")
    assert told(provider_user, "payout.returned").quote == "le compte est clos (code AC04)"
    with translation.override("en"):
        assert told(provider_user, "payout.returned").quote == "the account is closed (code AC04)"


def test_an_iban_that_changed_is_told_with_the_new_date(approved: PayoutRequest, provider_user: User) -> None:
    way.banked(provider_user, way.OTHER_IBAN)
    assert "se terminant par 7034 : avant le" in words(told(provider_user, "payout.reopened"))
    assert approved.decided_by
    assert "attend une décision" in words(told(approved.decided_by, "payout.reopened.finance"))


def test_a_transfer_that_may_be_at_the_bank_is_told_with_its_account(
    approved: PayoutRequest, provider_user: User, second_finance_user: User, as_provider: Client
) -> None:
    way.batched([approved], second_finance_user).hand_out()
    way.banked(provider_user, way.OTHER_IBAN)
    assert way.fresh(approved).state == "BATCHED"
    letter = words(told(provider_user, "payout.elsewhere"))
    assert "peut-être déjà à la banque, avec votre compte se terminant par 0189" in letter
    text = plain(as_provider.get("/demandes-de-paiement/").content.decode())
    assert "La facture AC-1 est payée sur votre ancien compte, •••• •••• •••• 0189" in text
    assert "vers •••• •••• •••• 0189, votre ancien compte" in text


@pytest.mark.django_db(transaction=True)
def test_the_mail_is_sent_once_with_its_link(asked: PayoutRequest) -> None:
    mail.outbox.clear()
    deliver()
    deliver()
    mine = [m for m in mail.outbox if m.to == [asked.provider.email] and "Demande de paiement reçue" in m.subject]
    assert len(mine) == 1
    assert "/mes-avis/" in str(mine[0].body)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("AC01", "l’IBAN n’existe pas ou est erroné (code AC01)"),
        ("ZZ99", "la banque ne donne pas de motif (code ZZ99)"),
        ("MS03 Compte fermé", "la banque ne donne pas de motif (code MS03). Compte fermé"),
        ("Compte fermé", "Compte fermé"),
        ("", "la banque ne donne pas de motif"),
    ],
)
def test_codes_of_the_banks_are_put_in_words(said: str, expected: str) -> None:
    assert reasons.in_words(said) == expected
