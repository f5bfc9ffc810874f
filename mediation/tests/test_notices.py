"""What each person is told at each step, and who reads what of a case."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client
from django.utils.translation import override

from escrow.models import CaseRequest, Cause, EscrowAccount, Shares
from escrow.tests.way import png
from marketplace.accounts.models import User
from marketplace.accounts.staff import SMA
from marketplace.documents import intake
from marketplace.events.models import Event, Notice
from marketplace.testing.cast import person
from mediation.models import Claim, Decision, Dispute, Entry, Evidence, Plea, Seizure, SplitProposal
from mediation.tests import way

pytestmark = pytest.mark.django_db
SECRET = "Le mot de passe du coffre est dans le tiroir."


def told(verb: str) -> dict[str, set[str]]:
    """Who was told of the latest event of that name, by the telling."""
    last = Event.objects.filter(verb=f"mediation.{verb}").latest("pk")
    rows: dict[str, set[str]] = {}
    for notice in last.notices.select_related("user"):
        rows.setdefault(notice.name.split(".")[-1], set()).add(notice.user.name.split()[0])
    return rows


@pytest.fixture
def played(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, superuser: User, settings: Any
) -> Dispute:
    """A case in which all that can happen to a large one has happened."""
    settings.SMA_APPROVAL_CENTS = 0
    dispute = way.opened(account)
    dispute.join(Plea(SECRET, 120_000, [way.exhibit()]), by=dispute.provider, key=uuid.uuid4())
    dispute.assign(mediator_user, by=mediator_user)
    way.proposed(dispute, 1_000, dispute.client).refuse(by=dispute.provider)
    way.proposed(dispute, 9_000, mediator_user).accept(by=dispute.client)
    dispute.say(SECRET, by=dispute.client, key=uuid.uuid4())
    way.let_fall(dispute, "sma.remind")
    dispute = way.let_fall(dispute, "sma.mediate")
    person("zoe@paraphe.example", "Zoé Lambert", staff_of=SMA)
    dispute = way.let_fall(way.let_fall(dispute, "sma.decide"), "sma.replace")
    way.drafted(dispute, 1_000).send_back("Motifs à revoir.", by=arbitrator_user)
    way.drafted(way.fresh(dispute), 2_000)
    way.fresh(dispute).draft.approve(by=arbitrator_user)  # type: ignore[union-attr]
    way.let_fall(dispute, "sma.remind")
    seizure = Seizure.record(way.fresh(dispute), intake.clean(png()), note="Assignation.", by=mediator_user)
    way.let_fall(dispute, "sma.court")
    seizure.lift("Désistement.", by=mediator_user)
    return way.let_fall(dispute, "sma.execute")


BOTH = {"Claire", "Paul"}
TOLD = {
    "opened": {"silent": {"Paul"}, "author": {"Claire"}, "sma": {"Marc", "Aude"}},
    "joined": {},
    "assigned": {"both_later": BOTH, "mediator": {"Marc"}, "called": {"Aude"}},
    "refused": {"others": {"Claire"}, "bench": {"Marc"}},
    "proposed": {"others": BOTH},
    "accepted": {"others": {"Paul"}, "bench": {"Marc"}},
    "said": {"others": {"Paul"}, "bench": {"Marc"}},
    "arbitration": {"both": BOTH, "former_mediator": {"Marc"}},
    "late": {"arbitrator": {"Aude"}},
    "appointed": {"arbitrator": {"Zoé"}, "both_again": BOTH},
    "sent_back": {"arbitrator": {"Zoé"}},
    "approval_asked": {"approver": {"Aude"}},
    "reminded": {"both_in_the_end": BOTH},
    "replaced": {"replaced": {"Aude"}},
    "executed": {"executed": BOTH, "publisher": {"Zoé"}, "bench": {"Marc", "Aude"}},
    "decided": {"both": BOTH, "bench": {"Marc", "Zoé"}},
    "seized": {"both": BOTH, "bench": {"Aude", "Zoé"}},
    "lifted": {"both": BOTH, "bench": {"Aude", "Zoé"}},
    **{verb: {"both": BOTH} for verb in ("mediation", "court_asked")},
}


def test_each_step_is_told_to_each_person(played: Dispute) -> None:
    assert played.state == "EXECUTED"
    assert {verb: told(verb) for verb in TOLD} == TOLD


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_letter_can_be_written(played: Dispute, language: str) -> None:
    with override(language):
        for notice in Notice.objects.filter(name__startswith="mediation."):
            letter = notice.letter
            assert "%" not in letter.subject + "".join(letter.paragraphs)
            assert letter.path.startswith(("/litiges/", "/admin/mediation/", "/demandes-de-paiement/", "/projets/"))
            assert all(value for _label, value in letter.figures)


def parts(notice: Notice, language: str) -> list[str]:
    """All that the site itself says in a letter."""
    with override(language):
        letter = notice.letter
        labels = [letter.links_title, letter.action[0] if letter.action else "", *letter.items]
        return [letter.subject, *letter.paragraphs, *labels, *(label for label, _value in letter.figures)]


def test_every_word_of_every_letter_is_in_the_reader_s_language(played: Dispute) -> None:
    for notice in Notice.objects.filter(event__verb__startswith="mediation"):
        french, english = parts(notice, "fr"), parts(notice, "en")
        assert len(french) == len(english)
        same = {word for word, other in zip(french, english, strict=True) if word == other}
        assert same <= {"", "Documents"}, notice.name


def test_words_after_the_decision_reach_who_sat_last_alone(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, moderator_user: User
) -> None:
    dispute = way.mediated(account)
    dispute.assign(arbitrator_user, by=None)
    dispute.assign(mediator_user, by=arbitrator_user, reason="Congé.")
    zoe = person("zoe@paraphe.example", "Zoé Lambert", staff_of=SMA)
    way.drafted(way.heard(way.handed_over(dispute)), 60_000, zoe)
    way.fresh(dispute).say("Voici l’assignation.", by=dispute.client, key=uuid.uuid4())
    assert told("said") == {"others": {"Paul"}, "bench": {"Marc", "Zoé"}}
    zoe.suspend(by=moderator_user, reason="Départ")
    way.fresh(dispute).say("Et le rôle.", by=dispute.client, key=uuid.uuid4())
    assert told("said") == {"others": {"Paul"}, "bench": {"Marc"}}


def test_words_do_not_reach_a_suspended_member_who_still_has_the_seat(
    account: EscrowAccount, mediator_user: User, moderator_user: User
) -> None:
    dispute = way.mediated(account)
    dispute.assign(mediator_user, by=None)
    mediator_user.suspend(by=moderator_user, reason="Départ")
    dispute.say("Bonjour.", by=dispute.client, key=uuid.uuid4())
    assert told("said") == {"others": {"Paul"}}


@pytest.mark.parametrize("staff_opens", [True, False])
def test_each_person_gets_one_letter_of_an_opening(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, staff_opens: bool
) -> None:
    if staff_opens:
        Dispute.open_for(account, [way.tranche(account)], reason="Rien ne bouge.", by=mediator_user)
        figures = Notice.objects.get(user=account.agreement.client, name="mediation.opened.silent").letter.figures
        assert ("Médiateur", "Marc Tellier") in figures
    else:
        way.opened(account)
    told = list(Notice.objects.filter(name__startswith="mediation.").values_list("user__name", flat=True))
    assert len(told) == len(set(told))
    assert set(told) >= {"Claire Caron", "Paul Mercier", "Marc Tellier"}


def test_mediator_named_later_is_told_to_both(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User
) -> None:
    dispute = Dispute.open_for(account, [way.tranche(account)], reason="Rien ne bouge.", by=mediator_user)
    dispute.assign(arbitrator_user, by=mediator_user, reason="Surcharge.")
    assert told("assigned")["both_later"] == BOTH


def test_members_without_a_seat_are_not_told_what_the_sides_write(played: Dispute) -> None:
    rows = Notice.objects.filter(name="mediation.opened.sma")
    assert {notice.letter.quote for notice in rows} == {""}
    assert all("photos" not in str(notice.facts) for notice in rows)


def test_end_without_a_decision_and_withdrawals_are_told(account: EscrowAccount, superuser: User) -> None:
    dispute = way.opened(account)
    dispute.answer("Non.", by=dispute.provider, key=uuid.uuid4())
    assert told("answered") == {}  # with the mediation
    dispute = way.let_fall(dispute, "sma.mediate")
    assert told("stuck") == {"heads": {"Rose"}}
    way.let_fall(dispute, "sma.last")
    assert told("undecided") == {"both": {"Claire", "Paul"}, "heads": {"Rose"}}
    again = way.opened(account)
    again.join(Plea("Moi aussi.", 1), by=again.provider, key=uuid.uuid4())
    again.withdraw("Je renonce.", by=again.client)
    assert told("renounced") == {"others": {"Paul"}}
    again.withdraw("Moi aussi.", by=again.provider)
    assert told("withdrawn") == {"others": {"Claire"}, "author": {"Paul"}}
    for notice in Notice.objects.filter(name__startswith="mediation."):
        assert "%" not in notice.letter.subject + "".join(notice.letter.paragraphs)


MODELS = [Dispute, Entry, Evidence, SplitProposal, Decision, Seizure]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_only_the_sides_and_the_bench_read_a_case(
    played: Dispute, stranger_user: User, finance_user: User, rival_user: User, model: Any
) -> None:
    outsiders = [stranger_user, finance_user, rival_user, person("leo@paraphe.example", "Léo Pic", staff_of=SMA)]
    for reader in (*played.parties, played.mediator, played.arbitrator, played.approver):
        assert model.objects.visible_to(reader).exists(), reader
    for outsider in outsiders:
        assert not model.objects.visible_to(outsider).exists(), outsider


def test_who_left_the_staff_reads_nothing_any_more(played: Dispute, mediator_user: User) -> None:
    mediator_user.is_active = False
    assert not Dispute.objects.visible_to(mediator_user).exists()
    assert list(Dispute.objects.of_party(played.client)) == [played]
    assert Claim.objects.count() == 2


def test_files_are_read_by_those_concerned(
    played: Dispute, stranger_user: User, rival_user: User, mediator_user: User
) -> None:
    piece, seizure = played.evidence.get(), played.seizures.get()
    readers = {*played.parties, mediator_user, stranger_user, rival_user}
    concerned = {*played.parties, mediator_user}
    assert {one for one in readers if piece.document.readable_by(one)} == concerned
    assert {one for one in readers if seizure.document.readable_by(one)} == concerned
    assert {one for one in readers if piece.original.readable_by(one)} == {played.provider, mediator_user}


def test_original_is_downloaded_as_it_was_sent(played: Dispute, as_mediator: Client, as_client: Client) -> None:
    piece = played.evidence.get()
    answer = as_mediator.get(piece.original.get_absolute_url())
    assert b"".join(answer.streaming_content) == png().read()  # type: ignore[attr-defined]
    assert answer["Content-Type"] == "application/octet-stream"
    assert as_client.get(piece.original.get_absolute_url()).status_code == 404


def test_timeline_has_one_line_for_an_opening_and_one_for_an_end(account: EscrowAccount, as_client: Client) -> None:
    CaseRequest.open(way.tranche(account), cause=Cause.OVERDUE, by=None)
    dispute = Dispute.objects.get()
    lines = timeline(as_client, account)
    assert lines.count("1\u202f200,00\xa0€") == 1
    assert f"Litige ouvert, dossier SMA {dispute.number}" in lines
    assert "Le SMA est saisi" not in lines
    dispute = way.let_fall(dispute, "sma.answer")
    way.proposed(dispute, 70_000, dispute.client).accept(by=dispute.provider)
    lines = timeline(as_client, account)
    assert f"Dossier SMA {dispute.number} clos\xa0: 1\u202f200,00\xa0€ partagés" in lines
    assert lines.count("700,00\xa0€ au prestataire, 500,00\xa0€ au client.") == 1


def timeline(browser: Client, account: EscrowAccount) -> str:
    """What happened, as the report has it."""
    return report(browser, account).partition('id="parcours"')[2].partition("</section>")[0]


def report(browser: Client, account: EscrowAccount) -> str:
    page = browser.get(f"/projets/{account.project.key}/rapport/")
    assert page.status_code == 200
    return page.content.decode()


def test_report_says_who_must_act_by_when(
    account: EscrowAccount, as_client: Client, as_provider: Client, mediator_user: User, arbitrator_user: User
) -> None:
    dispute = way.opened(account)
    assert "Vous\xa0: répondre au litige" in report(as_provider, account)
    assert "L’autre partie\xa0: répondre au litige" in report(as_client, account)
    dispute = way.let_fall(dispute, "sma.answer")
    assert "Vous deux\xa0: trouver un partage de 1\u202f200,00\xa0€" in report(as_client, account)
    dispute = way.let_fall(dispute, "sma.mediate")
    assert f"Le SMA\xa0: rendre la décision du dossier {dispute.number}" in report(as_provider, account)
    way.drafted(dispute, 60_000)
    text = report(as_client, account)
    assert f"Personne\xa0: la décision du dossier {dispute.number} s’exécute d’office" in text
    assert f"Dossier SMA {dispute.number} décidé" in text
    for title in ("La décision du SMA est exécutée", f"Litige ouvert, dossier SMA {dispute.number}"):
        assert title in text


def test_seized_case_asks_nothing_of_the_sides(
    account: EscrowAccount, as_client: Client, mediator_user: User, arbitrator_user: User
) -> None:
    way.drafted(way.arbitrated(account, mediator_user), 60_000)
    Seizure.record(Dispute.objects.get(), intake.clean(png()), note="", by=mediator_user)
    assert "s’exécute d’office" not in report(as_client, account)


def test_shares_of_a_proposal_are_those_of_the_freeze(account: EscrowAccount) -> None:
    dispute = way.mediated(account)
    assert way.proposed(dispute, 1_000, dispute.client).shares == Shares(1_000, 119_000)
