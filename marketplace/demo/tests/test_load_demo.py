from __future__ import annotations

from collections import Counter
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client

from credits.models import Spending
from escrow.models import Tranche
from marketplace.accounts.models import User
from marketplace.demo.archive import DOMAIN
from marketplace.demo.people import PASSWORD, PEOPLE
from marketplace.documents.models import Document
from marketplace.events.models import Notice
from marketplace.ledger import checks
from marketplace.testing.sandbox import Sandbox
from mediation.models import Bench, Dispute, Role
from payouts import facturx
from payouts.models import BankAnswer, PayoutBatch, PayoutRequest
from projects.models import Agreement, CallStatistic, DetailsClaim, Flag, Offer, Project, Question

pytestmark = pytest.mark.django_db(transaction=True)

EMAILS = [person.email for person in PEOPLE.values()]


def told(command: str) -> str:
    out = StringIO()
    call_command(command, stdout=out)
    return out.getvalue()


def states(rows: object) -> Counter[str]:
    return Counter(rows.values_list("state", flat=True))  # type: ignore[attr-defined]


def sign_in(person: str) -> Client:
    """As at the keyboard: address, password, and for staff the code of this minute."""
    client = Client(REMOTE_ADDR=f"10.0.0.{list(PEOPLE).index(person) + 1}")
    client.post("/compte/connexion/", {"login": PEOPLE[person].email, "password": PASSWORD})
    if PEOPLE[person].firm is None:
        client.post("/compte/double-authentification/code/", {"code": told("demo_code").strip()})
    return client


def test_demo_is_whole_and_everybody_signs_in(sandbox: Sandbox) -> None:
    assert "24 people, 75 calls" in told("load_demo")
    calls_are_in_every_state()
    odds_are_counted()
    money_is_in_every_state()
    case_waits_for_everybody()
    papers_are_real()
    everybody_signs_in()
    with pytest.raises(CommandError, match="empty database"):
        told("load_demo")


def calls_are_in_every_state() -> None:
    assert states(Project.objects.exclude(client__email__endswith=f"@{DOMAIN}")) == {
        "DRAFT": 2, "SUBMITTED": 2, "REJECTED": 1, "OPEN": 22,
        "WITHDRAWN": 1, "AWARDED": 3, "ACTIVE": 9, "COMPLETED": 5,
    }  # fmt: skip
    of_today = Agreement.objects.exclude(project__client__email__endswith=f"@{DOMAIN}")
    assert states(of_today) == {"PROPOSED": 2, "AGREED": 1, "ACTIVE": 14}
    assert Agreement.objects.filter(versions__number=2, state="PROPOSED").count() == 1
    assert states(Flag.objects) == {"OPEN": 2, "DISMISSED": 1}
    assert states(DetailsClaim.objects) == {"OPEN": 1}
    assert set(states(Offer.objects)) == {"PLACED", "WITHDRAWN", "WON", "LOST"}
    assert Question.objects.filter(answer=None).count() == 4


def odds_are_counted() -> None:
    assert not Notice.objects.filter(user__email__endswith=f"@{DOMAIN}", mail_state="PENDING").exists()
    assert CallStatistic.objects.get(category=None, band=None, month=None).closed >= 40
    like = CallStatistic.objects.get(category__slug="web", band=3)
    assert f"n = {like.offers}" in Client().get("/projets/?categorie=web&budget=3").content.decode()
    assert "n = " in Client().get("/projets/?categorie=systemes").content.decode()


def money_is_in_every_state() -> None:
    assert checks.run() == []
    assert set(states(PayoutRequest.objects)) == {"ASKED", "APPROVED", "REFUSED", "BATCHED", "SENT", "PAID", "RETURNED"}
    assert set(states(PayoutBatch.objects)) == {"MADE", "SENT", "ANSWERED"}
    assert {tranche.light.kind for tranche in Tranche.objects.all()} == {"stop", "soon", "go", "done"}
    assert Spending.objects.filter(returned_at__isnull=False, provider__email__in=EMAILS).count() == 5
    felix = User.objects.get(email=PEOPLE["felix"].email)
    assert BankAnswer.read((settings.VAR_DIR / "demo-bank-answer.xml").read_bytes(), by=felix).paid == 1


def case_waits_for_everybody() -> None:
    case = Dispute.objects.get(state="MEDIATION")
    assert case.cents > settings.SMA_APPROVAL_CENTS
    assert case.proposals.open().filter(by=case.mediator, client_accepted_at=None, provider_accepted_at=None).exists()
    assert {one.email for one in Bench(case).candidates(Role.ARBITRATOR)} == {
        PEOPLE["anselme"].email,
        PEOPLE["odile"].email,
    }


def papers_are_real() -> None:
    for document in Document.objects.exclude(purpose="mediation.original"):
        with document.file.open() as file:
            assert file.read(5) == b"%PDF-"
    found = []
    for document in Document.objects.filter(purpose="payouts.invoice"):
        with document.file.open() as file:
            found.append(facturx.read(file.read()))
    assert sorted(invoice.vat_cents == 0 for invoice in found if invoice) == [False, False, True]


def everybody_signs_in() -> None:
    assert {sign_in(person).get(first_page(person)).status_code for person in PEOPLE} == {200}
    accounts = (settings.VAR_DIR / "demo-accounts.txt").read_text()
    assert PASSWORD in accounts
    assert "://" not in accounts  # another start may have another port


def test_demo_is_told_nowhere_else(settings: pytest.MonkeyPatch) -> None:
    settings.SANDBOX = False  # type: ignore[attr-defined]
    with pytest.raises(CommandError, match="never for production"):
        told("load_demo")


def first_page(person: str) -> str:
    return "/mon-compte/" if PEOPLE[person].firm else "/admin/"
