"""People: whoever has an account."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.events.models import Event, Notice
from marketplace.locking import locked
from marketplace.refusals import Refusal


class UserManager(BaseUserManager["User"]):
    """Makes users; addresses are lower case, so that one person cannot hold two accounts by capitals."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A person who signed up; their address still has to be verified. Without a password nobody can log in."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """The first administrator, made from the command line: staff with every right."""
        verified = fields.pop("email_verified_at", timezone.now())
        return self.create_user(email, password, **fields, is_staff=True, is_superuser=True, email_verified_at=verified)

    def as_readers(self) -> models.QuerySet[User]:
        """Users with what the head of every page asks of its reader: the company, how many notices are `unread_now`."""
        return self.select_related("company").annotate(unread_now=Notice.objects.unread_count())

    def get_by_natural_key(self, username: str | None) -> User:
        """The user of an address, however it is capitalised."""
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person with one e-mail address and one or both hats: client, provider; or a member of our staff."""

    class Language(models.TextChoices):
        FR = "fr", _("French")
        EN = "en", _("English")

    class AlreadySuspended(Refusal):
        sentence = _("This account is suspended already.")

    class NotSuspended(Refusal):
        sentence = _("This account is not suspended.")

    class Untouchable(Refusal):
        sentence = _("You can suspend neither yourself nor an administrator.")

    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("first and last name"), max_length=120)
    phone = models.CharField(_("phone"), max_length=30, blank=True)
    language = models.CharField(_("language"), max_length=2, choices=Language, default=Language.FR)
    is_client = models.BooleanField(_("client"), default=False)
    is_provider = models.BooleanField(_("provider"), default=False)
    is_staff = models.BooleanField(_("staff"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    email_verified_at = models.DateTimeField(_("address verified on"), null=True, blank=True)
    date_joined = models.DateTimeField(_("member since"), default=timezone.now)

    objects: ClassVar[UserManager] = UserManager()
    unread_notices: int | None = None  # known of the reader of a page, who is loaded with it

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        permissions = [("suspend_user", "Can suspend a user")]
        constraints = [
            # With the UNIQUE of the column: one account per address, whatever its capitals.
            models.CheckConstraint(condition=Q(email=Lower("email")), name="user_email_is_lower_case"),
            models.CheckConstraint(condition=Q(is_superuser=False) | Q(is_staff=True), name="user_superuser_is_staff"),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """How the person is called where they may be named; never their address."""
        return self.name or str(_("Account no. %(number)s") % {"number": self.pk})

    @property
    def public_name(self) -> str:
        """How others see the person before an introduction: first name and initial, “Nadia C.”."""
        first, _space, rest = self.display_name.strip().partition(" ")
        return f"{first} {rest.strip()[0].upper()}." if rest.strip() else first

    def is_tied_to(self, other: User) -> bool:
        """Whether both are one person or one business: same account, same company, or same bank account."""
        if self.pk == other.pk or (self.has_company and other.has_company and self.company.is_same_as(other.company)):
            return True
        marks = self.bank_accounts.current().values("fingerprint")
        return other.bank_accounts.current().filter(fingerprint__in=marks).exists()

    def get_short_name(self) -> str:
        return self.display_name

    @property
    def is_verified(self) -> bool:
        """Whether their e-mail address has been confirmed: needed before anything that others see or that costs."""
        return self.email_verified_at is not None

    @property
    def is_suspended(self) -> bool:
        """Whether the account is suspended: only pages that say so stay open to it (marketplace/policies.py)."""
        return not self.is_active

    @property
    def may_sign_in(self) -> bool:
        """Whether they may sign in; suspended, only for what stays open, and never a member of the staff."""
        return self.is_active or not self.is_staff

    @property
    def has_company(self) -> bool:
        """Whether the company that they act for is known; both hats need one (clients are professionals too)."""
        try:
            return self.company is not None
        except ObjectDoesNotExist:
            return False

    @property
    def acts_as_client(self) -> bool:
        return self.is_client and self.is_verified and self.has_company

    @property
    def acts_as_provider(self) -> bool:
        return self.is_provider and self.is_verified and self.has_company

    def suspend(self, *, by: User, reason: str) -> None:
        """Close the account at once but for its disputes and its data, and tell them why. Nothing is deleted or paid.

        They still read their own projects, and act in their cases before the SMA (terms, section 6).
        Refused: AlreadySuspended; Untouchable (oneself, an administrator).
        """
        with locked(self):
            if self.pk == by.pk or self.is_superuser:
                raise self.Untouchable
            if not self.is_active:
                raise self.AlreadySuspended
            self.is_active = False
            self.save(update_fields=["is_active"])
            Event.record("user.suspended", by=by, user=self.pk, reason=reason)

    def reinstate(self, *, by: User) -> None:
        """Open a suspended account again. Refused: NotSuspended."""
        with locked(self):
            if self.is_active:
                raise self.NotSuspended
            self.is_active = True
            self.save(update_fields=["is_active"])
            Event.record("user.reinstated", by=by, user=self.pk)
