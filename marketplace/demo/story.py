"""The trial's story, told by the domain's own methods, each deed in its own transaction: from sign-up to selection."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

from django.utils import timezone

from credits.models import CreditPack, Kind
from marketplace.accounts.models import User
from marketplace.demo import papers, till
from marketplace.demo.calls import CALLS, Call
from marketplace.demo.people import arrive
from marketplace.demo.plot import (
    ANGLES,
    ANNEXES,
    ASSUMPTIONS,
    DRAFTS,
    INTERESTS,
    MARKS,
    MESSAGES,
    PLOTS,
    QUESTIONS,
    REASONS,
    REJECTION,
    SEARCHES,
    SHOPPING,
    STEPS,
    TAKEN_DOWN,
    UNPAID_TRIAL,
    VOICES,
    Bid,
    Plot,
)
from marketplace.documents import intake
from marketplace.templatetags.page import PARIS, euros_short
from projects.models import (
    Agreement,
    Category,
    Content,
    DossierMessage,
    Interest,
    Jotting,
    Offer,
    OfferDraft,
    OfferNote,
    OfferTerms,
    Papers,
    Place,
    Project,
    Question,
    SavedSearch,
    Selection,
    ShortlistEntry,
    TrancheTerms,
    closing_on,
)

SEED = 1789  # of the keys of the deeds: told again from nothing, the story makes the same rows
SHARES = {1: (100,), 2: (45, 55), 3: (35, 40, 25)}  # of a price, per tranche, in percent
BEFORE_OPEN = {"draft", "submitted", "rejected"}


class Story:
    """The people and the projects, as far as the story has been told."""

    def __init__(self) -> None:
        self.random = random.Random(SEED)  # noqa: S311  (no secret: keys of forms)
        self.today = timezone.localdate(timezone=PARIS)
        self.people: dict[str, User] = arrive()
        self.categories = {category.slug: category for category in Category.objects.all()}
        self.projects: dict[int, Project] = {}
        self.written: dict[str, int] = dict.fromkeys(VOICES, 0)

    def key(self) -> UUID:
        """The key of a form: the next one of the story."""
        return UUID(int=self.random.getrandbits(128), version=4)

    def provide(self) -> None:
        """Providers buy packs, really paid, and say what interests them."""
        packs = {pack.name: pack for pack in CreditPack.objects.all()}
        for short, names in SHOPPING.items():
            for name in names:
                till.pay(packs[name].buy(by=self.people[short], key=self.key()))
            followed = [self.categories[slug] for slug in INTERESTS[short]]
            Interest.objects.choose(self.people[short], followed)
            for name, asked in SEARCHES.get(short, {}).items():
                SavedSearch.keep(asked, name=name, by=self.people[short])

    def call_for_offers(self, index: int) -> Project:
        """Write call `index`, hand it in, have it judged; then providers look, ask and bid."""
        call, plot = CALLS[index], PLOTS[index]
        client, moderator = self.people[plot.client], self.people["maud"]
        written = Jotting.whole(content(call, plot, self), list(specification(index)))
        project = Project.begin(written, by=client, key=self.key())
        self.projects[index] = project
        if plot.stage != "draft":
            project.submit(by=client)
        if plot.stage == "rejected":
            project.reject(by=moderator, reason=REJECTION)
        if plot.stage not in BEFORE_OPEN:
            project.approve(by=moderator)
            self.look(project, plot)
            self.ask(index, project)
            self.write(index, project)
            for rank, bid in enumerate(plot.bids):
                self.bid(index, project, bid, is_first=rank == 0)
            self.mark(index, project)
        if plot.stage == "withdrawn":
            project.withdraw(by=client)
        if plot.stage == "corrected":
            self.correct(project)
        return project

    def correct(self, project: Project) -> None:
        """Moderation takes an open call down; its client removes what was wrong and hands it in again."""
        project.reject(by=self.people["maud"], reason=TAKEN_DOWN)
        said = Content.of(project)
        project.jot(Jotting.whole(replace(said, teaser=said.teaser.replace(UNPAID_TRIAL, ""))))
        project.submit(by=project.client)

    def look(self, project: Project, plot: Plot) -> None:
        """Everybody who bids or only looks opens the dossier; bidders open the right to bid too."""
        for short in (*plot.visits, *(bid.by for bid in plot.bids)):
            project.spend(Kind.CONSULTATION, by=self.people[short])
        for bid in plot.bids:
            project.spend(Kind.OFFER, by=self.people[bid.by])
        if plot.contact:
            project.spend(Kind.CONTACT, by=self.people[plot.contact])

    def ask(self, index: int, project: Project) -> None:
        """The questions of a call, with the answers that there are."""
        for call, short, text, answer in QUESTIONS:
            if call == index:
                question = Question.ask(project, by=self.people[short], text=text, key=self.key())
                if answer:
                    question.answer_with(answer, by=project.client)

    def write(self, index: int, project: Project) -> None:
        """The messages of a call, and the offers that are only begun."""
        for call, short, text, title in MESSAGES:
            if call == index:
                by = self.people[short] if short else project.client
                files = [papers.paper(f"{title}.pdf", title, project.title, [])] if title else []
                DossierMessage.write(project, by=by, text=text, key=self.key(), files=files)
        for call, short, text in DRAFTS:
            if call == index:
                project.spend(Kind.OFFER, by=self.people[short])
                OfferDraft.keep(project, by=self.people[short], typed={"pitch": text})

    def bid(self, index: int, project: Project, bid: Bid, *, is_first: bool) -> None:
        """One offer; the client has read the first one."""
        provider = self.people[bid.by]
        terms, sheet = self.terms(index, bid, is_first=is_first), []
        if index == 0:
            sheet = [papers.paper("Notre méthode.pdf", "Notre méthode", provider.public_name, [])]
        offer = Offer.place(project, by=provider, terms=terms, key=self.key(), papers=Papers(sheet))
        if is_first:
            offer.mark_read()
        if bid.then == "revised":
            cheaper = bid._replace(price=bid.price - 300)
            offer.revise(by=provider, terms=self.terms(index, cheaper, is_first=is_first))
        if bid.then == "withdrawn":
            offer.withdraw(by=provider)

    def mark(self, index: int, project: Project) -> None:
        """What the client marks for themselves on the offers of a call."""
        for call, short, is_kept, text in MARKS:
            if call == index:
                offer = Offer.objects.get(project=project, provider=self.people[short])
                OfferNote.write(offer, text, seen=0)
                if is_kept:
                    ShortlistEntry.add(offer)

    def terms(self, index: int, bid: Bid, *, is_first: bool) -> OfferTerms:
        """What a provider writes: the first bidder of a call has something to say of this very call."""
        turn = self.written[bid.by]
        self.written[bid.by] += 1
        voice = VOICES[bid.by][turn % len(VOICES[bid.by])]
        return OfferTerms(
            price_cents=bid.price * 100,
            delay_days=bid.days,
            pitch=f"{ANGLES[index]}\n\n{voice}" if is_first else voice,
            assumptions=ASSUMPTIONS[(index + turn) % len(ASSUMPTIONS)],
            starts_on=self.in_days(14 + index % 3 * 7),
            tranches=list(tranches(CALLS[index].category, bid, self.in_days(21))) if bid.tranches > 1 else (),
        )

    def choose(self, index: int) -> Agreement:
        """The client reads every offer of a call, and chooses the first."""
        offers = list(Offer.objects.select_related("project").filter(project=self.projects[index]).order_by("pk"))
        for offer in offers:
            offer.mark_read()
        return Selection(offers[0], reason=REASONS[index]).carry_out(by=self.projects[index].client)

    def in_days(self, days: int) -> date:
        """A day of the story, counted from today in Paris."""
        return self.today + timedelta(days=days)


def content(call: Call, plot: Plot, story: Story) -> Content:
    """What the client types into the form of a call; a place decides whether one has to come."""
    on_site = Place.ON_SITE if call.category in {"formation", "image-son"} else Place.MIXED
    return Content(
        title=call.title,
        category=story.categories[call.category],
        teaser=call.teaser + (UNPAID_TRIAL if plot.stage == "corrected" else ""),
        description=call.need,
        skills=[skill.strip() for skill in call.skills.split(",")],
        budget_min_cents=call.low * 100,
        budget_max_cents=call.high * 100,
        place=on_site if call.city else Place.REMOTE,
        city=call.city,
        urgent=call.urgent,
        starts_on=story.in_days(plot.closes_in + 21),
        formula_wanted=call.formula,
        sealed=call.sealed,
        closes_at=closing_on(story.in_days(plot.closes_in)),
    )


def specification(index: int) -> Iterator[intake.Clean]:
    """The files that the client joins to a call."""
    call = CALLS[index]
    low, high = euros_short(call.low * 100), euros_short(call.high * 100)
    parts = [
        papers.Part("Objet", call.teaser),
        papers.Part("Besoin", call.need),
        papers.Part("Savoir-faire attendus", call.skills),
        papers.Part("Budget", f"De {low} à {high} hors taxes. Le prix n’est pas seul juge."),
        papers.Part("Critères de choix", "Compréhension du besoin, méthode, délai, prix, dans cet ordre."),
    ]
    yield papers.paper(f"Cahier des charges - {call.title}.pdf", "Cahier des charges", call.title, parts)
    if index in ANNEXES:
        title, heading, text = ANNEXES[index]
        yield papers.paper(f"{title}.pdf", title, call.title, [papers.Part(heading, text)])


def tranches(category: str, bid: Bid, start: date) -> Iterator[TrancheTerms]:
    """The price cut into tranches of whole tens of euros, the last one taking the rest, due along the delay."""
    steps, left = STEPS[category], bid.price
    for rank, share in enumerate(SHARES[bid.tranches], 1):
        part = left if rank == bid.tranches else bid.price * share // 1000 * 10
        left -= part
        title, deliverable = steps[rank - 1]
        yield TrancheTerms(title, deliverable, part * 100, start + timedelta(days=bid.days * rank // bid.tranches))
