"""What other apps' events cause here, and what the account adds to their pages."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BigIntegerField, Exists, OuterRef
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from escrow import amendments, lapses, letters, refunding, steps
from escrow.figures import Figures, Known, sum_of, with_figures
from escrow.models import (
    CancellationNotice,
    CaseRequest,
    Cause,
    ChangeFile,
    ChangeRequest,
    Delivery,
    DeliveryFile,
    EscrowAccount,
    FreezePart,
    NoticeState,
    Obstacle,
    Tranche,
)
from escrow.models.cancellations import CANCEL
from escrow.models.clock import ASK, IDLE, OVERDUE, keep_moving
from escrow.states import TrancheState
from marketplace.documents.readers import reads
from marketplace.events.reactions import on
from marketplace.ledger import posting as ledger
from marketplace.payments.models import Payment
from marketplace.payments.purposes import Purpose, purpose
from marketplace.templatetags.page import euros, paris
from projects.bundles import Filed, files_of, listed
from projects.dates import Coming, Words, coming, dated
from projects.filings import Folder, filing
from projects.models import Agreement, Formula
from projects.report import Line, Page, Panel, Reading, Todo, line, page, panel, todo
from projects.storyline import own_version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from django.db.models import Model

    from marketplace.accounts.models import User
    from marketplace.documents.models import Document
    from marketplace.events.models import Event
    from projects.models import Deadline

PAYOUTS = ("asked", "refused", "sent", "paid", "returned")  # what moves released money
TO_DELIVER = (TrancheState.PLANNED, TrancheState.FUNDED)
BUNDLES: dict[str, Callable[[], ArraySubquery]] = {}
__all__ = ["amendments", "lapses", "letters", "refunding"]  # imported for what it registers


@on("agreement.active")
def open_account(event: Event) -> None:
    """An R0 project gets its internal account with the activation; the base formula has none."""
    if event.facts["formula"] == Formula.R0:
        rows = Agreement.objects.select_related("project")
        EscrowAccount.open(rows.get(pk=event.facts["agreement"]))


@on(*(f"payout.{act}" for act in PAYOUTS))
def keep_account_moving(event: Event) -> None:
    """A payment asked for, refused, sent or returned is a movement too: money held may rest so long from now."""
    keep_moving(EscrowAccount.objects.select_related("project").get(project__key=event.project_key))


@purpose("escrow.deposit")
class DepositPurpose(Purpose):
    """A deposit into the account that the payment's reference names, with the tranche that was chosen."""

    tells_itself = True

    words = gettext_lazy("deposit")

    def rows(self, payment: Payment) -> list[Model]:
        """Project, account, and every tranche that may be filled."""
        account = account_of(payment)
        return [account.project, account, *account.tranches.order_by("pk")]

    def place(self, payment: Payment) -> list[ledger.Move] | None:
        """Held, as far as it is still lacking; else it goes back."""
        return account_of(payment).receive(payment)

    def still_wanted(self, payment: Payment) -> bool:
        """As long as the tranches take it all."""
        return account_of(payment).parts_of(payment) is not None

    def back(self, payment: Payment) -> str:
        """The payments page."""
        return account_of(payment).get_absolute_url()


def account_of(payment: Payment) -> EscrowAccount:
    """The account that a deposit is for."""
    account, _colon, _tranche = payment.reference.partition(":")
    return EscrowAccount.objects.select_related("project").get(pk=account)


@reads("escrow.delivery", suspended=True)
def delivery_is_read_by(user: User, document: Document) -> bool:
    """The files of a delivery: both parties, nobody else."""
    return Delivery.objects.visible_to(user).filter(files__document=document).exists()


@reads("escrow.changes", suspended=True)
def changes_are_read_by(user: User, document: Document) -> bool:
    """The files of a request for changes: both parties, nobody else."""
    return ChangeRequest.objects.visible_to(user).filter(files__document=document).exists()


