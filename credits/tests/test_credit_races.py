"""Fifty hands at once: one effect, fifty answers that make sense."""

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from credits.models import CreditPack, Kind, PackPurchase, ReturnReason, Spending, Wallet, Welcome
from marketplace.accounts.models import Company, User
from marketplace.events.models import Notice
from marketplace.ledger.tests.crowd import ROUNDS, Crowd, slowed, tally
from marketplace.payments.models import Payment
from marketplace.testing.cast import person
from projects.models import Project
from projects.tests.bids import paid, stocked
from projects.tests.calls import opened

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]
MANY = 50
Race = Callable[[Crowd, User, User], None]


def with_one_credit(provider: User) -> None:
    """Exactly one consultation credit in the wallet."""
    pack, _made = CreditPack.objects.get_or_create(name="Un", consultation=1, price_cents=400)
    if not Wallet.of(provider).balance(Kind.CONSULTATION):
        paid(pack.buy(by=provider, key=uuid.uuid4()))


def spending(project: Project, provider: User) -> Callable[[], Spending]:
    """The deed of one tab: its own rows."""
    mine, by = Project.objects.get(pk=project.pk), User.objects.get(pk=provider.pk)
    return partial(mine.spend, Kind.CONSULTATION, by=by)


def one_project_in_fifty_tabs(crowd: Crowd, client: User, provider: User) -> None:
    with_one_credit(provider)
    project = opened(client)
    answers = crowd.race([spending(project, provider) for _n in range(MANY)])
    assert tally(answers) == {"Spending": MANY}
    assert len({answer.pk for answer in answers}) == 1
    assert Wallet.objects.get(provider=provider).balance(Kind.CONSULTATION) == 0


def one_credit_on_many_projects(crowd: Crowd, client: User, provider: User) -> None:
    with_one_credit(provider)
    projects = [opened(client) for _n in range(4)]
    answers = crowd.race([spending(project, provider) for project in projects])
    assert tally(answers) == {"Spending": 1, "NoCredit": 3}
    assert Spending.objects.filter(project_key__in=[project.key for project in projects]).count() == 1


def a_project_closes_meanwhile(crowd: Crowd, client: User, provider: User) -> None:
    """Whoever comes first: the credit is spent and comes back, or is never spent."""
    with_one_credit(provider)
    project = opened(client)
    closing = partial(Project.objects.get(pk=project.pk).withdraw, by=client)
    answers = crowd.race([closing, *(spending(project, provider) for _n in range(6))])
    assert set(tally(answers)) <= {"NoneType", "Spending", "NotAvailable"}
    assert answers[0] is None
    assert Wallet.objects.get(provider=provider).balance(Kind.CONSULTATION) == 1
    assert not Spending.objects.living().on(project.key).exists()


def a_credit_comes_back_twice_at_once(crowd: Crowd, client: User, provider: User) -> None:
    with_one_credit(provider)
    spent = opened(client).spend(Kind.CONSULTATION, by=provider)
    rows = [Spending.objects.select_related("wallet").get(pk=spent.pk) for _n in range(8)]
    answers = crowd.race([partial(row.give_back, ReturnReason.CANCELLED, title="X") for row in rows])
    assert tally(answers) == {"NoneType": 8}
    assert Notice.objects.filter(event__facts__spending=spent.pk, name="credit.returned").count() == 1
    assert Wallet.objects.get(provider=provider).balance(Kind.CONSULTATION) == 1


def one_page_buys_one_pack(crowd: Crowd, client: User, provider: User) -> None:
    pack, key = CreditPack.objects.filter(on_sale=True)[0], uuid.uuid4()
    packs = [CreditPack.objects.get(pk=pack.pk) for _n in range(MANY)]
    answers = crowd.race([partial(row.buy, by=provider, key=key) for row in packs])
    assert tally(answers) == {"Payment": MANY}
    assert PackPurchase.objects.filter(key=key).count() == Payment.objects.filter(key=key).count() == 1


def a_wallet_is_opened_once(crowd: Crowd, client: User, provider: User) -> None:
    provider = User.objects.create_user(f"{uuid.uuid4().hex}@exemple.fr", name="Neuf")
    answers = crowd.race([partial(Wallet.of, provider)] * 8)
    assert tally(answers) == {"Wallet": 8}
    assert Wallet.objects.filter(provider=provider).count() == 1


def each_kind_is_spent_once_in_fifty_tabs(crowd: Crowd, client: User, provider: User) -> None:
    project, kinds = opened(client), [Kind.OFFER, Kind.CONTACT]
    project.spend(Kind.CONSULTATION, by=stocked(provider))
    before = Wallet.objects.get(provider=provider).balances
    tabs = [Project.objects.get(pk=project.pk) for _n in range(MANY)]
    answers = crowd.race([partial(tab.spend, kinds[n % 2], by=provider) for n, tab in enumerate(tabs)])
    assert tally(answers) == {"Spending": MANY}
    assert len({answer.pk for answer in answers}) == 2
    after = Wallet.objects.get(provider=provider).balances
    assert [before[kind] - after[kind] for kind in kinds] == [1, 1]


def two_accounts_of_one_company_are_welcomed_once(crowd: Crowd, client: User, provider: User) -> None:
    siren = f"{uuid.uuid4().int % 10**9:09d}"
    people = [person(f"{uuid.uuid4().hex}@exemple.fr", "Neuf") for _n in range(3)]
    details = {"name": "Neuf", "siren": siren, "vat_status": "FRANCHISE", "street": "1", "postcode": "1", "city": "1"}
    declare = partial(Company.declare, hats=["provider"], details=details)
    answers = crowd.race([partial(declare, user=user) for user in people])
    assert tally(answers) == {"Company": 3}
    assert Welcome.objects.filter(company_number=siren).count() == 1
    assert sum(wallet.total for wallet in Wallet.objects.filter(provider__in=people)) == 3


RACES = [
    each_kind_is_spent_once_in_fifty_tabs,
    two_accounts_of_one_company_are_welcomed_once,
    one_project_in_fifty_tabs,
    one_credit_on_many_projects,
    a_project_closes_meanwhile,
    a_credit_comes_back_twice_at_once,
    one_page_buys_one_pack,
    a_wallet_is_opened_once,
]


@pytest.fixture(autouse=True)
def welcome(settings: Any, client_user: User, provider_user: User) -> None:
    """From here on each new company gets three credits."""
    settings.WELCOME_CREDITS = {"CONSULTATION": 3}


@pytest.mark.parametrize("race", RACES, ids=lambda race: race.__name__)
def test_race_round_after_round(race: Race, client_user: User, provider_user: User) -> None:
    with Crowd(MANY) as crowd:
        for _round in range(ROUNDS):
            race(crowd, client_user, provider_user)


@pytest.mark.parametrize("race", RACES, ids=lambda race: race.__name__)
def test_race_with_slow_rows(race: Race, client_user: User, provider_user: User) -> None:
    with Crowd(MANY) as crowd, slowed("ledger_transfer", seconds=0.05):
        race(crowd, client_user, provider_user)
