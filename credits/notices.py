from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse
from django.utils.translation import gettext as _

from credits.models import Kind, ReturnReason, Spending
from marketplace.accounts.models import User
from marketplace.events.models import Event
from marketplace.events.tellings import Facts, Letter, Telling, tells
from marketplace.events.tellings import Kind as NoticeKind


@tells("credit.returned", kind=NoticeKind.MONEY)
class CreditReturned(Telling):
    """A credit came back by itself: which one, and why."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        spending = Spending.objects.select_related("provider").get(pk=event.facts["spending"])
        yield spending.provider, {name: event.facts[name] for name in ("kind", "reason", "title")}

    def letter(self, facts: Facts) -> Letter:
        kind, reason = str(Kind(facts["kind"]).label), ReturnReason(facts["reason"])
        stays = _(
            "Your offer stays with the client, who may still choose it. To revise it, spend an offer credit again."
        )
        return Letter(
            subject=_("Your %(kind)s has come back") % {"kind": kind},
            project=facts["title"],
            paragraphs=[
                _("It is in your wallet again: %(reason)s.") % {"reason": reason.label},
                *([stays] if reason == ReturnReason.UNREAD else []),
                _("Nothing is to be done. Credits never expire."),
            ],
            action=(_("See my credits"), reverse("credits:wallet")),
        )


@tells("credit.granted", kind=NoticeKind.MONEY)
class CreditsGranted(Telling):
    """The welcome credits have come: how many of which."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        yield User.objects.get(pk=event.facts["user"]), {"units": event.facts["units"]}

    def letter(self, facts: Facts) -> Letter:
        units = ", ".join(kind.counted(facts["units"][kind.value]) for kind in Kind if kind.value in facts["units"])
        return Letter(
            subject=_("Offered for your first steps: %(units)s") % {"units": units},
            paragraphs=[
                _("Your account is complete: welcome. These credits are in your wallet, and never expire."),
                _("Each company gets them once."),
            ],
            action=(_("See the available projects"), "/projets/"),
        )
