"""Messages in a dossier: who may write, who is told, once, with files and without contact details."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail as outbox
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from credits.models import Kind
from marketplace.accounts.models import User
from marketplace.documents import intake
from marketplace.events.models import Event, Notice
from marketplace.events.tasks import deliver
from marketplace.testing.world import pdf
from projects.models import DossierMessage, Enclosure, Offer, Project, Question, Selection
from projects.models.papers import TooManyPapers
from projects.tests.bids import HOSTILE, asked, bend, bid, bidder, stocked
from projects.tests.calls import consulted, opened

pytestmark = pytest.mark.django_db
DETAILS = ["06 12 34 56 78", "moi@exemple.fr", "paul at acme point fr", "Telegram @paul_mercier"]


@pytest.fixture
def project(client_user: User, provider_user: User) -> Project:
    """An open call on which the provider may bid."""
    project = opened(client_user)
    consulted(project, stocked(provider_user), Kind.OFFER)
    return project


def write(project: Project, by: User, text: str = "Précision.", **others: Any) -> DossierMessage:
    return DossierMessage.write(project, by=by, text=text, key=others.pop("key", uuid.uuid4()), **others)


def form(**others: Any) -> dict[str, Any]:
    return {"key": str(uuid.uuid4()), "text": "Le plan est joint."} | others


def sheet(name: str = "plan") -> SimpleUploadedFile:
    return pdf(name)


def test_client_writes_to_all_who_opened_the_dossier(
    as_client: Client, as_provider: Client, as_rival: Client, project: Project, rival_user: User
) -> None:
    consulted(project, stocked(rival_user))
    path = f"/projets/{project.key}/"
    answer = as_client.post(f"{path}messages/", form(papers=sheet()))
    assert answer.headers["Location"] == f"{path}?onglet=echanges"
    for browser in (as_client, as_provider, as_rival):
        page = browser.get(f"{path}?onglet=echanges").content.decode()
        assert "Le plan est joint." in page
        assert "plan.pdf" in page
        assert "Message du client" in browser.get(f"{path}?onglet=fichiers").content.decode()


def test_client_s_message_is_told_to_all_who_opened_the_dossier(
    project: Project, provider_user: User, rival_user: User
) -> None:
    consulted(project, stocked(rival_user))
    for n in range(3):
        consulted(project, bidder(n), Kind.OFFER)
    write(project, project.client)
    notices = Notice.objects.filter(name="dossier.message")
    assert set(notices.values_list("user__email", flat=True)) == {
        provider_user.email,
        rival_user.email,
        *(f"bidder{n}@exemple.be" for n in range(3)),
    }
    assert notices[0].letter.path == f"/projets/{project.key}/?onglet=echanges"


def test_bidder_s_message_is_told_to_the_client_alone(project: Project, provider_user: User, rival_user: User) -> None:
    consulted(project, stocked(rival_user), Kind.OFFER)
    write(project, provider_user, "Une visite est-elle possible ?")
    notice = Notice.objects.get(name="dossier.message")
    assert notice.user == project.client
    assert notice.letter.subject == f"Message signé Paul M.\xa0: {project.title}"
    deliver()
    assert any("Une visite est-elle possible ?" in str(mail.body) for mail in outbox.outbox)


def test_flurry_is_told_once_until_it_is_read(project: Project, provider_user: User) -> None:
    for _n in range(3):
        write(project, project.client)
    mine = Notice.objects.filter(name="dossier.message", user=provider_user)
    assert mine.count() == 1
    mine[0].mark_read()
    write(project, project.client)
    assert mine.count() == 2
    mine.update(at=timezone.now() - timedelta(minutes=16))
    write(project, project.client)
    assert mine.count() == 3


def test_same_form_writes_once(as_client: Client, project: Project) -> None:
    data = form()
    for _twice in range(2):
        assert as_client.post(f"/projets/{project.key}/messages/", data).status_code == 302
    assert DossierMessage.objects.count() == Event.objects.filter(verb="dossier.message").count() == 1


def test_who_may_not_write_finds_no_page(
    as_rival: Client, as_stranger: Client, client: Client, project: Project, rival_user: User
) -> None:
    consulted(project, stocked(rival_user))
    path = f"/projets/{project.key}/messages/"
    for browser in (as_rival, as_stranger):
        assert browser.get(path).status_code == browser.post(path, form()).status_code == 404
    assert client.post(path, form()).status_code == 302
    assert not DossierMessage.objects.exists()


def test_deed_itself_refuses_who_may_not_write(project: Project, rival_user: User, stranger_user: User) -> None:
    consulted(project, stocked(rival_user))
    for somebody in (rival_user, stranger_user):
        with pytest.raises(Offer.NeedsCredit):
            write(project, somebody)


def test_client_writes_until_the_choice_and_bidders_until_the_closing(project: Project, provider_user: User) -> None:
    offer = bid(project, provider_user)
    bend(f"update projects_project set closes_at = now() - interval '1 second' where id = {project.pk}")
    project.refresh_from_db()
    with pytest.raises(Project.NotAvailable):
        write(project, provider_user)
    assert write(project, project.client)
    Selection(offer).carry_out(by=project.client)
    with pytest.raises(DossierMessage.Closed):
        write(project, project.client)


def test_refusal_is_shown_and_nothing_is_lost(as_client: Client, as_provider: Client, project: Project) -> None:
    project.withdraw(by=project.client)
    page = as_client.post(f"/projets/{project.key}/messages/", form(text="À ne pas perdre.")).content.decode()
    assert "n’est plus ouvert" in page
    assert "À ne pas perdre." in page
    assert as_provider.post(f"/projets/{project.key}/messages/", form()).status_code == 404  # the credit came back


@pytest.mark.parametrize("text", DETAILS)
def test_way_to_be_reached_is_refused_at_writing(as_provider: Client, project: Project, text: str) -> None:
    page = as_provider.post(f"/projets/{project.key}/messages/", form(text=f"Joignez-moi : {text}")).content.decode()
    assert "text_error" in page
    assert "crédit contact direct" in page
    assert not DossierMessage.objects.exists()


def test_author_is_told_that_an_address_is_masked(
    as_provider: Client, as_client: Client, as_rival: Client, project: Project, rival_user: User
) -> None:
    consulted(project, stocked(rival_user))
    path = f"/projets/{project.key}/"
    answer = as_provider.post(f"{path}messages/", form(text="Voyez www.canarisite.fr"), follow=True)
    page = answer.content.decode()
    assert "sont masquées pour ses lecteurs" in page
    assert "www.canarisite.fr" in page
    for browser in (as_client, as_rival):
        page = browser.get(f"{path}?onglet=echanges").content.decode()
        assert "canarisite" not in page
        assert "Voyez […]" in page
    assert "canarisite" not in str(Notice.objects.get(name="dossier.message").facts)


def test_contact_holder_reads_the_client_s_words_whole(
    as_provider: Client, as_rival: Client, project: Project, provider_user: User, rival_user: User
) -> None:
    consulted(project, stocked(rival_user))
    write(project, project.client, "Plan sur www.canariplan.fr")
    project.spend(Kind.CONTACT, by=provider_user)
    path = f"/projets/{project.key}/?onglet=echanges"
    assert "www.canariplan.fr" in as_provider.get(path).content.decode()
    assert "canariplan" not in as_rival.get(path).content.decode()


@pytest.mark.parametrize("text", ["", "a\x00b", "z" * 3001], ids=["empty", "NUL", "huge"])
def test_bad_text_is_told_beside_the_field(as_client: Client, project: Project, text: str) -> None:
    page = as_client.post(f"/projets/{project.key}/messages/", form(text=text)).content.decode()
    assert "text_error" in page
    assert not DossierMessage.objects.exists()


def test_hostile_words_are_only_words(as_client: Client, as_provider: Client, project: Project) -> None:
    assert as_client.post(f"/projets/{project.key}/messages/", form(text="\n".join(HOSTILE))).status_code == 302
    page = as_provider.get(f"/projets/{project.key}/?onglet=echanges").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_question_and_answer_carry_files(as_client: Client, as_provider: Client, project: Project) -> None:
    path = f"/projets/{project.key}/questions/"
    assert as_provider.post(path, form(text="Ce plan ?", papers=sheet("croquis"))).status_code == 302
    question = Question.objects.get()
    assert "croquis.pdf" in as_client.get(f"{path}{question.pk}/reponse/").content.decode()
    reply = {"text": "Oui.", "papers": sheet("cotes")}
    assert as_client.post(f"{path}{question.pk}/reponse/", reply).status_code == 302
    page = as_provider.get(f"/projets/{project.key}/?onglet=fichiers").content.decode()
    assert "Question posée par Paul M." in page
    assert "Réponse du client" in page
    assert {str(paper) for paper in Enclosure.objects.all()} == {"croquis.pdf", "cotes.pdf"}


def test_wrong_or_too_many_files_are_refused(as_client: Client, project: Project) -> None:
    path = f"/projets/{project.key}/messages/"
    fake = SimpleUploadedFile("a.pdf", b"<html>", "application/pdf")
    for papers, again in (
        (fake, "votre fichier\xa0: a.pdf."),
        ([sheet(f"p{n}") for n in range(6)], "vos fichiers\xa0: p0"),
    ):
        page = as_client.post(path, form(papers=papers)).content.decode()
        assert "papers_error" in page
        assert f"Choisissez à nouveau {again}" in page
    assert not DossierMessage.objects.exists()


def test_file_named_after_a_phone_number_is_refused(as_client: Client, project: Project) -> None:
    page = as_client.post(f"/projets/{project.key}/messages/", form(papers=sheet("appelez 0612345678")))
    assert "Renommez le fichier" in page.content.decode()
    assert not DossierMessage.objects.exists()


def test_more_files_than_a_text_carries_are_refused_by_the_deed(project: Project) -> None:
    files = [intake.clean(sheet(f"p{n}")) for n in range(6)]
    with pytest.raises(TooManyPapers):
        write(project, project.client, files=files)
    assert not Enclosure.objects.exists()


def test_history_tells_public_steps_and_one_s_own(
    as_client: Client, as_provider: Client, as_rival: Client, project: Project, provider_user: User, rival_user: User
) -> None:
    consulted(project, stocked(rival_user))
    asked(project, provider_user).answer_with("Oui.", by=project.client)
    write(project, project.client)
    write(project, provider_user)
    path = f"/projets/{project.key}/?onglet=historique"
    pages = [browser.get(path).content.decode() for browser in (as_client, as_provider, as_rival)]
    for page in pages:
        assert "Projet publié" in page
        assert page.count("Message à tous ceux qui ont ouvert le dossier") == 2
    assert ["Question posée" in page for page in pages] == [True, True, False]
    assert ["Crédit offre dépensé" in page for page in pages] == [False, True, False]
    assert ["Paul M." in page for page in pages] == [True, False, False]
