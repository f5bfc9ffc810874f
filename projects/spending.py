"""What a spending reveals, what stays closed, and where it leads: said before a credit is spent (section 4.3)."""

from __future__ import annotations

import uuid
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from credits.models import CreditPack, Kind, Spending, Wallet
from marketplace import deadlines
from marketplace.billing.vat import Amount, vat_for
from marketplace.templatetags.page import euros, paris
from projects.alike import cards_alike
from projects.face import Face
from projects.odds import Odds, OddsBook

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from projects.models import Project


class PackOnOffer(NamedTuple):
    """A pack on the page before a spending; `key`: one for each page drawn, so that it is bought once."""

    pk: int
    words: str
    contents: list[str]
    key: str
    stated: str


class Ticket:
    """The page before the spending of one credit of `kind` by `user` on `project`, a row `with_track_record()`."""

    def __init__(self, project: Project, kind: Kind, user: User) -> None:
        self.project, self.kind, self.user, self.face = project, kind, user, Face(project)

    @property
    def title(self) -> str:
        """What is spent."""
        return {
            Kind.CONSULTATION: _("1 consultation credit"),
            Kind.OFFER: _("1 offer credit"),
            Kind.CONTACT: _("1 direct contact credit"),
        }[self.kind]

    @property
    def price(self) -> Amount:
        """What one credit of this kind costs alone, with this provider's VAT."""
        return Amount.from_ht(self.kind.price_cents, vat_for(self.user.company))

    @cached_property
    def balance(self) -> int:
        """Credits of this kind that the provider has left."""
        wallet = Wallet.found(self.user)
        return wallet.balance(self.kind) if wallet else 0

    @cached_property
    def _done(self) -> dict[str, Spending]:
        rows = Spending.objects.living().on(self.project.key).filter(provider=self.user)
        return {spending.kind: spending for spending in rows}

    @property
    def spent(self) -> Spending | None:
        """The spending, when it was done before: it costs nothing again."""
        return self._done.get(self.kind)

    @property
    def needs_consultation(self) -> bool:
        """Whether the dossier has to be opened first."""
        return self.kind != Kind.CONSULTATION and Kind.CONSULTATION not in self._done

    @cached_property
    def is_own(self) -> bool:
        """Whether the project is the reader's, or their company's."""
        return self.user.is_tied_to(self.project.client)

    @property
    def own_url(self) -> str:
        """The report, for the client of the project; a colleague of theirs has none."""
        is_client = self.project.client_id == self.user.pk
        return reverse("projects:report", args=[self.project.key]) if is_client else ""

    @property
    def packs(self) -> list[PackOnOffer]:
        """The packs on sale that hold such a credit, with what the button says."""
        return [
            PackOnOffer(
                pack.pk,
                _("Buy %(name)s, %(amount)s incl. VAT")
                % {"name": pack.name, "amount": euros(pack.price_for(self.user).cents)},
                pack.contents,
                str(uuid.uuid4()),
                pack.stated_to(self.user),
            )
            for pack in CreditPack.objects.filter(on_sale=True)
            if self.kind in pack.units
        ]

    @property
    def is_ready(self) -> bool:
        """Whether nothing but a credit may be lacking; the deed itself checks again under the lock."""
        if self.spent or self.needs_consultation:
            return False
        barred = self.is_own or self.has_declined or self.has_colleague_s_bid or self.is_in_doubt
        return self.project.is_available and not barred

    @cached_property
    def has_declined(self) -> bool:
        """Whether the reader was chosen here once, and declined: a credit would open nothing."""
        return self.project.reopened_at is not None and self.project.was_declined_by(self.user)

    @cached_property
    def is_in_doubt(self) -> bool:
        """Whether the client's details were found false and wait to be corrected: no contact credit buys them."""
        return self.kind == Kind.CONTACT and not self.spent and self.project.has_false_details

    @cached_property
    def has_colleague_s_bid(self) -> bool:
        """Whether an offer credit would open nothing: their company has an offer here already."""
        return self.kind == Kind.OFFER and not self.spent and self.project.has_bid_of_company(self.user)

    @property
    def is_open(self) -> bool:
        """Whether the dossier is open to the reader already."""
        return Kind.CONSULTATION in self._done

    @cached_property
    def alike(self) -> list[dict[str, Any]]:
        """The cards of three open projects like this one, when it is gone; none otherwise."""
        return [] if self.project.is_available else cards_alike(self.project, self.user)

    @property
    def button(self) -> str:
        """The verb, with what it costs."""
        return {
            Kind.CONSULTATION: _("Spend 1 consultation credit and open the dossier"),
            Kind.OFFER: _("Spend 1 offer credit and bid"),
            Kind.CONTACT: _("Spend 1 direct contact credit and see the details"),
        }[self.kind]

    @property
    def balance_words(self) -> str:
        """The balance with the name of the credits."""
        return self.kind.counted(self.balance)

    @property
    def after_words(self) -> str:
        """What will be left once this one is spent."""
        return self.kind.counted(self.balance - 1)

    @cached_property
    def odds(self) -> Odds | None:
        """The estimate for one more offer on this project, when there are enough cases."""
        return OddsBook().of(self.project)

    @property
    def odds_words(self) -> str:
        """What the estimate was counted on."""
        return self.odds.counted_on(self.project.category.name) if self.odds else ""

    @property
    def crumbs(self) -> list[tuple[str, str]]:
        """The way back."""
        return [(_("Available projects"), self.list_url), (self.project.public_title, self.project.get_absolute_url())]

    @property
    def list_url(self) -> str:
        """The available projects."""
        return reverse("projects:list")

    @property
    def consultation_url(self) -> str:
        """Where the dossier is opened."""
        return reverse("projects:spend", args=[self.project.key, "consultation"])

    @property
    def onward(self) -> str:
        """Where a credit already spent leads."""
        return self.next_url(self.spent) if self.spent else self.project.get_absolute_url()

    @property
    def opens(self) -> list[str]:
        """What becomes visible or possible, with counts."""
        if self.kind == Kind.OFFER:
            return [
                _("placing an offer, revising it and withdrawing it until the client chooses"),
                _("written questions to the client, without limit"),
            ]
        if self.kind == Kind.CONTACT:
            return [_("the client’s name, company, e-mail and phone"), _("the client is told that you have them")]
        files = _("the specification: %(files)s") % {"files": self.face.file_words}
        talk = self.face.talk_words if self.face.talk["asked_here"] else _("the questions to come, with their answers")
        later = _("what is added later, without another credit")
        return [_("the full description"), files, talk, self._rivals(), later]

    def _rivals(self) -> str:
        count = self.project.offers_count
        if not count:
            return (
                _("the number of offers (sealed)")
                if self.project.sealed
                else _("the offers to come, with their prices")
            )
        if self.project.sealed:
            text = ngettext("that %(n)s offer was placed (sealed)", "that %(n)s offers were placed (sealed)", count)
        else:
            text = ngettext(
                "the %(n)s offer placed, with its price", "the %(n)s offers placed, with their prices", count
            )
        return text % {"n": count}

    @property
    def stays(self) -> list[str]:
        """What this credit does not open, nor an earlier one."""
        words = {
            Kind.CONTACT: _("the client’s name, e-mail and phone: direct contact credit"),
            Kind.OFFER: _("placing an offer or asking a question: offer credit"),
        }
        return [text for kind, text in words.items() if kind != self.kind and kind not in self._done]

    @property
    def returns(self) -> list[str]:
        """When the credit comes back by itself (product, section 4): at such an end, then what is of its own kind."""
        ends = [
            _("the project is withdrawn, cancelled, or expires without a choice"),
            _("the project is rejected by moderation after it was opened"),
        ]
        if self.kind == Kind.OFFER:
            return [*ends, self._unread(), _("the project changes after your offer, and you take the offer back")]
        if self.kind == Kind.CONTACT:
            return [*ends, _("the details turn out to be false: tell us, and our staff check them")]
        return ends

    def _unread(self) -> str:
        days = settings.UNREAD_DAYS
        words = ngettext(
            "the client does not open your offer in %(n)s working day: placed now, by %(date)s",
            "the client does not open your offer in %(n)s working days: placed now, by %(date)s",
            days,
        )
        return words % {"n": days, "date": paris(deadlines.after(timezone.now(), days))}

    @property
    def thanks(self) -> str:
        """What has just become possible."""
        return {
            Kind.CONSULTATION: _("The dossier is open to you."),
            Kind.OFFER: _("You may now place an offer and ask questions."),
            Kind.CONTACT: _("Here are the client’s details. The client has been told that you have them."),
        }[self.kind]

    def next_url(self, spending: Spending) -> str:
        """Where the provider goes after `spending`."""
        if spending.kind == Kind.OFFER:
            return reverse("projects:offer", args=[self.project.key])
        anchor = "#contact" if spending.kind == Kind.CONTACT else ""
        return self.project.get_absolute_url() + anchor
