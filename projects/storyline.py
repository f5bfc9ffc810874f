"""The report of a project: its timeline in words, what is to be done, and the panels of the call and the agreement."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace.events.models import Event, Notice
from marketplace.templatetags.page import paris
from projects.alike import cards_alike
from projects.bundles import listed, with_rows
from projects.models import (
    Agreement,
    AgreementState,
    AgreementTranche,
    AgreementVersion,
    Amendment,
    Offer,
    OfferState,
    OfferTranche,
    Project,
    ProjectState,
)
from projects.report import Line, Page, Panel, Reading, Todo, line, page, panel, todo

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from marketplace.events.models import EventQuerySet
    from projects.models.readers import ProjectQuerySet

Words = Callable[["Event"], Line]


def until(iso: str) -> str:
    """A date to choose, in words."""
    return _("Until %(date)s.") % {"date": paris(datetime.fromisoformat(iso))}


def numbered(event: Event) -> dict[str, int]:
    """The number under which the public knows the version of an event; an older event has its first number only."""
    return {"version": event.facts.get("number", event.facts["version"])}


# What everybody concerned may read. Rivals are never named here: the client and each provider see their own page.
PUBLIC: dict[str, Words] = {
    "project.opened": lambda e: Line(_("Project published"), tone="go"),
    "project.changed": lambda e: Line(
        _("Project changed by the client: version %(version)s") % numbered(e), tone="soon"
    ),
    "project.extended": lambda e: Line(
        _("The client takes more time to choose"), until(e.facts["select_by"]), tone="soon"
    ),
    "project.expired": lambda e: Line(_("Project expired without a choice"), tone="stop"),
    "project.withdrawn": lambda e: Line(_("Project withdrawn by the client"), tone="stop"),
    "question.answered": lambda e: Line(_("Question answered by the client")),
    "agreement.active": lambda e: Line(_("Introduction paid: the agreement is active"), tone="go"),
    "project.completed": lambda e: Line(_("Project completed"), tone="go"),
    "project.reopened": lambda e: Line(_("Open again to offers"), until(e.facts["closes_at"]), tone="go"),
}
PARTIES: dict[str, Words] = {
    "agreement.proposed": lambda e: Line(_("Version %(number)s of the terms proposed") % e.facts),
    "agreement.accepted": lambda e: Line(_("Version %(number)s of the terms accepted") % e.facts),
    "agreement.agreed": lambda e: Line(
        _("Same terms accepted by both: version %(number)s is frozen") % e.facts, tone="go"
    ),
}
OWN: dict[str, Words] = {
    "offer.placed": lambda e: Line(_("Offer placed")),
    "offer.revised": lambda e: Line(_("Offer revised")),
    "offer.maintained": lambda e: Line(_("Offer kept as it is for version %(version)s of the project") % numbered(e)),
    "offer.withdrawn": lambda e: Line(_("Offer withdrawn")),
    "question.asked": lambda e: Line(_("Question asked")),
    "credit.spent.consultation": lambda e: Line(_("Dossier opened with a consultation credit")),
    "credit.spent.offer": lambda e: Line(_("Offer credit spent")),
    "credit.spent.contact": lambda e: Line(_("Client’s details opened with a direct contact credit")),
}
MESSAGE = "dossier.message"
HISTORY = (*PUBLIC, "project.awarded", MESSAGE)  # what the history of a dossier tells all its readers
LOSS = "project.awarded.lost"
CLIENT_SEES = frozenset(
    {*(f"offer.{deed}" for deed in ("placed", "revised", "maintained", "withdrawn")), "question.asked"}
    | {"credit.spent.contact", MESSAGE}
)


def history_of(reading: Reading) -> EventQuerySet:
    """The events of the dossier's history: the public steps, and the reader's own acts or what the client is told."""
    own = Q(verb__in=OWN, by=reading.user)
    told = Q(verb__in=CLIENT_SEES) if reading.as_client else Q()
    return Event.objects.of(reading.project).filter(Q(verb__in=HISTORY) | own | told)


def own_version(reading: Reading) -> AgreementVersion | None:
    """The terms in force of the living agreement, when the reader is one of its parties; no query before the award."""
    if reading.project.awarded_at is None or not (reading.as_client or reading.as_winner):
        return None
    agreements = Agreement.objects.visible_to(reading.user).living().filter(project=reading.project)
    latest = AgreementVersion.objects.standing().filter(agreement__in=agreements).values("pk")[:1]
    agreed, begun = "version__agreement", Amendment.objects.begun().filter(agreement=OuterRef("version__agreement"))
    joined = ("version__author", f"{agreed}__client__company", f"{agreed}__provider__company", f"{agreed}__project")
    frozen = AgreementVersion.objects.frozen().filter(agreement=OuterRef(agreed))
    since = {"number": "number", "amended_at": "amendment__in_force_at", "agreed_at": "agreement__agreed_at"}
    found = AgreementTranche.objects.filter(version=Subquery(latest))
    found = found.annotate(is_amending=Exists(begun), frozen=listed(frozen, **since))
    if not (rows := list(found.select_related(*joined))):
        return None
    version: AgreementVersion = with_rows(rows[0].version, "tranches", rows)
    for name in ("is_amending", "frozen"):
        vars(version)[name] = vars(rows[0])[name]
    return version


def own_agreements(reading: Reading) -> set[int]:
    """The agreements on the project, living or not, of which the reader is a party."""
    known: list[int] | None = vars(reading.project).get("agreement_pks")
    if known is not None:
        return set(known)
    rows = Agreement.objects.visible_to(reading.user).filter(project=reading.project)
    return set(rows.values_list("pk", flat=True))


def own_agreement(reading: Reading) -> Agreement | None:
    """The living agreement, when the reader is one of its parties."""
    version = reading.once(own_version)
    return version.agreement if version else None


def own_offer(reading: Reading) -> Offer | None:
    """A provider's own offer, withdrawn or not; once it is chosen, the agreement stands for it."""
    if reading.as_client or (reading.as_winner and reading.once(own_version)):
        return None
    mine = OfferTranche.objects.filter(offer__project=reading.project, offer__provider=reading.user)
    rows = list(mine.select_related("offer__project"))
    offer: Offer | None = with_rows(rows[0].offer, "tranches", rows) if rows else None
    return offer


