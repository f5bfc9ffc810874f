"""Product, section 3, cell by cell: every part of a dossier × every reader, with open and with sealed offers.

A cell says "yes", "no", or "open": yes unless the offers are sealed. A file is seen when its name is on a page, and
then, and only then, it can be downloaded; moderators alone download a specification that they read in their own pages.
"""

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from credits.models import Kind
from marketplace.accounts.models import User
from marketplace.documents import intake
from marketplace.documents.models import Document
from marketplace.testing.cast import professional, signed_in
from marketplace.testing.world import pdf
from projects.models import (
    DossierMessage,
    Offer,
    OfferDraft,
    Papers,
    Project,
    Question,
    Selection,
    SpecificationFile,
)
from projects.tabs import LABELS
from projects.tests.bids import active, agreed, bid, bidder, stocked, terms
from projects.tests.calls import consulted, opened
from projects.tests.test_way_secrets import mails_to

pytestmark = pytest.mark.django_db

CALL = """
thing            visitor  provider  consulted  offered  contacted  client  stranger  staff
teaser           yes      yes       yes        yes      yes        yes     yes       yes
category         yes      yes       yes        yes      yes        yes     yes       yes
budget           yes      yes       yes        yes      yes        yes     yes       yes
track            yes      yes       yes        yes      yes        yes     yes       yes
counts           yes      yes       yes        yes      yes        yes     yes       yes
description      no       no        yes        yes      yes        yes     no        no
specification    no       no        yes        yes      yes        yes     no        yes
question         no       no        yes        yes      yes        yes     no        no
question_file    no       no        yes        yes      yes        yes     no        no
answer           no       no        yes        yes      yes        yes     no        no
answer_file      no       no        yes        yes      yes        yes     no        no
message          no       no        yes        yes      yes        yes     no        no
message_file     no       no        yes        yes      yes        yes     no        no
rival_message    no       no        yes        yes      yes        yes     no        no
rival_msg_file   no       no        yes        yes      yes        yes     no        no
offer_price      no       no        open       open     open       yes     no        no
offer_pitch      no       no        open       open     open       yes     no        no
offer_file       no       no        open       open     open       yes     no        no
draft            no       no        no         no       no         no      no        no
draft_file       no       no        no         no       no         no      no        no
bid_page         no       no        no         yes      no         no      no        no
ask_page         no       no        no         yes      no         no      no        no
message_page     no       no        no         yes      no         yes     no        no
client_name      no       no        no         no       yes        yes     no        no
client_company   no       no        no         no       yes        yes     no        no
client_mail      no       no        no         no       yes        yes     no        no
client_phone     no       no        no         no       yes        yes     no        no
client_detail    no       no        no         no       yes        yes     no        no
rival_detail     no       no        no         no       no         no      no        no
rival_name       no       no        no         no       no         no      no        no
agreement        no       no        no         no       no         no      no        no
"""
WON = """
thing            winner  winner_active  loser  loser_active  loser_30_days  client_active
teaser           yes     yes            yes    yes           no             yes
description      yes     yes            yes    yes           no             yes
specification    yes     yes            yes    yes           no             yes
question         yes     yes            yes    yes           no             yes
question_file    yes     yes            yes    yes           no             yes
answer           yes     yes            yes    yes           no             yes
answer_file      yes     yes            yes    yes           no             yes
message          yes     yes            yes    yes           no             yes
message_file     yes     yes            yes    yes           no             yes
rival_message    yes     yes            yes    yes           no             yes
rival_msg_file   yes     yes            yes    yes           no             yes
offer_price      open    open           open   open          no             yes
offer_pitch      open    open           open   open          no             yes
offer_file       open    open           open   open          no             yes
draft            no      no             no     no            no             no
draft_file       no      no             no     no            no             no
client_name      no      yes            no     no            no             yes
client_company   no      yes            no     no            no             yes
client_mail      no      yes            no     no            no             yes
client_phone     no      yes            no     no            no             yes
client_detail    no      yes            no     no            no             yes
rival_detail     no      no             no     no            no             no
rival_name       no      no             no     no            no             no
agreement        yes     yes            no     no            no             yes
"""


