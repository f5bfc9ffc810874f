"""A password that was forgotten; apart from the other forms, which allauth's own are built upon."""

from __future__ import annotations

from allauth.account.forms import ResetPasswordForm
from allauth.account.utils import filter_users_by_email


class ForgottenForm(ResetPasswordForm):  # type: ignore[misc]  # untyped library
    """Whose password it is: whoever may sign in, a suspended person included."""

    def clean_email(self) -> str:
        address: str = super().clean_email()
        found = filter_users_by_email(address.lower(), prefer_verified=True)
        self.users = [user for user in found if user.may_sign_in]
        return address
