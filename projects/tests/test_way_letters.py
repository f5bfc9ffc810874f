"""The letters from the dossier to the introduction: whom they reach, what they say, what they must not."""

import re

import pytest
from django.core import mail as outbox
from django.test import Client
from django.utils import translation

from credits.models import Kind
from marketplace.accounts.models import User
from marketplace.events.models import Notice
from marketplace.events.tasks import deliver
from marketplace.events.tellings import Letter
from projects.models import Agreement, Project, Selection
from projects.tests.bids import active, agreed, asked, awarded, bid, bidder, changed, stocked, terms
from projects.tests.calls import consulted, opened

pytestmark = pytest.mark.django_db
NOT_OURS = "ne répond ni d’un travail impayé, ni de demandes qui dépassent le contrat"


@pytest.fixture
def project(client_user: User) -> Project:
    return opened(client_user)


def letter(user: User, name: str) -> Letter:
    """What the notice so named says to `user`, who has exactly one."""
    return Notice.objects.get(user=user, name=name).letter


def words(letter: Letter) -> str:
    """All that a letter says."""
    figures = [" ".join(pair) for pair in letter.figures]
    parts = [letter.subject, letter.project, *letter.paragraphs, letter.quote, *figures, *letter.table_lines]
    return "\n".join([*parts, letter.items_title, *letter.items, letter.note])


def test_client_is_told_of_offers_questions_and_who_has_their_details(
    project: Project, provider_user: User, client_user: User
) -> None:
    offer = bid(project, stocked(provider_user), 300_000, 30)
    question = asked(project, provider_user, "Quel hébergeur ?")
    offer.revise(by=provider_user, terms=terms(280_000))
    offer.withdraw(by=provider_user)
    project.spend(Kind.CONTACT, by=provider_user)
    placed = letter(client_user, "offer.placed")
    assert ("Prix HT", "3\u202f000,00\xa0€") in placed.figures
    assert placed.path == f"/projets/{project.key}/offres/{offer.pk}/"
    assert ("Prix HT", "2\u202f800,00\xa0€") in letter(client_user, "offer.revised").figures
    assert letter(client_user, "offer.withdrawn").path == f"/projets/{project.key}/offres/"
    asking = letter(client_user, "question.asked")
    assert (asking.quote, asking.path) == (
        "Quel hébergeur ?",
        f"/projets/{project.key}/questions/{question.pk}/reponse/",
    )
    for name in ("offer.placed", "offer.revised", "offer.withdrawn", "question.asked"):
        assert "Paul M." in words(letter(client_user, name))
        assert "Mercier" not in words(letter(client_user, name))
    held = words(letter(client_user, "credit.spent.contact"))
    assert "Paul Mercier" in held
    assert "Atelier Mercier" in held


def test_answer_follows_its_question(project: Project, provider_user: User, client_user: User) -> None:
    consulted(project, stocked(provider_user), Kind.OFFER)
    asked(project, provider_user, "Quel hébergeur ?").answer_with("Celui de la région.", by=client_user)
    told = letter(provider_user, "question.answered")
    assert "« Quel hébergeur ? »" in told.paragraphs[0].replace("\xa0", " ")
    assert told.quote == "Celui de la région."
    assert "Caron" not in words(told)


def test_loser_reads_reason_rank_and_three_findings(project: Project, provider_user: User, rival_user: User) -> None:
    winner = bid(project, stocked(provider_user), 300_000, 30, parts=[100_000, 200_000])
    bid(project, stocked(rival_user), 450_000, 60)
    bid(project, bidder(5), 200_000, 90)
    Selection(winner, reason="Trop cher.\nEt trop long.").carry_out(by=project.client)
    lost = letter(rival_user, "project.awarded.lost")
    assert lost.quote == "Trop cher.\nEt trop long."
    assert lost.table == [
        ["Critère", "Vous", "Médiane", "Rang"],
        ["Prix HT", "4\u202f500,00\xa0€", "3\u202f000,00\xa0€", "3e sur 3"],
        ["Délai", "60 jours", "60 jours", "2e sur 3"],
    ]
    assert len(lost.items) == 3
    assert "sur 3 offres" in lost.paragraphs[1]
    assert "ne reviennent pas" in lost.note
    assert lost.path == f"/projets/{project.key}/rapport/#non-retenue"
    for secret in ("Paul", "Mercier", "Caron", "Claire", "2\u202f000"):
        assert secret not in words(lost)


def test_loser_finds_the_letter_and_projects_alike_on_the_report(
    as_rival: Client, project: Project, provider_user: User, rival_user: User, stranger_user: User
) -> None:
    winner = bid(project, stocked(provider_user))
    bid(project, stocked(rival_user), 450_000)
    like = opened(stranger_user, title="Un autre site vitrine")
    Selection(winner, reason="Trop cher.").carry_out(by=project.client)
    notice = Notice.objects.get(user=rival_user, name="project.awarded.lost")
    page = as_rival.get(f"/mes-avis/{notice.pk}/", follow=True).content.decode()
    for words in ("Trop cher.", "3\u202f750,00\xa0€", notice.letter.items[0], "2e sur 2", like.title):
        assert words in page


