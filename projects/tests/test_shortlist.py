"""The client's shortlist and notes: kept with whatever was typed, found again by the address, seen by nobody else."""

from functools import partial
from typing import Any

import pytest
from django.test import Client

from marketplace.accounts.models import User
from marketplace.ledger.tests.crowd import Crowd, tally
from projects.comparison import Comparison
from projects.models import Offer, OfferNote, Project, Selection, ShortlistEntry
from projects.tests.bids import HOSTILE, bid, bidder, queries, stocked
from projects.tests.calls import opened

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(client_user: User) -> Project:
    return opened(client_user)


@pytest.fixture
def offers(project: Project, provider_user: User, rival_user: User) -> list[Offer]:
    """The second is cheaper and slower."""
    return [bid(project, stocked(provider_user), 300_000, 30), bid(project, stocked(rival_user), 250_000, 40)]


def sent(browser: Client, project: Project, query: str = "", **data: Any) -> Any:
    """What a button of the page sends."""
    return browser.post(f"/projets/{project.key}/offres/notes/{query}", {k: str(v) for k, v in data.items()})


def typed(offer: Offer, text: str, seen: int = 0) -> dict[str, Any]:
    """A note as the page sends it."""
    return {f"note_{offer.pk}": text, f"seen_{offer.pk}": seen}


def test_every_button_keeps_what_was_typed(as_client: Client, project: Project, offers: list[Offer]) -> None:
    data = typed(offers[0], "Claire et nette.\r\nÀ rappeler.") | typed(offers[1], "Trop long ?")
    answer = sent(as_client, project, "?tri=delai&vue=x", keep=offers[1].pk, **data)
    assert answer.url == f"/projets/{project.key}/offres/?tri=delai"
    texts = OfferNote.objects.made_by(project.client).order_by("offer").values_list("text", "revision")
    assert list(texts) == [("Claire et nette.\nÀ rappeler.", 1), ("Trop long ?", 1)]
    assert [entry.offer for entry in ShortlistEntry.objects.made_by(project.client)] == [offers[1]]
    page = as_client.get(answer.url).content.decode()
    assert "À rappeler.</textarea>" in page
    assert "Présélection (1)" in page
    sent(as_client, project, drop=offers[1].pk)
    assert not ShortlistEntry.objects.exists()
    assert OfferNote.objects.count() == 2


def test_shortlist_is_shown_alone_with_ranks_among_all(
    as_client: Client, project: Project, offers: list[Offer]
) -> None:
    path = f"/projets/{project.key}/offres/?tri=preselection&vue=preselection"
    assert "Votre présélection est vide" in as_client.get(path).content.decode()
    sent(as_client, project, keep=offers[0].pk)
    page = as_client.get(path).content.decode()
    assert page.count("<article") == 1
    assert "2e sur 2" in page
    assert [offer.pk for offer in Comparison(project, order="preselection").offers] == [o.pk for o in offers]


def test_note_of_another_tab_is_not_overwritten_unseen(
    as_client: Client, project: Project, offers: list[Offer]
) -> None:
    sent(as_client, project, **typed(offers[0], "Premier onglet."))
    page = sent(as_client, project, **typed(offers[0], "Second onglet.")).content.decode()
    assert "« Premier onglet. »" in page.replace("\xa0", " ")
    assert "Second onglet.</textarea>" in page
    assert f'name="seen_{offers[0].pk}" value="1"' in page
    assert sent(as_client, project, **typed(offers[0], "Second onglet.", 1)).status_code == 302
    assert OfferNote.objects.get().text == "Second onglet."
    sent(as_client, project, **typed(offers[0], "", 2))
    assert (OfferNote.objects.get().text, OfferNote.objects.get().revision) == ("", 3)


def test_any_text_makes_a_note(as_client: Client, project: Project, offers: list[Offer]) -> None:
    for seen, text in enumerate([*HOSTILE, "x" * 3000]):
        page = sent(as_client, project, page=offers[0].pk, **typed(offers[0], text, seen))
        assert page.url == f"/projets/{project.key}/offres/{offers[0].pk}/"
        assert OfferNote.objects.get().text == text
        assert "<script>alert" not in as_client.get(page.url).content.decode()


@pytest.mark.parametrize(
    "wrong",
    [{"note": "x" * 3001}, {"note": "a\x00b"}, {"note": "x", "seen": "x"}],
)
def test_wrong_note_stays_as_typed(
    as_client: Client, project: Project, offers: list[Offer], wrong: dict[str, str]
) -> None:
    data = {f"{name}_{offers[0].pk}": value for name, value in wrong.items()}
    page = sent(as_client, project, keep="-1", drop="x", page="99999999999999999999", **data)
    assert page.status_code == 200
    assert wrong["note"].replace("\x00", "") in page.content.decode().replace("\x00", "")
    assert not OfferNote.objects.exists()


def test_marks_of_others_are_out_of_reach(as_client: Client, stranger_user: User, offers: list[Offer]) -> None:
    theirs = bid(opened(stranger_user), offers[0].provider)
    sent(as_client, offers[0].project, keep=theirs.pk, page=theirs.pk, **typed(theirs, "Forgée."))
    assert sent(as_client, theirs.project, keep=theirs.pk).status_code == 404
    assert not OfferNote.objects.exists()
    assert not ShortlistEntry.objects.exists()


def test_withdrawn_offer_keeps_its_marks_for_its_return(
    as_client: Client, project: Project, offers: list[Offer]
) -> None:
    sent(as_client, project, keep=offers[0].pk, **typed(offers[0], "À suivre."))
    offers[0].withdraw(by=offers[0].provider)
    assert "À suivre." not in as_client.get(f"/projets/{project.key}/offres/").content.decode()
    bid(project, offers[0].provider)
    assert "À suivre." in as_client.get(f"/projets/{project.key}/offres/").content.decode()


def test_second_choice_is_made_where_offers_are_compared(
    as_client: Client, project: Project, offers: list[Offer]
) -> None:
    agreement = Selection(offers[0], reason="Prix.").carry_out(by=project.client)
    path, call = f"/projets/{project.key}/offres/", f"/projets/{project.key}/offres/{offers[1].pk}/appeler/"
    assert call not in as_client.get(path).content.decode()
    agreement.decline(by=agreement.provider, reason="Je ne suis plus disponible.")
    assert call in as_client.get(path).content.decode()


def test_thirty_offers_cost_as_many_queries_as_two(as_client: Client, project: Project, offers: list[Offer]) -> None:
    path = f"/projets/{project.key}/offres/?tri=debut"
    few = queries(as_client, path)
    for n in range(28):
        offer = bid(project, bidder(50 + n), 100_000 + n, parts=[50_000, 50_000 + n])
        OfferNote.write(offer, "Vue.", seen=0)
    assert queries(as_client, path) == few
    assert as_client.get(path).content.decode().count("<article") == 30


@pytest.mark.django_db(transaction=True)
@pytest.mark.races
def test_two_tabs_write_at_once_and_one_is_told(project: Project, offers: list[Offer]) -> None:
    rows = [Offer.objects.get(pk=offers[0].pk) for _tab in range(6)]
    with Crowd(6) as crowd:
        answers = crowd.race([partial(OfferNote.write, row, f"Onglet {n}", seen=0) for n, row in enumerate(rows)])
        crowd.race([partial(ShortlistEntry.add, row) for row in rows])
    assert tally(answers) == {"OfferNote": 1, "WrittenElsewhere": 5}
    assert ShortlistEntry.objects.count() == 1
