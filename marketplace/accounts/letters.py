"""The words of the mails about the account itself, by the names that django-allauth gives them."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from marketplace.events.tellings import Facts, Letter


def confirm_address(facts: Facts) -> Letter:
    return Letter(
        subject=_("Confirm your e-mail address"),
        paragraphs=[
            _("Open this link to confirm that this address is yours. It works for three days."),
            _("If you asked for nothing on %(site)s, leave this mail alone.") % {"site": settings.SITE_NAME},
        ],
        action=(_("Confirm my address"), facts["activate_url"]),
    )


def address_taken(facts: Facts) -> Letter:
    return Letter(
        subject=_("You already have an account"),
        paragraphs=[
            _("Someone, probably you, wanted to create an account with this address, which has one already."),
            _("Log in as usual. If you have forgotten your password, choose a new one."),
        ],
        action=(_("Choose a new password"), facts["password_reset_url"]),
    )


def new_password(facts: Facts) -> Letter:
    return Letter(
        subject=_("Choose a new password"),
        paragraphs=[
            _("Someone, probably you, asked for a new password. This link works once."),
            _("If it was not you, leave this mail alone: your password stays as it is."),
        ],
        action=(_("Choose a new password"), facts["password_reset_url"]),
    )


def warning(subject: str) -> Callable[[Facts], Letter]:
    """A letter that says that something about the account's security has changed."""

    def letter(facts: Facts) -> Letter:
        return Letter(
            subject=_(subject) % facts,
            paragraphs=[
                _("This change was made on your %(site)s account.") % {"site": settings.SITE_NAME},
                _("If this was not you, choose a new password at once and write to us."),
            ],
            figures=[(_("From the address"), facts["ip"])] if facts.get("ip") else [],
            action=(_("See the security of my account"), reverse("mfa_index")),
        )

    return letter


LETTERS: dict[str, Callable[[Facts], Letter]] = {
    "email_confirmation": confirm_address,
    "email_confirmation_signup": confirm_address,
    "account_already_exists": address_taken,
    "password_reset_key": new_password,
    "password_changed": warning(gettext_noop("Your password has been changed")),
    "password_reset": warning(gettext_noop("Your password has been changed")),
    "password_set": warning(gettext_noop("Your password has been changed")),
    "email_changed": warning(gettext_noop("Your e-mail address is now %(to_email)s")),
    "email_confirm": warning(gettext_noop("An e-mail address has been confirmed")),
    "email_deleted": warning(gettext_noop("The address %(deleted_email)s has been removed")),
    "totp_activated": warning(gettext_noop("An authentication app has been activated")),
    "totp_deactivated": warning(gettext_noop("The authentication app has been switched off")),
    "recovery_codes_generated": warning(gettext_noop("New recovery codes have been made")),
    "webauthn_added": warning(gettext_noop("A passkey has been added")),
    "webauthn_removed": warning(gettext_noop("A passkey has been removed")),
}


def written(name: str, facts: Facts) -> Letter:
    """The letter called `name`, in the active language."""
    return LETTERS[name](facts)
