"""My projects: a client's own calls, and those that a provider has opened, bid on or won, each with its next step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import OuterRef, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from credits.models import Kind
from marketplace.templatetags.page import euros_short, paris_short
from projects.models import Agreement, AgreementState, Offer, OfferState, Project, ProjectState, ProjectVersion
from projects.models.offers import stage_of
from projects.models.readers import UNSEEN, spent

if TYPE_CHECKING:
    from datetime import datetime

    from django.utils.functional import _StrPromise

    from marketplace.accounts.models import User
    from projects.models.readers import ProjectQuerySet

PAGE = 20
MAX_DIGITS = 18
PREPARED = (ProjectState.DRAFT, ProjectState.SUBMITTED, ProjectState.REJECTED)
UNDER_WAY = (ProjectState.AWARDED, ProjectState.ACTIVE)
OVER = (ProjectState.COMPLETED, ProjectState.WITHDRAWN, ProjectState.EXPIRED, ProjectState.CANCELLED)
STAGES: dict[str, tuple[str | _StrPromise, tuple[ProjectState, ...]]] = {
    "preparation": (gettext_lazy("In preparation"), PREPARED),
    "ouverts": (gettext_lazy("Open to offers"), (ProjectState.OPEN,)),
    "en-cours": (gettext_lazy("Awarded and under way"), UNDER_WAY),
    "termines": (gettext_lazy("Over"), OVER),
}
TONES = {
    "DRAFT": "",
    "SUBMITTED": "soon",
    "OPEN": "ink",
    "AWARDED": "soon",
    "ACTIVE": "go",
    "COMPLETED": "go",
    "REJECTED": "stop",
}


@dataclass(frozen=True)
class Shelf:
    """One list: its place in the address, its name, whose it is, and what to do when it is empty."""

    name: str
    label: str | _StrPromise
    rows: Callable[[User], ProjectQuerySet]
    empty: str | _StrPromise
    is_for: Callable[[User], bool]


SHELVES = (
    Shelf(
        "appels",
        gettext_lazy("My calls for offers"),
        lambda user: Project.objects.owned_by(user),
        gettext_lazy("Describe what you need: providers answer with a price and a delay."),
        lambda user: user.is_client,
    ),
    Shelf(
        "consultes",
        gettext_lazy("Dossiers opened"),
        lambda user: Project.objects.filter(spent(user, Kind.CONSULTATION)),
        gettext_lazy("Open the dossier of a project that suits you with a consultation credit."),
        lambda user: user.is_provider,
    ),
    Shelf(
        "offres",
        gettext_lazy("My offers"),
        lambda user: Project.objects.filter(offers__provider=user),
        gettext_lazy("Open a dossier, then place an offer: price, delay, and why you."),
        lambda user: user.is_provider,
    ),
    Shelf(
        "gagnes",
        gettext_lazy("Won"),
        lambda user: Project.objects.filter(winner=user),
        gettext_lazy("A project that you win will stand here, with its agreement and payments."),
        lambda user: user.is_provider,
    ),
)


class Step(NamedTuple):
    """What to do next: words, and the way there."""

    words: str
    label: str = ""
    url: str = ""
    by: datetime | None = None


class Row(NamedTuple):
    """One line of a list."""

    project: Project
    tone: str
    state: str
    detail: str
    step: Step
    url: str


class Desk:
    """The page of `user`: the shelves they have, the one they look at, and its rows from `before` on."""

    def __init__(self, user: User, *, shelf: str = "", stage: str = "", before: str = "") -> None:
        self.user = user
        self.shelves = [s for s in SHELVES if s.is_for(user)] or [SHELVES[0]]
        self.shelf = next((s for s in self.shelves if s.name == shelf), self.shelves[0])
        self.stage = stage if stage in STAGES else ""
        self.before = int(before) if before.isdecimal() and len(before) <= MAX_DIGITS else None

    @cached_property
    def _found(self) -> list[Project]:
        rows = self.shelf.rows(self.user)
        if self.stage:
            rows = rows.filter(state__in=STAGES[self.stage][1])
        if self.before is not None:
            rows = rows.filter(pk__lt=self.before)
        rows = rows.defer("description", "search", "teaser")
        return list(with_parts_of(rows, self.user).order_by("-pk")[: PAGE + 1])

    @property
    def rows(self) -> list[Row]:
        """The lines of this page: one query, whatever their number."""
        return [row(project, self.user) for project in self._found[:PAGE]]

    @property
    def older(self) -> str:
        """The address of the next page, or nothing."""
        return (
            f"{self.url(self.shelf.name, self.stage)}&avant={self._found[PAGE - 1].pk}"
            if len(self._found) > PAGE
            else ""
        )

    @property
    def newer(self) -> str:
        """The address of the first page, or nothing when it is this one."""
        return self.url(self.shelf.name, self.stage) if self.before is not None else ""

    @property
    def pages(self) -> list[tuple[str, str | _StrPromise, bool]]:
        """The shelves, as links."""
        return [(self.url(s.name), s.label, s == self.shelf) for s in self.shelves]

    @property
    def stages(self) -> list[tuple[str, str | _StrPromise, bool]]:
        """The stages, as links."""
        every = (self.url(self.shelf.name), _("All"), not self.stage)
        known = {n: w for n, (w, _states) in STAGES.items() if self.shelf.name == "appels" or n != "preparation"}
        return [every, *((self.url(self.shelf.name, name), words, name == self.stage) for name, words in known.items())]

    def url(self, shelf: str, stage: str = "") -> str:
        """The address of a shelf, at one stage or all of them."""
        return f"{reverse('projects:mine')}?vue={shelf}" + (f"&etape={stage}" if stage else "")


def with_parts_of(rows: ProjectQuerySet, user: User) -> ProjectQuerySet:
    """Each project with the state of its living agreement and with `user`'s own offer on it."""
    agreement = Agreement.objects.living().visible_to(user).filter(project=OuterRef("pk"))
    offer = Offer.objects.filter(project=OuterRef("pk"), provider=user)
    return rows.annotate(
        agreement_state=Subquery(agreement.values("state")[:1]),
        agreement_key=Subquery(agreement.values("key")[:1]),
        agreement_confirm_by=Subquery(agreement.values("confirm_by")[:1]),
        agreement_pay_by=Subquery(agreement.values("pay_by")[:1]),
        offer_state=Subquery(offer.values("state")[:1]),
        offer_cents=Subquery(offer.values("price_cents")[:1]),
        offer_read_at=Subquery(offer.values("read_at")[:1]),
        offer_lapsed_at=Subquery(offer.values("lapsed_at")[:1]),
        offer_declined_at=Subquery(offer.values("declined_at")[:1]),
        seen_title=ProjectVersion.objects.title_seen_of(OuterRef("pk")),
        consulted=spent(user, Kind.CONSULTATION),
    )


