"""What became of earlier calls, told by the same deeds: enough of them for the odds to be counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import count, cycle
from typing import TYPE_CHECKING, NamedTuple

from django.contrib.auth.hashers import make_password
from django.utils import timezone
from stdnum import luhn

from credits.models import CreditPack, Kind
from marketplace.accounts.models import User
from marketplace.demo import till
from marketplace.demo.people import NO_VAT, Firm, Person, settle
from marketplace.events.models import MailState, Notice
from projects import generated
from projects.models import Content, Formula, Jotting, Offer, OfferTerms, Project, Selection, closing_on

if TYPE_CHECKING:
    from marketplace.demo.story import Story

DOMAIN = "archives.example"
REASON = "L’offre retenue était la plus proche de notre besoin."
CLIENTS = ("Scieries du Val", "Maison Verdier", "Ville de Saint-Brevin")
PROVIDERS = (
    "Atelier Pommier",
    "Studio Hirondelle",
    "Bureau Lafont",
    "Kerjean et filles",
    "Numa Conseil",
    "Plume d’Oie",
)


class Lot(NamedTuple):
    """Calls alike: their category and budget in euros; of each, how many bid, and whether the first of them won."""

    category: str
    low: int
    high: int
    outcomes: tuple[tuple[int, bool], ...]


LOTS = (
    Lot("web", 6000, 9000, ((3, True),) * 6 + ((3, False),) * 4),
    Lot("design", 1500, 4000, ((1, True),) * 5 + ((2, False),) * 3),
    Lot("mobile", 9000, 14000, ((2, True), (1, True), (1, False))),
    Lot("redaction", 600, 900, ((1, True), (1, True), (1, False))),
    Lot("conseil", 3000, 4500, ((2, True), (1, False), (1, False))),
    Lot("systemes", 2000, 4000, ((1, True), (1, True), (1, False))),
)


class Archive:
    """People who have left, and their calls."""

    def __init__(self, story: Story) -> None:
        self.story, self.numbers = story, count(1)
        self.clients = cycle([self.settled(name, "client") for name in CLIENTS])
        self.providers = cycle([self.settled(name, "provider") for name in PROVIDERS])

    def settled(self, name: str, hat: str) -> User:
        """One person of the company `name`; nobody can sign in as them. A provider has bought a pack."""
        number = next(self.numbers)
        siren = f"9300{number:04d}"
        siren += luhn.calc_check_digit(siren)
        firm = Firm(name, siren, NO_VAT, f"{number} rue du Port", "44600", "Saint-Nazaire")
        person = Person(f"personne-{number}@{DOMAIN}", name, f"+33 6 39 98 20 {number:02d}", hat, "", firm)
        user = settle(person, make_password(None))
        if hat == "provider":
            till.pay(CreditPack.objects.get(name="Intensif").buy(by=user, key=self.story.key()))
        return user

    def tell(self, lot: Lot, bidders: int, *, is_won: bool) -> None:
        """One call, its offers, and its end: an introduction paid, or a client who gives it up."""
        client = next(self.clients)
        project = Project.begin(Jotting.whole(self.content(lot)), by=client, key=self.story.key())
        project.submit(by=client)
        project.approve(by=self.story.people["maud"])
        offers = [self.bid(project, lot) for _ in range(bidders)]
        if not is_won:
            project.withdraw(by=client)
            return
        agreement = Selection(offers[0], reason=REASON).carry_out(by=client)
        for party in (agreement.provider, client):
            agreement.accept(1, by=party)
        till.pay(agreement.pay(by=client, key=self.story.key()))

    def content(self, lot: Lot) -> Content:
        """What the client wrote."""
        category = self.story.categories[lot.category]
        call = generated.call(self.story.random, category, timezone.now())
        return replace(
            call,
            description=f"{call.title}\n\n{call.teaser}",
            budget_min_cents=lot.low * 100,
            budget_max_cents=lot.high * 100,
            formula_wanted=Formula.BASE,
            closes_at=closing_on(self.story.today + timedelta(days=20)),
        )

    def bid(self, project: Project, lot: Lot) -> Offer:
        """The offer of the next provider in turn."""
        provider = next(self.providers)
        for kind in (Kind.CONSULTATION, Kind.OFFER):
            project.spend(kind, by=provider)
        cents = self.story.random.randrange(lot.low, lot.high, 100) * 100
        terms = OfferTerms(price_cents=cents, delay_days=30, pitch="Notre méthode, nos références et un calendrier.")
        return Offer.place(project, by=provider, terms=terms, key=self.story.key())

    def close(self) -> None:
        """Nobody reads these letters any more."""
        for notice in Notice.objects.filter(user__email__endswith=f"@{DOMAIN}", mail_state=MailState.PENDING):
            notice.put_aside()


def tell(story: Story) -> None:
    """The calls of the past, whose people have left."""
    archive = Archive(story)
    for lot in LOTS:
        for bidders, is_won in lot.outcomes:
            archive.tell(lot, bidders, is_won=is_won)
    archive.close()
