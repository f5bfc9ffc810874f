"""One world for the tests of rights: projects at each stage, reached by real transitions, and a person for each role.

A new route without parameters needs nothing here. One with parameters needs a line in `World.targets`, unless its
path begins like those of `PREFIXES`. Each private value of the world is a canary: a word found nowhere else.
"""

from __future__ import annotations

import io
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pikepdf
from django.apps import apps
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from credits.models import CreditPack, Kind, Spending
from escrow.models import EscrowAccount, RefundRequest, Shares, Tranche
from marketplace.accounts.models import BankAccount, Company, User
from marketplace.accounts.staff import FINANCE, MODERATION, SMA
from marketplace.documents import intake
from marketplace.documents.models import Document
from marketplace.events.mail import Unsubscription
from marketplace.events.models import Notice
from marketplace.events.tellings import Kind as NoticeKind
from marketplace.payments.gateway import Intent
from marketplace.payments.models import Payment
from marketplace.testing.cast import person, signed_in
from mediation.exhibits import Exhibit
from mediation.models import Decision, Dispute, Plea, Seizure, SplitProposal
from payouts.models import PayoutBatch, PayoutRequest
from payouts.models.requests import Bill
from projects import matching, newsletter
from projects.models import (
    Again,
    Agreement,
    Amendment,
    Asked,
    Category,
    Completion,
    Deadline,
    Detail,
    DetailsClaim,
    DossierMessage,
    Flag,
    FlagReason,
    Formula,
    Jotting,
    Offer,
    OfferDraft,
    OfferNote,
    OfferTerms,
    Opinion,
    Outcome,
    Papers,
    Portrait,
    Profile,
    Project,
    Question,
    Review,
    SavedSearch,
    Selection,
    ShortlistEntry,
    SpecificationFile,
    Survey,
    Terms,
    Thread,
    Tidings,
    TrancheTerms,
)

ROLES = (
    "visitor",
    "unverified",
    "provider0",
    "consulted",
    "offered",
    "contacted",
    "winner",
    "rival",
    "owner",
    "otherclient",
    "moderator",
    "mediator",
    "othersma",
    "finance",
    "superuser",
    "suspended",
)
PROVIDERS = ("unverified", "provider0", "consulted", "offered", "contacted", "winner", "rival", "suspended")
STAFF = {"moderator": MODERATION, "mediator": SMA, "othersma": SMA, "finance": FINANCE, "superuser": MODERATION}
READS_USERS = {"moderator", "superuser"}  # Modération works with people, and so does the administrator
DOSSIER = {"consulted", "offered", "contacted", "rival", "owner", "superuser"}
NOBODY: set[str] = set()


@dataclass(frozen=True)
class Target:
    """One address on which a route is tried: `about` tells apart several of the same route."""

    route: str
    about: str
    kwargs: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.route} {self.about}".strip()


@dataclass(frozen=True)
class Canary:
    """A private value: `tokens` may appear only in what the roles `seen_by` receive (product, section 3)."""

    name: str
    tokens: tuple[str, ...]
    seen_by: frozenset[str]


