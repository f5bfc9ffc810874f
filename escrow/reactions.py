"""What other apps' events cause here, and what the account adds to their pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import OuterRef
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from escrow import amendments, disputes, steps
from escrow.figures import Figures, counted, moves_of
from escrow.models import Cause, Delivery, DeliveryFile, EscrowAccount, Tranche
from escrow.states import TrancheState
from marketplace.documents.readers import reads
from marketplace.events.reactions import on
from marketplace.ledger import posting as ledger
from marketplace.payments.purposes import Purpose, purpose
from marketplace.templatetags.page import euros
from projects.bundles import Filed, files_of, listed
from projects.dates import Coming, Words, coming
from projects.filings import Folder, filing
from projects.models import Agreement, Formula
from projects.report import Line, Page, Panel, Reading, Todo, line, page, panel, todo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.db.models import Model

    from marketplace.accounts.models import User
    from marketplace.documents.models import Document
    from marketplace.events.models import Event
    from marketplace.payments.models import Payment

TO_DELIVER = (TrancheState.PLANNED, TrancheState.FUNDED)
__all__ = ["amendments", "disputes"]  # imported for what it registers


@on("agreement.active")
def open_account(event: Event) -> None:
    """An R0 project gets its internal account with the activation; the base formula has none."""
    if event.facts["formula"] == Formula.R0:
        rows = Agreement.objects.select_related("project")
        EscrowAccount.open(rows.get(pk=event.facts["agreement"]))


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


@reads("escrow.delivery")
def delivery_is_read_by(user: User, document: Document) -> bool:
    """The files of a delivery: both parties, nobody else."""
    return Delivery.objects.visible_to(user).filter(files__document=document).exists()


def tranches(reading: Reading) -> list[Tranche]:
    """The tranches of the account that concerns the reader, in order; no query but for the parties of an active one."""
    if reading.project.activated_at is None or not (reading.as_client or reading.as_winner):
        return []
    account = ("account__project", "account__agreement", "account__held", "account__payable", "account__claimed")
    delivered = files_of(DeliveryFile.objects.filter(delivery__tranche=OuterRef("pk")))
    columns = ("debit__kind", "credit__kind", "cents")
    moved = listed(moves_of(reading.project.key), **dict(zip(columns, columns, strict=True)))
    rows = Tranche.objects.visible_to(reading.user).filter(account__project=reading.project).order_by("position")
    return list(rows.select_related(*account).annotate(delivered=delivered, moved=moved))


def seen(reading: Reading) -> EscrowAccount | None:
    """The account of the project if it has one that concerns its reader: it has a tranche at least."""
    return next((tranche.account for tranche in reading.once(tranches)), None)


@filing
def of_the_deliveries(reading: Reading) -> Folder | None:
    """What the provider delivered, tranche by tranche."""
    found = [Filed.of(file) for tranche in reading.once(tranches) for file in vars(tranche)["delivered"]]
    return Folder(_("Deliveries"), found)


@panel(order=5)
def payments_panel(reading: Reading) -> Panel | None:
    """The report's way to the payments page, with the bar and the lights."""
    if not (account := reading.once(seen)):
        return None
    rows = reading.once(tranches)
    figures = Figures.of(account, rows, moved=counted(vars(rows[0])["moved"]))
    context = {"account": account, "figures": figures, "tranches": rows}
    context["is_client"] = reading.as_client
    return Panel("escrow/panel.html", context)


@page(order=50)
def payments_page(reading: Reading) -> Page | None:
    """The way to the payments page from every page of an R0 project, also after its end."""
    account = reading.once(seen)
    return (account.get_absolute_url(), _("Payments page"), "bank") if account else None


@todo
def ask_acceptance(reading: Reading) -> Todo | None:
    """What was delivered waits for the client."""
    return steps.acceptance(reading.project.key, reading.once(tranches), as_client=reading.as_client)


@todo
def ask_work(reading: Reading) -> Todo | None:
    """What is deposited waits for the provider's work."""
    return steps.work(reading.project.key, reading.once(tranches), as_client=reading.as_client)


@todo
def ask_funding(reading: Reading) -> Todo | None:
    """What is lacking waits for the client's deposit."""
    return steps.funding(reading.project.key, reading.once(tranches), as_client=reading.as_client)


@coming
def of_the_tranches(reading: Reading) -> Iterator[Coming]:
    """When each tranche is to be delivered, and until when what was delivered is examined."""
    for tranche in reading.once(tranches):
        named = {"n": tranche.position}
        if tranche.awaits_acceptance and tranche.accept_by:
            words = Words(_("Last day to examine tranche %(n)s") % named, tranche.title)
            yield Coming(f"acceptance-{tranche.position}", tranche.accept_by, words)
        elif tranche.due_on and tranche.state in TO_DELIVER:
            words = Words(_("Delivery of tranche %(n)s") % named, tranche.title)
            yield Coming(f"tranche-{tranche.position}", tranche.due_on, words)


WORDS: dict[str, Callable[[], tuple[str, str, str]]] = {
    "escrow.opened": lambda: (_("Internal account opened"), "", ""),
    "escrow.deposited": lambda: (_("%(amount)s deposited"), _("Held on the internal account."), "go"),
    "escrow.deposit_asked": lambda: (_("Deposit of %(amount)s asked for"), _("Tranche “%(tranche_title)s”."), "soon"),
    "escrow.delivered": lambda: (_("Tranche delivered: “%(tranche_title)s”"), _("%(amount)s await acceptance."), ""),
    "escrow.refunded": lambda: (_("%(amount)s go back to the client"), _("By amendment %(amendment_number)s."), "go"),
    "escrow.case_asked": lambda: (_("The SMA has the case: %(amount)s held"), _("Because %(cause)s."), "stop"),
    "escrow.released": lambda: (_("%(amount)s released"), _("Tranche “%(tranche_title)s”."), "go"),
}


@line(*WORDS)
def words_of(event: Event, reading: Reading) -> Line | None:
    """The account's events on the timeline: for the two parties only."""
    if reading.user.pk not in event.facts["parties"]:
        return None
    title, detail, tone = WORDS[event.verb]()
    facts = {**event.facts, "amount": euros(event.facts["cents"])}
    if "cause" in facts:
        facts["cause"] = Cause(facts["cause"]).label
    return Line(title % facts, detail % facts, tone)
