from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from marketplace.admin_site import AdminDeed, ReadOnlyAdmin, Waiting, waits
from marketplace.templatetags.page import euros, paris_short
from mediation.asked_admin import CaseRequestAdmin
from mediation.bench_deeds import ASSIGN, DEEDS, READ
from mediation.bench_forms import CarryOutForm, DecideForm, LiftForm, RulingForm, to_read
from mediation.casefile import CaseFile, Ruling, decides_in
from mediation.desk import delays, on_desk_of, workload
from mediation.models import Decision, Dispute, DisputeState, Evidence, Seizure
from mediation.models.bench import is_member
from mediation.outcomes import outcomes
from mediation.states import MEDIATED
from mediation.turns import Turn
from mediation.words import numbered

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet

    from marketplace.accounts.models import User
    from marketplace.forms import Deed
    from mediation.models.cases import DisputeQuerySet

    Filter = admin.SimpleListFilter
else:
    Filter = admin.SimpleListFilter

__all__ = ["CaseRequestAdmin"]  # registered where it is written
MINE, UNNAMED, UNDECIDED, UNAPPROVED = "mine", "unnamed", "no-arbitrator", "no-approver"
TO_PUBLISH, OVER, ALL = "to-publish", "over", "all"
COURT = "court"


def staff(request: HttpRequest) -> User:
    """Who is at work in the administration."""
    return cast("User", request.user)


class Stage(Filter):
    """The living cases first; the others on demand."""

    title = _("stage")
    parameter_name = "stage"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [
            ("", _now("Under way")),
            (MINE, _now("Those in which I sit")),
            (UNNAMED, _now("Without a mediator")),
            (UNDECIDED, _now("Without an arbitrator")),
            (UNAPPROVED, _now("Decision that nobody approves")),
            (COURT, _now("What comes from a court, to examine or to execute")),
            (TO_PUBLISH, _now("Decisions to publish")),
            (OVER, _now("Over")),
            (ALL, _now("All")),
        ]

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, object]]:  # type: ignore[override]
        for value, label in self.lookup_choices:
            query = changelist.get_query_string({self.parameter_name: value} if value else {}, [self.parameter_name])
            yield {"selected": (self.value() or "") == value, "query_string": query, "display": label}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        rows = cast("DisputeQuerySet", queryset)
        issued = Decision.objects.issued().filter(dispute=OuterRef("pk"), publication=None)
        stages = {
            MINE: lambda: rows.seated_by(staff(request)),
            UNNAMED: lambda: rows.filter(unnamed()),
            UNDECIDED: lambda: rows.filter(undecided()),
            UNAPPROVED: lambda: rows.filter(unapproved()),
            COURT: lambda: rows.filter(from_court()),
            TO_PUBLISH: lambda: rows.filter(Exists(issued), state=DisputeState.EXECUTED),
            OVER: lambda: rows.exclude(ended_at=None),
            ALL: rows.all,
        }
        return cast("QuerySet[Model]", stages.get(self.value() or "", rows.living)())


def agreement(turn: Turn) -> str:
    """What a mediation waits for: first the mediator, whom the next date replaces unless they have begun."""
    if turn.is_begun:
        return answers(turn)
    facts = {"one": _now("the mediator’s first message or proposal"), "other": answers(turn)}
    return _now("%(one)s; %(other)s") % facts


def answers(turn: Turn) -> str:
    """What is expected of the two sides of a mediation."""
    client, provider = (turn.unanswered(side) for side in turn.sides)
    if client and client == provider:
        both = ngettext("both sides’ answers to proposal %(n)s", "both sides’ answers to proposals %(n)s", len(client))
        return both % {"n": numbered(client)}
    one = ngettext("the client’s answer to proposal %(n)s", "the client’s answer to proposals %(n)s", len(client))
    other = ngettext(
        "the provider’s answer to proposal %(n)s", "the provider’s answer to proposals %(n)s", len(provider)
    )
    told = [words % {"n": numbered(which)} for words, which in ((one, client), (other, provider)) if which]
    pair = _now("%(one)s and %(other)s") % {"one": told[0], "other": told[-1]} if told[1:] else "".join(told)
    return pair or _now("an agreement of both sides")


def decision(turn: Turn) -> str:
    """What an arbitration waits for: somebody to decide, their decision, somebody to approve it, their approval."""
    case = turn.dispute
    if turn.is_drafted:
        return _now("the decision’s approval") if case.approver else _now("somebody to approve the decision")
    if case.arbitrator and case.heard_until and timezone.now() <= case.heard_until:
        return _now("the arbitrator’s decision, not before %(at)s") % {"at": paris_short(case.heard_until)}
    return _now("the arbitrator’s decision") if case.arbitrator else _now("an arbitrator")


