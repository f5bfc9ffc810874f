"""A side sends the proof of a court once the case is decided; the SMA examines it before anything is executed."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from escrow.models import EscrowAccount, Shares
from marketplace import deadlines
from marketplace.accounts.models import User
from marketplace.accounts.staff import SMA
from marketplace.events.models import Notice
from marketplace.templatetags.page import paris
from marketplace.testing.cast import person, signed_in
from mediation.models import Bench, Dispute, Evidence, Seizure, set_aside
from mediation.tests import way
from mediation.tests.desk import CASES, do, offered
from mediation.tests.pages import address, page, plain
from mediation.tests.test_bench import company_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def decided(account: EscrowAccount, mediator_user: User, arbitrator_user: User) -> Dispute:
    way.drafted(way.arbitrated(account, mediator_user), 80_000)
    return Dispute.objects.with_parties().get()


def proof(dispute: Dispute, title: str = "Assignation") -> Evidence:
    """The client sends a piece since the decision."""
    key = uuid.uuid4()
    entry = way.fresh(dispute).say("Un juge est saisi.", by=dispute.client, key=key, exhibits=[way.exhibit(title)])
    return entry.evidence.get()


def letters(name: str) -> dict[str, str]:
    """The subjects of the letters so named, by who has them."""
    rows = Notice.objects.filter(name=name).order_by("pk")
    return {notice.user.email: plain(notice.letter.subject) for notice in rows}


def test_proof_is_examined_by_the_whole_sma_but_who_has_a_tie(decided: Dispute, superuser: User) -> None:
    zoe, ida = (person(f"{name}@paraphe.example", name.title(), staff_of=SMA) for name in ("zoe", "ida"))
    company_of(ida, decided.client)
    proof(decided)
    told = letters("mediation.proof.all_of_the_sma")
    assert {zoe.email, *(one.email for one in Bench(decided).sitting())} == set(told)
    assert decided.execute_at
    assert all(text.startswith(f"Examinez avant le {plain(paris(decided.execute_at))}") for text in told.values())
    assert not letters("mediation.said.bench")
    assert list(letters("mediation.proof.author")) == [decided.client.email]


def test_proof_waits_on_every_page(decided: Dispute, as_client: Client, as_provider: Client) -> None:
    proof(decided)
    for reader in (as_client, as_provider):
        assert "Le SMA : examiner ce qui a été versé depuis la décision" in plain(page(reader, address(decided)))
        report = plain(page(reader, f"/projets/{decided.project.key}/rapport/"))
        assert f"Le SMA : examiner ce qui a été versé depuis la décision du dossier {decided.number}" in report
    zoe = signed_in(person("zoe@paraphe.example", "Zoé", staff_of=SMA))
    assert "1 dossier avec une pièce de justice" in plain(page(zoe, "/admin/"))
    assert decided.number in page(zoe, f"{CASES}?stage=court")
    assert {"seize", "set-aside"} <= offered(zoe, decided)


def test_execution_is_put_off_once_for_a_proof_that_nobody_examined(decided: Dispute, as_client: Client) -> None:
    proof(decided)
    first = way.due(decided, "sma.execute")
    held = way.let_fall(decided, "sma.execute")
    assert (held.state, held.is_put_off) == ("DECIDED", True)
    assert held.execute_at == way.due(held, "sma.execute") == deadlines.after(first, 5)
    assert "Exécution repoussée" in page(as_client, address(decided))
    assert len(letters("mediation.held.both")) == 2
    assert letters("mediation.held.all_of_the_sma")
    proof(held, "Encore")
    assert way.let_fall(held, "sma.execute").state == "EXECUTED"


def test_examined_proof_puts_nothing_off(decided: Dispute, mediator_user: User, as_provider: Client) -> None:
    piece = proof(decided)
    reason = "C’est une mise en demeure : aucun tribunal n’est saisi."
    for _n in range(2):
        set_aside(decided, [piece], reason, by=mediator_user)
    assert decided.entries.filter(kind="DISMISSED").count() == 1
    text = plain(page(as_provider, address(decided)))
    assert "Examiné : A1" in text
    assert "aucun tribunal n’est saisi" in text
    assert len(letters("mediation.set_aside.both")) == 2
    assert way.let_fall(decided, "sma.execute").state == "EXECUTED"


def test_what_came_after_the_page_was_opened_is_examined_too(decided: Dispute, as_mediator: Client) -> None:
    first, second = proof(decided), proof(decided, "Jugement")
    assert "obligatoire" in do(as_mediator, decided, "set-aside", pieces=[first.pk])
    assert do(as_mediator, decided, "set-aside", pieces=[first.pk], reason="Illisible.") == ""
    assert [piece.pk for piece in decided.evidence.to_examine()] == [second.pk]
    assert "n’est plus à examiner" in do(as_mediator, decided, "set-aside", pieces=[first.pk], reason="x")
    assert way.let_fall(decided, "sma.execute").is_put_off


def test_only_the_sma_without_a_tie_sets_a_proof_aside(decided: Dispute, mediator_user: User) -> None:
    piece = proof(decided)
    with pytest.raises(Bench.NotOfTheSma):
        set_aside(decided, [piece], "Non.", by=decided.provider)
    with pytest.raises(Dispute.NeedsText):
        set_aside(decided, [piece], " ", by=mediator_user)
    way.let_fall(way.let_fall(decided, "sma.execute"), "sma.execute")
    with pytest.raises(Seizure.NotDecided):
        set_aside(way.fresh(decided), [piece], "Non.", by=mediator_user)


def test_seizure_examines_what_was_sent_and_reminders_ask_for_it(decided: Dispute, mediator_user: User) -> None:
    piece = proof(decided)
    way.let_fall(decided, "sma.remind")
    told = letters("mediation.reminded.both_in_the_end").values()
    assert [text.startswith("Rien à faire, le SMA examine encore") for text in told] == [True, True]
    assert "l’exécution est repoussée une fois" in last_letter("mediation.reminded.both_in_the_end")
    assert "versez-la au dossier avant cette date" in last_letter("mediation.reminded.both_in_the_end")
    assert "A1" in str(Notice.objects.filter(name="mediation.proof.all_of_the_sma").latest("pk").letter.paragraphs)
    assert Notice.objects.filter(name="mediation.proof.all_of_the_sma", user=mediator_user).count() == 2
    Seizure.record(way.fresh(decided), piece, note="Nantes.", by=mediator_user)
    assert not decided.evidence.to_examine().exists()


@pytest.mark.parametrize("limit", [119_999, 120_000])
def test_ruling_waits_for_a_second_person_above_the_limit(
    decided: Dispute, mediator_user: User, as_client: Client, settings: Any, limit: int
) -> None:
    settings.SMA_APPROVAL_CENTS = limit
    seizure = Seizure.record(decided, way.exhibit().copy, note="", by=mediator_user)
    seizure.note_ruling(Shares(0, 120_000), way.exhibit("Jugement").copy, by=mediator_user)
    seconds = letters("mediation.noted.second")
    assert bool(seconds) == (limit == 119_999)
    assert all(text.startswith("Lisez le jugement du tribunal et exécutez-le avant le") for text in seconds.values())
    assert mediator_user.email not in seconds
    assert "Le SMA : exécuter le jugement du tribunal" in plain(page(as_client, address(decided)))
    zoe = person("zoe@paraphe.example", "Zoé", staff_of=SMA)
    assert seizure.paper.readable_by(zoe)
    before = timezone.now()
    way.let_fall(decided, "sma.court")
    assert way.due(decided, "sma.court") > before
    assert zoe.email in letters("mediation.noted.second")
    seizure.carry_out(seizure.version, by=zoe)
    assert way.fresh(decided).state == "EXECUTED"


def test_who_leaves_the_sma_reads_nothing_of_its_cases_any_more(
    decided: Dispute, mediator_user: User, arbitrator_user: User
) -> None:
    theirs = decided.say("Voici.", by=arbitrator_user, key=uuid.uuid4(), exhibits=[way.exhibit()]).evidence.get()
    seizure = Seizure.record(decided, way.exhibit().copy, note="", by=mediator_user)
    assert decided.decision
    papers = [seizure.document, theirs.document, theirs.original, decided.decision.paper]
    for one in (mediator_user, arbitrator_user):
        assert all(paper and paper.readable_by(one) for paper in papers)
        one.groups.clear()
        assert not any(paper and paper.readable_by(one) for paper in papers)
        assert not Dispute.objects.visible_to(one).exists()
        assert signed_in(one).get(address(decided)).status_code == 404
    own = proof(decided)
    assert (own.original.readable_by(decided.client), own.original.readable_by(decided.provider)) == (True, False)
    assert [paper.readable_by(decided.client) for paper in papers if paper] == [True, True, False, True]


def test_second_person_executes_the_shares_that_are_on_the_screen(decided: Dispute, mediator_user: User) -> None:
    piece = proof(decided)
    seizure = Seizure.record(way.fresh(decided), piece, note="", by=mediator_user)
    seizure.note_ruling(Shares(30_000, 90_000), piece, by=mediator_user)
    seen = seizure.version
    seizure.note_ruling(Shares(120_000, 0), piece, by=mediator_user)
    with pytest.raises(Seizure.Replaced):
        seizure.carry_out(seen, by=mediator_user)


def test_noted_ruling_is_not_undone_by_one_person_above_the_limit(
    decided: Dispute, mediator_user: User, arbitrator_user: User, as_client: Client, settings: Any
) -> None:
    settings.SMA_APPROVAL_CENTS = 119_999
    seizure = Seizure.record(decided, way.exhibit().copy, note="", by=mediator_user)
    seizure.note_ruling(Shares(0, 120_000), way.exhibit("Jugement").copy, by=mediator_user)
    assert not {"carry-out", "lift"} & offered(signed_in(mediator_user), decided)
    with pytest.raises(Seizure.NeedsAnother):
        seizure.lift("Erreur.", by=mediator_user)
    other = signed_in(arbitrator_user)
    text = page(other, f"{CASES}{decided.pk}/lift/do/")
    assert "c’est la décision du SMA qui s’exécute à sa place" in text
    assert "0,00 € au prestataire, 1 200,00 € au client" in plain(text)
    assert "a changé depuis l’ouverture" in do(
        other, decided, "lift", seen="1-0-0-0", note="Ce n’était pas un jugement."
    )
    assert do(other, decided, "lift", seen=seizure.version, note="Ce n’était pas un jugement.") == ""
    assert "Le jugement reçu par le SMA" in page(as_client, address(decided))
    assert way.due(decided, "sma.remind")


def test_piece_that_came_while_a_form_was_open_is_still_to_be_examined(decided: Dispute, as_mediator: Client) -> None:
    first = proof(decided)
    seen = first.pk
    second = proof(decided, "Jugement")
    assert do(as_mediator, decided, "seize", piece=first.pk, seen=seen, note="Nantes.") == ""
    assert [piece.pk for piece in decided.evidence.to_examine()] == [second.pk]
    assert "Un juge est saisi" not in "".join(letters("mediation.proof.all_of_the_sma").values())


def test_letters_about_a_piece_sent_while_a_court_is_seized_are_true(decided: Dispute, mediator_user: User) -> None:
    Seizure.record(decided, way.exhibit().copy, note="", by=mediator_user)
    proof(decided)
    for name in ("all_of_the_sma", "author"):
        letter = Notice.objects.filter(name=f"mediation.proof.{name}").latest("pk").letter
        text = plain(" ".join([letter.subject, *letter.paragraphs]))
        assert "None" not in text
        assert "repoussée" not in text
        assert "restent gelés jusqu’à ce qu’il ait statué" in text
        assert not (name == "all_of_the_sma" and letter.quote)


def test_who_was_asked_hears_that_it_is_done(decided: Dispute, mediator_user: User, arbitrator_user: User) -> None:
    zoe = person("zoe@paraphe.example", "Zoé", staff_of=SMA)
    first, second = proof(decided), proof(decided, "Encore")
    set_aside(decided, [first], "Illisible.", by=mediator_user)
    assert not letters("mediation.set_aside.asked_or_sitting")
    letter = Notice.objects.filter(name="mediation.set_aside.both").latest("pk").letter
    assert "Le SMA examine encore le reste" in plain(" ".join(letter.paragraphs))
    set_aside(decided, [second], "Illisible.", by=mediator_user)
    assert set(letters("mediation.set_aside.asked_or_sitting")) == {zoe.email, arbitrator_user.email}
    seizure = Seizure.record(way.fresh(decided), proof(decided, "Encore"), note="", by=mediator_user)
    assert set(letters("mediation.seized.asked")) == {zoe.email}
    seizure.lift("Désistement.", by=mediator_user)
    assert set(letters("mediation.lifted.asked")) == {zoe.email}
    again = Seizure.record(way.fresh(decided), way.exhibit().copy, note="", by=mediator_user)
    way.ruled(again, 0, by=mediator_user)
    assert set(letters("mediation.ruled.asked")) == {zoe.email}
    assert "que le jugement d’un tribunal remplace" in "".join(letters("mediation.executed.publisher").values())


def test_execution_over_an_unread_piece_is_told(decided: Dispute, as_client: Client) -> None:
    proof(decided)
    held = way.let_fall(decided, "sma.execute")
    proof(held, "Encore")
    letter = Notice.objects.filter(name="mediation.proof.author").latest("pk").letter
    assert "la décision s’exécute tout de même" in plain(" ".join(letter.paragraphs))
    way.let_fall(held, "sma.execute")
    assert "n’a pas été examiné à temps" in plain(page(as_client, address(decided)))
    told = [plain(" ".join(notice.letter.paragraphs)) for notice in Notice.objects.filter(name="mediation.executed")]
    assert len(told) == 2
    assert all("n’avait pas examiné ce qui a été versé depuis la décision" in each for each in told)


def test_page_of_the_execution_says_what_each_tranche_becomes(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User
) -> None:
    way.drafted(way.arbitrated(account, mediator_user, 1, 2), 10_000)
    dispute = Dispute.objects.with_parties().get()
    seizure = Seizure.record(dispute, way.exhibit().copy, note="", by=mediator_user)
    seizure.note_ruling(Shares(0, dispute.cents), way.exhibit("Jugement").copy, by=mediator_user)
    text = page(signed_in(mediator_user), f"{CASES}{dispute.pk}/carry-out/do/")
    assert text.count("remboursée en entier au client") == 2


def test_nothing_is_lifted_or_executed_over_what_nobody_has_read(decided: Dispute, mediator_user: User) -> None:
    seizure = Seizure.record(decided, way.exhibit().copy, note="", by=mediator_user)
    piece = proof(decided)
    with pytest.raises(Seizure.Unread, match="Personne n’a encore examiné A1"):
        seizure.lift("Désistement.", by=mediator_user)
    seizure.note_ruling(Shares(0, 120_000), way.exhibit("Jugement").copy, by=mediator_user)
    with pytest.raises(Seizure.Unread):
        seizure.carry_out(seizure.version, by=mediator_user)
    set_aside(decided, [piece], "Ce n’est pas le jugement.", by=mediator_user)
    seizure.carry_out(seizure.version, by=mediator_user)
    assert way.fresh(decided).state == "EXECUTED"


def test_what_is_set_aside_while_a_court_is_seized_is_told_truly(
    decided: Dispute, mediator_user: User, as_client: Client
) -> None:
    Seizure.record(decided, way.exhibit().copy, note="", by=mediator_user)
    piece = proof(decided)
    told = Notice.objects.filter(name="mediation.said.others").latest("pk").letter
    assert "Un tribunal est saisi : rien n’est exécuté" in plain(" ".join(told.paragraphs))
    set_aside(decided, [piece], "Un simple courriel.", by=mediator_user)
    letter = Notice.objects.filter(name="mediation.set_aside.both").latest("pk").letter
    text = plain(" ".join([letter.subject, *letter.paragraphs]))
    assert text.startswith("Lisez ce que le SMA retient de ce qui a été versé")
    assert "restent gelés" in text
    assert "ne prouve pas" not in text
    assert "Le SMA l’a lu. Un tribunal est saisi" in plain(page(as_client, address(decided)))


def test_colleague_s_seizure_is_not_taken_for_one_s_own(
    decided: Dispute, mediator_user: User, arbitrator_user: User
) -> None:
    Seizure.record(decided, way.exhibit().copy, note="Nantes.", by=mediator_user)
    with pytest.raises(Seizure.Known, match="Marc Tellier vient de le noter"):
        Seizure.record(way.fresh(decided), way.exhibit().copy, note="Rennes.", by=arbitrator_user)


def test_another_ruling_is_told_and_shown_before_it_is_noted(decided: Dispute, mediator_user: User) -> None:
    seizure = Seizure.record(decided, way.exhibit().copy, note="", by=mediator_user)
    for cents in (30_000, 50_000):
        seizure.note_ruling(Shares(cents, 120_000 - cents), way.exhibit("Jugement").copy, by=mediator_user)
    last = list(letters("mediation.noted.both_at_first").values())
    assert all("a noté à la place d’un autre" in text for text in last)
    text = plain(page(signed_in(mediator_user), f"{CASES}{decided.pk}/rule/do/"))
    assert "500,00 € au prestataire, 700,00 € au client" in text
    assert "Ce que vous notez le remplace" in text


def test_whoever_may_lift_a_seizure_reads_what_proves_it(decided: Dispute, mediator_user: User) -> None:
    zoe = person("zoe@paraphe.example", "Zoé", staff_of=SMA)
    seizure = Seizure.record(decided, way.exhibit().copy, note="", by=mediator_user)
    assert seizure.document.readable_by(zoe)
    seizure.lift("Désistement.", by=zoe)
    assert not seizure.document.readable_by(zoe)


def test_a_second_execution_of_a_ruling_says_that_it_is_executed(decided: Dispute, mediator_user: User) -> None:
    seizure = Seizure.record(decided, way.exhibit().copy, note="", by=mediator_user)
    seizure.note_ruling(Shares(30_000, 90_000), way.exhibit("Jugement").copy, by=mediator_user)
    seen = seizure.version
    seizure.carry_out(seen, by=mediator_user)
    for again in (lambda: seizure.carry_out(seen, by=mediator_user), lambda: seizure.lift("Non.", by=mediator_user)):
        with pytest.raises(Seizure.Executed, match="a déjà été exécuté le"):
            again()


def test_who_has_left_the_sma_hears_no_more_and_who_was_asked_hears_of_the_end(decided: Dispute) -> None:
    zoe, ida = (person(f"{name}@paraphe.example", name.title(), staff_of=SMA) for name in ("zoe", "ida"))
    proof(decided)
    ida.groups.clear()
    way.let_fall(way.let_fall(decided, "sma.execute"), "sma.execute")
    assert set(letters("mediation.executed.asked_in_vain")) == {zoe.email}


def last_letter(name: str) -> str:
    letter = Notice.objects.filter(name=name).latest("pk").letter
    return plain(" ".join([letter.subject, *letter.paragraphs]))


def test_piece_sent_while_a_court_is_seized_waits_on_the_pages_too(
    decided: Dispute, mediator_user: User, as_client: Client
) -> None:
    browser = signed_in(mediator_user)
    assert "À lire d’abord" not in page(browser, f"{CASES}{decided.pk}/set-aside/do/")
    seizure = Seizure.record(decided, way.exhibit().copy, note="", by=mediator_user)
    with pytest.raises(Seizure.NotNoted):
        assert seizure.paper
    proof(decided)
    assert "Le SMA lit ce qui a été versé depuis la décision" in plain(page(as_client, address(decided)))
    assert "Ce que vous en retenez" in page(browser, f"{CASES}{decided.pk}/set-aside/do/")
    seizure.note_ruling(Shares(0, 120_000), way.exhibit("Jugement").copy, by=mediator_user)
    proof(decided, "Un mot encore")
    assert "il n’est pas exécuté avant que quelqu’un ait lu" in last_letter("mediation.proof.all_of_the_sma")


def test_other_side_reads_what_a_piece_brings_about(decided: Dispute) -> None:
    proof(decided)
    assert "l’exécution peut devoir attendre" in last_letter("mediation.said.others")
    way.let_fall(decided, "sma.execute")
    proof(decided, "Encore")
    assert "cela n’arrête plus l’exécution" in last_letter("mediation.said.others")


def test_draft_that_never_was_is_not_approved(large: Dispute) -> None:
    way.drafted(large, 10_000)
    one = way.fresh(large).approver
    assert one
    assert "n’attend plus" in do(signed_in(one), large, "approve", seen=0)


@pytest.fixture
def large(account: EscrowAccount, mediator_user: User, arbitrator_user: User, settings: Any) -> Dispute:
    """More is frozen than one person decides; a third one can approve."""
    settings.SMA_APPROVAL_CENTS = 119_999
    person("zoe@paraphe.example", "Zoé Hamel", staff_of=SMA)
    return way.arbitrated(account, mediator_user)
