"""Where django-allauth asks for our rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.utils import filter_users_by_email
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.accounts import crypto
from marketplace.accounts.models import AccountMail, User

if TYPE_CHECKING:
    from allauth.account.models import EmailAddress
    from django.http import HttpRequest, HttpResponse


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # untyped library
    """Sign-up, confirmation and mails of accounts."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "too_many_login_attempts": _(
            "Too many failed attempts: for this account’s safety, wait five minutes, then log in again. "
            "Forgotten? Choose a new password."
        ),
    }

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
        """Marks the address as verified. The first one that is becomes the user's, and verifies them."""
        done: bool = super().confirm_email(request, email_address)
        user = User.objects.filter(pk=email_address.user_id, email_verified_at=None).first()
        if done and user:
            email_address.set_as_primary()
            user.email_verified_at = timezone.now()
            user.save(update_fields=["email_verified_at"])
        return done

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        """Lets a suspended person in, as far as pages are open to them; a suspended member of the staff is not."""
        if user.may_sign_in:
            return None
        answer: HttpResponse = super().pre_login(request, user, **kwargs)
        return answer

    def send_account_already_exists_mail(self, email: str) -> None:
        """As slow as a real sign-up, which hashes a password: the time must not tell that the address is taken."""
        make_password("as slow as a new account")
        super().send_account_already_exists_mail(email)

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """Says whose account changed: the address may just have ceased to be theirs."""
        super().send_notification_mail(template_prefix, user, {"user": user} | (context or {}), email)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Puts the mail into our outbox. Links lose their host: a forged `Host` header must not enter a mail."""
        user = context.get("user") or filter_users_by_email(email, prefer_verified=True)[0]
        facts = {name: value for name, value in context.items() if isinstance(value, str)}
        links = {name: urlsplit(value).path for name, value in facts.items() if name.endswith("_url")}
        AccountMail.post(template_prefix.rpartition("/")[2], user=user, to=email, facts=facts | links)


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # untyped library
    """Second factors: secrets are encrypted at rest."""

    def encrypt(self, text: str) -> str:
        return crypto.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return crypto.decrypt(encrypted_text)

    def _get_site_name(self) -> str:
        return str(settings.SITE_NAME)
