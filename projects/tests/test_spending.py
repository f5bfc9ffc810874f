"""The page before each spending says everything; a project that closes meanwhile takes nothing."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from credits.models import Kind, Spending, Wallet
from marketplace.accounts.models import User
from marketplace.testing.cast import signed_in
from projects.models import Project
from projects.tests.bids import bidder, stocked
from projects.tests.calls import consulted, opened

pytestmark = pytest.mark.django_db
PATHS = {Kind.CONSULTATION: "consultation", Kind.OFFER: "offre", Kind.CONTACT: "contact"}
ALWAYS = ("expire sans choix", "refusé par la modération", "si un autre prestataire est choisi, ni si vous êtes choisi")
OF_ITS_KIND = {
    Kind.CONSULTATION: (),
    Kind.OFFER: ("n’ouvre pas votre offre en 10 jours ouvrés : déposée maintenant, avant le", "vous la retirez"),
    Kind.CONTACT: ("les coordonnées se révèlent fausses",),
}
PRICES = {
    Kind.CONSULTATION: ("4,00 € HT", "4,80 € TTC"),
    Kind.OFFER: ("9,00 € HT", "10,80 € TTC"),
    Kind.CONTACT: ("15,00 € HT", "18,00 € TTC"),
}


@pytest.fixture
def project(client_user: User) -> Project:
    return opened(client_user)


def page_of(browser: Client, project: Project, kind: Kind, *, post: bool = False) -> str:
    """The page before a spending, or what a click on its button shows, as people read it."""
    path = f"/projets/{project.key}/credit/{PATHS[kind]}/"
    return " ".join((browser.post(path) if post else browser.get(path)).content.decode().split())


@pytest.mark.parametrize("kind", Kind)
def test_page_says_the_price_the_balance_after_and_when_the_credit_comes_back(
    project: Project, provider_user: User, as_provider: Client, kind: Kind
) -> None:
    stocked(provider_user)
    if kind != Kind.CONSULTATION:
        consulted(project, provider_user)
    page = page_of(as_provider, project, kind)
    for words in (*PRICES[kind], *ALWAYS, *OF_ITS_KIND[kind], "Après cette dépense"):
        assert words in page
    others = {words for other in Kind if other != kind for words in OF_ITS_KIND[other]}
    assert not any(words in page for words in others)
    assert kind.counted(99).replace("\xa0", " ") in page


def test_page_says_no_balance_after_when_there_is_nothing_to_spend(project: Project, as_provider: Client) -> None:
    assert "Après cette dépense" not in page_of(as_provider, project, Kind.CONSULTATION)


def closed(project: Project, how: str) -> None:
    """What may happen between the page and the click."""
    if how == "withdrawn":
        project.withdraw(by=project.client)
    else:
        Project.objects.filter(pk=project.pk).update(closes_at=timezone.now() - timedelta(seconds=1))


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("how", ["withdrawn", "past its closing date"])
def test_project_that_closes_between_page_and_click_takes_nothing_and_shows_three_alike(
    project: Project, client_user: User, provider_user: User, as_provider: Client, kind: Kind, how: str
) -> None:
    others = [opened(bidder(n), title=f"Semblable {n}") for n in range(4)]
    stocked(provider_user)
    if kind != Kind.CONSULTATION:
        consulted(project, provider_user)
    page_of(as_provider, project, kind)
    closed(project, how)
    before = (Wallet.of(provider_user).total, Spending.objects.count())
    page = page_of(as_provider, project, kind, post=True)
    assert "n’est plus disponible" in page
    assert "Rien n’a été débité" in page
    assert sum(other.title in page for other in others) == 3
    assert (Wallet.of(provider_user).total, Spending.objects.count()) == before


@pytest.mark.parametrize("kind", Kind)
def test_own_project_says_that_it_is_yours(client_user: User, kind: Kind) -> None:
    client_user.is_provider = True
    client_user.save(update_fields=["is_provider"])
    call = opened(stocked(client_user))
    page = page_of(signed_in(client_user), call, kind)
    assert "Vous, si le projet vous tente" not in page
    assert "est le vôtre ou celui de votre société" in page
    assert f"/projets/{call.key}/rapport/" in page
    assert "Personne ne dépense de crédit sur son propre projet" in page
