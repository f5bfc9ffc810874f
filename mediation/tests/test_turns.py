"""Who must act, by when and what silence causes: on the case's page, the report and the administration's queue."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client

from escrow.models import EscrowAccount
from marketplace.accounts.models import User
from marketplace.events.models import Notice
from marketplace.templatetags.page import paris, paris_short
from marketplace.testing.cast import signed_in
from mediation.models import Dispute, Seizure
from mediation.tasks import free_seats
from mediation.tests import way
from mediation.tests.desk import page as desk_page
from mediation.tests.pages import address, page, plain
from mediation.turns import awaited

pytestmark = pytest.mark.django_db


@pytest.fixture
def mediated(account: EscrowAccount, mediator_user: User) -> Dispute:
    """In mediation, led by the mediator."""
    dispute = way.mediated(account)
    dispute.assign(mediator_user, by=mediator_user)
    return way.fresh(dispute)


@pytest.fixture
def drafted(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, superuser: User, settings: Any
) -> Dispute:
    """Its decision is written and waits for the administrator's approval."""
    settings.SMA_APPROVAL_CENTS = 0
    way.drafted(way.arbitrated(account, mediator_user), 80_000)
    return way.fresh(Dispute.objects.get())


def report(reader: Client, dispute: Dispute) -> str:
    return page(reader, f"/projets/{dispute.project.key}/rapport/")


def strip(reader: Client, dispute: Dispute) -> str:
    """The top of the case's page."""
    return page(reader, address(dispute)).partition("state-strip")[2].partition("</section>")[0]


def test_who_accepted_waits_for_the_other_side(mediated: Dispute, as_client: Client, as_provider: Client) -> None:
    way.proposed(mediated, 80_000, mediated.mediator or mediated.client).accept(by=mediated.client)
    assert awaited(mediated) == [mediated.provider]
    top = strip(as_client, mediated)
    assert "Le prestataire : répondre à la proposition 1" in top
    assert "vous n’avez rien à faire" in top
    assert "Vous : répondre à la proposition 1" in strip(as_provider, mediated)
    until = plain(paris(mediated.mediate_by))
    for reader, words in ((as_client, "L’autre partie"), (as_provider, "Vous")):
        text = report(reader, mediated)
        assert f"{words} : répondre à la proposition 1" in text
        assert until in text


def test_own_proposal_waits_for_the_other_side(mediated: Dispute, as_client: Client, as_mediator: Client) -> None:
    way.proposed(mediated, 80_000, mediated.client)
    assert "Le prestataire : répondre à la proposition 1" in strip(as_client, mediated)
    assert "Le prestataire : répondre à la proposition 1" in strip(as_mediator, mediated)
    assert "la réponse du prestataire à la proposition 1" in desk_page(as_mediator)


def test_proposal_of_the_mediator_waits_for_both(mediated: Dispute, as_client: Client, as_mediator: Client) -> None:
    way.proposed(mediated, 85_000, mediated.mediator or mediated.client)
    assert "Vous et le prestataire : répondre à la proposition 1" in strip(as_client, mediated)
    assert "Les deux parties : répondre à la proposition 1" in strip(as_mediator, mediated)
    assert "les réponses des deux parties à la proposition 1" in desk_page(as_mediator)
    assert "Vous et l’autre partie : répondre à la proposition 1" in report(as_client, mediated)


def test_earlier_proposal_waits_too(
    mediated: Dispute, as_client: Client, as_provider: Client, as_mediator: Client
) -> None:
    way.proposed(mediated, 85_000, mediated.mediator or mediated.client).accept(by=mediated.client)
    way.proposed(mediated, 90_000, mediated.provider)
    assert awaited(mediated) == mediated.parties
    told = "Vous : répondre à la proposition 2 ; le prestataire : répondre à la proposition 1"
    for words in (told, plain(paris(mediated.mediate_by)), "Sans accord, un arbitre décide"):
        assert words in strip(as_client, mediated)
    mine = "Vous : répondre à la proposition 1"
    assert f"{mine} ; le client : répondre à la proposition 2" in strip(as_provider, mediated)
    assert f"{mine} ; l’autre partie : répondre à la proposition 2" in report(as_provider, mediated)
    queue = desk_page(as_mediator)
    assert "la réponse du client à la proposition 2 et la réponse du prestataire à la proposition 1" in queue


