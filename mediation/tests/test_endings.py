"""What both sides are told when a case goes on or ends: one letter each, which says all of it."""

from __future__ import annotations

import uuid

import pytest

from escrow.models import EscrowAccount, Shares
from escrow.tests import way as escrow
from marketplace.accounts.models import User
from marketplace.events.models import Event, Notice
from marketplace.events.tellings import Letter
from mediation.models import Dispute, Plea, Seizure
from mediation.tests import way

pytestmark = pytest.mark.django_db


def letters_since(event: Event) -> dict[int, list[Letter]]:
    """What each side has been sent since `event`."""
    found: dict[int, list[Letter]] = {}
    for notice in Notice.objects.filter(event__pk__gt=event.pk).order_by("pk"):
        found.setdefault(notice.user_id, []).append(notice.letter)
    return found


def sent(dispute: Dispute, event: Event) -> tuple[Letter, Letter]:
    """The one letter of the client and that of the provider since `event`."""
    found = letters_since(event)
    (client,), (provider,) = found[dispute.client.pk], found[dispute.provider.pk]
    return client, provider


def last_event() -> Event:
    return Event.objects.latest("pk")


def test_answer_and_mediation_are_one_letter(account: EscrowAccount) -> None:
    dispute = way.opened(account)
    before = last_event()
    dispute.answer("Elles n’étaient pas prévues.", by=dispute.provider, key=uuid.uuid4())
    client, provider = sent(dispute, before)
    assert client.subject.startswith("Lisez la réponse, puis proposez un partage avant le")
    assert client.paragraphs[0] == "Paul Mercier a répondu, en ces termes."
    assert (client.quote, provider.quote) == ("Elles n’étaient pas prévues.", "")
    assert provider.subject.startswith("Proposez un partage avant le")


def test_claim_of_the_other_side_and_mediation_are_one_letter(account: EscrowAccount) -> None:
    dispute = way.opened(account)
    before = last_event()
    dispute.join(Plea("Tout est livré.", 120_000), by=dispute.provider, key=uuid.uuid4())
    client, provider = sent(dispute, before)
    assert "1\u202f200,00\xa0€" in client.paragraphs[0]
    assert (client.quote, provider.quote) == ("Tout est livré.", "")


def test_answer_and_arbitration_of_a_case_opened_again_are_one_letter(
    account: EscrowAccount, arbitrator_user: User
) -> None:
    way.opened(account).withdraw(by=account.agreement.client)
    dispute = way.opened(account)
    before = last_event()
    dispute.answer("Encore\xa0?", by=dispute.provider, key=uuid.uuid4())
    client, provider = sent(dispute, before)
    assert client.subject.startswith("Lisez la réponse et versez vos dernières pièces, un arbitre décide")
    assert (client.quote, provider.quote) == ("Encore\xa0?", "")
    assert dispute.entries.get(kind="ARBITRATION").text == ""


def test_first_answer_to_a_case_of_the_sma_is_told_at_once(account: EscrowAccount, mediator_user: User) -> None:
    dispute = Dispute.open_for(account, [way.tranche(account)], reason="Rien ne bouge.", by=mediator_user)
    before = last_event()
    dispute.answer("Je voulais livrer.", by=dispute.provider, key=uuid.uuid4())
    (letter,) = letters_since(before)[dispute.client.pk]
    assert letter.subject.startswith("Répondez au litige avant le")
    assert "l’autre partie a répondu" in letter.subject
    assert letter.quote == "Je voulais livrer."


def test_withdrawal_and_its_money_are_one_letter_to_each(account: EscrowAccount) -> None:
    escrow.delivered(way.tranche(account))
    dispute = way.mediated(account)
    before = last_event()
    dispute.withdraw("Nous nous sommes parlé.", by=dispute.client)
    client, provider = sent(dispute, before)
    assert client.subject.startswith("Reprenez comme avant, 1\u202f200,00\xa0€ ne sont plus gelés")
    assert provider.subject.startswith("Reprenez votre projet, le litige est retiré")
    assert provider.quote == "Nous nous sommes parlé."
    for letter in (client, provider):
        assert letter.items[0].startswith("Tranche\xa01")
        assert [label for label, _value in letter.figures] == ["De nouveau bloqué", "À accepter avant"]
        assert letter.path.endswith("/paiements/")


def test_end_without_a_decision_and_its_money_are_one_letter_to_each(account: EscrowAccount) -> None:
    dispute = way.let_fall(way.mediated(account), "sma.mediate")
    before = last_event()
    way.let_fall(dispute, "sma.last")
    for letter in sent(dispute, before):
        assert letter.subject.startswith("Ouvrez de nouveau le litige si vous le souhaitez")
        assert letter.items[0].startswith("Tranche\xa01")
        assert letter.path == f"/litiges/{dispute.key}/"


CASES = [
    (70_000, "Rien à faire, 500,00\xa0€ du litige vous", "Envoyez votre facture, 700,00\xa0€ du litige", (2, 2)),
    (0, "Rien à faire, 1\u202f200,00\xa0€ du litige vous", "Rien à faire, l’argent du litige revient", (2, 1)),
    (120_000, "Rien à faire, l’argent du litige va", "Envoyez votre facture, 1\u202f200,00\xa0€ du", (1, 2)),
]


@pytest.mark.parametrize(("cents", "to_client", "to_provider", "lengths"), CASES, ids=["both", "back", "all"])
def test_award_says_what_comes_to_each_and_what_they_do(
    account: EscrowAccount, cents: int, to_client: str, to_provider: str, lengths: tuple[int, int]
) -> None:
    dispute = way.mediated(account)
    proposal = way.proposed(dispute, cents, dispute.client)
    before = last_event()
    proposal.accept(by=dispute.provider)
    client, provider = (letters_since(before)[side.pk] for side in dispute.parties)
    assert (client[0].subject.startswith(to_client), provider[0].subject.startswith(to_provider)) == (True, True)
    assert (len(client[0].paragraphs), len(provider[0].paragraphs)) == lengths
    assert provider[0].path == ("/demandes-de-paiement/" if cents else f"/projets/{dispute.project.key}/paiements/")
    assert [value for _label, value in client[0].figures][:1] == ["1\u202f200,00\xa0€"]


def test_ruling_of_a_court_is_one_letter_that_asks_for_the_invoice(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User
) -> None:
    way.drafted(way.arbitrated(account, mediator_user), 80_000)
    dispute = Dispute.objects.with_parties().get()
    seizure = Seizure.record(dispute, way.exhibit().copy, note="", by=mediator_user)
    seizure.note_ruling(Shares(30_000, 90_000), way.exhibit().copy, by=mediator_user)
    before = last_event()
    seizure.carry_out(seizure.version, by=mediator_user)
    client, provider = sent(dispute, before)
    assert provider.subject.startswith("Un tribunal a statué. Envoyez votre facture, 300,00\xa0€ du litige")
    assert client.subject.startswith("Un tribunal a statué. Rien à faire, 900,00\xa0€ du litige")
    assert provider.action == ("Envoyer ma facture", "/demandes-de-paiement/")
    assert "qui est sans effet" in provider.paragraphs[0]