def execution(turn: Turn) -> str:
    """What a decision waits for: the court, the SMA, or its date."""
    told = _now("the ruling of the court") if turn.is_seized else _now("its execution")
    told = _now("the execution of the court’s ruling") if turn.is_noted else told
    proof = _now("what was sent since the decision, to be examined") if turn.has_proof else ""
    return _now("%(one)s; %(other)s") % {"one": proof, "other": told} if proof else told


def unnamed() -> Q:
    """The cases that wait for a mediator."""
    return Q(mediator=None, straight=False, state__in=MEDIATED)


def from_court() -> Q:
    """The decided cases in which somebody of the SMA has a proof to examine, or a ruling to execute."""
    proof = Exists(Evidence.objects.to_examine().filter(dispute=OuterRef("pk")))
    noted = Exists(Seizure.objects.noted().filter(dispute=OuterRef("pk")))
    return Q(proof | noted, state=DisputeState.DECIDED)


def undecided() -> Q:
    """The cases that wait for an arbitrator."""
    return Q(arbitrator=None, state=DisputeState.ARBITRATION)


def unapproved() -> Q:
    """The cases whose decision is written and waits for somebody to approve it."""
    return Q(drafted(), approver=None, state=DisputeState.ARBITRATION)


def drafted() -> Exists:
    """Whether a decision of the case waits for its approval."""
    return Exists(Decision.objects.drafted().filter(dispute=OuterRef("pk")))