def test_both_open_proposals_wait_for_who_made_neither(
    mediated: Dispute, as_client: Client, as_mediator: Client
) -> None:
    way.proposed(mediated, 80_000, mediated.provider)
    way.proposed(mediated, 85_000, mediated.mediator or mediated.client).accept(by=mediated.provider)
    top = strip(as_client, mediated)
    assert "Vous : répondre aux propositions 1 et 2" in top
    assert "Acceptez-en une ou refusez-les" in top
    assert "la réponse du client aux propositions 1 et 2" in desk_page(as_mediator)


def test_letters_name_every_proposal_that_waits(mediated: Dispute) -> None:
    way.proposed(mediated, 85_000, mediated.mediator or mediated.client)
    way.proposed(mediated, 90_000, mediated.provider)
    way.let_fall(mediated, "sma.remind")
    rows = Notice.objects.filter(event__verb="mediation.reminded")
    told = {notice.user: " ".join(notice.letter.paragraphs) for notice in rows}
    assert "Les propositions 1 et 2 attendent votre réponse" in told[mediated.client]
    assert "La proposition 1 attend votre réponse" in told[mediated.provider]
    proposed = Notice.objects.get(event__verb="mediation.proposed", event__facts__proposal=2, user=mediated.client)
    assert "La proposition 1 attend votre réponse" in " ".join(proposed.letter.paragraphs)


def test_refused_proposal_leaves_both_to_agree(mediated: Dispute, as_client: Client, as_mediator: Client) -> None:
    way.proposed(mediated, 80_000, mediated.provider)
    assert "la réponse du client à la proposition 1" in desk_page(as_mediator)
    mediated.proposals.get().refuse(by=mediated.client)
    assert awaited(mediated) == mediated.parties
    assert "Vous et le prestataire : vous accorder sur un partage" in strip(as_client, mediated)
    assert "un accord des deux parties" in desk_page(as_mediator)


def test_reminder_goes_to_who_must_act_alone(mediated: Dispute) -> None:
    way.proposed(mediated, 80_000, mediated.client)
    way.let_fall(mediated, "sma.remind")
    told = Notice.objects.filter(event__verb="mediation.reminded")
    assert [notice.user for notice in told] == [mediated.provider]


def test_written_decision_waits_for_its_approval(drafted: Dispute, as_client: Client, as_superuser: Client) -> None:
    until = drafted.decide_by
    for words in ("Le SMA : approuver la décision", "une deuxième personne la relit", plain(paris(until))):
        assert words in strip(as_client, drafted)
    assert "Une autre personne est nommée ; l’argent reste gelé." in page(as_client, address(drafted))
    text = report(as_client, drafted)
    assert f"Le SMA : approuver la décision du dossier {drafted.number}" in text
    assert plain(paris(until)) in text
    queue = desk_page(as_superuser)
    assert "l’approbation de la décision" in queue
    assert plain(paris_short(until)) in queue


def test_bench_reads_who_approves(drafted: Dispute, arbitrator_user: User) -> None:
    reader = signed_in(arbitrator_user)
    assert "approuve la décision" in strip(reader, drafted)
    Dispute.objects.update(approver=None)
    assert "Le SMA : nommer qui approuve la décision" in strip(reader, drafted)
    assert "qui approuve la décision" in desk_page(reader)