def cells(table: str) -> Iterator[tuple[str, str, str]]:
    """Each cell: thing, role, what it says."""
    head, *rows = [line.split() for line in table.strip().splitlines()]
    for thing, *said in rows:
        yield from ((thing, role, word) for role, word in zip(head[1:], said, strict=True))


@dataclass
class Stage:
    """One call with a word for each part of it: a text, or a document."""

    project: Project
    people: dict[str, User] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    files: dict[str, Document] = field(default_factory=dict)

    def paper(self, name: str) -> list[intake.Clean]:
        """A file whose name is a word of its own."""
        self.words[name] = f"canari{name.replace('_', '')}.pdf"
        return [intake.clean(pdf(self.words[name].removesuffix(".pdf")))]

    def keep(self, name: str, row: Any) -> None:
        """Remember the document that came with `row`."""
        (self.files[name],) = row.documents

    def shown_to(self, role: str) -> set[str]:
        """What a reader finds on the pages, and can download."""
        browser = signed_in(self.people[role]) if role in self.people else Client()
        page = "".join(self.pages(browser))
        seen = {name for name, word in self.words.items() if word in page}
        got = {name for name, document in self.files.items() if downloads(browser, document)}
        assert seen & set(self.files) == (got if role != "staff" else set())  # Modération reads files in its own pages
        seen |= got
        routes = {"bid_page": "offre/", "ask_page": "questions/", "message_page": "messages/"}
        base = f"/projets/{self.project.key}/"
        seen |= {name for name, part in routes.items() if browser.get(base + part).status_code == 200}
        agreement = self.project.agreements.first()
        if agreement and browser.get(f"/accords/{agreement.key}/").status_code == 200:
            seen.add("agreement")
        return seen

    def pages(self, browser: Client) -> Iterator[str]:
        """Every page on which the dossier is shown."""
        base = f"/projets/{self.project.key}/"
        parts = ["", *(f"?onglet={tab}" for tab in LABELS), "rapport/", "offre/", "messages/", "questions/", "offres/"]
        offers = [f"offres/{offer.pk}/" for offer in self.project.offers.all()]
        for path in [*(base + part for part in (*parts, *offers)), "/mes-avis/"]:
            answer = browser.get(path)
            assert answer.status_code in {200, 302, 404}
            if answer.status_code == 200:
                yield answer.content.decode()


def downloads(browser: Client, document: Document) -> bool:
    answer = browser.get(document.get_absolute_url())
    if answer.streaming:
        answer.getvalue()
    return answer.status_code == 200


def specified(stage: Stage, client: User) -> None:
    """The call itself and its specification."""
    (file,) = stage.paper("specification")
    stage.files["specification"] = Document.take_in(file, owner=client, purpose="projects.specification")
    SpecificationFile.objects.create(project=stage.project, document=stage.files["specification"])
    stage.words |= {"teaser": "canariaccroche", "description": "canaridossier"}
    stage.words |= {"category": str(stage.project.category), "budget": "5\u202f000\xa0€", "track": "1 publié"}
    stage.words |= {"client_name": client.name, "client_company": client.company.name, "client_mail": client.email}
    stage.words |= {"client_phone": client.phone}


def talked(stage: Stage, client: User, rival: User) -> None:
    """What the client and a rival write, with files, and with details in the rival's question and the answer."""
    project, words = stage.project, stage.words
    words |= {"question": "canariquestion", "answer": "canarireponse", "rival_detail": "07 00 11 22 33"}
    words |= {"client_detail": "06 99 88 77 66", "message": "canarimessage", "rival_message": "canaririval"}
    text = "canariquestion ? 07 00 11 22 33"
    key, files = uuid.uuid4(), stage.paper("question_file")
    question = Question.ask(project, by=rival, text=text, key=key, files=files)
    answer = question.answer_with("canarireponse 06 99 88 77 66", by=client, files=stage.paper("answer_file"))
    for name, author, word in (("message_file", client, "message"), ("rival_msg_file", rival, "rival_message")):
        sent = stage.paper(name)
        message = DossierMessage.write(project, by=author, text=words[word], key=uuid.uuid4(), files=sent)
        stage.keep(name, message)
    stage.keep("question_file", question)
    stage.keep("answer_file", answer)