def row(project: Any, user: User) -> Row:
    """The line of `project` for `user`, its client or a provider."""
    is_own = project.client_id == user.pk
    if not is_own and project.state in UNSEEN:
        project.title = project.seen_title
    state = str(ProjectState(project.state).label).capitalize()
    detail, step = (
        (calls(project), client_step(project)) if is_own else (own_offer(project), provider_step(project, user))
    )
    return Row(project, TONES.get(project.state, ""), state, detail, step, page_of(project, user))


def page_of(project: Any, user: User) -> str:
    """The page of a project that answers `user`: the report of those concerned, else what everybody finds."""
    if project.client_id == user.pk:
        return reverse(f"projects:{'report' if project.opened_at else 'preview'}", args=[project.key])
    return reverse("projects:report", args=[project.key]) if has_report(project, user) else project.get_absolute_url()


def has_report(project: Any, user: User) -> bool:
    """Whether the report of somebody else's project answers `user`: as the queryset `report_open_to`."""
    return project.winner_id == user.pk or (project.consulted and project.state not in UNSEEN)


def calls(project: Any) -> str:
    """What a client's own project has received."""
    if not project.opened_at:
        return ""
    return ngettext("%(n)s offer received", "%(n)s offers received", project.offers_count) % {"n": project.offers_count}