def test_winner_is_invited_to_confirm_by_a_date(project: Project, provider_user: User, as_provider: Client) -> None:
    agreement = awarded(project, stocked(provider_user))
    won = letter(provider_user, "project.awarded.won")
    assert won.path == f"/accords/{agreement.key}/"
    assert "Ne commencez pas" in words(won)
    assert ("Offres reçues", "1") in won.figures
    page = as_provider.get(f"/projets/{project.key}/rapport/").content.decode()
    assert "Votre offre a été choisie" in page
    assert "confirmer les termes" in page


def test_each_side_is_told_of_the_other_s_version_and_acceptance(project: Project, provider_user: User) -> None:
    agreement = awarded(project, stocked(provider_user))
    agreement.propose(changed(agreement, delay_days=40), by=agreement.client, instead_of=1)
    agreement.accept(2, by=agreement.client)
    agreement.accept(2, by=agreement.provider)
    for name in ("agreement.proposed", "agreement.accepted"):
        told = words(letter(agreement.provider, name))
        assert "Claire C." in told
        assert "ersion 2" in told
        assert "Caron" not in told
    assert Notice.objects.filter(name="agreement.accepted").count() == 1


def test_agreed_terms_ask_the_client_to_pay_and_the_provider_to_wait(project: Project, provider_user: User) -> None:
    agreement = agreed(awarded(project, stocked(provider_user)))
    fees = letter(agreement.client, "agreement.agreed.payer")
    assert [value for _label, value in fees.figures][:4] == [
        "450,00\xa0€",
        "90,00\xa0€",
        "108,00\xa0€",
        "648,00\xa0€",
    ]
    assert fees.action
    assert "648,00\xa0€" in fees.action[0]
    waiting = words(letter(agreement.provider, "agreement.agreed.other"))
    assert "Ne commencez pas" in waiting


def test_base_fees_have_no_r0_line(client_user: User, provider_user: User) -> None:
    agreement = agreed(awarded(opened(client_user, formula_wanted="BASE"), stocked(provider_user)))
    labels = [label for label, _value in letter(agreement.client, "agreement.agreed.payer").figures]
    assert not any("R0" in label for label in labels)


@pytest.mark.parametrize("formula", ["BASE", "R0"])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_introduction_tells_both_the_formula_and_each_other(
    client_user: User, provider_user: User, formula: str, language: str
) -> None:
    agreement = active(awarded(opened(client_user, formula_wanted=formula), stocked(provider_user)))
    with translation.override(language):
        told = {
            side: letter(user, f"agreement.active.{side}")
            for side, user in (("client", client_user), ("provider", provider_user))
        }
        for side, other in (("client", agreement.provider), ("provider", agreement.client)):
            text = words(told[side])
            for detail in (other.name, other.email, other.phone, other.company.name, other.company.number):
                assert detail in text
            assert ("R0" in told[side].subject) == (formula == "R0")
            if language == "fr":
                assert (NOT_OURS in text) == (formula == "BASE")
                assert "formule de base" in text or "formule R0" in text


def test_mail_of_the_loser_reads_well_in_both_forms(project: Project, provider_user: User, rival_user: User) -> None:
    winner = bid(project, stocked(provider_user), 300_000, 30)
    bid(project, stocked(rival_user), 450_000, 60)
    Selection(winner, reason="Délai trop long.").carry_out(by=project.client)
    deliver()
    mail = next(m for m in outbox.outbox if "pas été retenue" in m.subject)
    text = str(mail.body)
    assert text.count("Bonjour") == 1
    assert "Prix HT\xa0: vous 4\u202f500,00\xa0€, médiane 3\u202f750,00\xa0€, rang 2e sur 2" in text
    assert "Trois constats" in text
    html = str(mail.alternatives[0][0])  # type: ignore[attr-defined]
    assert html.count("Bonjour") == 1
    assert html.count("<li") == 3
    assert len(re.findall(r'<th scope="row"', html)) == 2
    assert "border-top:3px double" in html


def test_every_letter_of_the_way_is_whole_in_both_languages(
    project: Project, provider_user: User, rival_user: User
) -> None:
    for user in (provider_user, rival_user):
        bid(project, stocked(user), parts=[100_000, 200_000])
    asked(project, rival_user).answer_with("Oui.", by=project.client)
    project.spend(Kind.CONTACT, by=rival_user)
    winner = project.offers.get(provider=provider_user)
    agreement: Agreement = Selection(winner, reason="Prix.").carry_out(by=project.client)
    agreement.propose(changed(agreement, delay_days=40), by=agreement.provider, instead_of=1)
    active(agreement)
    for language in ("fr", "en"):
        with translation.override(language):
            for notice in Notice.objects.exclude(name="payment.paid"):
                text = words(notice.letter)
                assert "%(" not in text
                assert notice.letter.path.startswith("/")
