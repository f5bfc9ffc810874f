"""What a letter asks of its reader: what to do and before when, and nothing only where there is nothing to do."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from escrow.models import EscrowAccount
from marketplace.accounts.models import User
from marketplace.accounts.staff import SMA
from marketplace.events.models import Notice
from marketplace.events.tellings import Letter
from marketplace.templatetags.page import paris
from marketplace.testing.cast import person
from mediation.models import Course, Dispute, Plea
from mediation.tests import way
from mediation.tests.pages import plain
from mediation.tests.test_notices import told
from projects.models import Deadline

pytestmark = pytest.mark.django_db
IDLE, LATER = "Rien à faire pour l’instant", "Plus rien à faire"


def last(user: User, verb: str) -> Letter:
    """The latest letter to somebody about `verb`."""
    return Notice.objects.filter(user=user, event__verb=f"mediation.{verb}").latest("pk").letter


def text_of(letter: Letter) -> str:
    """All that it says, with plain spaces."""
    figures = [f"{label} {value}" for label, value in letter.figures]
    return plain(" ".join([letter.subject, *letter.paragraphs, *figures]))


@pytest.fixture
def unhurried(settings: Any) -> None:
    """Mediations that last longer than any mediator is waited for, whatever the public holidays."""
    settings.SMA_MEDIATION_DAYS = 30


@pytest.fixture
def mediation(account: EscrowAccount, mediator_user: User, unhurried: None) -> Dispute:
    dispute = way.mediated(account)
    dispute.assign(mediator_user, by=None)
    return way.fresh(dispute)


def test_mediator_named_before_the_answer_is_told_with_what_each_side_does(
    account: EscrowAccount, mediator_user: User
) -> None:
    dispute = way.opened(account)
    dispute.assign(mediator_user, by=None)
    until = plain(paris(dispute.answer_by))
    assert text_of(last(dispute.provider, "assigned")).startswith(f"Répondez au litige avant le {until}, Marc Tellier")
    letter = last(dispute.client, "assigned")
    assert letter.subject.startswith(IDLE)
    assert f"L’autre partie a jusqu’au {until} pour répondre" in text_of(letter)


def test_mediator_named_later_is_told_with_the_date_of_the_mediation(mediation: Dispute) -> None:
    until = plain(paris(mediation.mediate_by))
    for side in mediation.parties:
        text = text_of(last(side, "assigned"))
        assert text.startswith(f"Accordez-vous sur un partage avant le {until}, Marc Tellier")
        assert f"sans accord avant le {until}, un arbitre décide" in text


def test_title_with_a_percent_sign_is_written_as_it_is(account: EscrowAccount, mediator_user: User) -> None:
    type(account.project).objects.update(title="Hausse de 10 % (100%)s")
    dispute = way.opened(account)
    dispute.assign(mediator_user, by=None)
    assert last(dispute.client, "assigned").subject.endswith("Hausse de 10 % (100%)s")


def test_mediator_proposes_nothing_before_the_answer(account: EscrowAccount, mediator_user: User) -> None:
    dispute = way.opened(account)
    dispute.assign(mediator_user, by=None)
    text = text_of(last(mediator_user, "assigned"))
    assert "Il n’y a encore rien à proposer" in text
    assert plain(paris(dispute.answer_by)) in text
    assert "prend votre place" not in text
    assert not Deadline.objects.about(dispute, "sma.replace", "sma.nudge").waiting().exists()


def test_mediator_reads_the_answer_and_before_when_they_act(
    account: EscrowAccount, mediator_user: User, unhurried: None
) -> None:
    dispute = way.opened(account)
    dispute.assign(mediator_user, by=None)
    dispute.answer("Elles n’étaient pas prévues.", by=dispute.provider, key=uuid.uuid4())
    letter, act_by = last(mediator_user, "mediation"), plain(paris(way.due(dispute, "sma.replace")))
    assert text_of(letter).startswith(f"Écrivez aux deux parties ou proposez un partage avant le {act_by}")
    assert letter.quote == "Elles n’étaient pas prévues."
    assert told("answered") == {}


def test_mediator_is_reminded_before_somebody_takes_the_seat(mediation: Dispute, mediator_user: User) -> None:
    act_by = plain(paris(way.due(mediation, "sma.replace")))
    assert way.due(mediation, "sma.nudge") < way.due(mediation, "sma.replace")
    dispute = way.let_fall(mediation, "sma.nudge")
    assert told("nudged") == {"mediator": {"Marc"}}
    assert f"avant le {act_by}" in plain(last(mediator_user, "nudged").subject)
    assert dispute.mediator == mediator_user


def test_mediator_named_late_is_told_the_end_of_the_mediation(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User
) -> None:
    dispute = way.mediated(account)
    dispute.assign(mediator_user, by=None)
    dispute = way.let_fall(dispute, "sma.replace")
    assert dispute.mediate_by
    text, until = text_of(last(arbitrator_user, "assigned")), plain(paris(dispute.mediate_by))
    assert text.startswith(f"Écrivez aux deux parties ou proposez un partage avant le {until}")
    assert "à cette date, la médiation prend fin et, sans accord, un arbitre décide" in text
    assert "prend votre place" not in text


def test_mediator_who_keeps_the_seat_is_told_no_date_after_the_mediation(
    account: EscrowAccount, mediator_user: User
) -> None:
    dispute = way.mediated(account)
    dispute.assign(mediator_user, by=None)
    Dispute.objects.filter(pk=dispute.pk).update(mediate_by=way.due(dispute, "sma.replace") + timedelta(hours=1))
    dispute = way.let_fall(dispute, "sma.replace")
    assert dispute.mediate_by
    text, until = text_of(last(mediator_user, "stuck")), plain(paris(dispute.mediate_by))
    assert text.startswith(f"Écrivez aux deux parties ou proposez un partage avant le {until}")
    assert f"jusqu’à la fin de la médiation, le {until}" in text


def test_mediator_who_has_written_is_not_reminded(mediation: Dispute, mediator_user: User) -> None:
    mediation.say("Bonjour à tous deux.", by=mediator_user, key=uuid.uuid4())
    with pytest.raises(Course.NotDue):
        way.let_fall(mediation, "sma.nudge")


def test_mediator_who_wrote_before_the_answer_is_given_no_date(account: EscrowAccount, mediator_user: User) -> None:
    dispute = way.opened(account)
    dispute.assign(mediator_user, by=None)
    dispute.say("Bonjour à tous deux.", by=mediator_user, key=uuid.uuid4())
    way.fresh(dispute).answer("Non.", by=dispute.provider, key=uuid.uuid4())
    assert last(mediator_user, "mediation").subject.startswith("Lisez le dossier SMA")
    assert not Deadline.objects.about(dispute, "sma.replace", "sma.nudge").waiting().exists()


def test_seat_left_says_what_each_side_still_does(
    mediation: Dispute, mediator_user: User, moderator_user: User
) -> None:
    way.proposed(mediation, 70_000, mediation.client)
    mediator_user.suspend(by=moderator_user, reason="Départ")
    Course(mediation).free_seats(at=way.due(mediation, "sma.replace"))
    until = plain(paris(mediation.mediate_by))
    assert text_of(last(mediation.provider, "vacated")).startswith(f"Répondez à la proposition 1 avant le {until}")
    letter = last(mediation.client, "vacated")
    assert letter.subject.startswith(IDLE)
    assert f"L’autre partie a jusqu’au {until} pour répondre à la proposition 1" in text_of(letter)


def test_claim_given_up_says_what_the_other_side_still_does(account: EscrowAccount, mediator_user: User) -> None:
    dispute = way.opened(account)
    dispute.assign(mediator_user, by=None)
    dispute.join(Plea("Moi aussi.", 1), by=dispute.provider, key=uuid.uuid4())
    way.fresh(dispute).withdraw("Je renonce.", by=dispute.provider)
    letter = last(dispute.client, "renounced")
    assert letter.subject.startswith("Accordez-vous sur un partage avant le")
    assert (letter.quote, letter.paragraphs[0][:13]) == ("Je renonce.", "Paul Mercier ")


@pytest.mark.parametrize("seated", [True, False])
def test_claim_given_up_before_an_arbitrator_says_what_comes_next(
    account: EscrowAccount, mediator_user: User, request: pytest.FixtureRequest, seated: bool
) -> None:
    if seated:
        request.getfixturevalue("arbitrator_user")
    dispute = way.arbitrated(account, mediator_user)
    dispute.join(Plea("Moi aussi.", 1), by=dispute.provider, key=uuid.uuid4())
    assert "l’autre partie demande 0,01 €" in text_of(last(dispute.client, "joined"))
    way.fresh(dispute).withdraw(by=dispute.provider)
    text = text_of(last(dispute.client, "renounced"))
    assert text.startswith(IDLE)
    assert ("La décision est attendue avant le" in text, "Le SMA cherche un arbitre" in text) == (seated, not seated)


def test_reminder_says_what_is_to_be_done(account: EscrowAccount, mediator_user: User) -> None:
    dispute = way.let_fall(way.opened(account), "sma.remind")
    assert last(dispute.provider, "reminded").subject.startswith("Répondez au litige avant le")
    dispute.answer("Non.", by=dispute.provider, key=uuid.uuid4())
    way.let_fall(dispute, "sma.remind")
    assert last(dispute.client, "reminded").subject.startswith("Accordez-vous sur un partage avant le")


def test_proposal_of_a_side_settles_at_once_and_that_of_the_mediator_does_not(
    mediation: Dispute, mediator_user: User
) -> None:
    way.proposed(mediation, 70_000, mediation.provider)
    letter = last(mediation.client, "proposed")
    assert "en la faisant, Paul Mercier l’accepte" in text_of(letter)
    assert "le litige est réglé aussitôt et pour de bon" in text_of(letter)
    assert letter.quote == "Un partage au prorata."
    assert last(mediator_user, "proposed").quote == "Un partage au prorata."
    way.proposed(mediation, 80_000, mediator_user).accept(by=mediation.provider)
    assert "si l’autre partie l’accepte aussi" in text_of(last(mediation.client, "proposed"))
    assert "à facturer, et celle du client remboursée" in text_of(last(mediation.client, "accepted"))


def test_refusal_says_that_the_shares_are_refused_and_what_still_waits(mediation: Dispute, mediator_user: User) -> None:
    way.proposed(mediation, 70_000, mediator_user).accept(by=mediation.client)
    way.proposed(mediation, 80_000, mediation.provider).refuse(by=mediation.client, reason="Trop.")
    letter = last(mediation.provider, "refused")
    assert letter.subject.startswith("Répondez à la proposition 1 avant le")
    assert (letter.quote, "Refusé : au prestataire 800,00 €" in text_of(letter)) == ("Trop.", True)
    assert last(mediator_user, "refused").subject.startswith(f"{IDLE}, Claire Caron refuse la proposition 2")
    assert "La proposition 1 attend encore une réponse" in text_of(last(mediator_user, "refused"))
    mediation.proposals.get(number=1).refuse(by=mediation.provider)
    assert last(mediator_user, "refused").subject.startswith("Proposez un autre partage avant le")
    assert last(mediation.client, "refused").subject.startswith("Proposez un autre partage avant le")


def test_refused_side_waits_when_the_other_one_has_to_answer(mediation: Dispute, mediator_user: User) -> None:
    way.proposed(mediation, 70_000, mediator_user).accept(by=mediation.provider)
    way.proposed(mediation, 80_000, mediation.provider).refuse(by=mediation.client)
    letter = last(mediation.provider, "refused")
    assert letter.subject.startswith(f"{IDLE}, la proposition 2 est refusée")
    assert letter.paragraphs[0] == "Claire Caron refuse la proposition 2."


def test_silence_of_a_side_is_told_to_both_and_to_the_mediator(account: EscrowAccount, mediator_user: User) -> None:
    dispute = way.opened(account)
    dispute.assign(mediator_user, by=None)
    assert "n’a pas répondu" not in text_of(last(mediator_user, "assigned"))
    way.let_fall(dispute, "sma.answer")
    assert last(dispute.client, "mediation").paragraphs[0].startswith("L’autre partie n’a pas répondu dans le délai")
    assert last(dispute.provider, "mediation").paragraphs[0].startswith("Vous n’avez pas répondu dans le délai")
    assert last(mediator_user, "mediation").paragraphs[0] == "Une partie n’a pas répondu dans le délai."


def test_failed_mediation_is_told_with_the_proposals_that_lapse(mediation: Dispute, mediator_user: User) -> None:
    way.proposed(mediation, 70_000, mediation.client)
    way.proposed(mediation, 80_000, mediation.provider)
    way.let_fall(mediation, "sma.mediate")
    text = text_of(last(mediation.client, "arbitration"))
    assert "La médiation n’a pas abouti" in text
    assert "Les propositions 1 et 2 deviennent caduques" in text
    assert last(mediator_user, "arbitration").subject.startswith(f"{LATER}, la médiation du dossier")


def test_reason_of_the_hand_over_is_the_mediator_s(mediation: Dispute) -> None:
    way.handed_over(mediation)
    letter = last(mediation.client, "arbitration")
    assert letter.paragraphs[0].startswith("Marc Tellier a mis fin à la médiation avant sa date")
    assert (letter.quote, letter.paragraphs[0].endswith("Motif du médiateur\xa0:")) == (way.NO_DEAL, True)
    assert "former_mediator" not in told("arbitration")


def test_former_mediator_who_left_the_sma_is_told_nothing(mediation: Dispute, mediator_user: User) -> None:
    mediator_user.groups.clear()
    way.let_fall(mediation, "sma.mediate")
    assert told("arbitration") == {"both": {"Claire", "Paul"}}


def test_dispute_opened_again_says_that_there_is_no_mediation(account: EscrowAccount, arbitrator_user: User) -> None:
    way.opened(account).withdraw(by=account.agreement.client)
    dispute = way.opened(account)
    for side in dispute.parties:
        assert "directement devant un arbitre, sans médiation" in text_of(last(side, "opened"))
    way.let_fall(dispute, "sma.answer")
    text = text_of(last(dispute.client, "arbitration"))
    assert "L’autre partie n’a pas répondu dans le délai" in text
    assert ("Il n’y a pas de médiation" in text, "qui n’a pas mené" in text) == (True, False)


def test_another_arbitrator_leaves_the_date_for_evidence(account: EscrowAccount, arbitrator_user: User) -> None:
    way.opened(account).withdraw(by=account.agreement.client)
    dispute = way.let_fall(way.opened(account), "sma.answer")
    zoe = person("zoe@paraphe.example", "Zoé Hamel", staff_of=SMA)
    dispute.appoint(zoe, by=arbitrator_user, reason="Congé.")
    letter, until = last(dispute.client, "appointed"), plain(paris(dispute.heard_until))
    assert letter.quote == "Congé."
    assert f"Vous pouvez verser des pièces jusqu’au {until}" in text_of(letter)


def test_seat_kept_late_asks_its_holder_to_act_before_a_date(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, superuser: User
) -> None:
    dispute = way.let_fall(way.arbitrated(account, mediator_user), "sma.decide")
    way.let_fall(dispute, "sma.replace")
    assert told("stuck") == {"keeper": {"Aude"}, "heads": {"Rose"}, "untied": {"Marc"}}
    again, text = plain(paris(way.due(dispute, "sma.replace"))), text_of(last(arbitrator_user, "stuck"))
    assert text.startswith(f"Écrivez la décision avant le {again} : vous gardez le dossier")
    assert "Les administrateurs le savent et sont invités" in text
    for one in (superuser, mediator_user):
        assert "Aude Rousset, en retard, garde le siège" in text_of(last(one, "stuck"))


def test_nothing_is_said_of_administrators_where_there_is_none(account: EscrowAccount, mediator_user: User) -> None:
    dispute = way.let_fall(way.arbitrated(account, mediator_user), "sma.replace")
    text = text_of(last(mediator_user, "stuck"))
    assert (told("stuck"), "administrateurs" in text) == ({"untied": {"Marc"}}, False)
    assert "Cherchez entre vous qui pourrait rejoindre le SMA" in text
    assert plain(paris(way.due(dispute, "sma.replace"))) in text


def test_mediator_who_keeps_the_seat_has_a_date_too(mediation: Dispute, mediator_user: User) -> None:
    way.let_fall(mediation, "sma.replace")
    text = text_of(last(mediator_user, "stuck"))
    assert text.startswith("Écrivez aux deux parties ou proposez un partage avant le")
    assert "administrateurs" not in text


def test_administrator_who_keeps_the_seat_is_asked_to_add_somebody(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, superuser: User, settings: Any
) -> None:
    settings.SMA_APPROVAL_CENTS = 0
    way.drafted(way.arbitrated(account, mediator_user), 60_000)
    way.let_fall(Dispute.objects.with_parties().get(), "sma.approve")
    text = text_of(last(superuser, "stuck"))
    assert text.startswith("Approuvez ou renvoyez la décision avant le")
    assert "ajoutez quelqu’un au SMA" in text