@dataclass
class World:
    """The people by role, the projects by stage, and what must not be seen by all."""

    people: dict[str, User] = field(default_factory=dict)
    projects: dict[str, Project] = field(default_factory=dict)
    agreements: dict[str, Agreement] = field(default_factory=dict)
    things: dict[str, Any] = field(default_factory=dict)
    canaries: list[Canary] = field(default_factory=list)

    def client(self, role: str) -> Client:
        """A browser with the session of `role`, who has just given the password again."""
        return Client() if role == "visitor" else signed_in(self.people[role])

    def hide(self, name: str, *tokens: str, seen_by: set[str]) -> None:
        """Declare a canary."""
        self.canaries.append(Canary(name, tokens, frozenset(seen_by)))

    def prefixes(self) -> dict[str, dict[str, dict[str, Any]]]:
        """What routes are tried on by the beginning of their path, when `targets` does not name them."""
        return {
            "projets/<slug:key>/": {stage: {"key": project.key} for stage, project in self.projects.items()},
            "accords/<slug:key>/": {stage: {"key": agreement.key} for stage, agreement in self.agreements.items()},
            "litiges/<slug:key>/": {stage: {"key": case.key} for stage, case in self.things["cases"].items()},
        }

    def targets(self) -> dict[str, dict[str, dict[str, Any]]]:
        """What the routes with other parameters are tried on: route → about → parameters."""
        return self.on_calls() | self.on_work() | self.on_cases() | self.on_papers() | BY_HAND

    def on_calls(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Routes of calls for offers."""
        offers: list[Offer] = self.things["offers"]
        opened = self.projects["open"].key
        answered, asked = self.things["questions"]
        keys = {stage: project.key for stage, project in self.projects.items()}
        choose = {f"open {n}": {"key": opened, "pk": offer.pk} for n, offer in enumerate(offers, 1)}
        questions = {"asked": asked, "answered": answered}
        return {
            "projects:step": {f"{s} {step}": {"key": keys[s], "step": step} for s in STAGES for step in ("cadre", "x")},
            "projects:spend": {f"{s} {kind}": {"key": key, "kind": kind} for s, key in keys.items() for kind in KINDS},
            "projects:read_offer": choose,
            "projects:select": choose,
            "projects:call_runner_up": choose,
            "admin:projects_edition_html": {"provider0's": {"pk": self.people["provider0"].pk}},
            "projects:rename_search": {"rival's": {"pk": self.things["search"].pk}},
            "projects:forget_search": {"rival's": {"pk": self.things["search"].pk}},
            "projects:profile": {about: {"key": row.key} for about, row in self.things["profiles"].items()},
            **self.on_ends(),
            "projects:answer": {about: {"key": opened, "pk": row.pk} for about, row in questions.items()},
        }

    def on_ends(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Routes of what follows the introduction: a base project that is completed, and one still open."""
        done, opened = self.things["done"].key, self.projects["open"].key
        keys = {"completed": {"key": done}, "open": {"key": opened}, "active": {"key": self.projects["active"].key}}
        surveys = {"completed": {"key": done, "rank": 1}, "open": {"key": opened, "rank": 1}}
        return {
            "projects:complete": keys,
            "projects:reviews": keys,
            "projects:answer_review": {"about-winner": {"key": done, "pk": self.things["review"].pk}},
            "projects:survey": surveys,
        }

    def on_work(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Routes of the work: tranches, payout requests."""
        tranche: Tranche = self.things["tranche"]
        opened, active = self.projects["open"].key, self.projects["active"].key
        on_tranche = {"active": {"key": active, "pk": tranche.pk}, "elsewhere": {"key": opened, "pk": tranche.pk}}
        keys = {stage: agreement.key for stage, agreement in self.agreements.items()}
        asked = self.things["refund_request"].pk
        refund = {"active": {"key": active, "pk": asked}, "elsewhere": {"key": opened, "pk": asked}}
        amended = {"active": {"key": keys["active"], "n": 1}, "elsewhere": {"key": keys["agreed"], "n": 1}}
        return {
            **{f"escrow:{deed}": on_tranche for deed in ("deliver", "release", "changes", "ask_deposit", "ask_case")},
            **{f"escrow:{deed}": on_tranche for deed in ("give_notice", "withdraw_notice", "ask_refund", "give_back")},
            **{f"escrow:{deed}refund": refund for deed in ("", "agree_", "refuse_", "withdraw_")},
            **{f"projects:amendment{deed}": amended for deed in ("", "_accept", "_decline", "_withdraw", "_pay")},
            "projects:former_pdf": {stage: {"key": key, "n": 1} for stage, key in keys.items()},
            "payouts:ask": {"active": {"pk": tranche.pk}, "elsewhere": {"pk": 0}},
        }

    def on_cases(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Routes of the SMA: a case in mediation, and one that is decided."""
        cases: dict[str, Dispute] = self.things["cases"]
        proposals = {stage: {"key": case.key, "n": 1} for stage, case in cases.items()}
        return {
            "mediation:accept": proposals,
            "mediation:refuse": proposals,
            "admin:mediation_dispute_change": {stage: {"object_id": case.pk} for stage, case in cases.items()},
        }

    def on_papers(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Routes of payments, files and notices."""
        payments: dict[str, Payment] = self.things["payments"]
        paying = {name: {"key": payment.key} for name, payment in payments.items()}
        return {
            "credits:buy": {"": {"pk": CreditPack.objects.filter(on_sale=True)[0].pk}},
            "payments:checkout": paying,
            "payments:return": paying,
            "payments:status": paying,
            "documents:download": {name: {"key": doc.key} for name, doc in self.things["documents"].items()},
            "events:open": {"owner's": {"pk": Notice.objects.filter(user=self.people["owner"])[0].pk}},
            "events:unsubscribe": {"owner's": {"token": self.things["token"]}, "forged": {"token": "1:projects:x"}},
        }

    def in_admin(self, route: str, parameter: str) -> dict[str, dict[str, Any]]:
        """What `admin:{app}_{model}_{page}` is tried on: the first row of the model, and each deed on it."""
        label, name, page = route.removeprefix("admin:").rsplit("_", 2)
        model = apps.get_model(label, name)
        row = model._default_manager.order_by("pk").first()
        pk = row.pk if row else 0
        if page != "deed":
            return {"": {parameter: pk}}
        deeds = getattr(admin.site._registry[model], "deeds", {})
        return {deed: {"pk": pk, "deed": deed} for deed in [*deeds, "unheard-of"]}


STAGES = ("draft", "open")
KINDS = ("consultation", "offre", "contact")
BY_HAND: dict[str, dict[str, dict[str, Any]]] = {
    "demo:mail": {"": {"pk": 0}},
    "demo:html": {"": {"pk": 0}},
    "account_confirm_email": {"": {"key": "x"}},
    "account_reset_password_from_key": {"": {"uidb36": "1", "key": "x-y"}},
    "mfa_remove_webauthn": {"": {"pk": 1}},
    "mfa_edit_webauthn": {"": {"pk": 1}},
    "admin:app_list": {"accounts": {"app_label": "accounts"}},
    "admin:view_on_site": {"": {"content_type_id": 1, "object_id": 1}},
}


def build() -> World:
    """The world, from nothing."""
    world = World()
    settle_people(world)
    settle_open_call(world)
    settle_followup(world)
    settle_draft(world)
    settle_rejected(world)
    for stage in ("proposed", "agreed", "active"):
        settle_agreement(world, stage)
    settle_work(world)
    settle_papers(world)
    settle_profiles(world)
    settle_end(world)
    settle_cases(world)
    provider = world.people["suspended"]
    provider.suspend(by=world.people["moderator"], reason="Faux SIREN")
    return world


def word(role: str) -> str:
    """The canary of a role: a word found nowhere else."""
    return f"canari{role}"


def settle_people(world: World) -> None:
    """A person for each role; each with a name, an address, a phone and a company of their own."""
    for n, role in enumerate(ROLES[1:], 1):
        user = person(f"{word(role)}@exemple.fr", f"{role.title()} Nom{word(role)}", staff_of=STAFF.get(role, ""))
        user.phone, user.is_superuser = f"+33 7 00 11 22 {n:02d}", role == "superuser"
        if role == "unverified":
            user.email_verified_at = None
        user.save(update_fields=["phone", "is_superuser", "email_verified_at"])
        world.people[role] = user
        if role not in STAFF:
            settle_company(user, role, n)
    world.people = {role: User.objects.get(pk=user.pk) for role, user in world.people.items()}
    for role in PROVIDERS:
        if role not in {"unverified", "provider0"}:
            fill_wallet(world.people[role])
    for role, user in world.people.items():
        own = {role} | READS_USERS
        details = own | DETAILS_OF.get(role, NOBODY)
        world.hide(f"e-mail and phone of {role}", user.email, user.phone, seen_by=details)
        names = details | {"finance"} | NAME_OF.get(role, NOBODY)
        world.hide(f"name and company of {role}", user.name, f"Soc{word(role)}", seen_by=names)


# Who else may read whose details: a contact credit shows the owner's, an active agreement each party's to the other.
# The client is told by name who holds a contact credit; Finance sees names and companies on payments.
# A case tells its mediator who the two sides are, both sides who sits in it, and the SMA who sits where; an
# administrator is among those whom the SMA may ask to approve a decision.
DETAILS_OF: dict[str, set[str]] = {"owner": {"contacted", "winner"}, "winner": {"owner"}}
NAME_OF: dict[str, set[str]] = {
    "contacted": {"owner"},
    "owner": {"mediator"},
    "winner": {"mediator"},
    "mediator": {"owner", "winner", "othersma"},
    "othersma": {"owner", "winner", "mediator"},
    "superuser": {"mediator", "othersma"},
}


def settle_company(user: User, role: str, n: int) -> None:
    """A foreign company: any number of them can be made up."""
    details = {
        "name": f"Soc{word(role)}",
        "country": "BE",
        "siren": None,
        "vat_status": Company.VatStatus.FOREIGN,
        "vat_number": f"BE0{n:09d}",
        "street": f"{n} rue {word(role)}",
        "postcode": "1000",
        "city": "Bruxelles",
    }
    hats = ["provider"] if role in PROVIDERS else ["client"]
    Company.declare(user=user, hats=hats, details=details)


def pay(payment: Payment) -> None:
    """Stripe says that the money has come."""
    payment.settle(Intent(f"pi_{payment.key.hex}", "succeeded", payment.cents, "eur"))


def fill_wallet(provider: User) -> None:
    """Every kind of credit, bought."""
    held: set[Kind] = set()
    for pack in CreditPack.objects.filter(on_sale=True).order_by("-contact", "pk"):
        if not set(pack.units) <= held:
            pay(pack.buy(by=provider, key=uuid.uuid4()))
            held |= set(pack.units)


def publish(world: World, stage: str) -> Project:
    """A project of the owner's, open to offers; its description and its file are for who consults it."""
    owner = world.people["owner"]
    project = Project.objects.create(
        client=owner,
        title=f"Projet {stage}",
        teaser=f"Accroche du projet {stage}.",
        description=f"Dossier secret{stage}dossier.",
        category=Category.objects.all()[0],
        budget_min_cents=100_000,
        budget_max_cents=900_000,
        formula_wanted=Formula.R0,
        closes_at=timezone.now() + timedelta(days=20),
    )
    document = Document.take_in(pdf(f"fichier{stage}"), owner=owner, purpose="projects.specification")
    SpecificationFile.objects.create(project=project, document=document)
    world.things.setdefault("documents", {})[f"specification {stage}"] = document
    world.projects[stage] = project
    if stage != "draft":
        project.submit(by=owner)
        project.approve(by=world.people["moderator"])
    return project


def pdf(text: str) -> SimpleUploadedFile:
    """A one-page PDF that says `text`, under that name."""
    document = pikepdf.new()
    font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
    page = document.add_blank_page(page_size=(300, 100))
    page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
    page.Contents = document.make_stream(f"BT /F1 12 Tf 10 50 Td ({text}) Tj ET".encode())
    content = io.BytesIO()
    document.save(content)
    return SimpleUploadedFile(f"{text}.pdf", content.getvalue(), "application/pdf")


def bid(project: Project, provider: User, cents: int, pitch: str) -> Offer:
    """An offer of `cents` excluding VAT, in two tranches, by a provider who opened the dossier for it."""
    for kind in (Kind.CONSULTATION, Kind.OFFER):
        project.spend(kind, by=provider)
    tranches = [TrancheTerms("Étape 1", "Maquettes", 50_000), TrancheTerms("Étape 2", "Site", cents - 50_000)]
    terms = OfferTerms(cents, 30, pitch, tranches=tranches)
    return Offer.place(project, by=provider, terms=terms, key=uuid.uuid4())


def settle_open_call(world: World) -> None:
    """An open call: one who looked, one who may call, two who bid and asked."""
    project, people = publish(world, "open"), world.people
    for role in ("consulted", "contacted", "suspended"):
        project.spend(Kind.CONSULTATION, by=people[role])
    project.spend(Kind.CONTACT, by=people["contacted"])
    prices = {"offered": 432_109, "rival": 543_210}
    world.things["offers"] = [
        bid(project, people[role], cents, f"Offre secrete{role}offre") for role, cents in prices.items()
    ]
    questions = [
        Question.ask(project, by=people[role], text=f"Question secrete{role}question ?", key=uuid.uuid4())
        for role in ("offered", "rival")
    ]
    questions[0].answer_with("Reponse secretereponse.", by=people["owner"])
    world.things["questions"] = questions
    settle_exchange(world, project)
    OfferNote.write(world.things["offers"][0], "Note secretenote.", seen=0)
    ShortlistEntry.add(world.things["offers"][0])
    world.hide("note on an offer, shortlist", "secretenote", "Présélection (1)", seen_by={"owner"})
    world.hide("dossier", "secretopendossier", "fichieropen", seen_by=DOSSIER | {"moderator"})
    words = (
        "secreteoffredoffre",
        "secreterivaloffre",
        "secreteofferedoffre",
        "secreteofferedquestion",
        "secretereponse",
    )
    world.hide("offers and questions", *words, "4\u202f321", "5\u202f432", "4 321,09", "5 432,10", seen_by=DOSSIER)


def settle_followup(world: World) -> None:
    """One who looked reports the open call to moderation, one who may call says that the details are false."""
    project, people = world.projects["open"], world.people
    Flag.file(
        project, by=people["consulted"], reason=FlagReason.SPAM, text="Texte secretsignalement.", key=uuid.uuid4()
    )
    spending = Spending.objects.get(provider=people["contacted"], kind=Kind.CONTACT)
    said: dict[str, Any] = {"wrong": [Detail.PHONE], "text": "Texte secretreclamation.", "key": uuid.uuid4()}
    DetailsClaim.file(project, spending, **said)
    world.hide("report to moderation", "secretsignalement", seen_by={"consulted", *READS_USERS})
    world.hide("claim of false details", "secretreclamation", seen_by={"contacted", *READS_USERS})


def settle_exchange(world: World, project: Project) -> None:
    """Messages of the owner and of a bidder, a file of each kind, and an offer that is only begun."""
    people, documents = world.people, world.things["documents"]
    for role in ("owner", "rival"):
        text, sheet = f"Message secret{role}message.", intake.clean(pdf(f"fichiermessage{role}"), intake.PLAIN)
        message = DossierMessage.write(project, by=people[role], text=text, key=uuid.uuid4(), files=[sheet])
        (documents[f"message of {role}"],) = message.documents
    offer: Offer = world.things["offers"][0]
    papers = Papers([intake.clean(pdf("fichieroffre"), intake.PLAIN)])
    offer.revise(
        by=offer.provider, terms=OfferTerms(432_109, 30, offer.pitch, tranches=offer.typed_tranches), papers=papers
    )
    (documents["offer"],) = offer.documents
    project.spend(Kind.OFFER, by=people["suspended"])
    papers = Papers([intake.clean(pdf("fichierbrouillon"), intake.PLAIN)])
    draft = OfferDraft.keep(project, by=people["suspended"], typed={"pitch": "secretbrouillon"}, papers=papers)
    (documents["draft"],) = draft.documents
    world.hide("message told to the bidders", "secretownermessage", seen_by=DOSSIER | {"suspended"})
    world.hide("messages and their files", "secretrivalmessage", "fichiermessage", seen_by=DOSSIER)
    world.hide("file of an offer", "fichieroffre", seen_by=DOSSIER)
    world.hide("draft of an offer", "secretbrouillon", "fichierbrouillon", seen_by={"superuser", "suspended"})


def settle_draft(world: World) -> None:
    """A draft, and a project of somebody else's that the owner does not own."""
    publish(world, "draft")
    world.hide("draft", "Projet draft", "secretdraftdossier", "fichierdraft", seen_by={"owner", *READS_USERS})


def settle_rejected(world: World) -> None:
    """A call taken down after it was open: its client has written it anew, a bidder's credits are back."""
    project, people = publish(world, "rejected"), world.people
    bid(project, people["rival"], 321_098, "Offre secreterejeteeoffre")
    project.reject(by=people["moderator"], reason="Motif secretrejet.")
    title = Jotting(("title",), {"title": "Projet corrige"})
    project.jot(title)
    world.hide(
        "call taken down", "secretrejecteddossier", "fichierrejected", "Projet corrige", seen_by={"owner", *READS_USERS}
    )
    world.hide("reason of a rejection", "secretrejet", seen_by={"owner", *READS_USERS})
    world.hide("offer on a call taken down", "secreterejeteeoffre", seen_by={"rival", "superuser"})


def settle_agreement(world: World, stage: str) -> None:
    """The owner chose the winner, the rival lost; both accepted (agreed); the introduction is paid (active)."""
    project, people = publish(world, stage), world.people
    offer = bid(project, people["winner"], 200_000, f"Offre secrete{stage}gagnante")
    bid(project, people["rival"], 210_000, f"Offre secrete{stage}perdante")
    agreement = Selection(offer, reason=f"Motif secret{stage}motif").carry_out(by=people["owner"])
    world.agreements[stage] = agreement
    settle_thread(world, stage, agreement)
    if stage == "proposed":
        return
    for party in (people["owner"], people["winner"]):
        agreement.accept(agreement.version.number, by=party)
    payment = agreement.pay(by=people["owner"], key=uuid.uuid4())
    world.things.setdefault("payments", {})[stage] = payment
    if stage == "active":
        pay(payment)
    agreement.refresh_from_db()


def settle_thread(world: World, stage: str, agreement: Agreement) -> None:
    """The winner writes to the owner alone, with a file."""
    sheet = intake.clean(pdf(f"fichierfil{stage}"), intake.PLAIN)
    message = Thread(agreement).write(f"Mot secret{stage}fil.", by=agreement.provider, key=uuid.uuid4(), files=[sheet])
    (world.things["documents"][f"thread {stage}"],) = message.documents
    world.hide(f"thread {stage}", f"secret{stage}fil", f"fichierfil{stage}", seen_by={"owner", "winner", "superuser"})


def settle_work(world: World) -> None:
    """The first tranche of the active project is funded and delivered, with a file; the winner's IBAN is known."""
    owner, winner = world.people["owner"], world.people["winner"]
    account = EscrowAccount.objects.get(project=world.projects["active"])
    tranche = account.tranches.order_by("position")[0]
    pay(account.deposit(tranche.lacking_cents, by=owner, key=uuid.uuid4()))
    tranche.refresh_from_db()
    cleaned = intake.clean(pdf("fichierlivre"), intake.PLAIN)
    tranche.deliver("Livraison secretelivraison.", [cleaned], by=winner, key=uuid.uuid4())
    world.things["tranche"] = tranche
    settle_amendment(world)
    world.things["documents"]["delivery"] = Document.objects.get(purpose="escrow.delivery")
    BankAccount.change(user=winner, holder=winner.company.name, iban="BE68539007547034")
    settle_payout(world, account)
    words = "Retard secreteremboursement."
    world.things["refund_request"] = RefundRequest.ask(tranche, 100, reason=words, by=owner, key=uuid.uuid4())
    world.hide("refund request", "secreteremboursement", seen_by={"owner", "winner", "superuser"})
    world.hide("delivery", "secretelivraison", "fichierlivre", seen_by={"owner", "winner", "superuser"})
    # Only the file for the bank says it whole.
    world.hide("IBAN", "539007547034", "BE68 5390", seen_by={"finance", "superuser"})


def settle_amendment(world: World) -> None:
    """The owner proposes other terms for the active agreement."""
    agreement = world.agreements["active"]
    version = agreement.version
    terms, numbers = version.terms, [part.position for part in version.tranches.all()]
    changed = replace(terms, scope=f"{terms.scope} Ajout secreteavenant.", delay_days=terms.delay_days + 5)
    Amendment.propose(agreement, changed, numbers=numbers, by=world.people["owner"], instead_of=0)
    world.hide("amendment", "secreteavenant", seen_by={"owner", "winner", "superuser"})


def settle_payout(world: World, account: EscrowAccount) -> None:
    """The second tranche is released and invoiced; Finance approved, the administrator made the batch (four eyes)."""
    owner, winner, tranche = world.people["owner"], world.people["winner"], account.tranches.order_by("position")[1]
    pay(account.deposit(tranche.lacking_cents, by=owner, key=uuid.uuid4(), tranche=tranche))
    tranche.refresh_from_db()
    tranche.deliver("Deuxieme secretelivraison.", by=winner, key=uuid.uuid4())
    tranche.refresh_from_db()
    cents = tranche.held_cents
    account.release(tranche=tranche, cents=cents, by=owner, key=uuid.uuid4())
    bill = Bill("FACTsecrete1", timezone.localdate(), cents, 0)
    invoice = intake.clean(pdf("fichierfacture"), intake.PLAIN)
    request = PayoutRequest.ask(tranche, by=winner, bill=bill, invoice=invoice, key=uuid.uuid4())
    request.approve(by=world.people["finance"])
    PayoutBatch.make([request], by=world.people["superuser"])
    world.things["documents"]["invoice"] = Document.objects.get(purpose="payouts.invoice")
    world.hide("invoice", "FACTsecrete1", "fichierfacture", seen_by={"owner", "winner", "finance", "superuser"})


def settle_papers(world: World) -> None:
    """A signed link of the owner's, a search that the rival keeps, a copy of the newsletter."""
    owner = world.people["owner"]
    matching.write(newsletter.edition_of(newsletter.today()), [world.people["winner"].pk])
    search, _new = SavedSearch.keep(Asked("refonte"), name="secrete Recherche", by=world.people["rival"])
    world.things["search"] = search
    world.hide("saved search", "secrete Recherche", seen_by={"rival"})
    world.things["token"] = Unsubscription(owner.pk, NoticeKind.PROJECTS).url.rstrip("/").rpartition("/")[2]


def settle_profiles(world: World) -> None:
    """The winner's profile is for everybody, although its text names them; the rival's is not published."""
    winner, rival, written = world.people["winner"], world.people["rival"], Portrait("Sites", "Portrait", ["Django"])
    told = f"Moi, {winner.name} de {winner.company.name}, {winner.email}, {winner.phone}."
    world.things["profiles"] = {
        "published": Profile.write(replace(written, presentation=told), by=winner, published=True),
        "unpublished": Profile.write(replace(written, presentation="secretportrait"), by=rival, published=False),
    }
    world.hide("unpublished profile", "secretportrait", seen_by={"rival"})


def settle_end(world: World) -> None:
    """A base project of the owner and the winner, completed: surveys asked, one answered; the owner's review is in."""
    owner, winner = world.people["owner"], world.people["winner"]
    project = publish(world, "done")
    agreement = Selection(bid(project, winner, 200_000, "Offre secretedonegagnante")).carry_out(by=owner)
    version = agreement.version
    rows = [tranche.terms for tranche in version.tranches.all()]
    agreement.propose(
        Terms(version.scope, version.price_cents, 30, Formula.BASE, tranches=rows), by=owner, instead_of=1
    )
    for party in (owner, winner):
        agreement.accept(2, by=party)
    pay(agreement.pay(by=owner, key=uuid.uuid4()))
    Survey.objects.ask(project, 1)
    told = Tidings(Outcome.YES, Outcome.YES, Again.YES, "secretenquete")
    Survey.objects.get(person=owner).answer(told)
    Completion(project).carry_out(by=owner)
    world.things["review"] = Review.write(project, Opinion(5, 4, 5, "secretavis"), by=owner, key=uuid.uuid4())
    world.things["done"] = world.projects.pop("done")
    world.hide("review before the other is in", "secretavis", seen_by={"owner", *READS_USERS})
    world.hide("survey", "secretenquete", seen_by={"owner", *READS_USERS})


def settle_cases(world: World) -> None:
    """Two cases on a project of the owner's: one in mediation, one decided by somebody else, then before a court."""
    owner, winner = world.people["owner"], world.people["winner"]
    project = publish(world, "disputed")
    agreement = Selection(bid(project, winner, 200_000, "Offre secretelitige")).carry_out(by=owner)
    for party in (owner, winner):
        agreement.accept(agreement.version.number, by=party)
    pay(agreement.pay(by=owner, key=uuid.uuid4()))
    account = EscrowAccount.objects.get(project=world.projects.pop("disputed"))
    pay(account.deposit(sum(row.lacking_cents for row in account.tranches.all()), by=owner, key=uuid.uuid4()))
    first, second = account.tranches.order_by("position")
    world.things["cases"] = {"mediation": mediated(world, first), "decided": decided(world, second)}
    spoken = ("secretgrief", "secretereplique", "secretpartage", "fichierpiece", "secretsmotifs")
    world.hide("case", *spoken, seen_by={"owner", "winner", "mediator"})
    world.hide("proof of a court", "fichiertribunal", seen_by={"owner", "winner", "mediator", "othersma"})
    world.hide("originals of evidence", ".pdf.original", seen_by={"owner", "mediator"})  # the owner sent it
    world.hide("notes of the SMA", "secretsmanote", seen_by={"mediator"})


def mediated(world: World, tranche: Tranche) -> Dispute:
    """The owner complains with a piece of evidence, the winner answers and proposes; the mediator has a note."""
    owner, winner, mediator = (world.people[role] for role in ("owner", "winner", "mediator"))
    tranche.refresh_from_db()
    plea = Plea("Grief secretgrief.", tranche.held_cents, [Exhibit.of(pdf("fichierpiece"))])
    case = Dispute.open(tranche.account, [tranche], plea=plea, by=owner, key=uuid.uuid4())
    case.assign(mediator, by=mediator)
    case.answer("Reponse secretereplique.", by=winner, key=uuid.uuid4())
    shares = Shares(1, case.cents - 1)
    SplitProposal.propose(case, shares, reason="Partage secretpartage.", by=winner, key=uuid.uuid4())
    case.note("Note secretsmanote.", by=mediator)
    piece = case.evidence.get()
    world.things["documents"] |= {"evidence": piece.document, "original of evidence": piece.original}
    return case


def decided(world: World, tranche: Tranche) -> Dispute:
    """Somebody else of the SMA has decided; a court is seized since."""
    mediator = world.people["mediator"]
    case = mediated(world, tranche)
    end = Deadline.objects.about(case, "sma.mediate").waiting().get()
    end.fall(end.due_at + timedelta(seconds=1))
    case.refresh_from_db()
    arbitrator = person("arbitre@exemple.fr", "Arbitre", staff_of=SMA)
    case.appoint(arbitrator, by=None)
    reasons = "Motifs secretsmotifs, assez longs pour que les deux parties les comprennent."
    Decision.draft(case, Shares(case.cents, 0), reasons=reasons, by=arbitrator, key=uuid.uuid4())
    proof = intake.clean(pdf("fichiertribunal"), intake.PLAIN)
    world.things["documents"]["proof of a court"] = Seizure.record(case, proof, note="", by=mediator).document
    return case


def targets_of(world: World, name: str, path: str, parameters: Sequence[str]) -> list[Target]:
    """Every address on which the route `name` is tried; none when the world does not know its parameters."""
    if not parameters:
        return [Target(name, "", {})]
    if found := world.targets().get(name):
        return [Target(name, about, kwargs) for about, kwargs in found.items()]
    if name.startswith("admin:") and set(parameters) <= {"object_id", "pk", "deed"}:
        return [Target(name, about, kwargs) for about, kwargs in world.in_admin(name, parameters[0]).items()]
    for prefix, stages in world.prefixes().items():
        if path.startswith(prefix) and list(parameters) == ["key"]:
            return [Target(name, stage, kwargs) for stage, kwargs in stages.items()]
    return []