def bid_upon(stage: Stage, rival: User, drafter: User) -> None:
    """A rival's offer with a file, and somebody else's draft."""
    project, words = stage.project, stage.words
    words |= {"offer_price": "4\u202f444", "offer_pitch": "canaripitch", "draft": "canaribrouillon"}
    papers = Papers(stage.paper("offer_file"))
    offered = terms(444_400, pitch="canaripitch")
    stage.keep("offer_file", Offer.place(project, by=rival, terms=offered, key=uuid.uuid4(), papers=papers))
    papers = Papers(stage.paper("draft_file"))
    stage.keep("draft_file", OfferDraft.keep(project, by=drafter, typed={"pitch": "canaribrouillon"}, papers=papers))


@pytest.fixture(params=[False, True], ids=["open", "sealed"])
def stage(request: pytest.FixtureRequest, client_user: User, rival_user: User) -> Stage:
    """A call on which a rival has asked, written and bid, and a drafter has a draft."""
    User.objects.filter(pk=client_user.pk).update(phone="+33 7 98 76 54 32")  # the cast shares one
    client_user.refresh_from_db()
    project = opened(client_user, sealed=request.param, teaser="canariaccroche", description="canaridossier")
    stage = Stage(project)
    drafter = bidder(1, "Dora Canaridora")
    for person in (stocked(rival_user), drafter):
        consulted(project, person, Kind.OFFER)
    specified(stage, client_user)
    talked(stage, client_user, rival_user)
    bid_upon(stage, rival_user, drafter)
    stage.words["rival_name"] = rival_user.name
    stage.people = {"client": client_user}
    return stage


def judge(stage: Stage, table: str, role: str, *, seen: set[str]) -> None:
    """Hold what a reader saw, and what was mailed to them, to their column of the table."""
    said: Mapping[str, str] = {thing: word for thing, column, word in cells(table) if column == role}
    allowed = {thing for thing, word in said.items() if word == "yes" or (word == "open" and not stage.project.sealed)}
    assert seen & set(said) == allowed
    if role in stage.people:
        mail = mails_to(stage.people[role])
        assert {thing for thing in said if thing in stage.words and stage.words[thing] in mail} <= allowed


def test_open_call_cell_by_cell(
    stage: Stage, provider_user: User, stranger_user: User, moderator_user: User, client_user: User
) -> None:
    offered, contacted = bidder(2), bidder(3)
    consulted(stage.project, stocked(provider_user))
    consulted(stage.project, offered, Kind.OFFER)
    consulted(stage.project, contacted, Kind.CONTACT)
    other = professional("otto@autre.example", "Otto Autre", "client", "Autre SARL", "552100554")
    stage.people |= {"provider": stranger_user, "consulted": provider_user, "offered": offered, "stranger": other}
    stage.people |= {"contacted": contacted, "staff": moderator_user}
    again = "Précision : canarimessage."
    DossierMessage.write(stage.project, by=client_user, text=again, key=uuid.uuid4())
    stage.words["counts"] = '<span class="tabs__count">4</span>'  # one question, three messages
    for role in CALL.split()[1:9]:
        judge(stage, CALL, role, seen=stage.shown_to(role))


def test_after_the_choice_cell_by_cell(stage: Stage, provider_user: User) -> None:
    loser = bidder(2)
    mine = bid(stage.project, stocked(provider_user), 300_000)
    bid(stage.project, loser, 350_000)
    agreement = Selection(mine, reason="Prix.").carry_out(by=stage.project.client)
    readers = {"winner": provider_user, "loser": loser, "client": stage.project.client}
    stages: list[tuple[str, Callable[[], Any]]] = [
        ("", lambda: agreed(agreement)),
        ("_active", lambda: active(agreement)),
        ("_30_days", lambda: aged(stage.project)),
    ]
    for suffix, move in stages:
        move()
        for who, user in readers.items():
            role = who + suffix
            if role in WON.split()[:7]:
                stage.people[role] = user
                stage.project.refresh_from_db()
                judge(stage, WON, role, seen=stage.shown_to(role))


def aged(project: Project) -> None:
    """The introduction was thirty days ago."""
    since = timezone.now() - timedelta(days=30, minutes=1)
    Project.objects.filter(pk=project.pk).update(activated_at=since)
