"""Selection: one winner, every other bidder told why, at once, or nothing at all."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.events.models import Event, Notice
from marketplace.refusals import Refusal
from projects.comparison import Comparison
from projects.models import Agreement, Deadline, Offer, Project, Selection
from projects.tests.bids import active, asked, awarded, bend, bid, bidder, stocked, terms
from projects.tests.calls import opened

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(client_user: User) -> Project:
    return opened(client_user)


@pytest.fixture
def offers(project: Project, provider_user: User, rival_user: User) -> list[Offer]:
    """Three, the last one dear and slow."""
    third = bidder(3)
    return [
        bid(project, stocked(provider_user), 300_000, 30),
        bid(project, stocked(rival_user), 250_000, 20),
        bid(project, third, 400_000, 60),
    ]


def test_choice_makes_the_agreement_and_tells_each_loser(project: Project, offers: list[Offer]) -> None:
    selection = Selection(offers[0], reason="Mieux préparée.", reasons={offers[2].pk: "Trop cher."})
    agreement = selection.carry_out(by=project.client)
    project.refresh_from_db()
    assert (project.state, project.winner) == ("AWARDED", offers[0].provider)
    assert (agreement.state, agreement.version.number, agreement.version.price_cents) == ("PROPOSED", 1, 300_000)
    assert [Offer.objects.get(pk=o.pk).state for o in offers] == ["WON", "LOST", "LOST"]
    assert [Offer.objects.get(pk=o.pk).lost_reason for o in offers] == ["", "Mieux préparée.", "Trop cher."]
    facts = {entry["offer"]: entry for entry in Event.objects.get(verb="project.awarded").facts["losers"]}
    assert set(facts) == {offers[1].pk, offers[2].pk}
    dear = facts[offers[2].pk]
    assert (dear["n"], dear["price_rank"], dear["delay_rank"]) == (3, 3, 3)
    assert (dear["median_price_cents"], dear["median_delay_days"]) == (300_000, 30)
    assert Notice.objects.filter(name="project.awarded.lost").count() == 2
    assert Notice.objects.filter(name="project.awarded.won", user=offers[0].provider).count() == 1


def test_same_choice_again_gives_the_same_agreement(project: Project, offers: list[Offer]) -> None:
    made = [Selection(offers[0], reason="Prix.").carry_out(by=project.client) for _twice in range(2)]
    assert made[0] == made[1]
    assert Event.objects.filter(verb="project.awarded").count() == 1


def test_withdrawn_offer_is_no_loser(project: Project, offers: list[Offer]) -> None:
    offers[2].withdraw(by=offers[2].provider)
    Selection(offers[0], reason="Prix.").carry_out(by=project.client)
    assert [entry["offer"] for entry in Event.objects.get(verb="project.awarded").facts["losers"]] == [offers[1].pk]
    assert Event.objects.get(verb="project.awarded").facts["offers"] == 2


def refused(selection: Selection, refusal: type[Refusal]) -> None:
    before = Event.objects.count(), Agreement.objects.count()
    states = list(Offer.objects.order_by("pk").values_list("state", flat=True))
    with pytest.raises(refusal):
        selection.carry_out(by=selection.project.client)
    assert (Event.objects.count(), Agreement.objects.count()) == before
    assert list(Offer.objects.order_by("pk").values_list("state", flat=True)) == states


def test_another_choice_is_refused_at_every_later_stage(project: Project, offers: list[Offer]) -> None:
    agreement = Selection(offers[0], reason="Prix.").carry_out(by=project.client)
    refused(Selection(offers[1], reason="Non."), Selection.AlreadyMade)
    active(agreement)
    refused(Selection(offers[1], reason="Non."), Selection.AlreadyMade)
    project.refresh_from_db()
    project.complete(by=project.client)
    refused(Selection(offers[1], reason="Non."), Selection.AlreadyMade)


def test_choice_on_a_project_that_has_ended_is_refused(project: Project, offers: list[Offer]) -> None:
    Selection(offers[0], reason="Prix.").carry_out(by=project.client)
    project.withdraw(by=project.client)
    for offer in offers:
        refused(Selection(offer, reason="Non."), Selection.Over)


def test_choice_past_its_date_is_refused(project: Project, offers: list[Offer], as_client: Client) -> None:
    bend(f"update projects_project set closes_at = now() - interval '16 days' where id = {project.pk}")
    refused(Selection(offers[0], reason="Prix."), Selection.TooLate)
    assert not Comparison(Project.objects.get()).is_decidable
    page = as_client.get(f"/projets/{project.key}/offres/{offers[0].pk}/choisir/").content.decode()
    assert "ne peut plus être choisie" in page


def test_offer_withdrawn_meanwhile_is_not_chosen(project: Project, offers: list[Offer]) -> None:
    stale = Offer.objects.select_related("project").get(pk=offers[0].pk)
    offers[0].withdraw(by=offers[0].provider)
    refused(Selection(stale, reason="Prix."), Selection.Gone)


def test_offer_revised_meanwhile_is_read_first(project: Project, offers: list[Offer]) -> None:
    offers[0].revise(by=offers[0].provider, terms=terms(900_000))
    refused(Selection(offers[0], reason="Prix.", revision=1), Selection.Revised)
    assert Selection(offers[0], reason="Prix.", revision=2).carry_out(by=project.client)


@pytest.mark.parametrize("reasons", [{}, {"first": "Non."}, {"first": "Non.", "second": "  "}])
def test_no_loser_is_told_nothing(project: Project, offers: list[Offer], reasons: dict[str, str]) -> None:
    named = {"first": offers[1].pk, "second": offers[2].pk}
    refused(Selection(offers[0], reason=" ", reasons={named[n]: t for n, t in reasons.items()}), Selection.NeedsReason)


def test_only_offer_needs_no_reason(as_client: Client, project: Project, provider_user: User) -> None:
    offer = bid(project, stocked(provider_user))
    address = f"/projets/{project.key}/offres/{offer.pk}/choisir/"
    page = as_client.get(address).content.decode()
    assert 'name="reason"' not in page
    assert as_client.post(address, {"revision": "1"}).status_code == 302


def test_two_reasons_are_typed_on_one_page(as_client: Client, project: Project, offers: list[Offer]) -> None:
    address = f"/projets/{project.key}/offres/{offers[0].pk}/choisir/"
    assert f'name="reason_{offers[2].pk}"' in as_client.get(address).content.decode()
    data = {"revision": "1", "reason": "Prix.", f"reason_{offers[2].pk}": "Délai.\r\nEt prix."}
    assert as_client.post(address, data).status_code == 302
    reasons = [Offer.objects.get(pk=o.pk).lost_reason for o in offers[1:]]
    assert reasons == ["Prix.", "Délai.\nEt prix."]


def test_own_reasons_for_all_need_no_common_one(as_client: Client, project: Project, offers: list[Offer]) -> None:
    address = f"/projets/{project.key}/offres/{offers[0].pk}/choisir/"
    page = as_client.post(address, {"revision": "1", "reason": "", f"reason_{offers[1].pk}": "Délai."})
    assert "Délai.</textarea>" in page.content.decode()
    assert "field__error" in page.content.decode()
    data = {"revision": "1", "reason": "", f"reason_{offers[1].pk}": "Délai.", f"reason_{offers[2].pk}": "Prix."}
    assert as_client.post(address, data).status_code == 302
    assert [Offer.objects.get(pk=o.pk).lost_reason for o in offers[1:]] == ["Délai.", "Prix."]


def test_forged_addresses_choose_nothing(
    as_client: Client, project: Project, offers: list[Offer], stranger_user: User
) -> None:
    theirs = bid(opened(stranger_user), offers[0].provider)
    data = {"revision": "1", "reason": "Prix.", f"reason_{theirs.pk}": "Forgé."}
    for key, pk in ((project.key, theirs.pk), (theirs.project.key, theirs.pk), (theirs.project.key, offers[0].pk)):
        assert as_client.post(f"/projets/{key}/offres/{pk}/choisir/", data).status_code == 404
    for wrong in ({"revision": "x"}, {"revision": "9" * 30}, {}):
        page = as_client.post(f"/projets/{project.key}/offres/{offers[0].pk}/choisir/", {"reason": "Prix."} | wrong)
        assert page.status_code == 200
    assert not Agreement.objects.exists()


def test_page_says_that_the_offer_has_changed_or_gone(as_client: Client, project: Project, offers: list[Offer]) -> None:
    address = f"/projets/{project.key}/offres/{offers[0].pk}"
    offers[0].revise(by=offers[0].provider, terms=terms(900_000))
    page = as_client.post(f"{address}/choisir/", {"revision": "1", "reason": "Prix."}).content.decode()
    assert "relisez-la avant de choisir" in page
    assert "9\u202f000,00\xa0€" in page
    offers[0].withdraw(by=offers[0].provider)
    for path in (f"{address}/", f"{address}/choisir/"):
        answer = as_client.get(path, follow=True)
        assert answer.redirect_chain == [(f"/projets/{project.key}/offres/", 302)]
        assert "vient d’être retirée" in answer.content.decode()


@pytest.mark.parametrize("count", range(8))
def test_comparison_is_laid_out_for_any_number_of_offers(as_client: Client, project: Project, count: int) -> None:
    for n in range(count):
        bid(project, bidder(10 + n), 100_000 * (n + 1), 10 * (n + 1))
    comparison = Comparison(project)
    assert [len(row) for row in comparison.rows] == LAYOUT[count]
    page = as_client.get(f"/projets/{project.key}/offres/?tri=delai").content.decode()
    assert page.count('class="offer"') == count
    if not count:
        assert "Pas encore d’offre" in page


LAYOUT: list[list[int]] = [[], [1], [2], [3], [4], [3, 2], [3, 3], [4, 3]]


def test_ranks_share_ties_and_distances_are_told(project: Project) -> None:
    for n, (price, delay) in enumerate([(100_000, 30), (100_000, 20), (130_000, 20), (200_000, 10)]):
        bid(project, bidder(20 + n), price, delay, parts=[price - 1_000, 1_000])
    columns = Comparison(project, order="depot").columns
    assert [(c.price_rank, c.delay_rank) for c in columns] == [(1, 4), (1, 2), (3, 2), (4, 1)]
    assert Comparison(project).median_cents == 115_000
    assert [c.from_median_percent for c in columns] == [-13, -13, 13, 74]
    assert columns[0].median_words == "13\xa0% sous la médiane"
    assert columns[3].median_words == "74\xa0% au-dessus de la médiane"
    assert columns[0].parts == [("Étape 1", "990\xa0€"), ("Étape 2", "10\xa0€")]
    assert columns[3].price_words == "4e sur 4"
    assert [c.offer.delay_days for c in Comparison(project, order="delai").columns] == [10, 20, 20, 30]
    assert Comparison(project, order="x").order == "prix"


def test_offers_of_suspended_bidders_count_no_more(project: Project, moderator_user: User, as_client: Client) -> None:
    offers = [bid(project, bidder(20 + n), price, 10) for n, price in enumerate([100_000, 200_000, 300_000])]
    offers[0].provider.suspend(by=moderator_user, reason="Fraude.")
    Deadline.objects.sweep(timezone.now())
    assert Project.objects.get().offers_count == 2
    columns = Comparison(project).columns
    assert [(c.offer.pk, c.n, c.price_rank) for c in columns] == [
        (offers[1].pk, 2, 1),
        (offers[2].pk, 2, 2),
        (offers[0].pk, 2, 0),
    ]
    assert (columns[2].price_words, columns[2].delay_words, columns[2].median_words) == ("–", "–", "")
    assert Comparison(project).median_cents == 250_000
    assert "2 offres reçues" in as_client.get(f"/projets/{project.key}/offres/").content.decode()
    offers[0].provider.reinstate(by=moderator_user)
    Deadline.objects.sweep(timezone.now())
    assert Project.objects.get().offers_count == 3


def test_loser_is_ranked_among_offers_that_count(project: Project, offers: list[Offer], moderator_user: User) -> None:
    cheapest = bid(project, bidder(30), 1_000, 1)
    cheapest.provider.suspend(by=moderator_user, reason="Fraude.")
    Selection(offers[0], reason="Prix.").carry_out(by=project.client)
    facts = Event.objects.get(verb="project.awarded").facts
    ranks = {told["offer"]: (told["price_rank"], told["n"]) for told in facts["losers"]}
    assert facts["offers"] == len(offers)
    assert ranks[cheapest.pk] == (1, len(offers) + 1)
    assert {n for pk, (_rank, n) in ranks.items() if pk != cheapest.pk} == {len(offers)}


def test_call_whose_only_bidder_is_suspended_has_no_offer(
    project: Project, provider_user: User, moderator_user: User, as_client: Client
) -> None:
    offer = bid(project, stocked(provider_user))
    offer.provider.suspend(by=moderator_user, reason="Fraude.")
    page = as_client.get(f"/projets/{project.key}/offres/").content.decode()
    assert "Compte suspendu" in page
    assert "reçue" not in page
    assert Comparison(project).median_cents == 0


def test_offer_at_the_median_says_so(project: Project, provider_user: User) -> None:
    bid(project, stocked(provider_user))
    assert Comparison(project).columns[0].median_words == "à la médiane"


def test_database_refuses_two_winners_and_two_agreements(project: Project, offers: list[Offer]) -> None:
    Selection(offers[0], reason="Prix.").carry_out(by=project.client)
    with pytest.raises(IntegrityError, match="one_winning_offer_per_project"), transaction.atomic():
        Offer.objects.filter(pk=offers[1].pk).update(state="WON")
    with pytest.raises(IntegrityError, match="one_living_agreement_per_project"), transaction.atomic():
        Agreement.draw_up(offers[1])


def test_askers_are_counted_among_bidders_only(project: Project, offers: list[Offer]) -> None:
    asked(project, offers[1].provider)
    Selection(offers[0], reason="Prix.").carry_out(by=project.client)
    facts: dict[int, Any] = {e["offer"]: e for e in Event.objects.get(verb="project.awarded").facts["losers"]}
    assert ["never_asked", {"askers": 1}] in facts[offers[2].pk]["lessons"]


def test_single_bidder_is_awarded_without_losers(project: Project, provider_user: User) -> None:
    awarded(project, stocked(provider_user))
    assert Event.objects.get(verb="project.awarded").facts["losers"] == []
