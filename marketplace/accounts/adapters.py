"""Where django-allauth asks for our rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from marketplace.accounts import crypto

if TYPE_CHECKING:
    from allauth.account.models import EmailAddress
    from django.http import HttpRequest

    from marketplace.accounts.models import User


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # untyped library
    """Sign-up, confirmation and mails of accounts."""

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:  # noqa: FBT001, FBT002
        """The new user with the name and the hats that the form asked for."""
        super().save_user(request, user, form, commit=False)
        user.name = form.cleaned_data["name"]
        user.is_client = "client" in form.cleaned_data["hats"]
        user.is_provider = "provider" in form.cleaned_data["hats"]
        user.language = getattr(request, "LANGUAGE_CODE", settings.LANGUAGE_CODE)[:2]
        user.save()
        return user

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Marks the address as verified, on our user too when it is the one in use."""
        done: bool = super().confirm_email(request, email_address)
        user = email_address.user
        if done and user.email == email_address.email and not user.is_verified:
            user.email_verified_at = timezone.now()
            user.save(update_fields=["email_verified_at"])
        return done

    def send_account_already_exists_mail(self, email: str) -> None:
        """As slow as a real sign-up, which hashes a password: the time must not tell that the address is taken."""
        make_password("as slow as a new account")
        super().send_account_already_exists_mail(email)


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # untyped library
    """Second factors: secrets are encrypted at rest."""

    def encrypt(self, text: str) -> str:
        return crypto.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return crypto.decrypt(encrypted_text)

    def _get_site_name(self) -> str:
        return str(settings.SITE_NAME)
