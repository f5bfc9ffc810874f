"""The report of a project: its timeline in words, what is to be done, and the panels of the call and the agreement."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from projects.models import Agreement, AgreementState, Offer, Project, ProjectState
from projects.report import Line, Page, Panel, Todo, line, page, panel, todo

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from marketplace.events.models import Event

Words = Callable[["Event"], Line]

# What everybody concerned may read. Rivals are never named here: the client and each provider see their own page.
PUBLIC: dict[str, Words] = {
    "project.submitted": lambda e: Line(_("Project handed in for approval")),
    "project.opened": lambda e: Line(_("Project published"), tone="go"),
    "project.rejected": lambda e: Line(_("Project rejected"), e.facts["reason"], "stop"),
    "project.withdrawn": lambda e: Line(_("Project withdrawn by the client"), tone="stop"),
    "project.awarded": lambda e: Line(_("A provider was chosen among %(offers)s offers") % e.facts, tone="go"),
    "agreement.active": lambda e: Line(_("Introduction paid: the agreement is active"), tone="go"),
    "project.completed": lambda e: Line(_("Project completed"), tone="go"),
}
PARTIES: dict[str, Words] = {
    "agreement.proposed": lambda e: Line(_("Version %(number)s of the terms proposed") % e.facts),
    "agreement.accepted": lambda e: Line(_("Version %(number)s of the terms accepted by one party") % e.facts),
    "agreement.agreed": lambda e: Line(
        _("Same terms accepted by both: version %(number)s is frozen") % e.facts, tone="go"
    ),
}
OWN: dict[str, Words] = {
    "offer.placed": lambda e: Line(_("Offer placed")),
    "offer.revised": lambda e: Line(_("Offer revised")),
    "offer.withdrawn": lambda e: Line(_("Offer withdrawn")),
    "question.asked": lambda e: Line(_("Question asked")),
    "credit.spent.consultation": lambda e: Line(_("Dossier opened with a consultation credit")),
    "credit.spent.offer": lambda e: Line(_("Offer credit spent")),
    "credit.spent.contact": lambda e: Line(_("Client’s details opened with a direct contact credit")),
}


@line(*PUBLIC)
def public_line(event: Event, user: User) -> Line | None:
    return PUBLIC[event.verb](event)


@line(*PARTIES)
def parties_line(event: Event, user: User) -> Line | None:
    concerned = Agreement.objects.visible_to(user).filter(pk=event.facts["agreement"])
    return PARTIES[event.verb](event) if concerned.exists() else None


@line(*OWN)
def own_line(event: Event, user: User) -> Line | None:
    """A provider sees their own acts; the client sees offers, questions and who holds their details."""
    if event.by_id == user.pk:
        return OWN[event.verb](event)
    owned = event.verb in CLIENT_SEES and Project.objects.owned_by(user).filter(key=event.project_key).exists()
    return OWN[event.verb](event) if owned else None


CLIENT_SEES = frozenset({"offer.placed", "offer.revised", "offer.withdrawn", "question.asked", "credit.spent.contact"})


@line("question.answered")
def answered_line(event: Event, user: User) -> Line | None:
    return Line(_("Question answered by the client"))


@todo
def choose(project: Project, user: User) -> Todo | None:
    """The client chooses an offer; the others wait."""
    if project.state != ProjectState.OPEN:
        return None
    if project.client_id != user.pk:
        return Todo(_("The client: choose an offer"), by=project.select_by, mine=False)
    url = reverse("projects:compare", args=[project.key])
    if not project.offers_count:
        return Todo(_("No offer yet"), _("Providers can bid until the closing date."), by=project.closes_at, mine=False)
    return Todo(
        _("You: choose an offer"),
        _("The others will be told your reason."),
        _("Compare the offers"),
        url,
        project.select_by,
    )


@todo
def approve(project: Project, user: User) -> Todo | None:
    """A project handed in waits for our moderation."""
    if project.state != ProjectState.SUBMITTED:
        return None
    return Todo(_("Our moderation: approve the project"), _("Within one working day."), mine=False)


@todo
def correct(project: Project, user: User) -> Todo | None:
    """A draft or a rejected project is in its client's hands."""
    if project.client_id != user.pk or project.state not in {ProjectState.DRAFT, ProjectState.REJECTED}:
        return None
    url = reverse("projects:edit", args=[project.key])
    return Todo(_("You: finish the project and hand it in"), project.rejection_reason, _("Go on editing"), url)


@todo
def confirm_terms(project: Project, user: User) -> Todo | None:
    """Each party reads the latest version and accepts it."""
    agreement = own_agreement(project, user)
    if not agreement or agreement.state != AgreementState.PROPOSED:
        return None
    url, mine = agreement.get_absolute_url(), not agreement.version.accepted_by(user)
    if mine:
        return Todo(_("You: confirm the terms"), "", _("Read and confirm the terms"), url, agreement.confirm_by)
    return Todo(
        _("The other party: confirm the terms"), "", _("See the agreement"), url, agreement.confirm_by, mine=False
    )


@todo
def pay_fees(project: Project, user: User) -> Todo | None:
    """The client pays the introduction."""
    agreement = own_agreement(project, user)
    if not agreement or agreement.state != AgreementState.AGREED:
        return None
    url = agreement.get_absolute_url()
    if agreement.client_id == user.pk:
        return Todo(_("You: pay the introduction"), "", _("Pay the introduction"), url, agreement.pay_by)
    text = _("Do not start working before: you will be told at once.")
    return Todo(_("The client: pay the introduction"), text, _("See the agreement"), url, agreement.pay_by, mine=False)


def own_agreement(project: Project, user: User) -> Agreement | None:
    """The living agreement of `project` when `user` is one of its parties."""
    return Agreement.objects.visible_to(user).living().filter(project=project).select_related("project").first()


@panel(order=10)
def agreement_panel(project: Project, user: User) -> Panel | None:
    """The terms, and once active the details of the other party."""
    rows = Agreement.objects.visible_to(user).living().select_related("client__company", "provider__company", "project")
    agreement = rows.filter(project=project).first()
    if not agreement:
        return None
    context = {"agreement": agreement, "version": agreement.version, "other": agreement.other_party(user)}
    return Panel("projects/report/agreement.html", context)


@panel(order=20)
def offer_panel(project: Project, user: User) -> Panel | None:
    """A provider's own offer, with when it was read and why it was not chosen."""
    offer = Offer.objects.filter(project=project, provider=user).prefetch_related("tranches").first()
    return Panel("projects/report/offer.html", {"offer": offer}) if offer else None


@panel(order=90)
def documents_panel(project: Project, user: User) -> Panel | None:
    """The specification, for who may read the dossier."""
    if not Project.objects.dossier_open_to(user).filter(pk=project.pk).exists():
        return None
    files = project.specification_files.select_related("document")
    return Panel("projects/report/documents.html", {"files": files})


@page(order=10)
def report_page(project: Project, user: User) -> Page | None:
    return reverse("projects:report", args=[project.key]), _("Report"), "file"


@page(order=20)
def dossier_page(project: Project, user: User) -> Page | None:
    return project.get_absolute_url(), _("Dossier"), "eye"


@page(order=30)
def offers_page(project: Project, user: User) -> Page | None:
    if project.client_id != user.pk or not project.opened_at:
        return None
    return reverse("projects:compare", args=[project.key]), _("Offers"), "scales"


@page(order=40)
def agreement_page(project: Project, user: User) -> Page | None:
    agreement = own_agreement(project, user)
    return (agreement.get_absolute_url(), _("Agreement"), "pen") if agreement else None
