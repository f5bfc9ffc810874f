"""Bidders and what they do on a call, driven through the real transitions."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from credits.models import CreditPack, Kind
from marketplace.accounts.models import Company, User
from marketplace.payments.gateway import Intent, Session
from marketplace.payments.models import Payment
from marketplace.testing.cast import person
from projects.models import Agreement, Deadline, Offer, OfferTerms, Project, Question, Selection, Terms, TrancheTerms
from projects.tests.calls import consulted

HOSTILE = [
    "é" * 40,
    "🧵🪡",
    "\u202etxt.exe",
    "{{ 7*7 }}{% now 'Y' %}",
    "<script>alert(1)</script>",
    "%(title)s %s %",
    "' --",
]


def paid(payment: Payment) -> Payment:
    """Stripe says that the money has come."""
    payment.settle(Intent(f"pi_{payment.key.hex}", "succeeded", payment.cents, "eur"))
    payment.refresh_from_db()
    return payment


def bidder(n: int, name: str = "") -> User:
    """One of any number of foreign providers, with credits."""
    user = person(f"bidder{n}@exemple.be", name or f"Bidder{n} Nom{n}")
    details = {
        "name": f"Société {n}",
        "country": "BE",
        "vat_status": Company.VatStatus.FOREIGN,
        "vat_number": f"BE0{n:09d}",
        "street": f"{n} rue Haute",
        "postcode": "1000",
        "city": "Bruxelles",
    }
    Company.declare(user=user, hats=["provider"], details=details)
    return stocked(User.objects.get(pk=user.pk))


def stocked(provider: User) -> User:
    """`provider` with a hundred credits of each kind, bought at once."""
    many = {"consultation": 100, "offer": 100, "contact": 100}
    pack, _made = CreditPack.objects.get_or_create(name="Cent", defaults={**many, "price_cents": 100_000})
    paid(pack.buy(by=provider, key=uuid.uuid4()))
    return provider


def terms(price_cents: int = 300_000, delay_days: int = 30, *, parts: Sequence[int] = (), **others: Any) -> OfferTerms:
    """What a provider proposes, in one block unless cut in `parts`."""
    tranches = [TrancheTerms(f"Étape {n}", f"Livrable {n}", cents) for n, cents in enumerate(parts, 1)]
    return OfferTerms(price_cents, delay_days, others.pop("pitch", "Je sais le faire."), tranches=tranches, **others)


def bid(project: Project, provider: User, price_cents: int = 300_000, delay_days: int = 30, **others: Any) -> Offer:
    """The offer of a provider who opens the dossier for it."""
    consulted(project, provider, Kind.OFFER)
    key = others.pop("key", None) or uuid.uuid4()
    return Offer.place(project, by=provider, terms=terms(price_cents, delay_days, **others), key=key)


def asked(project: Project, provider: User, text: str = "Quel hébergeur ?") -> Question:
    """A question of a bidder."""
    return Question.ask(project, by=provider, text=text, key=uuid.uuid4())


def awarded(project: Project, provider: User, **others: Any) -> Agreement:
    """The agreement of the only bidder, chosen."""
    return Selection(bid(project, provider, **others)).carry_out(by=project.client)


def agreed(agreement: Agreement) -> Agreement:
    """Both accept the latest version."""
    for party in (agreement.client, agreement.provider):
        agreement.accept(agreement.version.number, by=party)
    return agreement


def fees(agreement: Agreement, most: int) -> list[Payment]:
    """So many payments of the same fees: each begun after the page of the one before had expired at Stripe."""
    payments = []
    for _n in range(most):
        payments.append(payment := agreement.pay(by=agreement.client, key=uuid.uuid4()))
        payment.follow(Session(f"cs_{payment.key.hex}", "expired", "", str(payment.key)))
    return payments


def active(agreement: Agreement) -> Agreement:
    """Both accept, and the client pays the introduction."""
    agreed(agreement)
    paid(agreement.pay(by=agreement.client, key=uuid.uuid4()))
    agreement.refresh_from_db()
    return agreement


def changed(agreement: Agreement, **changes: Any) -> Terms:
    """The terms of the latest version but for `changes`."""
    version = agreement.version
    same = {name: getattr(version, name) for name in ("scope", "price_cents", "delay_days", "formula", "starts_on")}
    rows = [tranche.terms for tranche in version.tranches.all()]
    return Terms(**{**same, "release_on_silence": version.release_on_silence, "tranches": rows, **changes})


def queries(browser: Client, path: str) -> int:
    """How many queries a page costs."""
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(path).status_code == 200
    return len(captured)


def fallen(at: datetime) -> int:
    """Beat passes at `at`: how many deadlines fall, but for those of single offers and questions."""
    rows = Deadline.objects.filter(state="FALLEN").exclude(kind__in=("hint.tell", "offer.unread"))
    before = rows.count()
    Deadline.objects.sweep(at)
    return rows.count() - before


def bend(query: str) -> None:
    """Change rows as the owner, triggers asleep: what no deed of the site could."""
    with connection.cursor() as cursor:
        cursor.execute(f"reset role; set local session_replication_role = replica; {query}")
        cursor.execute("set local session_replication_role = origin; set role app")


CHRISTMAS = date(2026, 12, 25)
