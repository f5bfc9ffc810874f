"""Who is brought which projects: categories, saved searches, and what is left out."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from credits.models import Kind
from marketplace.accounts.models import BankAccount, User
from marketplace.ledger.tests.crowd import Crowd, tally
from marketplace.testing.cast import professional
from projects import matching, newsletter
from projects.models import Asked, Category, Edition, Interest, NewsletterCopy, Project, SavedSearch
from projects.tests.bids import bid, bidder

from .calls import consulted, opened, with_credits


def category(slug: str) -> Category:
    return Category.objects.get(slug=slug)


def looking_for(provider: User, **asked: object) -> SavedSearch:
    return SavedSearch.keep(Asked(**asked), name="R", by=provider)[0]  # type: ignore[arg-type]


def brought(provider: User) -> set[str]:
    """The titles that `provider` would be brought now."""
    return set(Project.objects.filter(key__in=matching.preview(provider.pk)).values_list("title", flat=True))


@pytest.fixture
def register(client_user: User) -> list[Project]:
    plans = [("Vitrine", "web"), ("Boutique", "web"), ("Logo", "design"), ("Affiche", "design"), ("Paie", "gestion")]
    return [opened(client_user, title=title, category=category(slug)) for title, slug in plans]


def test_no_category_and_no_search_brings_all(register: list[Project], provider_user: User) -> None:
    assert brought(provider_user) == {"Vitrine", "Boutique", "Logo", "Affiche", "Paie"}


def test_searches_alone_bring_what_they_find(register: list[Project], provider_user: User) -> None:
    looking_for(provider_user, text="logo")
    looking_for(provider_user, text="affiches")
    assert brought(provider_user) == {"Logo", "Affiche"}


def test_search_that_finds_nothing_brings_nothing(register: list[Project], provider_user: User) -> None:
    looking_for(provider_user, text="introuvable")
    assert brought(provider_user) == set()
    assert newsletter.write(newsletter.edition_of(newsletter.today())) == 0


def test_categories_and_searches_bring_their_union_once(register: list[Project], provider_user: User) -> None:
    Interest.objects.choose(provider_user, [category("design")])
    looking_for(provider_user, text="logo")
    looking_for(provider_user, text="vitrine", categories=(category("web").pk,))
    assert brought(provider_user) == {"Logo", "Affiche", "Vitrine"}
    assert len(matching.preview(provider_user.pk)) == 3


def test_searches_of_others_bring_nothing(register: list[Project], provider_user: User, rival_user: User) -> None:
    looking_for(rival_user, text="logo")
    Interest.objects.choose(provider_user, [category("gestion")])
    assert brought(provider_user) == {"Paie"}
    assert brought(rival_user) == {"Logo"}


def test_what_was_consulted_or_bid_on_is_not_announced(register: list[Project], provider_user: User) -> None:
    consulted(register[0], with_credits(provider_user))
    bid(register[2], bidder(1))
    assert brought(provider_user) == {"Boutique", "Logo", "Affiche", "Paie"}
    bid(register[2], with_credits(provider_user))
    assert brought(provider_user) == {"Boutique", "Affiche", "Paie"}


def test_project_of_the_same_bank_account_is_left_out(register: list[Project], client_user: User) -> None:
    twin = professional("twin@x.example", "Tim", "provider", client_user.company.name, "732829320")
    assert len(brought(twin)) == 5
    for user in (client_user, twin):
        BankAccount.change(user=user, holder=user.company.name, iban="BE68539007547034")
    assert brought(twin) == set()


def test_project_of_the_same_foreign_company_is_left_out(register: list[Project], provider_user: User) -> None:
    foreign = {"country": "BE", "siren": None, "vat_status": "FOREIGN", "vat_number": "BE0403019261"}
    for user in (register[0].client, provider_user):
        type(user.company).objects.filter(pk=user.company.pk).update(**foreign)
    assert brought(provider_user) == set()


def test_two_companies_without_siren_are_not_one(register: list[Project], provider_user: User) -> None:
    for number, user in enumerate((register[0].client, provider_user)):
        foreign = {"country": "BE", "siren": None, "vat_status": "FOREIGN", "vat_number": f"BE040301926{number}"}
        type(user.company).objects.filter(pk=user.company.pk).update(**foreign)
    assert len(brought(provider_user)) == 5


def test_copy_never_taken_leaves_its_projects_new(register: list[Project], provider_user: User) -> None:
    newsletter.write(newsletter.edition_of(newsletter.today()))
    assert brought(provider_user) == set()
    copy = NewsletterCopy.objects.get()
    copy.spoil("550 No such user")
    assert len(brought(provider_user)) == 5


def test_project_that_shows_up_late_is_announced_all_the_same(register: list[Project], provider_user: User) -> None:
    Project.objects.filter(pk=register[0].pk).update(state="AWARDED")
    newsletter.write(newsletter.edition_of(newsletter.today()))
    Project.objects.filter(pk=register[0].pk).update(state="OPEN", opened_at=timezone.now() - timedelta(minutes=9))
    assert brought(provider_user) == {"Vitrine"}
    newsletter.write(newsletter.edition_of(newsletter.today() - timedelta(days=1)))
    assert brought(provider_user) == set()


def test_days_without_a_newsletter_are_made_up_for(register: list[Project], provider_user: User) -> None:
    ago = timezone.now() - timedelta(days=12)
    newsletter.write(newsletter.edition_of(newsletter.today() - timedelta(days=12)))
    Edition.objects.update(until=ago)
    NewsletterCopy.objects.update(until=ago)
    late = opened(register[0].client, title="Pendant la panne")
    Project.objects.filter(pk=late.pk).update(opened_at=ago + timedelta(days=1))
    Project.objects.exclude(pk=late.pk).update(opened_at=ago - timedelta(days=1))
    assert brought(provider_user) == {"Pendant la panne"}


def test_batch_is_matched_in_as_many_queries_whoever_is_in_it(register: list[Project], provider_user: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            newsletter.write(newsletter.edition_of(newsletter.today()))
        NewsletterCopy.objects.all().delete()
        Edition.objects.all().delete()
        return len(seen)

    little = queries()
    for n in range(1, 9):
        looking_for(bidder(n), text="logo")
    assert queries() == little


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_edition_written_by_many_at_once_has_each_copy_once(client_user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newsletter, "READERS", 2)
    people = [bidder(n) for n in range(1, 10)]
    for n in range(12):
        opened(client_user, title=f"Projet {n}")
    with Crowd(4) as crowd:
        answers = crowd.race([lambda: newsletter.write(newsletter.edition_of(newsletter.today()))] * 4)
    assert tally(answers) == {"int": 4}
    assert sum(answers) == len(people) == NewsletterCopy.objects.count()
    assert Edition.objects.get().written_at
    assert {len(copy.project_keys) for copy in NewsletterCopy.objects.all()} == {matching.MOST}


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_search_saved_or_consulted_during_the_writing_harms_nobody(client_user: User, provider_user: User) -> None:
    project, other = opened(client_user), opened(client_user)
    with_credits(provider_user)
    spend = partial(
        Project.objects.get(pk=project.pk).spend, Kind.CONSULTATION, by=User.objects.get(pk=provider_user.pk)
    )
    with Crowd(3) as crowd:
        answers = crowd.race(
            [
                lambda: newsletter.write(newsletter.edition_of(newsletter.today())),
                spend,
                partial(SavedSearch.keep, Asked(text="site"), name="S", by=User.objects.get(pk=provider_user.pk)),
            ]
        )
    assert tally(answers) == {"int": 1, "Spending": 1, "tuple": 1}
    assert other.key in NewsletterCopy.objects.get().project_keys
