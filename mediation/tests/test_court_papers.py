"""What the SMA notes of a court, its papers and shares, and who is told: nobody executes alone what is contested."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from escrow.models import EscrowAccount, Shares
from escrow.tests.way import png
from marketplace import deadlines
from marketplace.accounts.models import User
from marketplace.accounts.staff import SMA
from marketplace.events.models import Notice
from marketplace.templatetags.page import paris
from marketplace.testing.cast import person, signed_in
from mediation.models import Dispute, Evidence, Seizure, set_aside
from mediation.tests import way
from mediation.tests.desk import CASES, do
from mediation.tests.pages import address, page, plain
from mediation.tests.test_courts import decided, last_letter, letters, proof

__all__ = ["decided"]
pytestmark = pytest.mark.django_db


def test_colleagues_who_noted_otherwise_need_another_one(decided: Dispute, mediator_user: User) -> None:
    zoe = person("zoe@paraphe.example", "Zoé", staff_of=SMA)
    seizure = Seizure.record(decided, way.exhibit().copy, note="", by=mediator_user)
    seizure.note_ruling(Shares(30_000, 90_000), way.exhibit("Jugement").copy, by=zoe)
    assert not seizure.needs_another
    seizure.note_ruling(Shares(50_000, 70_000), way.exhibit("Jugement").copy, by=mediator_user)
    with pytest.raises(Seizure.NeedsAnother):
        seizure.carry_out(seizure.version, by=mediator_user)
    assert "un autre membre du SMA l’exécute" in page(signed_in(mediator_user), f"{CASES}{decided.pk}/change/")
    assert zoe.email in letters("mediation.noted.second")
    letter = Notice.objects.filter(name="mediation.noted.second", user=zoe).latest("pk").letter
    assert f"{mediator_user.display_name} l’a noté autrement" in plain(" ".join(letter.paragraphs))
    assert plain(dict(letter.figures)["Au prestataire"]) == "500,00 €"
    seizure.carry_out(seizure.version, by=zoe)


def test_the_same_ruling_noted_twice_is_noted_once(decided: Dispute, mediator_user: User) -> None:
    piece = proof(decided)
    seizure = Seizure.record(way.fresh(decided), piece, note="", by=mediator_user)
    for paper, cents in ((piece, 3), (piece, 3), (way.exhibit().copy, 5), (way.exhibit().copy, 5)):
        seizure.note_ruling(Shares(cents, 120_000 - cents), paper, by=mediator_user)
    assert decided.entries.filter(kind="NOTED").count() == 2
    assert Notice.objects.filter(name="mediation.noted.both_at_first").count() == 4


def test_both_sides_read_the_shares_noted_and_a_ruling_that_was_replaced(
    decided: Dispute, mediator_user: User, as_provider: Client
) -> None:
    seizure = Seizure.record(decided, way.exhibit().copy, note="", by=mediator_user)
    seizure.note_ruling(Shares(30_000, 90_000), way.exhibit("Jugement").copy, by=mediator_user)
    first = seizure.paper
    seizure.note_ruling(Shares(50_000, 70_000), way.exhibit("Arrêt").copy, by=mediator_user)
    assert (first.readable_by(decided.client), first.readable_by(mediator_user)) == (True, True)
    text = plain(page(as_provider, address(decided)))
    assert text.count("Écrivez ici sans attendre si ce ne sont pas les siennes") == 3
    assert "300,00 € au prestataire, 900,00 € au client" in text
    letter = Notice.objects.filter(name="mediation.noted.both_at_first").latest("pk").letter
    assert plain(dict(letter.figures)["Au prestataire"]) == "500,00 €"
    assert "Jugement qu’un autre a remplacé" in page(signed_in(mediator_user), f"{CASES}{decided.pk}/change/")


def test_administrators_hear_of_a_ruling_that_nobody_else_can_execute(
    decided: Dispute, mediator_user: User, arbitrator_user: User, superuser: User, settings: Any
) -> None:
    settings.SMA_APPROVAL_CENTS = 119_999
    seizure = Seizure.record(decided, way.exhibit().copy, note="", by=mediator_user)
    arbitrator_user.groups.clear()
    seizure.note_ruling(Shares(30_000, 90_000), way.exhibit("Jugement").copy, by=mediator_user)
    told = letters("mediation.noted.heads_if_alone")
    assert list(told) == [superuser.email]
    assert told[superuser.email].startswith("Ajoutez quelqu’un au SMA")
    way.let_fall(decided, "sma.court")
    assert Notice.objects.filter(name="mediation.noted.heads_if_alone").count() == 2


def test_proof_of_a_court_has_its_own_place_after_the_decision(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    arbitration = way.arbitrated(account, mediator_user)
    monkeypatch.setattr("mediation.models.evidence.MOST", 1)
    monkeypatch.setattr("mediation.models.cases.MOST_AN_HOUR", 1)
    arbitration.say("Avant.", by=arbitration.client, key=uuid.uuid4(), exhibits=[way.exhibit("Devis")])
    with pytest.raises(Dispute.TooMany):
        arbitration.say("Encore.", by=arbitration.client, key=uuid.uuid4())
    way.drafted(arbitration, 80_000)
    piece = proof(way.fresh(arbitration))
    assert piece.label == "A2"
    monkeypatch.setattr("mediation.models.cases.MOST_AN_HOUR", 9)
    with pytest.raises(Evidence.TooMuch):
        proof(way.fresh(arbitration), "Encore")


def test_whoever_lifts_a_seizure_leaves_days_to_show_another(
    decided: Dispute, mediator_user: User, as_mediator: Client
) -> None:
    seizure = Seizure.record(decided, way.exhibit().copy, note="", by=mediator_user)
    Dispute.objects.filter(pk=decided.pk).update(execute_at=timezone.now() - timedelta(days=30))
    soonest = deadlines.after(timezone.now(), 5)
    assert plain(paris(soonest)) in plain(page(as_mediator, f"{CASES}{decided.pk}/lift/do/"))
    way.fresh(decided).seizures.get().lift("Désistement.", by=mediator_user)
    assert way.due(decided, "sma.execute") == way.fresh(decided).execute_at == soonest
    assert all(plain(paris(soonest)) in text for text in letters("mediation.lifted.both").values())
    assert Seizure.record(way.fresh(decided), way.exhibit().copy, note="", by=mediator_user) != seizure


def test_colleague_without_a_seat_finds_the_proof_on_each_page_about_it(decided: Dispute, mediator_user: User) -> None:
    zoe, none = signed_in(person("zoe@paraphe.example", "Zoé", staff_of=SMA)), {"provider": "0", "client": "1200"}
    assert "Aucun tribunal n’est saisi de ce dossier" in do(zoe, decided, "rule", ruling=png(), **none)
    seizure = Seizure.record(decided, way.exhibit().copy, note="Nantes.", by=mediator_user)
    for deed in ("lift", "rule"):
        text = page(zoe, f"{CASES}{decided.pk}/{deed}/do/")
        assert seizure.document.get_absolute_url() in text
        assert "Nantes." in text


def test_a_ruling_noted_leaves_the_rest_of_what_was_sent_to_be_read(decided: Dispute, mediator_user: User) -> None:
    seizure = Seizure.record(decided, way.exhibit().copy, note="", by=mediator_user)
    piece = proof(decided)
    seizure.note_ruling(Shares(30_000, 90_000), way.exhibit("Jugement").copy, by=mediator_user)
    assert list(decided.evidence.to_examine()) == [piece]
    text = page(signed_in(mediator_user), f"{CASES}{decided.pk}/carry-out/do/")
    assert f'href="{piece.document.get_absolute_url()}">A1. Assignation</a>' in text
    with pytest.raises(Seizure.Unread):
        seizure.carry_out(seizure.version, by=mediator_user)
    set_aside(decided, [piece], "C’est une lettre.", by=mediator_user)
    assert "il s’exécute à la place de la décision" in last_letter("mediation.set_aside.both")
    assert "plus rien n’est à lire avant le jugement" in last_letter("mediation.set_aside.able")


def test_what_is_set_aside_already_is_said_to_be(decided: Dispute, as_mediator: Client) -> None:
    piece = proof(decided)
    for _again in range(2):
        assert do(as_mediator, decided, "set-aside", pieces=[piece.pk], reason="Illisible.") == ""
    assert decided.entries.filter(kind="DISMISSED").count() == 1
    assert "quelqu’un l’a fait entre-temps" in do(as_mediator, decided, "set-aside", pieces=[piece.pk], reason="Non.")


def test_disagreement_survives_a_lift(decided: Dispute, mediator_user: User, arbitrator_user: User) -> None:
    zoe = person("zoe@paraphe.example", "Zoé", staff_of=SMA)
    seizure = Seizure.record(decided, way.exhibit().copy, note="", by=zoe)
    for by, cents in ((mediator_user, 70_000), (zoe, 5_000)):
        seizure.note_ruling(Shares(cents, 120_000 - cents), way.exhibit().copy, by=by)
    seizure.lift("Erreur.", by=mediator_user)
    assert "n’est pas exécuté" in last_letter("mediation.lifted.both")
    assert zoe.email in letters("mediation.lifted.asked")
    assert "n’est pas exécuté" in page(signed_in(arbitrator_user), f"{CASES}{decided.pk}/change/")
    again = Seizure.record(way.fresh(decided), way.exhibit().copy, note="", by=mediator_user)
    again.note_ruling(Shares(70_000, 50_000), way.exhibit().copy, by=mediator_user)
    with pytest.raises(Seizure.NeedsAnother):
        again.carry_out(again.version, by=mediator_user)
    text = plain(page(signed_in(zoe), f"{CASES}{decided.pk}/carry-out/do/"))
    assert "700,00 € au prestataire, 500,00 € au client" in text
    assert "50,00 € au prestataire, 1 150,00 € au client" in text
    again.carry_out(again.version, by=zoe)


def test_colleague_who_notes_the_same_shares_agrees(decided: Dispute, mediator_user: User) -> None:
    zoe = person("zoe@paraphe.example", "Zoé", staff_of=SMA)
    seizure = Seizure.record(decided, way.exhibit().copy, note="", by=mediator_user)
    for by in (mediator_user, zoe):
        seizure.note_ruling(Shares(70_000, 50_000), way.exhibit().copy, by=by)
    assert (decided.entries.filter(kind="NOTED").count(), seizure.noted_by) == (1, mediator_user)
    assert not seizure.needs_another


def test_words_of_a_side_are_read_before_a_ruling_is_executed(decided: Dispute, mediator_user: User) -> None:
    zoe = person("zoe@paraphe.example", "Zoé", staff_of=SMA)
    seizure = Seizure.record(decided, way.exhibit().copy, note="", by=zoe)
    seizure.note_ruling(Shares(70_000, 50_000), way.exhibit().copy, by=zoe)
    seen = seizure.version
    way.fresh(decided).say("Le juge me donne 900 €.", by=decided.provider, key=uuid.uuid4())
    assert set(letters("mediation.said.objected_to")) == {zoe.email}
    assert not Notice.objects.get(name="mediation.said.objected_to").letter.quote
    assert "lit ces mots avant" in last_letter("mediation.said.bench")
    again = do(signed_in(zoe), decided, "carry-out", seen=seen)
    assert "a changé depuis l’ouverture" in again
    assert "Le juge me donne 900 €." in again
    assert do(signed_in(zoe), decided, "carry-out", seen=way.fresh(decided).seizures.get().version) == ""


def test_ruling_is_noted_on_the_seizure_that_the_page_shows(decided: Dispute, mediator_user: User) -> None:
    browser = signed_in(mediator_user)
    seizure = Seizure.record(decided, way.exhibit().copy, note="", by=mediator_user)
    version = seizure.version
    assert f'name="seen" value="{version}"' in page(browser, f"{CASES}{decided.pk}/rule/do/")
    seizure.lift("Désistement.", by=mediator_user)
    other = Seizure.record(way.fresh(decided), way.exhibit().copy, note="Lyon.", by=mediator_user)
    sent = {"provider": "700", "client": "500", "seen": version}
    again = do(browser, decided, "rule", ruling=png(), **sent)
    assert "a changé depuis l’ouverture" in again
    assert f'name="seen" value="{other.version}"' in again
    assert do(browser, decided, "rule", ruling=png(), **{**sent, "seen": other.version}) == ""


def test_words_of_who_comes_second_are_not_lost_unsaid(
    decided: Dispute, mediator_user: User, arbitrator_user: User
) -> None:
    piece = proof(decided)
    set_aside(decided, [piece], "Illisible.", by=mediator_user)
    with pytest.raises(Seizure.Examined):
        set_aside(decided, [piece], "Non signé.", by=arbitrator_user)
    assert not decided.entries.filter(text="Non signé.").exists()
    Seizure.record(way.fresh(decided), way.exhibit().copy, note="Nantes.", by=mediator_user)
    with pytest.raises(Seizure.NotedOtherwise):
        Seizure.record(way.fresh(decided), way.exhibit().copy, note="Rennes.", by=mediator_user)


def test_noter_without_a_seat_reads_who_executes_it(
    decided: Dispute, mediator_user: User, arbitrator_user: User, settings: Any
) -> None:
    settings.SMA_APPROVAL_CENTS = 119_999
    zoe = person("zoe@paraphe.example", "Zoé", staff_of=SMA)
    seizure = Seizure.record(decided, way.exhibit().copy, note="", by=zoe)
    seizure.note_ruling(Shares(70_000, 50_000), way.exhibit().copy, by=zoe)
    address_of_it = f"{CASES}{decided.pk}/change/"
    assert "Vous l’avez noté" in page(signed_in(zoe), address_of_it)
    for one in (mediator_user, arbitrator_user):
        one.groups.clear()
    assert "les administrateurs sont prévenus" in page(signed_in(zoe), address_of_it)


def test_pages_name_the_piece_to_be_read_before_a_ruling(
    decided: Dispute, mediator_user: User, as_client: Client
) -> None:
    seizure = Seizure.record(decided, way.exhibit().copy, note="", by=mediator_user)
    seizure.note_ruling(Shares(70_000, 50_000), way.exhibit().copy, by=mediator_user)
    piece = proof(decided)
    for path in (address(decided), f"/projets/{decided.project.key}/rapport/"):
        assert "lire ce qui a été versé, puis exécuter le jugement" in plain(page(as_client, path))
    set_aside(decided, [piece], "C’est une lettre.", by=mediator_user)
    assert "cela ne change rien au jugement qui est noté" in plain(page(as_client, address(decided)))
    assert not letters("mediation.set_aside.asked_or_sitting")