def test_court_is_who_a_seized_case_waits_for(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, as_arbitrator: Client
) -> None:
    way.drafted(way.arbitrated(account, mediator_user), 60_000)
    dispute = way.fresh(Dispute.objects.get())
    assert "son exécution" in desk_page(as_arbitrator)
    Seizure.record(dispute, way.exhibit().copy, note="", by=mediator_user)
    assert "le jugement du tribunal" in desk_page(as_arbitrator)
    assert awaited(dispute) == []


def test_case_without_a_mediator_waits_for_one(account: EscrowAccount, as_mediator: Client) -> None:
    dispute = way.opened(account)
    assert "un médiateur" in desk_page(as_mediator)
    dispute.answer("Non.", by=dispute.provider, key=uuid.uuid4())
    assert "un médiateur" in desk_page(as_mediator)


def ahead(reader: Client, dispute: Dispute, title: str) -> str:
    """What the timeline says of one step, in one line."""
    step = page(reader, address(dispute)).partition(title)
    return " ".join((step[0][-200:] + step[2][:900]).split()) if step[1] else ""


def test_both_read_until_when_a_mediator_is_named(
    account: EscrowAccount, as_client: Client, mediator_user: User, moderator_user: User
) -> None:
    dispute, title = way.mediated(account), "Nomination du médiateur"
    step = ahead(as_client, dispute, title)
    assert plain(paris(way.due(dispute, "sma.assign"))) in step
    assert "Un médiateur est nommé d’office." in step
    dispute.assign(mediator_user, by=None)
    assert not ahead(as_client, dispute, title)
    mediator_user.suspend(by=moderator_user, reason="Départ")
    free_seats()
    assert plain(paris(way.due(dispute, "sma.assign"))) in ahead(as_client, dispute, title)


def test_both_read_when_the_case_ends_without_a_decision(drafted: Dispute, as_client: Client) -> None:
    step = ahead(as_client, drafted, "le dossier prend fin sans décision")
    assert plain(paris_short(way.due(drafted, "sma.last"))) in step
    assert "Rouvert, le litige va directement devant un arbitre." in step


def test_case_without_an_arbitrator_says_when_one_is_looked_for(
    account: EscrowAccount, as_client: Client, mediator_user: User
) -> None:
    dispute = way.arbitrated(account, mediator_user)
    again = plain(paris(way.due(dispute, "sma.replace")))
    assert dispute.decide_by == way.due(dispute, "sma.replace")
    for text in (strip(as_client, dispute), report(as_client, dispute)):
        assert again in text
    assert "Personne ne peut encore décider" in page(as_client, address(dispute))
    figures = Notice.objects.get(user=dispute.client, name="mediation.arbitration.both").letter.figures
    assert ("Arbitre nommé avant le", again) in [(label, plain(value)) for label, value in figures]


def test_page_and_letter_say_that_the_former_mediator_was_late(
    mediated: Dispute, as_client: Client, arbitrator_user: User
) -> None:
    way.let_fall(mediated, "sma.replace")
    told = "Marc Tellier, qui occupait le siège, était en retard"
    assert told in page(as_client, address(mediated))
    letters = Notice.objects.filter(user=mediated.client, name="mediation.assigned.both_later")
    assert told in " ".join(letters.latest("pk").letter.paragraphs)
    assert "Marc Tellier était en retard" in desk_page(
        signed_in(arbitrator_user), f"/admin/mediation/dispute/{mediated.pk}/change/"
    )


def test_silence_leaves_a_line(
    account: EscrowAccount, as_client: Client, as_provider: Client, as_mediator: Client, mediator_user: User
) -> None:
    dispute = way.let_fall(way.opened(account), "sma.answer")
    assert "Le prestataire n’a pas répondu dans le délai" in page(as_client, address(dispute))
    assert "Vous n’avez pas répondu dans le délai" in page(as_provider, address(dispute))
    dispute.assign(mediator_user, by=None)
    text = desk_page(as_mediator, f"/admin/mediation/dispute/{dispute.pk}/change/")
    assert "Pas de réponse dans le délai" in text
