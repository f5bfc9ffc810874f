"""What those who sit in a case, or were asked to take it up, are told of its end."""

from __future__ import annotations

import uuid

import pytest

from escrow.models import EscrowAccount
from marketplace.accounts.models import User
from marketplace.accounts.staff import SMA
from marketplace.events.models import Notice
from marketplace.testing.cast import person
from mediation.models import Dispute, Plea, Seizure
from mediation.tests import way
from mediation.tests.test_letters import IDLE, LATER, last, text_of
from mediation.tests.test_notices import told

pytestmark = pytest.mark.django_db


@pytest.fixture
def decided(account: EscrowAccount, mediator_user: User, arbitrator_user: User) -> Dispute:
    way.drafted(way.arbitrated(account, mediator_user), 80_000)
    return way.fresh(Dispute.objects.get())


def test_mediator_hears_of_the_settlement(account: EscrowAccount, mediator_user: User) -> None:
    dispute = way.mediated(account)
    dispute.assign(mediator_user, by=None)
    way.proposed(dispute, 80_000, mediator_user).accept(by=dispute.client)
    dispute.proposals.get().accept(by=dispute.provider)
    letter = last(mediator_user, "executed")
    assert letter.subject.startswith(f"{LATER}, le dossier SMA")
    assert "Les deux parties ont accepté le même partage" in text_of(letter)
    assert "publisher" not in told("executed")


def test_mediator_hears_of_the_decision_with_its_paper(decided: Dispute, mediator_user: User) -> None:
    letter = last(mediator_user, "decided")
    assert letter.subject.startswith(f"{IDLE}, la décision du dossier")
    assert [path for _label, path, _note in letter.links] == [f"/litiges/{decided.key}/decision.pdf"]
    assert told("decided")["bench"] == {"Marc"}


def test_arbitrator_is_asked_to_publish_what_is_executed(
    decided: Dispute, arbitrator_user: User, mediator_user: User
) -> None:
    way.let_fall(decided, "sma.execute")
    assert last(arbitrator_user, "executed").subject.startswith("Publiez la décision du dossier")
    assert last(mediator_user, "executed").subject.startswith(f"{LATER}, le dossier SMA")


def test_who_sat_beside_an_arbitrator_who_left_is_asked_to_publish(
    decided: Dispute, arbitrator_user: User, mediator_user: User
) -> None:
    arbitrator_user.groups.clear()
    way.let_fall(decided, "sma.execute")
    assert last(mediator_user, "executed").subject.startswith("Publiez la décision du dossier")


def test_bench_hears_of_the_court_and_of_its_ruling(
    decided: Dispute, arbitrator_user: User, mediator_user: User
) -> None:
    seizure = Seizure.record(decided, way.exhibit().copy, note="Assignation.", by=mediator_user)
    letter = last(arbitrator_user, "seized")
    assert (letter.quote, letter.subject.startswith(f"{IDLE}, un tribunal est saisi")) == ("Assignation.", True)
    assert told("seized")["bench"] == {"Aude"}
    way.ruled(seizure, 0, mediator_user)
    assert "Un tribunal a statué" in text_of(last(arbitrator_user, "executed"))


def test_bench_hears_of_a_withdrawal_and_of_an_end_without_a_decision(
    account: EscrowAccount, mediator_user: User
) -> None:
    dispute = way.mediated(account)
    dispute.assign(mediator_user, by=None)
    dispute.withdraw("Nous nous sommes parlé.", by=dispute.client)
    letter = last(mediator_user, "withdrawn")
    assert (letter.quote, letter.subject.startswith(LATER)) == ("Nous nous sommes parlé.", True)
    way.let_fall(way.arbitrated(account, mediator_user, 2), "sma.last")
    assert last(mediator_user, "undecided").subject.startswith(f"{LATER}, le dossier SMA")


def test_mediator_hears_that_a_side_gives_up_its_claim(account: EscrowAccount, mediator_user: User) -> None:
    dispute = way.mediated(account)
    dispute.assign(mediator_user, by=None)
    dispute.join(Plea("Moi aussi.", 1), by=dispute.provider, key=uuid.uuid4())
    way.fresh(dispute).withdraw("Je renonce.", by=dispute.provider)
    letter = last(mediator_user, "renounced")
    assert (letter.quote, letter.subject.startswith(f"{IDLE}, Paul Mercier renonce")) == ("Je renonce.", True)


def test_who_was_asked_to_take_it_up_learns_that_somebody_has(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User
) -> None:
    zoe = person("zoe@paraphe.example", "Zoé Hamel", staff_of=SMA)
    dispute = way.opened(account)
    zoe.groups.clear()
    dispute.assign(mediator_user, by=mediator_user)
    assert told("assigned")["called"] == {"Aude"}
    assert last(arbitrator_user, "assigned").subject.startswith("Rien à faire, Marc Tellier mène la médiation")
    dispute.assign(arbitrator_user, by=mediator_user, reason="Congé.")
    assert "called" not in told("assigned")


def test_who_was_asked_to_take_it_up_learns_that_it_is_withdrawn(account: EscrowAccount, mediator_user: User) -> None:
    dispute = way.opened(account)
    dispute.withdraw("Tout est arrangé.", by=dispute.client)
    letter = last(mediator_user, "withdrawn")
    assert (letter.quote, letter.subject[:15]) == ("", "Rien à faire, l")
    assert all("arrangé" not in str(notice.facts) for notice in Notice.objects.filter(user=mediator_user))


def test_whoever_has_taken_it_up_is_not_told_twice_of_its_end(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User
) -> None:
    dispute = way.opened(account)
    dispute.assign(mediator_user, by=None)
    dispute.withdraw(by=dispute.client)
    assert told("withdrawn") == {"others": {"Paul"}, "author": {"Claire"}, "bench": {"Marc"}}


def test_who_was_asked_to_take_it_up_learns_that_it_is_settled(account: EscrowAccount, mediator_user: User) -> None:
    dispute = way.mediated(account)
    way.proposed(dispute, 80_000, dispute.client).accept(by=dispute.provider)
    letter = last(mediator_user, "executed")
    assert letter.subject.startswith("Rien à faire, le dossier SMA")
    assert "Les deux parties ont accepté le même partage" in text_of(letter)
    assert "ce n’est plus à faire" in text_of(letter)
    assert [label for label, _value in letter.figures] == ["Gelé"]


def test_who_was_asked_to_take_it_up_learns_once_that_an_arbitrator_has_it(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User
) -> None:
    dispute = way.let_fall(way.mediated(account), "sma.mediate")
    beside = {mediator_user, arbitrator_user} - {dispute.arbitrator}
    assert told("arbitration") == {"both": {"Claire", "Paul"}, "called": {one.name.split()[0] for one in beside}}
    assert last(beside.pop(), "arbitration").subject.startswith("Plus de médiateur à nommer, le dossier SMA")
    way.let_fall(dispute, "sma.last")
    assert "called" not in told("undecided")


def test_decision_of_a_case_without_a_mediator_is_not_told_to_who_was_asked(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User
) -> None:
    dispute = way.heard(way.let_fall(way.mediated(account), "sma.mediate"))
    way.drafted(dispute, 80_000)
    way.let_fall(dispute, "sma.execute")
    assert "called" not in told("executed")