def names_client(reading: Reading) -> bool:
    """Whether the reader may know who the client is."""
    if reading.as_client or (reading.as_winner and reading.project.activated_at):
        return True
    return annotated(reading, "names_client_to", Project.objects.contact_open_to)


def annotated(reading: Reading, name: str, rows: Callable[[User], ProjectQuerySet]) -> bool:
    """What the report's own query has found already (see projects.dossier), else asked of `rows`."""
    known: bool | None = vars(reading.project).get(name)
    return rows(reading.user).filter(pk=reading.project.pk).exists() if known is None else known


def opens_dossier(reading: Reading) -> bool:
    """Whether the reader may read the dossier: parties always, the others by their credit and for a time."""
    if reading.as_client or reading.as_winner:
        return True
    return annotated(reading, "is_open_to", Project.objects.dossier_open_to)


def signed(event: Event, reading: Reading, words: Line) -> Line:
    """`words` with whose act it was, as far as the reader may know."""
    if event.by is None:
        return words
    if event.by_id == reading.user.pk:
        return words._replace(who=_("You"))
    if event.by_id == reading.project.client_id:
        return words._replace(who=_("The client"))
    if reading.as_client and (event.verb in PARTIES or event.verb in CLIENT_SEES):
        return words._replace(who=event.by.public_name)
    return words


@line(*PUBLIC)
def public_line(event: Event, reading: Reading) -> Line | None:
    return signed(event, reading, PUBLIC[event.verb](event))


@line("project.submitted")
def submitted_line(event: Event, reading: Reading) -> Line | None:
    """What came before the publication is between the client and our moderation."""
    return signed(event, reading, Line(_("Project handed in for approval"))) if reading.as_client else None


@line("project.rejected")
def rejected_line(event: Event, reading: Reading) -> Line | None:
    """The reason is for the client alone; providers learn only of a call that they could have opened."""
    if reading.as_client:
        return Line(_("Project rejected"), event.facts["reason"], "stop")
    if not event.facts.get("was_open"):
        return None
    told = _("The offers ended and the credits came back.")
    return Line(_("Project taken from the list by our moderation"), told, "stop")


@line("project.awarded")
def awarded_line(event: Event, reading: Reading) -> Line | None:
    """Each side reads it from where they stand; nobody but the client is told who was chosen."""
    n, offer, agreement = event.facts["offers"], reading.once(own_offer), reading.once(own_agreement)
    own = offer.pk if offer else agreement and agreement.offer_id
    if reading.as_client:
        words = ngettext("You chose the only offer", "You chose one of %(n)s offers", n)
    elif own == event.facts["winner"]:
        words = ngettext("Your offer was chosen", "Your offer was chosen among %(n)s", n)
    elif own:
        words = ngettext("Another provider was chosen", "Another provider was chosen among %(n)s offers", n)
    else:
        words = ngettext("A provider was chosen", "A provider was chosen among %(n)s offers", n)
    return Line(words % {"n": n}, tone="go")


@line(*PARTIES)
def parties_line(event: Event, reading: Reading) -> Line | None:
    agreement = reading.once(own_agreement)
    concerned = agreement and agreement.pk == event.facts["agreement"]
    return signed(event, reading, PARTIES[event.verb](event)) if concerned else None


@line(*OWN)
def own_line(event: Event, reading: Reading) -> Line | None:
    """A provider sees their own acts; the client sees offers, questions and who holds their details."""
    if event.by_id == reading.user.pk or (reading.as_client and event.verb in CLIENT_SEES):
        return signed(event, reading, OWN[event.verb](event))
    return None


@line(MESSAGE)
def message_line(event: Event, reading: Reading) -> Line | None:
    """Told to all who read the dossier; only the client is told here which provider wrote."""
    return signed(event, reading, Line(_("Message to all who opened the dossier")))


