"""Credits: spent once for good, never below zero, given back once with a notice."""

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from credits.models import Kind, ReturnReason, Spending, Wallet
from marketplace.accounts.models import User
from marketplace.events.models import Notice
from marketplace.ledger.models import Transfer
from projects.models import Project
from projects.tests.bids import bid, queries
from projects.tests.calls import consulted, opened, with_credits

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(client_user: User) -> Project:
    return opened(client_user)


def balance(provider: User, kind: Kind) -> int:
    """Credits left, read anew."""
    return Wallet.objects.get(provider=provider).balance(kind)


def test_second_spending_costs_nothing(project: Project, provider_user: User) -> None:
    before = Wallet.of(with_credits(provider_user)).total
    first, second = (project.spend(Kind.CONSULTATION, by=provider_user) for _n in range(2))
    assert first == second
    assert Wallet.objects.get(provider=provider_user).total == before - 1
    assert Wallet.of(provider_user).spend(Kind.CONSULTATION, project.key) == first
    assert str(first) == f"CONSULTATION on {project.key} by Paul Mercier"
    assert str(Wallet.of(provider_user)) == "Wallet of Paul Mercier"


@pytest.mark.parametrize("kind", [Kind.OFFER, Kind.CONTACT])
def test_dossier_comes_first(project: Project, provider_user: User, kind: Kind) -> None:
    with pytest.raises(Project.NeedsConsultation):
        project.spend(kind, by=with_credits(provider_user))
    assert not Spending.objects.exists()


def test_nobody_spends_on_a_project_of_their_own_company(client_user: User, provider_user: User) -> None:
    provider_user.company.siren = client_user.company.siren
    provider_user.company.save(update_fields=["siren"])
    with pytest.raises(Project.OwnProject):
        opened(client_user).spend(Kind.CONSULTATION, by=with_credits(provider_user))


def test_empty_wallet_is_told_so(project: Project, provider_user: User) -> None:
    with pytest.raises(Wallet.NoCredit, match="crédit consultation"):
        project.spend(Kind.CONSULTATION, by=provider_user)
    assert not Spending.objects.exists()


def test_database_refuses_a_second_living_spending_and_a_return_without_reason(
    project: Project, provider_user: User
) -> None:
    spending = project.spend(Kind.CONSULTATION, by=with_credits(provider_user))
    other = Transfer.objects.exclude(pk=spending.transfer_id)[0]
    same = {"provider": provider_user, "wallet": spending.wallet, "kind": spending.kind, "project_key": project.key}
    with pytest.raises(IntegrityError, match="one_living_spending_of_each_kind"), transaction.atomic():
        Spending.objects.create(**same, transfer=other)
    with pytest.raises(IntegrityError, match="spending_returned_with_a_reason"), transaction.atomic():
        Spending.objects.filter(pk=spending.pk).update(return_reason="project_withdrawn")


def returned_by(project: Project, moderator: User, how: str) -> None:
    if how == "withdrawn":
        project.withdraw(by=project.client)
    else:
        project.reject(by=moderator, reason="Doublon.")


@pytest.mark.parametrize("how", ["withdrawn", "rejected"])
def test_every_credit_comes_back_once_with_a_notice(
    project: Project, provider_user: User, moderator_user: User, how: str
) -> None:
    before = Wallet.of(with_credits(provider_user)).balances
    consulted(project, provider_user, Kind.OFFER, Kind.CONTACT)
    returned_by(project, moderator_user, how)
    if how == "withdrawn":
        project.withdraw(by=project.client)
    assert Wallet.objects.get(provider=provider_user).balances == before
    notices = Notice.objects.filter(user=provider_user, name="credit.returned")
    assert {notice.facts["kind"] for notice in notices} == set(Kind)
    assert notices.count() == 3
    reason = {"withdrawn": "le client a retiré le projet", "rejected": "refusé par notre modération"}[how]
    for notice in notices:
        assert reason in notice.letter.paragraphs[0]
        assert notice.letter.project == project.title


def test_credit_given_back_is_not_given_back_again(project: Project, provider_user: User) -> None:
    spending = project.spend(Kind.CONSULTATION, by=with_credits(provider_user))
    for _twice in range(2):
        spending.give_back(ReturnReason.CANCELLED, title=project.title)
    assert Notice.objects.filter(name="credit.returned").count() == 1
    assert not Spending.objects.living().on(project.key).exists()


def test_credit_may_be_spent_again_after_it_came_back(project: Project, provider_user: User) -> None:
    before = Wallet.of(with_credits(provider_user)).balance(Kind.CONSULTATION)
    first = project.spend(Kind.CONSULTATION, by=provider_user)
    first.give_back(ReturnReason.EXPIRED, title=project.title)
    second = project.spend(Kind.CONSULTATION, by=provider_user)
    assert first != second
    assert balance(provider_user, Kind.CONSULTATION) == before - 1


def test_credit_does_not_come_back_when_another_is_chosen(
    project: Project, provider_user: User, rival_user: User, as_client: Client
) -> None:
    offers = [bid(project, with_credits(user)) for user in (provider_user, rival_user)]
    data = {"reason": "Prix.", "revision": "1"}
    assert as_client.post(f"/projets/{project.key}/offres/{offers[0].pk}/choisir/", data).status_code == 302
    assert Spending.objects.living().filter(provider=rival_user).count() == 2


def test_statement_shows_what_came_and_went(as_provider: Client, project: Project, provider_user: User) -> None:
    with_credits(provider_user)
    consulted(project, provider_user)
    project.withdraw(by=project.client)
    page = as_provider.get("/credits/").content.decode()
    for words in ("Pack acheté", "Dépensé sur un projet", "Revenu de lui-même"):
        assert words in page


def test_wallet_costs_the_same_queries_whatever_its_length(
    as_provider: Client, provider_user: User, client_user: User
) -> None:
    with_credits(provider_user)
    counts = []
    for many in (1, 4):
        for _n in range(many):
            opened(client_user).spend(Kind.CONSULTATION, by=provider_user)
        counts.append(queries(as_provider, "/credits/"))
    assert counts[0] == counts[1] <= 12