@admin.register(Dispute)
class DisputeAdmin(ReadOnlyAdmin):
    """The cases, the nearest date first. Only who sits in a case reads it; others find what naming somebody takes."""

    list_display = ["case_number", "state", "amount", "next_step", "awaits", "mediator", "arbitrator"]
    list_filter = [Stage, "state"]
    show_full_result_count = False
    fields = readonly_fields = (
        *("case_number", "state", "amount", "category", "opened_at", "next_step", "awaits"),
        *("mediator", "arbitrator", "approver"),
    )
    deed_facts = ["case_number", "state", "amount", "next_step", "mediator", "arbitrator"]
    deeds = DEEDS
    change_form_template = "admin/case.html"
    change_list_template = "admin/cases.html"

    def get_queryset(self, request: HttpRequest) -> DisputeQuerySet:
        return on_desk_of(staff(request))

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        return ("next_due", "-pk")

    @admin.display(description=_("case"), ordering="opened_at")
    def case_number(self, case: Dispute) -> str:
        return case.number

    @admin.display(description=_("frozen"), ordering="frozen_cents")
    def amount(self, case: Dispute) -> str:
        return euros(case.__dict__["frozen_cents"])

    @admin.display(description=_("category"))
    def category(self, case: Dispute) -> str:
        return str(case.project.category)

    @admin.display(description=_("next date"), ordering="next_due", empty_value="–")
    def next_step(self, case: Dispute) -> str:
        due = case.__dict__["next_due"] if case.is_living else None
        late = case.state == DisputeState.ARBITRATION and case.decide_by and case.decide_by < timezone.now()
        return _now("%(date)s, late") % {"date": paris_short(due)} if late else paris_short(due)

    @admin.display(description=_("waits for"), empty_value="–")
    def awaits(self, case: Dispute) -> str:
        """Whose step it is: the two sides are not named here."""
        turn, state = Turn.of(case), DisputeState(case.state)
        if state in MEDIATED and not (case.mediator or case.straight):
            return _now("a mediator")
        waited = {
            DisputeState.OPENED: _now("the answer of the other side"),
            DisputeState.MEDIATION: agreement(turn),
            DisputeState.ARBITRATION: decision(turn),
            DisputeState.DECIDED: execution(turn),
        }
        return waited.get(state, "")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        case = context.get("original")
        if case and case.is_seated(staff(request)):
            context["file"] = CaseFile(case, staff(request))
        elif case and is_member(staff(request)):
            context["ruling"] = case.seizures.noted().first()
        return super().render_change_form(request, context, *args, **kwargs)

    def do(self, request: HttpRequest, row: Model, deed: AdminDeed) -> HttpResponse:
        """Perform a deed; a decision is shown once as both sides will read it, and only then issued."""
        form = deed.filled(request, row)
        if "correct" in request.POST:
            return self.draw(request, row, deed, form)
        may = deed.permits(request.user, row)
        if may and isinstance(form, DecideForm) and form.is_valid() and not form.cleaned_data["seen"]:
            return self.preview(form, self.draw(request, row, deed, form))
        return super().do(request, row, deed)

    def preview(self, form: DecideForm, page: TemplateResponse) -> TemplateResponse:
        """The decision before it is issued."""
        page.template_name = "admin/decision_preview.html"
        needs_approval = form.dispute.cents > settings.SMA_APPROVAL_CENTS
        cast("dict[str, Any]", page.context_data).update(needs_approval=needs_approval)
        return page

    def draw(self, request: HttpRequest, row: Model, deed: AdminDeed, form: Deed) -> TemplateResponse:
        """The page of a deed, with the draft for who is to approve it."""
        response = super().draw(request, row, deed, form)
        case = cast("Dispute", row)
        draft = case.draft if decides_in(case, staff(request)) else None
        seizure = case.seizures.standing().first() if deed.form in {CarryOutForm, LiftForm, RulingForm} else None
        ruling = seizure if seizure and seizure.noted else None
        decision = case.decision if isinstance(form, CarryOutForm | LiftForm | RulingForm) else None
        returned = form.returned if isinstance(form, DecideForm) else None
        papers = {"draft": draft and Ruling.of(draft), "returned": returned and Ruling.of(returned)}
        facts: dict[str, Any] = {"case": case, "ruling": ruling, "decision": decision, "lifts": deed.form is LiftForm}
        facts["seizure"] = seizure
        facts["unread"] = to_read(case.evidence.to_examine()) if deed.form in {CarryOutForm, LiftForm} else ""
        facts["becomes"] = outcomes(ruling.split) if ruling and ruling.split else []
        cast("dict[str, Any]", response.context_data).update(papers | facts)
        return response

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"title": _now("Cases of the SMA"), **(extra_context or {})})

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_safe(self.workload_view))
        return [path("workload/", view, name="mediation_dispute_workload"), *super().get_urls()]

    def workload_view(self, request: HttpRequest) -> HttpResponse:
        """Who has how much to do, and how long cases take."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        page = self.admin_site.each_context(request) | {
            "title": _now("Workload and delays"),
            "opts": self.opts,
            "loads": workload(),
            "delays": delays(),
        }
        return TemplateResponse(request, "admin/workload.html", page)


EMPTY_SEATS: dict[str, Callable[[int], str]] = {
    UNNAMED: lambda n: ngettext("%(n)s case without a mediator", "%(n)s cases without a mediator", n),
    UNDECIDED: lambda n: ngettext("%(n)s case without an arbitrator", "%(n)s cases without an arbitrator", n),
    UNAPPROVED: lambda n: ngettext("%(n)s decision that nobody approves", "%(n)s decisions that nobody approves", n),
}


@waits
def naming(user: User) -> Iterator[Waiting]:
    """The cases in which a seat is free, for who may name somebody."""
    found = on_desk_of(user).filter(unnamed() | undecided() | unapproved()) if user.has_perm(READ) else []
    rows: dict[str, list[Dispute]] = {UNNAMED: [], UNDECIDED: [], UNAPPROVED: []}
    for case in found:
        seat = UNAPPROVED if case.arbitrator_id else UNDECIDED
        rows[UNNAMED if case.state in MEDIATED else seat].append(case)
    for stage, cases in rows.items():
        yield from waiting(cases, EMPTY_SEATS[stage](len(cases)), stage)


@waits
def courts(user: User) -> Iterator[Waiting]:
    """What a court wrote, for who may note it: a proof to examine, a ruling to execute."""
    rows = list(on_desk_of(user).filter(from_court())) if user.has_perm(ASSIGN) else []
    words = ngettext(
        "%(n)s case with a paper of a court to examine or to execute",
        "%(n)s cases with a paper of a court to examine or to execute",
        len(rows),
    )
    yield from waiting(rows, words, COURT)


@waits
def sitting(user: User) -> Iterator[Waiting]:
    """The cases in which it is for `user` to act: mediation under way, a decision to write or to approve."""
    if not user.has_perm(READ):
        return
    mine = [case for case in on_desk_of(user).seated_by(user).living() if acts_in(case, user)]
    words = ngettext("%(n)s case waits for you", "%(n)s cases wait for you", len(mine))
    yield from waiting(mine, words, MINE)


def acts_in(case: Dispute, user: User) -> bool:
    """Whether `user` has something to do in a case: mediate, decide or approve."""
    if case.state in {DisputeState.OPENED, DisputeState.MEDIATION}:
        return case.mediator_id == user.pk
    return user.pk in Turn.of(case).awaited


def waiting(rows: list[Dispute], words: str, stage: str) -> Iterator[Waiting]:
    """These cases, if any, with the nearest date."""
    if rows:
        dates = [case.__dict__["next_due"] for case in rows if case.__dict__["next_due"]]
        address = f"{reverse('admin:mediation_dispute_changelist')}?stage={stage}"
        since = min(case.opened_at for case in rows)
        yield Waiting(capfirst(words) % {"n": len(rows)}, address, since=since, before=min(dates, default=None))
