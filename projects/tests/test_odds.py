"""The odds before a credit: counted, with an interval and the number of cases, or nothing at all."""

import pytest
from django.test import Client
from django.utils import timezone

from credits.models import Kind
from marketplace.accounts.models import User
from projects import newsletter
from projects.models import CallStatistic, Category, NewsletterCopy, Project
from projects.newsletter import item
from projects.odds import OddsBook, foretell, in_short, wilson
from projects.tests.bids import queries
from projects.tests.calls import consulted, opened, with_credits

pytestmark = pytest.mark.django_db


def counted(won: int, offers: int, *, category: str = "", band: int | None = None) -> None:
    """The figures of one set, as the night leaves them."""
    CallStatistic.objects.create(
        category=Category.objects.get(slug=category) if category else None,
        band=band,
        closed=offers,
        materialised=won,
        offers=offers,
        won=won,
        computed_at=timezone.now(),
    )


@pytest.fixture
def project(client_user: User) -> Project:
    """A call of the category web, 2 000 to 5 000 €: the second band."""
    return opened(client_user)


KNOWN = [(83, 268, 25.7, 36.7), (0, 30, 0, 11.4), (30, 30, 88.6, 100), (1, 2, 9.5, 90.5)]  # R: binom.wilson


@pytest.mark.parametrize(("won", "made", "low", "high"), KNOWN)
def test_interval_is_wilson_s(won: int, made: int, low: float, high: float) -> None:
    assert [round(end, 1) for end in wilson(won, made)] == [low, high]


def test_odds_are_those_of_category_and_band_first(project: Project) -> None:
    counted(83, 268, category="web", band=2)
    counted(1, 1000)
    odds = OddsBook().of(project)
    assert odds is not None
    assert (round(odds.rate), round(odds.low), round(odds.high), odds.cases) == (31, 26, 37, 268)
    words = " ".join(odds.counted_on("Sites et applications web").split())
    assert words == "Sites et applications web, 1 000 à 5 000 € : 83 offres gagnées sur 268"


def test_odds_are_those_of_all_when_the_set_is_small(project: Project) -> None:
    counted(10, 29, category="web", band=2)
    counted(20, 400, category="web")
    counted(90, 300)
    odds = OddsBook().of(project)
    assert odds is not None
    assert (odds.won, odds.made) == (90, 300)
    assert "Tous les appels d’offres clos" in odds.counted_on("Sites et applications web")


def test_odds_of_one_offer_won_agree_in_number(project: Project) -> None:
    counted(1, 30)
    odds = OddsBook().of(project)
    assert odds is not None
    assert "1 offre gagnée sur 30" in odds.counted_on("")


@pytest.mark.parametrize("offers", [0, 29])
def test_nothing_is_said_under_thirty_cases(project: Project, as_provider: Client, offers: int) -> None:
    counted(0, offers)
    assert OddsBook().of(project) is None
    page = as_provider.get(f"/projets/{project.key}/credit/consultation/").content.decode()
    assert "Pas assez de données" in page
    assert "Estimation, pas promesse" not in page
    assert "Chances estimées" not in as_provider.get("/projets/").content.decode()
    assert in_short(None).replace("\xa0", " ") == "Chances estimées : pas encore assez de données"


def test_spending_page_shows_the_band_then_the_point_then_what_was_counted(
    project: Project, as_provider: Client
) -> None:
    counted(83, 268, category="web", band=2)
    page = as_provider.get(f"/projets/{project.key}/credit/consultation/").content.decode().replace("\xa0", " ")
    places = [
        page.index(w) for w in ("26 à 37 %", "environ 31 %, n = 268", "83 offres gagnées sur 268", "pas promesse")
    ]
    assert places == sorted(places)


def test_dossier_tells_the_odds_until_the_offer_credit_is_spent(
    project: Project, as_provider: Client, provider_user: User
) -> None:
    counted(83, 268, category="web", band=2)
    consulted(project, with_credits(provider_user))
    path, words = f"/projets/{project.key}/", "environ 31\xa0%, n = 268"
    assert words in as_provider.get(path).content.decode()
    project.spend(Kind.OFFER, by=provider_user)
    assert words not in as_provider.get(path).content.decode()


def test_cards_and_mails_show_odds_for_one_query_more(project: Project, client_user: User, as_provider: Client) -> None:
    queries(as_provider, "/projets/")  # the counts of the filters are kept for a minute
    little = queries(as_provider, "/projets/")
    counted(83, 268, category="web", band=2)
    rows = [project, *(opened(client_user) for _n in range(4))]
    assert queries(as_provider, "/projets/") == little
    page = as_provider.get("/projets/").content.decode().replace("\xa0", " ")
    assert page.count("environ 31 %, n = 268") == 5
    foretell(rows)
    foretell(rows)
    words = item(rows[0])["odds"].replace("\xa0", " ")
    assert words == "Chances estimées : entre 26 et 37 %, environ 31 % (n = 268)"


def test_mail_tells_the_odds_in_both_forms(project: Project, provider_user: User) -> None:
    counted(83, 268, category="web", band=2)
    edition = newsletter.edition_of(newsletter.today())
    newsletter.write(edition)
    batch = NewsletterCopy.objects.all()
    ((_copy, mail),) = newsletter.written(list(batch))
    for text in (mail.body, mail.alternatives[0][0]):
        assert "environ 31 % (n = 268)" in str(text).replace("\xa0", " ")