def tranches(reading: Reading) -> list[Tranche]:
    """The tranches of the account that concerns the reader, in order; no query but for the parties of an active one."""
    if reading.project.activated_at is None or not (reading.as_client or reading.as_winner):
        return []
    account = (
        "account__project",
        "account__agreement__provider",
        "account__held",
        "account__payable",
        "account__claimed",
    )
    delivered = files_of(DeliveryFile.objects.filter(delivery__tranche=OuterRef("pk")))
    back = files_of(ChangeFile.objects.filter(request__delivery__tranche=OuterRef("pk")))
    rows = Tranche.objects.visible_to(reading.user).filter(account__project=reading.project).order_by("position")
    rows = rows.annotate(delivered=delivered, sent_back=back, refunds_asked=refunding.living())
    bundles = {name: make() for name, make in BUNDLES.items()}
    given = listed(CancellationNotice.objects.filter(tranche=OuterRef("pk")), pk="pk", state="state")
    rows = rows.annotate(given=given, **awaited(reading.project.key), taken_up=taken_up(), **bundles)
    return list(with_figures(rows.told(), reading.project).select_related(*account))


def bundled(name: str) -> Callable[[Callable[[], ArraySubquery]], Callable[[], ArraySubquery]]:
    """Register rows of another app that come with the tranches of a report, in the same query; each is its OuterRef."""

    def register(make: Callable[[], ArraySubquery]) -> Callable[[], ArraySubquery]:
        BUNDLES[name] = make
        return make

    return register


def taken_up() -> ArraySubquery:
    """The cases asked for of a tranche that were opened: a freeze closed them."""
    frozen = FreezePart.objects.filter(
        tranche=OuterRef("tranche"), freeze__opened_at__gte=OuterRef("at"), freeze__opened_at__lte=OuterRef("closed_at")
    )
    return ArraySubquery(CaseRequest.objects.filter(Exists(frozen), tranche=OuterRef("pk")).values("pk"))


def awaited(project_key: str) -> dict[str, Coalesce]:
    """What bank transfers are to bring to a project's account, and what of it has not arrived, for its tranches."""
    rows = Payment.objects.awaited().filter(purpose="escrow.deposit", project_key=project_key)
    left = rows.annotate(left=Cast(KeyTextTransform("left_cents", "instructions"), BigIntegerField()))
    return {"awaited_cents": sum_of(rows, "project_key"), "left_cents": sum_of(left, "project_key", "left")}


def seen(reading: Reading) -> EscrowAccount | None:
    """The account of the project if it has one that concerns its reader: it has a tranche at least."""
    return next((tranche.account for tranche in reading.once(tranches)), None)


def releases_on_silence(reading: Reading) -> bool:
    """Whether the terms in force say that the client's silence releases what was delivered."""
    version = reading.once(own_version)
    return version is not None and version.release_on_silence


def is_in_base(reading: Reading) -> bool:
    """Whether an avenant has brought the project back to the base formula: what it closed is no longer to be read."""
    version = reading.once(own_version)
    return version is not None and version.formula == Formula.BASE


@filing
def of_the_deliveries(reading: Reading) -> Folder | None:
    """What the provider delivered, and what the client wanted changed, tranche by tranche."""
    rows = [vars(tranche) for tranche in reading.once(tranches)]
    found = [Filed.of(file) for row in rows for file in [*row["delivered"], *row["sent_back"]]]
    return Folder(_("Deliveries"), found)


@panel(order=5)
def payments_panel(reading: Reading) -> Panel | None:
    """The report's way to the payments page, with the bar and the lights."""
    if not (account := reading.once(seen)):
        return None
    rows = reading.once(tranches)
    figures = Figures.of(account, rows, known=Known.with_tranche(rows[0]))
    in_base = reading.once(is_in_base)
    shown = [tranche for tranche in rows if not (in_base and tranche.state == TrancheState.CANCELLED)]
    context = {"account": account, "figures": figures, "tranches": shown, "in_base": in_base}
    return Panel("escrow/panel.html", {**context, "is_client": reading.as_client})


@page(order=50)
def payments_page(reading: Reading) -> Page | None:
    """The way to the payments page from every page of an R0 project, also after its end."""
    account = reading.once(seen)
    return (account.get_absolute_url(), _("Payments page"), "bank") if account else None


