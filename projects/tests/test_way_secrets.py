"""Who sees what from the dossier to the introduction (product, section 3): pages, letters, documents, events."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail as outbox
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from credits.models import Kind
from marketplace.accounts.models import User
from marketplace.documents.models import Document
from marketplace.events.models import Notice
from marketplace.events.tasks import deliver
from marketplace.testing.cast import signed_in
from projects.models import Agreement, Project, Selection, SpecificationFile
from projects.tabs import LABELS
from projects.tests.bids import active, agreed, asked, bend, bid, paid, stocked
from projects.tests.calls import consulted, opened

pytestmark = pytest.mark.django_db
CLIENT = ("Claire Caron", "Caron Architectes", "claire@caron-architectes.example", "914505565")
RIVAL = ("Rita Lemoine", "Studio Lemoine", "rita@studio-lemoine.example", "870152279")
RIVAL_OFFER = ("4\u202f444,00", "4\u202f444\xa0€", "canaripitch", "canarihypothese")


@pytest.fixture(params=[False, True], ids=["open", "sealed"])
def project(request: pytest.FixtureRequest, client_user: User) -> Project:
    project = opened(client_user, sealed=request.param, description="canaridossier")
    upload = SimpleUploadedFile("plan.png", PNG, "image/png")
    document = Document.take_in(upload, owner=client_user, purpose="projects.specification")
    SpecificationFile.objects.create(project=project, document=document)
    return project


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)


@pytest.fixture
def offers(project: Project, provider_user: User, rival_user: User) -> dict[str, Any]:
    """The provider and the rival have bid; the rival has asked."""
    mine = bid(project, stocked(provider_user), 300_000)
    theirs = bid(project, stocked(rival_user), 444_400, pitch="canaripitch", assumptions="canarihypothese")
    asked(project, rival_user, "canariquestion ?").answer_with("canarireponse", by=project.client)
    return {"mine": mine, "theirs": theirs}


def pages(project: Project, agreement: Agreement | None = None) -> Iterator[str]:
    """Every address of the way."""
    base = f"/projets/{project.key}/"
    parts = ["", "rapport/", "offre/", "offre/retirer/", "questions/", "messages/", "offres/"]
    parts += [f"?onglet={tab}" for tab in LABELS]
    yield from (base + part for part in [*parts, *(f"credit/{kind}/" for kind in ("consultation", "offre", "contact"))])
    yield from (f"{base}offres/{offer.pk}/{part}" for offer in project.offers.all() for part in ("", "choisir/"))
    yield from (f"{base}questions/{question.pk}/reponse/" for question in project.questions.all())
    if agreement:
        yield from (f"/accords/{agreement.key}/{part}" for part in ("", "version/"))
    yield from ("/mes-avis/", "/credits/", "/mes-projets/", "/projets/")


def everything(browser: Client, project: Project, agreement: Agreement | None = None) -> str:
    """All that a reader can be shown of the way, in one text."""
    answers = [browser.get(path) for path in pages(project, agreement)]
    assert all(answer.status_code in {200, 302, 404} for answer in answers)
    return "".join(answer.content.decode() for answer in answers if answer.status_code == 200)


def mails_to(user: User) -> str:
    """All that was mailed to `user`."""
    deliver()
    mine = [mail for mail in outbox.outbox if user.email in mail.to]
    return "".join(f"{mail.subject} {mail.body} {mail.alternatives}" for mail in mine)  # type: ignore[attr-defined]


def none_of(words: tuple[str, ...], text: str) -> bool:
    return [word for word in words if word in text] == []


def test_bidder_sees_rivals_offers_only_when_open(
    project: Project, offers: dict[str, Any], provider_user: User, as_provider: Client
) -> None:
    text = everything(as_provider, project)
    assert "canaridossier" in text
    assert "canariquestion" in text
    assert "canarireponse" in text
    assert none_of(RIVAL, text)
    assert none_of(CLIENT, text)
    assert none_of(RIVAL_OFFER, text) == project.sealed
    assert ("canaripitch" in text) == (not project.sealed)
    assert none_of((*RIVAL, *CLIENT, *RIVAL_OFFER), mails_to(provider_user))


def test_who_has_not_consulted_sees_counts_only(
    project: Project, offers: dict[str, Any], as_stranger: Client, client: Client
) -> None:
    for browser in (as_stranger, client):
        text = everything(browser, project)
        assert none_of(("canaridossier", "canariquestion", "canarireponse", "plan.png"), text)
        assert none_of((*RIVAL, *RIVAL_OFFER, *CLIENT[2:]), text)
        assert browser.get(f"/projets/{project.key}/").status_code == 200


def test_client_reads_offers_without_names(
    project: Project, offers: dict[str, Any], as_client: Client, client_user: User
) -> None:
    text = everything(as_client, project)
    assert "canaripitch" in text
    assert "Rita L." in text
    assert none_of(RIVAL, text)
    assert none_of(RIVAL, mails_to(client_user))


def test_withdrawn_offer_is_seen_by_its_provider_alone(
    project: Project, offers: dict[str, Any], as_client: Client, as_provider: Client, as_rival: Client
) -> None:
    offers["theirs"].withdraw(by=offers["theirs"].provider)
    for browser in (as_client, as_provider):
        assert none_of(RIVAL_OFFER, everything(browser, project))
    assert "4\u202f444" in everything(as_rival, project)


def test_parties_are_masked_until_the_introduction_is_paid(
    project: Project,
    offers: dict[str, Any],
    as_client: Client,
    as_provider: Client,
    as_rival: Client,
    provider_user: User,
    client_user: User,
) -> None:
    agreement = Selection(offers["mine"], reason="Prix.").carry_out(by=client_user)
    theirs = ("Atelier Mercier", provider_user.email, "852856566")
    for stage in (lambda a: a, agreed):
        stage(agreement)
        assert none_of(CLIENT, everything(as_provider, project, agreement))
        assert none_of(theirs, everything(as_client, project, agreement))
    assert none_of(CLIENT, mails_to(provider_user))
    assert none_of(theirs, mails_to(client_user))
    paid(agreement.pay(by=client_user, key=uuid.uuid4()))
    assert CLIENT[2] in everything(as_provider, project, agreement)
    assert theirs[1] in everything(as_client, project, agreement)
    loser = everything(as_rival, project, agreement)
    assert none_of((*CLIENT, *theirs), loser)
    assert none_of(("Paul", "Mercier"), as_rival.get(f"/projets/{project.key}/rapport/").content.decode())


def test_contact_credit_opens_the_client_to_its_holder_alone(
    project: Project, offers: dict[str, Any], as_provider: Client, as_rival: Client, rival_user: User
) -> None:
    project.spend(Kind.CONTACT, by=rival_user)
    assert not none_of(CLIENT, everything(as_rival, project))
    assert none_of(CLIENT, everything(as_provider, project))


def test_losers_keep_the_dossier_for_thirty_days(
    project: Project, offers: dict[str, Any], as_rival: Client, as_provider: Client, rival_user: User
) -> None:
    active(Selection(offers["mine"], reason="Prix.").carry_out(by=project.client))
    document = Document.objects.get()
    for days, opens in ((29, True), (30, False)):
        since = timezone.now() - timedelta(days=days, minutes=1)
        Project.objects.filter(pk=project.pk).update(activated_at=since)
        page = as_rival.get(f"/projets/{project.key}/").content.decode()
        assert ("canaridossier" in page) == opens
        assert ("n’est plus disponible" in page) == (not opens)
        assert (download(as_rival, document) == 200) == opens
        report = as_rival.get(f"/projets/{project.key}/rapport/").content.decode()
        assert "Prix." in report
        assert ("plan.png" in report) == opens
        assert "canaridossier" in as_provider.get(f"/projets/{project.key}/").content.decode()


def test_dossier_closes_when_its_credit_came_back(
    project: Project, offers: dict[str, Any], as_provider: Client
) -> None:
    document = Document.objects.get()
    assert download(as_provider, document) == 200
    project.withdraw(by=project.client)
    page = as_provider.get(f"/projets/{project.key}/").content.decode()
    assert "n’est plus disponible" in page
    assert "canaridossier" not in page
    assert download(as_provider, document) == 404
    assert as_provider.get(f"/projets/{project.key}/rapport/").status_code == 404


def download(browser: Client, document: Document) -> int:
    """The status of a download, its file closed."""
    answer = browser.get(document.get_absolute_url())
    if answer.streaming:
        answer.getvalue()
    return answer.status_code


def test_reason_of_a_rejection_is_for_the_client_alone(
    project: Project, offers: dict[str, Any], as_client: Client, provider_user: User, moderator_user: User
) -> None:
    project.reject(by=moderator_user, reason="canarimotif")
    assert "canarimotif" in as_client.get(f"/projets/{project.key}/rapport/").content.decode()
    assert "canarimotif" not in everything(signed_in(provider_user), project)
    assert "canarimotif" not in mails_to(provider_user)


def test_reasons_of_other_losers_stay_theirs(
    project: Project, offers: dict[str, Any], as_rival: Client, as_provider: Client, stranger_user: User
) -> None:
    third = bid(project, stocked(stranger_user))
    reasons = {third.pk: "canarimotif"}
    Selection(offers["mine"], reason="Prix.", reasons=reasons).carry_out(by=project.client)
    for browser in (as_rival, as_provider):
        assert "canarimotif" not in everything(browser, project)
    for notice in Notice.objects.exclude(user=stranger_user):
        assert "canarimotif" not in str(notice.facts)


def test_loser_of_sealed_offers_cannot_work_out_a_price(
    project: Project, offers: dict[str, Any], as_rival: Client, rival_user: User
) -> None:
    """Between 3 000 and 4 444 € the median is 3 722 €: it tells the other's price."""
    Selection(offers["mine"], reason="Mieux.").carry_out(by=project.client)
    told = as_rival.get(f"/projets/{project.key}/rapport/").content.decode() + mails_to(rival_user)
    facts = str(Notice.objects.get(user=rival_user, name="project.awarded.lost").facts)
    assert ("3\u202f722" in told) == ("372200" in facts) == (not project.sealed)
    assert "2e sur 2" in told


@pytest.mark.parametrize("how", ["reader of counts", "consulted"])
def test_stranger_finds_nothing_of_a_question_to_answer(
    project: Project, offers: dict[str, Any], stranger_user: User, how: str
) -> None:
    if how == "consulted":
        consulted(project, stocked(stranger_user))
    browser = signed_in(stranger_user)
    question = project.questions.get()
    path = f"/projets/{project.key}/questions/{question.pk}/reponse/"
    assert browser.get(path).status_code == browser.post(path, {"text": "Moi."}).status_code == 404
    for offer in offers.values():
        for part in ("", "choisir/"):
            assert browser.get(f"/projets/{project.key}/offres/{offer.pk}/{part}").status_code == 404


def test_closed_project_opens_nothing_new(project: Project, as_stranger: Client) -> None:
    bend(f"update projects_project set closes_at = now() - interval '1 second' where id = {project.pk}")
    page = as_stranger.get(f"/projets/{project.key}/").content.decode()
    assert "n’est plus disponible" in page
    assert "canaridossier" not in page