def own_offer(project: Any) -> str:
    """A provider's own offer, in a line."""
    if project.offer_state is None:
        return _("No offer of yours")
    words = _("Your offer: %(price)s excl. VAT, %(state)s")
    stage = stage_of(OfferState(project.offer_state), project.offer_lapsed_at, project.offer_declined_at)
    return words % {"price": euros_short(project.offer_cents), "state": stage}


def client_step(project: Any) -> Step:
    """What the client does next."""
    address = {name: reverse(f"projects:{name}", args=[project.key]) for name in ("edit", "report", "compare")}
    match project.state:
        case ProjectState.DRAFT:
            return Step(_("Finish it, look at the preview and hand it in."), _("Go on editing"), address["edit"])
        case ProjectState.REJECTED:
            return Step(project.rejection_reason, _("Correct and hand in again"), address["edit"])
        case ProjectState.SUBMITTED:
            return Step(_("We check it and tell you."), _("See the report"), address["report"], project.moderate_by)
        case ProjectState.OPEN if project.offers_count:
            return Step(
                _("Read the offers and choose one."), _("Compare the offers"), address["compare"], project.select_by
            )
        case ProjectState.OPEN:
            return Step(_("Wait for the first offers."), _("See the report"), address["report"], project.closes_at)
        case ProjectState.AWARDED | ProjectState.ACTIVE:
            return agreement_step(project, as_client=True)
    return Step(_("Nothing more to do."), _("See the report"), address["report"])


def provider_step(project: Any, user: User) -> Step:
    """What a provider does next."""
    report = reverse("projects:report", args=[project.key])
    if project.winner_id == user.pk and project.state in UNDER_WAY:
        return agreement_step(project, as_client=False)
    if project.is_available:
        return bidder_step(project)
    if project.offer_state == OfferState.LOST:
        words = _("Another provider was chosen: read why, and what would have helped.")
        return Step(words, _("See the report"), report)
    if not has_report(project, user):
        return Step(
            _("Over: the credits that you spent on it come back."), _("See my credits"), reverse("credits:wallet")
        )
    return Step(_("Nothing more to do."), _("See the report"), report)


def bidder_step(project: Any) -> Step:
    """What a provider does next while the project takes offers, anew perhaps: a former bidder opens it again."""
    if not project.consulted:
        words = _("It takes offers again: open the dossier with a credit, then bid.")
        return Step(words, _("See the project"), project.get_absolute_url(), project.closes_at)
    if project.offer_state != OfferState.PLACED:
        words = _("Write, call, convince: place an offer.")
        return Step(words, _("Open the dossier"), project.get_absolute_url(), project.closes_at)
    words = _("Not read yet: call or ask.")
    if project.offer_read_at:
        words = _("Read by the client on %(date)s.") % {"date": paris_short(project.offer_read_at)}
    return Step(words, _("See or revise the offer"), reverse("projects:offer", args=[project.key]), project.closes_at)


def agreement_step(project: Any, *, as_client: bool) -> Step:
    """What a party does next on the agreement."""
    report = reverse("projects:report", args=[project.key])
    if not project.agreement_key:
        return Step(_("Nothing more to do."), _("See the report"), report)
    agreement = reverse("projects:agreement", args=[project.agreement_key])
    if project.agreement_state == AgreementState.PROPOSED:
        return Step(_("Confirm the terms together."), _("Open the agreement"), agreement, project.agreement_confirm_by)
    if project.agreement_state == AgreementState.AGREED:
        words = _("Pay the introduction.") if as_client else _("The client pays the introduction: do not start yet.")
        return Step(words, _("Open the agreement"), agreement, project.agreement_pay_by)
    return Step(_("Under way: the report says what comes next."), _("Open the report"), report)
