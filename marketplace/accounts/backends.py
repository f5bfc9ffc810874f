"""Who the reader of a page is: loaded with what every page says of them."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend

from marketplace.accounts.models import User


class OneQueryBackend(AuthenticationBackend):  # type: ignore[misc]
    """As allauth's, but a session's user comes with their company and their unread notices: one query, not three."""

    def get_user(self, user_id: Any) -> User | None:
        """The user of a session, unless their account is closed to them altogether."""
        user = next(iter(User.objects.as_readers().filter(pk=user_id)), None)  # first() would have one row sorted
        if user is None or not self.user_can_authenticate(user):
            return None
        user.unread_notices = vars(user)["unread_now"]
        return user

    def user_can_authenticate(self, user: User | None) -> bool:
        """Whether they may sign in: a suspended person may, to the little that stays open to them (policies)."""
        return user is not None and user.may_sign_in