@todo
def ask_acceptance(reading: Reading) -> Todo | None:
    """What was delivered waits for the client."""
    return steps.acceptance(
        reading.project.key, reading.once(tranches), as_client=reading.as_client, silence=releases_on_silence(reading)
    )


@todo
def ask_nothing(reading: Reading) -> Todo | None:
    """What the SMA was asked waits for the SMA."""
    return steps.with_the_sma(reading.once(tranches))


@todo
def ask_about_lateness(reading: Reading) -> Todo | None:
    """Late work lets the client ask the money back."""
    return steps.lateness(reading.project.key, reading.once(tranches), as_client=reading.as_client)


@todo
def ask_work(reading: Reading) -> Todo | None:
    """What is deposited waits for the provider's work."""
    return steps.work(reading.project.key, reading.once(tranches), as_client=reading.as_client)


@todo
def ask_funding(reading: Reading) -> Todo | None:
    """What is lacking waits for the client's deposit."""
    return steps.funding(reading.project.key, reading.once(tranches), as_client=reading.as_client)


@todo
def ask_refund(reading: Reading) -> Todo | None:
    """A refund that was asked for waits for the provider's answer."""
    found = refunding.of_the_tranches(reading.once(tranches))
    return steps.refund(reading.project.key, found, as_client=reading.as_client)


@coming
def of_the_tranches(reading: Reading) -> Iterator[Coming]:
    """When each tranche is to be delivered, and until when what was delivered is examined."""
    for tranche in reading.once(tranches):
        named = {"n": tranche.position}
        if steps.in_case(tranche):
            continue
        if tranche.awaits_acceptance and tranche.accept_by:
            words = Words(_("Last day to examine tranche %(n)s") % named, tranche.title)
            yield Coming(f"acceptance-{tranche.position}", tranche.accept_by, words)
        elif tranche.due_on and tranche.state in TO_DELIVER:
            words = Words(_("Delivery of tranche %(n)s") % named, tranche.title)
            yield Coming(f"tranche-{tranche.position}", tranche.due_on, words)


@dated(CANCEL)
def notice_words(deadline: Deadline, reading: Reading) -> Words | None:
    """For the two parties: a tranche on notice."""
    tranche = next((t for t in reading.once(tranches) if t.pk == deadline.subject_id), None)
    if not tranche:
        return None
    title = _("Tranche %(n)s ends for what was released") if tranche.released_cents else _("Tranche %(n)s is cancelled")
    return Words(title % {"n": tranche.position}, _("Unless a deposit comes before."))


@dated(OVERDUE)
def lateness_words(deadline: Deadline, reading: Reading) -> Words | None:
    """For the two parties: when late work lets the client ask the money back."""
    tranche = next((t for t in reading.once(tranches) if t.pk == deadline.subject_id), None)
    if not tranche:
        return None
    facts = {"n": tranche.position, "amount": euros(tranche.held_cents), "days": settings.OVERDUE_DAYS}
    told = _("%(amount)s held: the client may then ask for them back.")
    return Words(_("Tranche %(n)s is %(days)s days late, unless delivered") % facts, told % facts)


@dated(IDLE)
def idle_words(deadline: Deadline, reading: Reading) -> Words | None:
    """For the two parties: when money at rest goes to the SMA."""
    if not reading.once(tranches):
        return None
    return Words(_("The SMA takes up the money held"), _("Unless money moves before."))


@dated(ASK)
def asking_words(deadline: Deadline, reading: Reading) -> Words | None:
    """For the two parties: when a case that could not be opened is asked for again."""
    if not any(steps.in_case(tranche) for tranche in reading.once(tranches)):
        return None
    return Words(_("The SMA opens the case asked for"), _("Otherwise it is asked again the next working day."))