@todo
def choose(reading: Reading) -> Todo | None:
    """The client chooses an offer; the others wait."""
    project = reading.project
    if project.state != ProjectState.OPEN or not project.select_by or project.select_by < timezone.now():
        return None
    if not reading.as_client:
        return Todo(_("The client: choose an offer"), by=project.select_by, mine=False)
    if not project.offers_count:
        return Todo(_("No offer yet"), _("Providers can bid until the closing date."), by=project.closes_at, mine=False)
    url = reverse("projects:compare", args=[project.key])
    told = _("The others will be told your reason.")
    return Todo(_("You: choose an offer"), told, _("Compare the offers"), url, project.select_by)


@todo
def bid(reading: Reading) -> Todo | None:
    """Who opened the dossier is reminded to bid while they can."""
    project = reading.project
    if reading.as_client or not project.is_available:
        return None
    offer = reading.once(own_offer)
    if offer and (offer.is_placed or offer.declined_at):
        return None
    advice = _("Projects do not fall from the sky: write, call, convince.")
    return Todo(_("You: place an offer"), advice, _("Open the dossier"), project.get_absolute_url(), project.closes_at)


@todo
def approve(reading: Reading) -> Todo | None:
    """A project handed in waits for our moderation."""
    if reading.project.state != ProjectState.SUBMITTED:
        return None
    told = _("You are told at once.")
    return Todo(_("Our moderation: approve the project"), told, by=reading.project.moderate_by, mine=False)


@todo
def correct(reading: Reading) -> Todo | None:
    """A draft, or a project that was rejected, is in its client's hands."""
    project = reading.project
    if not reading.as_client or not project.is_editable:
        return None
    url = reverse("projects:edit", args=[project.key])
    return Todo(_("You: finish the project and hand it in"), project.rejection_reason, _("Go on editing"), url)


@todo
def confirm_terms(reading: Reading) -> Todo | None:
    """Each party reads the latest version and accepts it."""
    version = reading.once(own_version)
    if not version or version.agreement.state != AgreementState.PROPOSED:
        return None
    url, by = version.agreement.get_absolute_url(), version.agreement.confirm_by
    if version.accepted_by(reading.user):
        waiting = _("The other party: confirm the terms")
        return Todo(waiting, "", _("See the agreement"), url, by, mine=False)
    return Todo(_("You: confirm the terms"), "", _("Read and confirm the terms"), url, by)


@todo
def pay_fees(reading: Reading) -> Todo | None:
    """The client pays the introduction, or the provider where the terms say so."""
    agreement = reading.once(own_agreement)
    if not agreement or agreement.state != AgreementState.AGREED:
        return None
    url, by = agreement.get_absolute_url(), agreement.pay_by
    if reading.user.pk == agreement.payer_id:
        return Todo(_("You: pay the introduction"), "", _("Pay the introduction"), url, by)
    if reading.as_client:
        return Todo(_("The provider: pay the introduction"), "", _("See the agreement"), url, by, mine=False)
    text = _("Do not start working before: you will be told at once.")
    return Todo(_("The client: pay the introduction"), text, _("See the agreement"), url, by, mine=False)


@panel(order=10)
def agreement_panel(reading: Reading) -> Panel | None:
    """The terms, and once active the details of both parties."""
    version = reading.once(own_version)
    if not version:
        return None
    context = {"agreement": version.agreement, "version": version, "names_client": reading.once(names_client)}
    return Panel("projects/report/agreement.html", context)


@panel(order=20)
def offer_panel(reading: Reading) -> Panel | None:
    """A provider's own offer, with when it was read."""
    offer = reading.once(own_offer)
    return Panel("projects/report/offer.html", {"offer": offer}) if offer else None


@panel(order=4)
def loss_panel(reading: Reading) -> Panel | None:
    """Why the reader's offer was not chosen, as their letter said it, and what is open now instead."""
    offer = reading.once(own_offer)
    if not offer or offer.state != OfferState.LOST:
        return None
    told = Notice.objects.filter(user=reading.user, name=LOSS, event__project_key=reading.project.key).last()
    cards = cards_alike(reading.project, reading.user)
    return Panel("projects/report/loss.html", {"offer": offer, "letter": told and told.letter, "cards": cards})


@panel(order=80)
def manage_panel(reading: Reading) -> Panel | None:
    """What the client may do with the call until it is active."""
    if not reading.as_client or not reading.project.is_withdrawable:
        return None
    return Panel("projects/report/manage.html", {})


@page(order=10)
def report_page(reading: Reading) -> Page | None:
    return reverse("projects:report", args=[reading.project.key]), _("Report"), "file"


@page(order=20)
def dossier_page(reading: Reading) -> Page | None:
    return (reading.project.get_absolute_url(), _("Dossier"), "eye") if reading.once(opens_dossier) else None


@page(order=30)
def offers_page(reading: Reading) -> Page | None:
    project = reading.project
    if not reading.as_client or not project.is_published:
        return None
    return reverse("projects:compare", args=[project.key]), _("Offers"), "scales"


@page(order=40)
def agreement_page(reading: Reading) -> Page | None:
    agreement = reading.once(own_agreement)
    return (agreement.get_absolute_url(), _("Agreement"), "pen") if agreement else None
