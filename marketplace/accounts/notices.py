"""What people are told of their own account."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.events.tellings import Facts, Kind, Letter, Telling, tells

if TYPE_CHECKING:
    from marketplace.events.models import Event


def in_words(iso: str) -> str:
    """An instant frozen as ISO text, as a date and hour of Paris."""
    return date_format(localtime(datetime.fromisoformat(iso)), "DATETIME_FORMAT")


@tells("bank_account.changed", kind=Kind.ACCOUNT)
class BankAccountChanged(Telling):
    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        user = User.objects.get(pk=event.facts["user"])
        yield user, {**event.facts, "provider": user.acts_as_provider}

    def letter(self, facts: Facts) -> Letter:
        account = _("IBAN ending in %(last4)s") % {"last4": facts["last4"]}
        if facts["first"]:
            meaning = _("From now on your payments go to this account.")
        else:
            meaning = _("For your safety nothing is paid out before %(when)s.") % {
                "when": in_words(facts["usable_from"])
            }
        return Letter(
            subject=_("Your bank account has been changed"),
            paragraphs=[
                _("A bank account was given for your payments: %(account)s.") % {"account": account},
                meaning,
                _("If this was not you, change your password at once and write to us."),
            ],
            action=self.action(facts),
        )

    def action(self, facts: Facts) -> tuple[str, str]:
        """The page of the account is for providers; a client's is that of the refund it was given for."""
        if facts.get("provider", True):
            return _("See my bank account"), reverse("accounts:bank")
        return _("See my refunds"), reverse("payouts:refunds")


@tells("user.suspended", kind=Kind.ACCOUNT)
class Suspended(Telling):
    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        user = User.objects.get(pk=event.facts["user"])
        yield user, {**event.facts, "enters": user.may_sign_in}

    def letter(self, facts: Facts) -> Letter:
        enters = facts.get("enters", True)
        return Letter(
            subject=_("Your account is suspended"),
            paragraphs=[
                _("Our team has suspended your %(site)s account. Its reason:") % {"site": settings.SITE_NAME},
                _("You can answer by replying to us; money held for you stays yours."),
                *(self.what_remains() if enters else ()),
            ],
            quote=facts["reason"],
            action=(_("Sign in"), reverse("account_login")) if enters else None,
        )

    def what_remains(self) -> list[str]:
        """What stays open to somebody who is none of our staff."""
        return [
            _(
                "Sign in as before: you still read your projects (report, dossier, thread, agreement, payments), your "
                "notices and your data, and you still answer, write, send evidence and agree in your disputes."
            ),
            _("Everything else is closed until our team opens your account again."),
        ]


@tells("user.reinstated", kind=Kind.ACCOUNT)
class Reinstated(Telling):
    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        yield User.objects.get(pk=event.facts["user"]), event.facts

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("Your account is open again"),
            paragraphs=[_("You can log in and use %(site)s as before.") % {"site": settings.SITE_NAME}],
            action=(_("Log in"), reverse("account_login")),
        )