WORDS: dict[str, Callable[[], tuple[str, str, str]]] = {
    "escrow.opened": lambda: (_("Internal account opened"), "", ""),
    "escrow.deposited": lambda: (_("%(amount)s deposited"), _("Held on the internal account."), "go"),
    "escrow.deposit_asked": lambda: (_("Deposit of %(amount)s asked for"), _("Tranche “%(tranche_title)s”."), "soon"),
    "escrow.delivered": lambda: (_("Tranche delivered: “%(tranche_title)s”"), _("%(amount)s await acceptance."), ""),
    "escrow.changes_asked": lambda: (_("Changes asked for: “%(tranche_title)s”"), _("%(amount)s stay held."), "soon"),
    "escrow.unanswered": lambda: (
        _("No answer to the delivery of “%(tranche_title)s”"),
        _("%(amount)s stay held: the provider may go to the SMA."),
        "stop",
    ),
    "escrow.overdue": lambda: (
        _("Delivery late: “%(tranche_title)s”"),
        _("%(amount)s held: the client may ask for them back."),
        "stop",
    ),
    "escrow.notice_given": lambda: (
        _("Notice of cancellation: “%(tranche_title)s”"),
        _("Cancelled on %(ends_at)s without a deposit."),
        "soon",
    ),
    "escrow.notice_withdrawn": lambda: (_("Notice taken back: “%(tranche_title)s”"), "", ""),
    "escrow.notice_overtaken": lambda: (_("Notice without object: “%(tranche_title)s”"), "", ""),
    "escrow.tranche_cancelled": lambda: (
        _("Tranche cancelled: “%(tranche_title)s”"),
        _("The notice has ended without a deposit."),
        "stop",
    ),
    "escrow.refunded": lambda: (_("%(amount)s go back to the client"), _("By amendment %(amendment_number)s."), "go"),
    "escrow.case_asked": lambda: (_("The SMA is asked for a case: %(amount)s"), _("Because %(cause)s."), "stop"),
    "escrow.case_barred": lambda: (_("No case opened of what was asked"), _("Because %(obstacle)s."), ""),
    "escrow.released": lambda: (_("%(amount)s released"), _("Tranche “%(tranche_title)s”."), "go"),
}


@line(*WORDS)
def words_of(event: Event, reading: Reading) -> Line | None:
    """The account's events on the timeline: for the two parties only."""
    if reading.user.pk not in event.facts["parties"]:
        return None
    if event.verb == "escrow.case_asked" and is_taken_up(event, reading):
        return None
    title, detail, tone = WORDS[event.verb]()
    facts = in_words(event.facts)
    if facts.get("silence") and event.verb == "escrow.released":
        detail = _("Tranche “%(tranche_title)s”, by a silence of %(days)s days.")
    if facts.get("released") and event.verb == "escrow.tranche_cancelled":
        title = _("Tranche ended for what was released: “%(tranche_title)s”")
    if facts.get("released") and event.verb == "escrow.notice_given":
        detail = _("Ended on %(ends_at)s for what was released, without a deposit.")
    if event.verb == "escrow.notice_given" and (ended := notice_ended(event, reading)):
        detail, tone = ended, ""
    return Line(title % facts, detail % facts, tone)


def notice_ended(event: Event, reading: Reading) -> str:
    """What became of a notice that no longer runs: its date is none to come. Nothing while it runs."""
    states = {row["pk"]: row["state"] for tranche in reading.once(tranches) for row in vars(tranche)["given"]}
    ends = {
        NoticeState.WITHDRAWN: _("It was taken back since: the tranche stays."),
        NoticeState.OVERTAKEN: _("It is without object since."),
        NoticeState.CARRIED_OUT: _("It has ended since, without a deposit."),
    }
    return ends.get(states.get(event.facts["notice"], ""), "")


def is_taken_up(event: Event, reading: Reading) -> bool:
    """Whether a case was opened of what was asked: the timeline then says that alone."""
    opened = {pk for tranche in reading.once(tranches) for pk in vars(tranche)["taken_up"]}
    return not opened.isdisjoint(event.facts["requests"])


def in_words(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of an event with what a line says of them."""
    told = {**facts, "amount": euros(facts["cents"]), "days": settings.ACCEPTANCE_DAYS}
    if "cause" in told:
        told["cause"] = Cause(told["cause"]).label
    if "obstacle" in told:
        told["obstacle"] = Obstacle(told["obstacle"]).label
    if "ends_at" in told:
        told["ends_at"] = paris(datetime.fromisoformat(told["ends_at"]))
    return told
