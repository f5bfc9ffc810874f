"""The SMA's people at work on a case, in the administration."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from escrow.models import EscrowAccount
from escrow.tests.way import png
from marketplace.accounts.models import User
from marketplace.accounts.staff import SMA
from marketplace.testing.cast import person, reauthenticate, signed_in
from mediation.models import Dispute, Evidence, Plea, Seizure, cases
from mediation.tests import way
from mediation.tests.desk import CASES, REASONS, case_page, do, offered, page
from mediation.tests.pages import plain
from mediation.tests.test_bench import company_of

pytestmark = pytest.mark.django_db
SPLIT = {"provider": "800", "client": "400,00"}


@pytest.fixture
def mediation(account: EscrowAccount, mediator_user: User, arbitrator_user: User) -> Dispute:
    dispute = way.mediated(account)
    dispute.assign(mediator_user, by=None)
    return way.fresh(dispute)


@pytest.fixture
def arbitration(account: EscrowAccount, mediator_user: User, arbitrator_user: User) -> Dispute:
    return way.arbitrated(account, mediator_user)


@pytest.fixture
def large(account: EscrowAccount, mediator_user: User, arbitrator_user: User, settings: Any) -> Dispute:
    """More is frozen than one person decides; a third one can approve."""
    settings.SMA_APPROVAL_CENTS = 119_999
    person("zoe@paraphe.example", "Zoé Hamel", staff_of=SMA)
    return way.arbitrated(account, mediator_user)


def draft_of(dispute: Dispute) -> int:
    """The decision that its approver has on the screen."""
    return dispute.decisions.latest("pk").pk


def approver(dispute: Dispute) -> Client:
    one = way.fresh(dispute).approver
    assert one
    return signed_in(one)


def test_mediator_is_named_among_those_without_a_tie(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User, as_arbitrator: Client
) -> None:
    dispute = way.opened(account)
    company_of(mediator_user, dispute.client)
    text = page(as_arbitrator, f"{CASES}{dispute.pk}/assign/do/")
    assert "Aude Rousset (0 dossier en cours)" in text
    assert "Marc Tellier" not in text
    assert "ne peut pas siéger" in do(as_arbitrator, dispute, "assign", staff=mediator_user.pk)
    assert "ne peut pas siéger" in do(as_arbitrator, dispute, "assign", staff="abc")
    assert do(as_arbitrator, dispute, "assign", staff=arbitrator_user.pk) == ""
    assert way.fresh(dispute).mediator == arbitrator_user


def test_arbitrator_is_named_and_never_the_mediator(arbitration: Dispute, mediator_user: User) -> None:
    zoe = person("zoe@paraphe.example", "Zoé Hamel", staff_of=SMA)
    browser = signed_in(person("ida@paraphe.example", "Ida Roux", staff_of=SMA))
    assert "ne peut pas siéger" in do(signed_in(zoe), arbitration, "appoint", staff=zoe.pk, reason="Je suis libre.")
    assert "ne peut pas siéger" in do(browser, arbitration, "appoint", staff=mediator_user.pk)
    assert "obligatoire" in do(browser, arbitration, "appoint", staff=zoe.pk)
    assert do(browser, arbitration, "appoint", staff=zoe.pk, reason="Aude est absente.") == ""
    assert way.fresh(arbitration).arbitrator == zoe
    assert "Aude est absente." in case_page(signed_in(zoe), arbitration)


def test_nobody_to_name_says_why_and_what_to_do(
    arbitration: Dispute, arbitrator_user: User, moderator_user: User
) -> None:
    ida = person("ida@paraphe.example", "Ida Roux", staff_of=SMA)
    company_of(ida, arbitration.client)
    person("leo@paraphe.example", "Léo Pic", staff_of=SMA).suspend(by=moderator_user, reason="Départ")
    text = page(signed_in(arbitrator_user), f"{CASES}{arbitration.pk}/appoint/do/")
    for words in (
        "Personne d’autre ne peut siéger comme arbitre",
        "1 a un lien avec une partie, 1 a été médiateur de ce litige, 1 est suspendu, 1 a déjà le siège",
        "Demandez à un administrateur",
    ):
        assert words in text
    assert "recherchée d’office" not in text


def test_empty_seat_that_nobody_can_take_is_looked_for_by_itself(
    account: EscrowAccount, mediator_user: User, superuser: User
) -> None:
    dispute = way.arbitrated(account, mediator_user)
    text = page(signed_in(superuser), f"{CASES}{dispute.pk}/appoint/do/")
    assert "Personne ne peut siéger comme arbitre" in text
    assert "Une personne est aussi recherchée d’office tous les 2 jours ouvrés." in text


def test_mediator_writes_with_evidence_and_notes_alone(mediation: Dispute, as_mediator: Client) -> None:
    assert do(as_mediator, mediation, "say", text="Bonjour à vous deux.", pieces=png()) == ""
    assert do(as_mediator, mediation, "note", text="Le client paraît fatigué.") == ""
    text = case_page(as_mediator, mediation)
    for words in ("Bonjour à vous deux.", "S1. ", "telle qu’elle a été envoyée", "Le client paraît fatigué."):
        assert words in text
    assert mediation.evidence.get().sha256 in text
    assert "Le client paraît" not in str(list(mediation.entries.values("text", "facts")))


@pytest.mark.parametrize("text", ["", " ", "\u200b", "\x00"])
def test_nothing_to_say_is_said(mediation: Dispute, as_mediator: Client, text: str) -> None:
    assert "error" in do(as_mediator, mediation, "say", text=text)
    assert "error" in do(as_mediator, mediation, "note", text=text)
    assert not mediation.notes.exists()


def test_evidence_that_cannot_be_read_is_refused_and_words_are_kept(mediation: Dispute, as_mediator: Client) -> None:
    broken = SimpleUploadedFile("x.pdf", b"%PDF-1.4 <script>", "application/pdf")
    text = do(as_mediator, mediation, "say", text="Bonjour.", pieces=broken)
    assert "x.pdf" in text
    assert ">\r\nBonjour.</textarea>" in text or "Bonjour.</textarea>" in text


def test_mediator_proposes_what_comes_to_the_whole(mediation: Dispute, as_mediator: Client) -> None:
    assert "font exactement 1 200,00 €" in page(as_mediator, f"{CASES}{mediation.pk}/propose/do/")
    short = do(as_mediator, mediation, "propose", provider="800", client="399,99", reason="Prorata.")
    assert "il manque 0,01 €" in short
    assert 'value="399,99"' in short
    assert "0,01 € de trop" in do(as_mediator, mediation, "propose", provider="800", client="400,01", reason="P.")
    for wrong in ("-1", "0.001", "abc", "9" * 30, "🙂", "\x00", ""):
        assert "error" in do(as_mediator, mediation, "propose", provider=wrong, client="400", reason="Prorata.")
    assert not mediation.proposals.exists()
    assert do(as_mediator, mediation, "propose", reason="Prorata.", **SPLIT) == ""
    assert mediation.proposals.get().shares == (80_000, 40_000)
    assert "Acceptée par : personne encore." in case_page(as_mediator, mediation)


def test_second_click_proposes_once(mediation: Dispute, as_mediator: Client) -> None:
    key = str(uuid.uuid4())
    for _click in range(2):
        assert do(as_mediator, mediation, "propose", reason="Prorata.", key=key, **SPLIT) == ""
    assert mediation.proposals.count() == 1
    assert "déjà servi" in do(as_mediator, mediation, "propose", reason="Autre.", key=key, **SPLIT)


def test_mediator_hands_over(mediation: Dispute, as_mediator: Client, arbitrator_user: User) -> None:
    assert do(as_mediator, mediation, "hand-over", reason="Aucun accord en vue.") == ""
    assert way.fresh(mediation).arbitrator == arbitrator_user
    assert offered(as_mediator, mediation) == {"note"}
    zoe = person("zoe@paraphe.example", "Zoé Hamel", staff_of=SMA)
    assert do(as_mediator, mediation, "appoint", staff=zoe.pk, reason="Absence.") == "403"
    assert "appoint" in offered(signed_in(zoe), mediation)


def test_proposal_on_a_case_that_went_on_is_refused_on_the_form(mediation: Dispute, as_mediator: Client) -> None:
    mediation.withdraw(by=mediation.client)
    assert "décidé ou clos" in do(as_mediator, mediation, "propose", reason="Prorata.", **SPLIT)


def test_decision_is_shown_before_it_is_issued(arbitration: Dispute, as_arbitrator: Client) -> None:
    said = {"reasons": REASONS, **SPLIT}
    text = do(as_arbitrator, arbitration, "decide", **said)
    for words in ("tel que les deux parties le liront", "800,00 €", REASONS, "Rendre cette décision"):
        assert words in text
    assert not arbitration.decisions.exists()
    again = do(as_arbitrator, arbitration, "decide", correct="on", **said)
    assert 'value="800"' in again
    assert "tel que les deux" not in again
    assert do(as_arbitrator, arbitration, "decide", seen="on", **said) == ""
    assert (way.fresh(arbitration).state, arbitration.decisions.get().shares) == ("DECIDED", (80_000, 40_000))


def test_decision_that_does_not_hold_is_refused_before_the_preview(arbitration: Dispute, as_arbitrator: Client) -> None:
    assert "il manque" in do(as_arbitrator, arbitration, "decide", provider="1", client="1", reasons=REASONS, seen="on")
    assert "error" in do(as_arbitrator, arbitration, "decide", reasons="Trop court.", seen="on", **SPLIT)
    assert "error" in do(as_arbitrator, arbitration, "decide", reasons=" " * 60, seen="on", **SPLIT)
    assert way.fresh(arbitration).state == "ARBITRATION"


def test_mediator_writes_no_decision(arbitration: Dispute, as_mediator: Client) -> None:
    assert do(as_mediator, arbitration, "decide", reasons=REASONS, seen="on", **SPLIT) == "403"


def test_decision_asks_for_the_password_again(arbitration: Dispute, arbitrator_user: User) -> None:
    browser = signed_in(arbitrator_user)
    reauthenticate(browser, arbitrator_user, ago=86_400)
    answer = browser.get(f"{CASES}{arbitration.pk}/decide/do/")
    assert answer["Location"].startswith("/compte/")


def test_large_decision_waits_for_a_second_person(large: Dispute, as_arbitrator: Client) -> None:
    said = {"provider": "1200", "client": "0", "reasons": REASONS}
    assert "La soumettre à l’approbation" in do(as_arbitrator, large, "decide", **said)
    assert do(as_arbitrator, large, "decide", seen="on", **said) == ""
    assert way.fresh(large).state == "ARBITRATION"
    assert not {"decide", "approve"} & offered(as_arbitrator, large)
    browser = approver(large)
    assert REASONS in page(browser, f"{CASES}{large.pk}/approve/do/")
    assert do(browser, large, "approve", seen=draft_of(large)) == ""
    assert way.fresh(large).state == "DECIDED"
    assert "Approuvée par Zoé Hamel." in case_page(as_arbitrator, large)


def test_decision_is_sent_back_with_its_reason(large: Dispute, as_arbitrator: Client) -> None:
    way.drafted(large, 0)
    browser = approver(large)
    assert "error" in do(browser, large, "send-back", seen=draft_of(large), reason="")
    assert do(browser, large, "send-back", seen=draft_of(large), reason="La pièce A1 n’est pas pesée.") == ""
    text = case_page(as_arbitrator, large)
    assert "La pièce A1 n’est pas pesée." in text
    assert "decide" in offered(as_arbitrator, large)


def test_draft_of_a_case_that_ended_was_sent_back_by_nobody(large: Dispute, as_arbitrator: Client) -> None:
    large.join(Plea("Tout est livré.", 1), by=large.provider, key=uuid.uuid4())
    way.drafted(large, 0)
    for side in large.parties:
        large.withdraw(by=side)
    text = case_page(as_arbitrator, large)
    assert "Sans objet" in text
    assert "quand le dossier s’est terminé sans elle" in text
    assert "Renvoyée" not in text


@pytest.fixture
def decided(arbitration: Dispute) -> Dispute:
    way.drafted(arbitration, 80_000)
    return way.fresh(arbitration)


def test_court_is_noted_with_its_proof_and_lifted(decided: Dispute, as_mediator: Client) -> None:
    assert "error" in do(as_mediator, decided, "seize", note="Tribunal de Nantes.")
    assert do(as_mediator, decided, "seize", note="Tribunal de Nantes.", proof=png()) == ""
    assert decided.seizures.standing().exists()
    assert offered(as_mediator, decided) == {"lift", "rule", "note"}
    assert "aucun jugement" in do(as_mediator, decided, "carry-out", seen="0-0-0").lower()
    assert "Tribunal de Nantes." in case_page(as_mediator, decided)
    assert do(as_mediator, decided, "lift", seen=seizures(decided)[-1].version, note="Désistement.") == ""
    assert not decided.seizures.standing().exists()
    assert "déjà noté depuis le" in do(
        as_mediator, decided, "lift", seen=seizures(decided)[-1].version, note="Désistement."
    )
    assert "déjà noté depuis le" in do(as_mediator, decided, "rule", ruling=png(), provider="0", client="1200")
    assert "seize" in offered(as_mediator, decided)


def test_ruling_is_executed_in_the_place_of_the_decision(decided: Dispute, as_mediator: Client) -> None:
    ruling: dict[str, Any] = {"provider": "0", "client": "1200"}
    assert "error" in do(as_mediator, decided, "rule", ruling=png(), **ruling)
    do(as_mediator, decided, "seize", proof=png())
    assert "il manque" in do(as_mediator, decided, "rule", ruling=png(), provider="0", client="1199")
    assert do(as_mediator, decided, "rule", ruling=png(), **ruling) == ""
    assert way.fresh(decided).state == "DECIDED"
    text = page(as_mediator, f"{CASES}{decided.pk}/carry-out/do/")
    assert "0,00 € au prestataire, 1 200,00 € au client" in plain(text)
    assert "Le SMA avait décidé : 800,00 € au prestataire, 400,00 € au client" in plain(text)
    version = seizures(decided)[-1].version
    again = do(as_mediator, decided, "carry-out", seen="1-120000-0")
    assert "a changé depuis l’ouverture" in again
    assert f'name="seen" value="{version}"' in again
    assert do(as_mediator, decided, "carry-out", seen=version) == ""
    assert way.fresh(decided).state == "EXECUTED"
    assert decided.freeze.parts.get().client_cents == 120_000
    assert "à la place de la décision du SMA" in case_page(as_mediator, decided)


def test_nothing_to_approve_or_publish_is_said(mediation: Dispute, mediator_user: User) -> None:
    mediation.assign(mediator_user, by=None)
    browser = signed_in(mediator_user)
    assert "error" in do(browser, mediation, "publish", text="Un texte sans nom.")
    assert "il n’y a rien à en retirer" in do(browser, mediation, "take-off")


def test_approval_of_nothing_is_refused(large: Dispute) -> None:
    way.drafted(large, 0)
    browser = approver(large)
    do(browser, large, "send-back", seen=draft_of(large), reason="À revoir.")
    assert "n’attend plus" in do(browser, large, "approve", seen=draft_of(large))


def test_unheard_of_deed_is_not_found(mediation: Dispute, as_mediator: Client) -> None:
    assert do(as_mediator, mediation, "x") == "404"
    assert do(as_mediator, mediation, "note", key="x", text="Oui.").count("a expiré") == 1


def test_proof_of_a_court_is_read_by_who_may_note_it(
    arbitration: Dispute, moderator_user: User, stranger_user: User, finance_user: User
) -> None:
    arbitration.say("Avant.", by=arbitration.client, key=uuid.uuid4(), exhibits=[way.exhibit("Devis")])
    way.drafted(arbitration, 80_000)
    way.fresh(arbitration).say("Voici.", by=arbitration.client, key=uuid.uuid4(), exhibits=[way.exhibit("Assignation")])
    before, proof = arbitration.evidence.order_by("rank")
    zoe, ida = (person(f"{name}@paraphe.example", name.title(), staff_of=SMA) for name in ("zoe", "ida"))
    company_of(ida, arbitration.client)
    text = page(signed_in(zoe), f"{CASES}{arbitration.pk}/seize/do/")
    assert f'href="{proof.document.get_absolute_url()}">A2. Assignation</a>' in text
    assert "A2. Assignation, versée le" in text
    assert "Devis" not in text
    readers = [
        one for one in (zoe, ida, moderator_user, stranger_user, finance_user) if proof.document.readable_by(one)
    ]
    assert readers == [zoe]
    assert not before.document.readable_by(zoe)
    assert not proof.original.readable_by(zoe)
    way.let_fall(way.let_fall(arbitration, "sma.execute"), "sma.execute")
    assert not proof.document.readable_by(zoe)


@pytest.fixture
def assignation(decided: Dispute) -> Evidence:
    """Sent by the client since the decision."""
    entry = decided.say("Voici.", by=decided.client, key=uuid.uuid4(), exhibits=[way.exhibit("Assignation")])
    return entry.evidence.get()


def test_piece_of_the_case_proves_that_a_court_is_seized(
    decided: Dispute, assignation: Evidence, as_mediator: Client
) -> None:
    for _n in range(2):  # lifted, and seized again with the same paper
        assert do(as_mediator, decided, "seize", piece=assignation.pk, note="Tribunal de Nantes.") == ""
        assert seizures(decided)[-1].document == assignation.document
        assert do(as_mediator, decided, "lift", seen=seizures(decided)[-1].version, note="Désistement.") == ""
    assert assignation.document.readable_by(decided.provider)


def test_proof_of_a_court_is_one_piece_or_one_file(
    decided: Dispute, assignation: Evidence, as_mediator: Client
) -> None:
    assert "Choisissez la pièce du dossier" in do(as_mediator, decided, "seize", note="Nantes.")
    both = do(as_mediator, decided, "seize", piece=assignation.pk, proof=png(), note="Nantes.")
    assert "pas les deux" in both
    assert "Nantes." in both
    assert "Sélectionnez un choix valide" in do(as_mediator, decided, "seize", piece=0, note="Nantes.")
    assert seizures(decided) == []


def seizures(dispute: Dispute) -> list[Seizure]:
    return list(dispute.seizures.select_related("document"))


def test_replaced_arbitrator_loses_nothing_of_what_was_typed(
    arbitration: Dispute, arbitrator_user: User, superuser: User, as_arbitrator: Client
) -> None:
    zoe = person("zoe@paraphe.example", "Zoé Hamel", staff_of=SMA)
    arbitration.appoint(zoe, by=superuser, reason="Absence.")
    text = do(as_arbitrator, arbitration, "decide", reasons=REASONS, **SPLIT)
    assert REASONS in text
    assert "Vous n’êtes plus l’arbitre de ce dossier : Zoé Hamel l’est désormais" in text
    assert "Message perdu" in (told := do(as_arbitrator, arbitration, "say", text="Message perdu"))
    assert "Seule la personne du SMA chargée" in told
    assert do(signed_in(person("ida@paraphe.example", "Ida", staff_of=SMA)), arbitration, "decide", **SPLIT) == "403"


def test_who_names_somebody_learns_who_has_taken_the_seat(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User
) -> None:
    dispute = way.opened(account)
    dispute.assign(mediator_user, by=mediator_user)
    with pytest.raises(Dispute.NeedsReason, match="Marc Tellier a ce siège"):
        dispute.assign(arbitrator_user, by=arbitrator_user)


def test_nobody_floods_the_others_with_letters(mediation: Dispute, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "MOST_AN_HOUR", 2)
    for _n in range(2):
        mediation.say("Encore.", by=mediation.client, key=uuid.uuid4())
    with pytest.raises(Dispute.TooMany, match="2 fois en une heure"):
        mediation.say("Encore.", by=mediation.client, key=uuid.uuid4())
    mediation.say("Moi aussi.", by=mediation.provider, key=uuid.uuid4())


def test_approver_approves_the_draft_that_is_on_the_screen(large: Dispute) -> None:
    first = way.drafted(large, 10_000)
    browser = approver(large)
    do(browser, large, "send-back", seen=first.pk, reason="À revoir.")
    second = way.drafted(way.fresh(large), 120_000)
    browser = approver(large)
    told = do(browser, large, "approve", seen=first.pk)
    assert "n’attend plus" in told
    assert f'name="seen" value="{second.pk}"' in told
    assert way.fresh(large).state == "ARBITRATION"
    assert do(browser, large, "approve", seen=second.pk) == ""
