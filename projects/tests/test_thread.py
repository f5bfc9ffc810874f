"""The private thread: its two parties write, read and search; nobody else ever sees it."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.documents import intake
from marketplace.events.models import Event, Notice
from marketplace.testing.world import pdf
from projects.models import Agreement, Enclosure, Formula, Project, Selection, Thread, ThreadMessage
from projects.models.papers import TooManyPapers
from projects.models.second_choice import SecondChoice
from projects.tests.bids import HOSTILE, active, bid, changed, queries, stocked
from projects.tests.calls import opened

pytestmark = pytest.mark.django_db
PHONE = "06 12 34 56 78"


@pytest.fixture
def agreement(client_user: User, provider_user: User, rival_user: User) -> Agreement:
    """The provider is chosen, the rival is not."""
    project = opened(client_user)
    offers = [bid(project, stocked(user)) for user in (provider_user, rival_user)]
    return Selection(offers[0], reason="Moins cher.").carry_out(by=client_user)


def path(agreement: Agreement) -> str:
    return f"/projets/{agreement.project.key}/fil/"


def write(agreement: Agreement, by: User, text: str = "Bonjour.", **others: Any) -> ThreadMessage:
    return Thread(agreement).write(text, by=by, key=others.pop("key", uuid.uuid4()), **others)


def form(text: str = "Le plan est joint.", **others: Any) -> dict[str, Any]:
    return {"key": str(uuid.uuid4()), "text": text, **others}


def sheet(name: str) -> intake.Clean:
    return intake.clean(pdf(name), intake.PLAIN)


def page(browser: Client, address: str) -> str:
    return browser.get(address).content.decode()


def test_the_two_parties_write_to_each_other_and_see_when_it_was_read(
    as_client: Client, as_provider: Client, agreement: Agreement
) -> None:
    for browser, text in ((as_client, "Quand commencez-vous ?"), (as_provider, "Lundi.")):
        answer = browser.post(path(agreement), form(text, papers=pdf("planning")))
        assert answer.headers["Location"] == path(agreement)
    assert "Pas encore lu" in page(as_provider, path(agreement))
    assert "Entre vous et le client\xa0: personne" in page(as_provider, path(agreement))
    assert as_client.get(path(agreement))["Cache-Control"] == "private, no-store"
    for browser in (as_client, as_provider):
        for words in ("Quand commencez-vous ?", "Lundi.", "planning.pdf"):
            assert words in page(browser, path(agreement))
    assert "Lu par l’autre partie le" in page(as_provider, path(agreement))
    assert "Lundi." in page(as_client, f"/projets/{agreement.project.key}/rapport/")


def test_nobody_else_finds_the_thread(
    as_rival: Client, as_stranger: Client, client: Client, agreement: Agreement
) -> None:
    write(agreement, agreement.client, files=[sheet("secret")])
    file = Enclosure.objects.get().document.get_absolute_url()
    for browser in (as_rival, as_stranger):
        assert browser.get(path(agreement)).status_code == browser.post(path(agreement), form()).status_code == 404
        assert browser.get(file).status_code == 404
    assert client.get(path(agreement)).status_code == 302
    assert "secret.pdf" not in page(as_rival, f"/projets/{agreement.project.key}/?onglet=fichiers")
    assert "Fil privé" not in page(as_rival, f"/projets/{agreement.project.key}/rapport/")


def test_files_of_the_thread_stay_out_of_the_dossier(as_client: Client, agreement: Agreement) -> None:
    write(agreement, agreement.provider, files=[sheet("entrenous")])
    assert Enclosure.objects.get().document.readable_by(agreement.client)
    assert "entrenous" not in page(as_client, f"/projets/{agreement.project.key}/?onglet=fichiers")


def test_details_are_masked_until_the_introduction_then_shown(as_client: Client, agreement: Agreement) -> None:
    write(agreement, agreement.provider, f"Appelez-moi : {PHONE}.")
    told = Notice.objects.get(name="thread.written")
    assert (told.user, told.letter.quote) == (agreement.client, "Appelez-moi : […].")
    assert PHONE not in page(as_client, path(agreement))
    active(agreement)
    assert PHONE in page(as_client, path(agreement))
    write(agreement, agreement.client, f"Et moi au {PHONE}.")
    told = Notice.objects.filter(name="thread.written").latest("pk")
    assert told.letter.quote == f"Et moi au {PHONE}."
    assert told.letter.subject.startswith(f"Message privé signé {agreement.client.name}")


def test_search_finds_nothing_that_is_masked(as_client: Client, as_provider: Client, agreement: Agreement) -> None:
    write(agreement, agreement.provider, f"Planning : appelez-moi au {PHONE}.")
    for words, finders in (("planning", [as_provider]), (PHONE.replace(" ", "+"), [as_provider])):
        for browser in (as_client, as_provider):
            found = "appelez-moi" in page(browser, f"{path(agreement)}?q={words}")
            assert found == (browser in finders)
    active(agreement)
    assert "appelez-moi" in page(as_client, f"{path(agreement)}?q=planning")


def test_one_key_sends_one_text(agreement: Agreement) -> None:
    key = uuid.uuid4()
    write(agreement, agreement.provider, "Bonjour.", key=key)
    with pytest.raises(Thread.FormUsed):
        write(agreement, agreement.provider, "Autre chose.", key=key)


def test_author_is_told_what_the_other_reads(as_provider: Client, agreement: Agreement) -> None:
    answer = as_provider.post(path(agreement), form(f"Mon numéro : {PHONE}"), follow=True).content.decode()
    assert PHONE in answer
    assert "lit ce texte sans les coordonnées" in answer


def test_file_name_with_details_is_refused_until_the_introduction(as_provider: Client, agreement: Agreement) -> None:
    data = form(papers=SimpleUploadedFile("moi@exemple.fr.pdf", pdf("x").read(), "application/pdf"))
    assert "Renommez le fichier" in as_provider.post(path(agreement), data).content.decode()
    active(agreement)
    data["papers"].seek(0)
    assert as_provider.post(path(agreement), data).status_code == 302


def test_same_form_writes_once_and_tells_once(as_client: Client, agreement: Agreement) -> None:
    data = form()
    for _twice in range(2):
        assert as_client.post(path(agreement), data).status_code == 302
    assert ThreadMessage.objects.count() == Event.objects.filter(verb="thread.written").count() == 1
    assert Notice.objects.filter(name="thread.written").count() == 1


def test_who_declined_keeps_reading_and_never_sees_the_next_one_s(
    as_client: Client, as_provider: Client, as_rival: Client, agreement: Agreement, rival_user: User
) -> None:
    write(agreement, agreement.client, "Premier fil.")
    agreement.decline(by=agreement.provider, reason="Trop tard.")
    project = Project.objects.get(pk=agreement.project_id)
    second = SecondChoice(project).call(project.offers.get(provider=rival_user), by=project.client)
    write(second, rival_user, "Second fil.")
    first, other = page(as_provider, path(agreement)), page(as_rival, path(agreement))
    assert ("Premier fil." in first, "Second fil." in first) == (True, False)
    assert ("Premier fil." in other, "Second fil." in other) == (False, True)
    assert "ne prend plus de messages" in first
    assert "ne prend plus de messages" in as_provider.post(path(agreement), form()).content.decode()
    assert as_provider.get(f"{path(agreement)}?accord={second.key}").status_code == 404
    assert "Premier fil." in page(as_client, f"{path(agreement)}?accord={agreement.key}")
    assert "Second fil." in page(as_client, path(agreement))


def test_thread_closes_some_days_after_the_end(as_client: Client, agreement: Agreement) -> None:
    agreement.propose(changed(agreement, formula=Formula.BASE), by=agreement.client, instead_of=1)
    active(agreement).project.complete()
    assert as_client.post(path(agreement), form()).status_code == 302
    assert "Le projet est terminé" in page(as_client, path(agreement))
    with time_machine.travel(timezone.now() + timedelta(days=31)), pytest.raises(Thread.Closed):
        write(Agreement.objects.get(), agreement.client)


def test_deed_refuses_strangers_and_too_many_files(agreement: Agreement, rival_user: User) -> None:
    with pytest.raises(Thread.NotAParty):
        write(agreement, rival_user)
    with pytest.raises(TooManyPapers):
        write(agreement, agreement.client, files=[sheet(f"f{n}") for n in range(6)])
    assert not ThreadMessage.objects.exists()


def test_search_forgives_accents_and_endings(as_client: Client, agreement: Agreement) -> None:
    for text in ("Les maquettes sont prêtes.", "La recette est faite.", "Une maquette de plus."):
        write(agreement, agreement.provider, text)
    found = page(as_client, f"{path(agreement)}?q=MAQUETTE+prete")
    assert ("1 message avec" in found, "recette" in found) == (True, False)
    assert "2 messages avec" in page(as_client, f"{path(agreement)}?q=maquettes")
    assert "Aucun message trouvé" in page(as_client, f"{path(agreement)}?q=facture")


def test_any_search_gives_a_page(as_client: Client, agreement: Agreement) -> None:
    write(agreement, agreement.client)
    for words in (*HOSTILE, "a" * 10_000, "!!! & | ( ) :*", "\x00", '"', "-1", "0", "9" * 30, "²"):
        assert as_client.get(path(agreement), {"q": words, "avant": words}).status_code == 200
        assert as_client.get(path(agreement), {"accord": words}).status_code == 404


def test_empty_or_endless_messages_are_refused(as_client: Client, agreement: Agreement) -> None:
    for text in ("", "  \n ", "a" * 5001, "\u200b", "\x00"):
        assert as_client.post(path(agreement), form(text)).status_code == 200
    assert not ThreadMessage.objects.exists()


def test_pages_of_a_long_thread_cost_the_same(as_client: Client, agreement: Agreement) -> None:
    write(agreement, agreement.provider, "Message 0.", files=[sheet("un")])
    as_client.get(path(agreement))
    little = queries(as_client, path(agreement))
    for n in range(1, 31):
        write(agreement, agreement.provider, f"Message {n}.")
    as_client.get(path(agreement))
    assert queries(as_client, path(agreement)) == little
    latest = page(as_client, path(agreement))
    assert ("Message 30." in latest, "Message 10." in latest) == (True, False)
    older = ThreadMessage.objects.get(text="Message 11.")
    assert f"?avant={older.pk}" in latest
    assert "Message 10." in page(as_client, f"{path(agreement)}?avant={older.pk}")


def test_database_refuses_a_message_read_before_it_was_written(agreement: Agreement) -> None:
    message = write(agreement, agreement.client)
    with pytest.raises(IntegrityError, match="thread_message_read_after_written"), transaction.atomic():
        ThreadMessage.objects.filter(pk=message.pk).update(read_at=message.written_at - timedelta(seconds=1))
