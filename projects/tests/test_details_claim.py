"""“Coordonnées fausses”: said within thirty days, checked by staff, and the contact credit comes back once."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from credits.models import Kind, Spending, Wallet
from marketplace.accounts.models import User
from marketplace.events.models import Event, Notice
from marketplace.ledger import checks
from projects.models import Detail, DetailsClaim, Project
from projects.models.claims import CLAIM_MOVES, ClaimState, claim_until

from .bids import HOSTILE, bend, stocked
from .calls import consulted, drafted, opened

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(client_user: User, provider_user: User) -> Project:
    """A call whose client the provider may call."""
    project = opened(client_user)
    consulted(project, stocked(provider_user), Kind.CONTACT)
    return project


@pytest.fixture
def spending(project: Project, provider_user: User) -> Spending:
    return Spending.objects.get(provider=provider_user, kind=Kind.CONTACT)


def claimed(project: Project, spending: Spending, **others: Any) -> DetailsClaim:
    said: dict[str, Any] = {"wrong": [Detail.PHONE], "text": "Le numéro n’est plus attribué.", "key": uuid.uuid4()}
    return DetailsClaim.file(project, spending, **said | others)


@pytest.fixture
def claim(project: Project, spending: Spending) -> DetailsClaim:
    return claimed(project, spending)


def sent(**changes: Any) -> dict[str, Any]:
    return {"key": str(uuid.uuid4()), "wrong": ["PHONE", "EMAIL"], "text": "Personne."} | changes


def contacts(provider: User) -> int:
    return Wallet.of(provider).balance(Kind.CONTACT)


def told(user: User, name: str) -> Notice:
    return Notice.objects.get(user=user, name=name)


def corrected(client: User) -> None:
    """The client writes another phone number."""
    client.phone = "+33 6 99 99 99 99"
    client.save(update_fields=["phone"])


def page_of(browser: Client, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_provider_and_moderators_are_told(claim: DetailsClaim, provider_user: User) -> None:
    letter = told(provider_user, "details.claimed").letter
    assert letter.quote == "Le numéro n’est plus attribué."
    assert "téléphone" in letter.paragraphs[0]
    assert "18\xa0h\xa000" in letter.figures[0][1]
    assert str(claim) == "Refonte d’un site vitrine (téléphone)"


def test_moderators_find_the_claim(
    moderator_user: User, project: Project, spending: Spending, client_user: User
) -> None:
    claim = claimed(project, spending)
    assert told(moderator_user, "details.claimed.moderator").letter.path.endswith(f"/{claim.pk}/change/")
    assert not Notice.objects.filter(user=client_user, name__startswith="details").exists()


def test_same_key_claims_once_and_another_waits_its_turn(project: Project, spending: Spending) -> None:
    key = uuid.uuid4()
    assert claimed(project, spending, key=key) == claimed(project, spending, key=key)
    with pytest.raises(DetailsClaim.AlreadyFiled, match="avant"):
        claimed(project, spending)
    assert Event.objects.filter(verb="details.claimed").count() == 1


def test_only_a_contact_credit_of_this_project_is_claimed(
    project: Project, spending: Spending, client_user: User, provider_user: User
) -> None:
    consultation = Spending.objects.get(provider=provider_user, kind=Kind.CONSULTATION)
    for wrong in ((project, consultation), (opened(client_user), spending)):
        with pytest.raises(DetailsClaim.NotTheSpending):
            claimed(*wrong)


@pytest.mark.parametrize(("late", "refused"), [(-1, False), (0, False), (1, True)])
def test_thirty_days_to_the_second(project: Project, spending: Spending, late: int, refused: bool) -> None:
    with time_machine.travel(claim_until(spending) + timedelta(seconds=late), tick=False):
        if refused:
            with pytest.raises(DetailsClaim.TooLate):
                claimed(project, spending)
        else:
            assert claimed(project, spending).state == "OPEN"


def test_confirmed_claim_gives_the_credit_back_once(
    claim: DetailsClaim, provider_user: User, client_user: User, moderator_user: User
) -> None:
    before = contacts(provider_user)
    claim.confirm(by=moderator_user)
    with pytest.raises(DetailsClaim.AlreadyDecided):
        claim.confirm(by=moderator_user)
    with pytest.raises(DetailsClaim.AlreadyDecided):
        claim.refuse(by=moderator_user, words="Non.")
    assert contacts(provider_user) == before + 1
    assert Spending.objects.get(pk=claim.spending_id).return_reason == "details_false"
    letter = told(provider_user, "credit.returned").letter
    assert "les coordonnées du client ont été reconnues fausses" in letter.paragraphs[0]
    assert not Notice.objects.filter(name="details.false.provider").exists()
    assert checks.run() == []


def test_client_is_told_to_correct_without_a_name(
    claim: DetailsClaim, provider_user: User, client_user: User, moderator_user: User
) -> None:
    claim.confirm(by=moderator_user)
    letter = told(client_user, "details.false").letter
    assert letter.path == "/mon-compte/coordonnees/"
    assert "téléphone" in letter.paragraphs[0]
    for secret in (provider_user.name, provider_user.public_name, claim.text):
        assert secret not in str(letter)


def test_what_the_credit_opened_is_closed_again(
    as_provider: Client, claim: DetailsClaim, project: Project, client_user: User, moderator_user: User
) -> None:
    path = f"/projets/{project.key}/"
    assert client_user.email in page_of(as_provider, path)
    claim.confirm(by=moderator_user)
    assert client_user.email not in page_of(as_provider, path)
    assert "est revenu dans votre portefeuille" in page_of(as_provider, f"{path}coordonnees/")
    assert as_provider.post(f"{path}coordonnees/", sent()).status_code == 200
    assert DetailsClaim.objects.count() == 1


def test_credit_that_had_come_back_does_not_come_back_twice(
    claim: DetailsClaim, project: Project, provider_user: User, moderator_user: User, spending: Spending
) -> None:
    project.withdraw(by=project.client)
    before = contacts(provider_user)
    with pytest.raises(DetailsClaim.CreditIsBack):
        claimed(project, spending)
    claim.confirm(by=moderator_user)
    assert contacts(provider_user) == before
    assert Spending.objects.get(pk=spending.pk).return_reason == "project_withdrawn"
    assert told(provider_user, "details.false.provider").letter.path == "/credits/"


def test_refusal_is_said_in_words_and_new_facts_may_follow(
    as_provider: Client, claim: DetailsClaim, project: Project, provider_user: User, moderator_user: User
) -> None:
    with pytest.raises(DetailsClaim.NeedsWords):
        claim.refuse(by=moderator_user, words=" \n")
    before = contacts(provider_user)
    claim.refuse(by=moderator_user, words="Le client a répondu à notre appel.")
    assert contacts(provider_user) == before
    assert told(provider_user, "details.right").letter.quote == "Le client a répondu à notre appel."
    path = f"/projets/{project.key}/coordonnees/"
    assert "Le client a répondu à notre appel." in page_of(as_provider, path)
    assert as_provider.post(path, sent()).status_code == 302
    assert DetailsClaim.objects.open().count() == 1


def test_client_cannot_publish_before_they_correct_or_confirm(
    as_client: Client, claim: DetailsClaim, client_user: User, moderator_user: User
) -> None:
    claim.confirm(by=moderator_user)
    draft = drafted(client_user)
    for path in ("/projets/publier/", f"/projets/{draft.key}/modifier/cadre/"):
        assert "reconnues fausses" in as_client.get(path).content.decode()
    assert "reconnues fausses" in as_client.post(f"/projets/{draft.key}/soumettre/").content.decode()
    with pytest.raises(Project.FalseDetails):
        draft.submit(by=client_user)
    assert "Corrigez vos coordonnées" in page_of(as_client, "/mon-compte/")
    assert "téléphone" in page_of(as_client, "/mon-compte/coordonnees/")
    assert "Rien de ce qui a été reconnu faux" in as_client.post("/mon-compte/coordonnees/").content.decode()
    corrected(client_user)
    for _double_click in range(2):
        assert as_client.post("/mon-compte/coordonnees/").headers["Location"] == "/mon-compte/"
    assert Event.objects.get(verb="details.corrected").facts == {"number": 1}
    assert "Personne ne s’est plaint" in page_of(as_client, "/mon-compte/coordonnees/")
    draft.submit(by=client_user)


def test_details_found_false_are_not_confirmed_unchanged(
    claim: DetailsClaim, client_user: User, moderator_user: User
) -> None:
    claim.confirm(by=moderator_user)
    client_user.name = "Claire Caron-Petit"
    client_user.save(update_fields=["name"])
    with pytest.raises(DetailsClaim.NothingCorrected):
        DetailsClaim.settle(by=client_user)
    corrected(client_user)
    assert (DetailsClaim.settle(by=client_user), DetailsClaim.settle(by=client_user)) == (1, 0)


def test_client_who_contests_is_heard_by_moderation(
    as_client: Client, as_moderator: Client, claim: DetailsClaim, client_user: User, moderator_user: User
) -> None:
    claim.confirm(by=moderator_user)
    path, data = "/mon-compte/coordonnees/contester/", {"statement": "On me joint l’après-midi."}
    assert "obligatoire" in as_client.post(path, {"statement": ""}).content.decode()
    for _double_click in range(2):
        assert as_client.post(path, data).headers["Location"] == "/mon-compte/coordonnees/"
    assert told(moderator_user, "details.contested").letter.quote == "On me joint l’après-midi."
    assert "vérifie de nouveau" in page_of(as_client, "/mon-compte/coordonnees/")
    with pytest.raises(Project.FalseDetails):
        drafted(client_user).submit(by=client_user)
    assert "conteste" in page_of(as_moderator, "/admin/")
    assert "Refonte" in page_of(as_moderator, "/admin/projects/detailsclaim/")
    change = f"/admin/projects/detailsclaim/{claim.pk}"
    assert "On me joint" in page_of(as_moderator, f"{change}/change/")
    assert as_moderator.post(f"{change}/believe/do/", {"key": str(uuid.uuid4())}).status_code == 302
    drafted(client_user).submit(by=client_user)
    assert "de nouveau publier" in told(client_user, "details.believed").letter.subject


def test_moderation_insists_and_the_client_corrects(
    as_client: Client, claim: DetailsClaim, client_user: User, moderator_user: User
) -> None:
    claim.confirm(by=moderator_user)
    with pytest.raises(DetailsClaim.NotContested):
        claim.believe(by=moderator_user)
    with pytest.raises(DetailsClaim.NeedsStatement):
        DetailsClaim.contest(by=client_user, statement=" ")
    DetailsClaim.contest(by=client_user, statement="Si.")
    with pytest.raises(DetailsClaim.NeedsWords):
        claim.insist(by=moderator_user, words=" ")
    claim.insist(by=moderator_user, words="Le numéro ne répond pas.")
    assert told(client_user, "details.insisted").letter.quote == "Le numéro ne répond pas."
    assert "Le numéro ne répond pas." in page_of(as_client, "/mon-compte/coordonnees/")
    assert client_user.details_claims.uncorrected().count() == 1
    corrected(client_user)
    assert "justes à présent" in page_of(as_client, "/mon-compte/coordonnees/")
    assert DetailsClaim.settle(by=client_user) == 1


def test_nobody_pays_for_details_known_to_be_false(
    claim: DetailsClaim, project: Project, as_rival: Client, rival_user: User, client_user: User, moderator_user: User
) -> None:
    consulted(project, stocked(rival_user))
    claim.confirm(by=moderator_user)
    page = page_of(as_rival, f"/projets/{project.key}/credit/contact/")
    assert "en cours de correction" in page
    assert "Dépenser 1 crédit" not in page
    with pytest.raises(Project.DetailsInDoubt):
        project.spend(Kind.CONTACT, by=rival_user)
    assert contacts(rival_user) == 100
    corrected(client_user)
    DetailsClaim.settle(by=client_user)
    project.spend(Kind.CONTACT, by=rival_user)


def test_page_is_reached_from_the_details(as_provider: Client, project: Project) -> None:
    path = f"/projets/{project.key}/coordonnees/"
    assert path in page_of(as_provider, f"/projets/{project.key}/")
    assert "Vous pouvez nous le dire jusqu’au" in page_of(as_provider, path)
    data = sent()
    for _double_click in range(2):
        assert as_provider.post(path, data).headers["Location"] == f"/projets/{project.key}/#contact"
    assert DetailsClaim.objects.get().wrong == ["EMAIL", "PHONE"]
    assert "Notre équipe vérifie les coordonnées." in page_of(as_provider, path)


@pytest.mark.parametrize(
    "wrong", [{"wrong": []}, {"wrong": ["FAX"]}, {"text": ""}, {"text": "x" * 2001}, {"text": "a\0"}, {"key": "-1"}]
)
def test_bad_input_is_shown_on_the_form(as_provider: Client, project: Project, wrong: dict[str, Any]) -> None:
    assert as_provider.post(f"/projets/{project.key}/coordonnees/", sent(**wrong)).status_code == 200
    assert not DetailsClaim.objects.exists()


def test_page_says_when_it_is_too_late(as_provider: Client, project: Project, spending: Spending) -> None:
    bend(f"update credits_spending set at = now() - interval '31 days' where id = {spending.pk}")
    path = f"/projets/{project.key}/coordonnees/"
    assert "Cette date est passée." in page_of(as_provider, path)
    assert as_provider.post(path, sent()).status_code == 200
    assert not DetailsClaim.objects.exists()


def test_page_does_not_exist_without_a_contact_credit(as_rival: Client, project: Project, rival_user: User) -> None:
    consulted(project, stocked(rival_user))
    assert as_rival.get(f"/projets/{project.key}/coordonnees/").status_code == 404
    assert "coordonnees/" not in page_of(as_rival, f"/projets/{project.key}/")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(as_moderator: Client, project: Project, spending: Spending, text: str) -> None:
    claim = claimed(project, spending, text=text)
    assert "<script>alert" not in page_of(as_moderator, f"/admin/projects/detailsclaim/{claim.pk}/change/")


def test_moderator_decides_from_the_desk(
    as_moderator: Client, claim: DetailsClaim, client_user: User, provider_user: User
) -> None:
    before = contacts(provider_user)
    assert "Coordonnées de client à vérifier" in page_of(as_moderator, "/admin/")
    assert "Refonte" in page_of(as_moderator, "/admin/projects/detailsclaim/")
    change = f"/admin/projects/detailsclaim/{claim.pk}"
    page = page_of(as_moderator, f"{change}/change/")
    for words in (client_user.email, client_user.phone, provider_user.name, "Caron Architectes", claim.text):
        assert words in page
    data = {"key": str(uuid.uuid4())}
    assert as_moderator.post(f"{change}/confirm/do/", data).status_code == 302
    assert "déjà tranchée" in as_moderator.post(f"{change}/confirm/do/", data).content.decode()
    assert contacts(provider_user) == before + 1
    assert "Refonte" not in page_of(as_moderator, "/admin/projects/detailsclaim/")


def test_moderator_refuses_from_the_desk(as_moderator: Client, claim: DetailsClaim, project: Project) -> None:
    change = f"/admin/projects/detailsclaim/{claim.pk}"
    data = {"key": str(uuid.uuid4()), "reason": "Le client répond."}
    assert as_moderator.post(f"{change}/refuse/do/", data).status_code == 302
    claim.refresh_from_db()
    assert (claim.state, claim.words) == ("REFUSED", "Le client répond.")
    claimed(project, claim.spending)
    assert change in page_of(
        as_moderator, f"/admin/projects/detailsclaim/{DetailsClaim.objects.latest('pk').pk}/change/"
    )


def test_finance_does_not_decide(as_finance: Client, claim: DetailsClaim) -> None:
    assert "vérifier" not in page_of(as_finance, "/admin/")
    assert as_finance.get(f"/admin/projects/detailsclaim/{claim.pk}/confirm/do/").status_code == 403


@pytest.mark.parametrize(("before", "after"), [(a, b) for a in ClaimState for b in ClaimState if a != b])
def test_database_holds_the_moves_of_a_claim(claim: DetailsClaim, before: ClaimState, after: ClaimState) -> None:
    rest = "words = 'x', decided_at = " + ("null" if before == "OPEN" else "now()")
    bend(f"update projects_detailsclaim set state = '{before}', {rest}")
    change = {"state": after, "decided_at": None if after == "OPEN" else timezone.now()}
    if (before, after) in CLAIM_MOVES:
        assert DetailsClaim.objects.update(**change)
    else:
        with pytest.raises(IntegrityError, match="may not become"), transaction.atomic():
            DetailsClaim.objects.update(**change)
