"""Who sits in a case: named by ties and by who has least to do."""

from __future__ import annotations

import uuid

import pytest
from django.contrib.auth.models import Group

from escrow.models import EscrowAccount
from escrow.tests import way as escrow
from marketplace.accounts.models import Company, User
from marketplace.accounts.staff import SMA
from marketplace.events.models import Notice
from marketplace.testing.cast import person
from mediation.models import Bench, Dispute, Role, has_tie
from mediation.tests import way
from projects.models import Offer, OfferTerms

pytestmark = pytest.mark.django_db


def in_the_sma(user: User) -> User:
    """A user of the site who also works for the SMA."""
    user.is_staff = True
    user.save(update_fields=["is_staff"])
    user.groups.add(Group.objects.get(name=SMA))
    return user


def company_of(user: User, other: User) -> None:
    """`user` acts for a business with the SIREN of that of `other`."""
    kept = ("name", "country", "siren", "vat_number", "vat_status", "street", "postcode", "city")
    details = {name: getattr(other.company, name) for name in kept}
    Company.declare(user=user, hats=["provider"], details={**details, "name": "Autre nom"})


def test_same_business_is_a_tie(account: EscrowAccount, mediator_user: User) -> None:
    dispute = way.opened(account)
    assert not has_tie(mediator_user, dispute)
    company_of(mediator_user, dispute.client)
    with pytest.raises(Bench.Tied, match="Marc Tellier"):
        dispute.assign(User.objects.get(pk=mediator_user.pk), by=None)
    assert way.fresh(dispute).mediator is None


def test_side_itself_is_a_tie(account: EscrowAccount) -> None:
    dispute = way.opened(account)
    assert has_tie(in_the_sma(dispute.client), dispute)


@pytest.mark.parametrize("role", ["bidder", "client", "rival"])
def test_project_in_common_is_a_tie(account: EscrowAccount, stranger_user: User, rival_user: User, role: str) -> None:
    staff = in_the_sma(stranger_user)
    dispute = way.opened(account)
    client = staff if role == "client" else rival_user if role == "rival" else dispute.client
    project = escrow.published(client)
    for bidder in {"bidder": [staff], "client": [dispute.provider], "rival": [dispute.provider, staff]}[role]:
        escrow.with_credits(bidder, project)
        Offer.place(project, by=bidder, terms=OfferTerms(100_000, 10, "Je sais faire."), key=uuid.uuid4())
    assert has_tie(staff, dispute)
    assert staff not in Bench(dispute).candidates(Role.MEDIATOR)


def test_who_has_least_to_do_comes_first(account: EscrowAccount, mediator_user: User, arbitrator_user: User) -> None:
    first = way.opened(account, 1)
    first.assign(mediator_user, by=None)
    second = way.opened(account, 2)
    assert Bench(second).candidates(Role.MEDIATOR) == [arbitrator_user, mediator_user]
    first.withdraw(by=first.client)
    assert Bench(second).candidates(Role.MEDIATOR) == [mediator_user, arbitrator_user]
    assert str(first.assignments.get()) == f"{first.number}: Marc Tellier, médiateur"


def test_mediator_is_named_again_or_changed(account: EscrowAccount, mediator_user: User, arbitrator_user: User) -> None:
    dispute = way.opened(account)
    for staff in (mediator_user, mediator_user):
        dispute.assign(staff, by=mediator_user)
    with pytest.raises(Dispute.NeedsReason):
        dispute.assign(arbitrator_user, by=mediator_user, reason=" ")
    dispute.assign(arbitrator_user, by=mediator_user, reason="Absence prolongée.")
    assert way.fresh(dispute).mediator == arbitrator_user
    assert [row.ended_at is None for row in dispute.assignments.all()] == [False, True]


def test_who_ever_mediated_never_decides(account: EscrowAccount, mediator_user: User, arbitrator_user: User) -> None:
    dispute = way.mediated(account)
    for staff in (mediator_user, arbitrator_user):
        dispute.assign(staff, by=staff, reason="Surcharge.")
    third = person("zoe@paraphe.example", "Zoé Lambert", staff_of=SMA)
    way.handed_over(dispute)
    assert way.fresh(dispute).arbitrator == third
    with pytest.raises(Bench.HasMediated):
        dispute.appoint(mediator_user, by=None)


def test_who_mediated_the_same_tranche_in_an_earlier_case_never_decides(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User
) -> None:
    earlier = way.mediated(account)
    earlier.assign(mediator_user, by=mediator_user)
    earlier.withdraw(by=earlier.client)
    again = way.let_fall(way.opened(account), "sma.answer")
    assert (again.state, again.arbitrator) == ("ARBITRATION", arbitrator_user)
    with pytest.raises(Bench.HasMediated):
        again.appoint(mediator_user, by=None)


def test_mediator_does_not_choose_the_arbitrator(account: EscrowAccount, mediator_user: User) -> None:
    dispute = way.arbitrated(account, mediator_user)
    third = person("zoe@paraphe.example", "Zoé Lambert", staff_of=SMA)
    with pytest.raises(Dispute.NotByTheMediator):
        dispute.appoint(third, by=mediator_user)


def test_arbitrator_is_changed(account: EscrowAccount, mediator_user: User, arbitrator_user: User) -> None:
    dispute = way.arbitrated(account, mediator_user)
    third = person("zoe@paraphe.example", "Zoé Lambert", staff_of=SMA)
    for staff in (arbitrator_user, third):
        dispute.appoint(staff, by=None)
    assert way.fresh(dispute).arbitrator == third
    assert Bench(dispute).obstacle(Role.MEDIATOR, third) is Bench.HasDecided
    with pytest.raises(Dispute.NotInMediation):
        dispute.assign(third, by=None)
    with pytest.raises(Dispute.NotInArbitration):
        way.opened(account, 2).appoint(third, by=None)


def test_reason_of_a_change_is_kept_and_told_to_both(
    account: EscrowAccount, mediator_user: User, arbitrator_user: User
) -> None:
    dispute = way.arbitrated(account, mediator_user)
    third = person("zoe@paraphe.example", "Zoé Lambert", staff_of=SMA)
    with pytest.raises(Dispute.NeedsReason):
        dispute.appoint(third, by=arbitrator_user)
    dispute.appoint(third, by=arbitrator_user, reason="Absence prolongée.")
    assert [entry.text for entry in dispute.entries.filter(kind="APPOINTED")] == ["", "Absence prolongée."]
    for one in dispute.parties:
        letter = Notice.objects.get(user=one, name="mediation.appointed.both_again").letter
        assert letter.quote == "Absence prolongée."
        assert "C’est un changement" in letter.paragraphs[0]
        assert "Aude" not in str(letter)


def test_who_is_not_of_the_sma_has_no_seat(account: EscrowAccount, finance_user: User, superuser: User) -> None:
    dispute = way.opened(account)
    for outsider in (finance_user, superuser):
        with pytest.raises(Bench.NotOfTheSma):
            dispute.assign(outsider, by=None)
    assert Bench(dispute).obstacle(Role.APPROVER, superuser) is None


def test_queue_reads_by_the_nearest_date(account: EscrowAccount, mediator_user: User) -> None:
    late, early = way.mediated(account, 1), way.opened(account, 2)
    late.assign(mediator_user, by=None)
    rows = list(Dispute.objects.living().by_due())
    assert rows == [early, late]
    assert rows[0].next_due == way.due(early, "sma.assign")  # type: ignore[attr-defined]
    assert list(Dispute.objects.seated_by(mediator_user)) == [late]
