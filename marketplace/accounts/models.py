"""Who uses the site: people, the companies they act for, and where those are paid."""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ObjectDoesNotExist
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from stdnum import iban as iban_rules
from stdnum.exceptions import ValidationError as InvalidNumber

from marketplace.accounts import crypto
from marketplace.events.models import Event
from marketplace.locking import locked
from marketplace.refusals import Refusal

if TYPE_CHECKING:
    from datetime import datetime

# Bank accounts that a SEPA credit transfer reaches (European Payments Council, list EPC409-09).
SEPA_COUNTRIES = frozenset(
    """AD AL AT BE BG CH CY CZ DE DK EE ES FI FR GB GI GR HR HU IE IS IT LI LT LU LV MC MD ME MK MT NL NO PL PT RO RS
    SE SI SK SM VA""".split()  # noqa: SIM905
)
LEGAL_FORMS = frozenset("sa sas sasu sarl eurl ei eirl sci snc scop gmbh ltd bv srl spa".split())  # noqa: SIM905


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
        marks = BankAccount.objects.of(self).current().values("fingerprint")
        return BankAccount.objects.of(other).current().filter(fingerprint__in=marks).exists()

    def get_short_name(self) -> str:
        return self.display_name

    @property
    def is_verified(self) -> bool:
        """Whether their e-mail address has been confirmed: needed before anything that others see or that costs."""
        return self.email_verified_at is not None

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
        """Close the account at once: they are out of every session, and told why. Nothing is deleted, no money moves.

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


class Company(models.Model):
    """The professional on whose behalf a user acts. A French one has a SIREN, a foreign one a VAT number."""

    class VatStatus(models.TextChoices):
        FRANCHISE = "FRANCHISE", _("VAT exemption (art. 293 B of the French tax code)")
        REGISTERED = "REGISTERED", _("Registered for VAT in France")
        FOREIGN = "FOREIGN", _("Established outside France")

    user = models.OneToOneField(User, models.PROTECT, related_name="company", verbose_name=_("user"))
    name = models.CharField(_("company name"), max_length=140)
    country = models.CharField(_("country"), max_length=2, default="FR", validators=[RegexValidator(r"^[A-Z]{2}$")])
    siren = models.CharField(_("SIREN number"), max_length=9, null=True, blank=True)  # noqa: DJ001  (null: has none)
    vat_number = models.CharField(_("VAT number"), max_length=20, blank=True)
    vat_status = models.CharField(_("VAT status"), max_length=10, choices=VatStatus)
    street = models.CharField(_("street and number"), max_length=140)
    postcode = models.CharField(_("postcode"), max_length=16)
    city = models.CharField(_("city"), max_length=80)

    class Meta:
        verbose_name = _("company")
        verbose_name_plural = _("companies")
        constraints = [
            models.CheckConstraint(condition=Q(siren__isnull=True) | Q(siren__regex=r"^\d{9}$"), name="company_siren"),
            models.CheckConstraint(condition=Q(country__regex=r"^[A-Z]{2}$"), name="company_country"),
            models.CheckConstraint(
                condition=Q(country="FR", siren__isnull=False, vat_status__in=["FRANCHISE", "REGISTERED"])
                | (~Q(country="FR") & ~Q(vat_number="") & Q(siren__isnull=True, vat_status="FOREIGN")),
                name="company_is_identified",
            ),
            models.CheckConstraint(
                condition=~Q(vat_status="REGISTERED") | ~Q(vat_number=""), name="company_registered_has_vat_number"
            ),
        ]
        indexes = [models.Index(fields=["siren"], name="company_by_siren")]

    def __str__(self) -> str:
        return self.name

    @property
    def number(self) -> str:
        """What identifies the business: its SIREN, or its foreign VAT number."""
        return self.siren or self.vat_number

    @property
    def vat_rate_bp(self) -> int:
        """The rate at which this company bills its own work, in basis points; 0 under art. 293 B or abroad."""
        return int(settings.VAT_RATE_BP) if self.vat_status == self.VatStatus.REGISTERED else 0

    @property
    def address(self) -> str:
        """The postal address on one line."""
        return f"{self.street}, {self.postcode} {self.city}" + ("" if self.country == "FR" else f", {self.country}")

    def is_same_as(self, other: Company) -> bool:
        """Whether both are one business: nobody bids on a project of their own company."""
        return self.pk == other.pk or bool(
            (self.siren and self.siren == other.siren) or (self.vat_number and self.vat_number == other.vat_number)
        )


class BankAccountQuerySet(models.QuerySet["BankAccount"]):
    def current(self) -> Self:
        """Those that money would go to: not replaced by a later one."""
        return self.filter(replaced_at=None)

    def of(self, user: User) -> Self:
        return self.filter(user=user)


class BankAccount(models.Model):
    """Where a provider is paid (terms, section Payments). Rows are never changed: a change is a new row."""

    class NotIban(Refusal):
        sentence = _("This is not a valid IBAN: check it against your bank details.")

    class NotReachable(Refusal):
        sentence = _("This account is outside the SEPA area: we cannot pay into it.")

    class NotHolder(Refusal):
        sentence = _("The account must be held by your company, “%(company)s”.")

    class NoCompany(Refusal):
        sentence = _("Give your company details first.")

    user = models.ForeignKey(User, models.PROTECT, related_name="bank_accounts", verbose_name=_("user"))
    holder = models.CharField(_("account holder"), max_length=140)
    iban = models.TextField(_("IBAN (encrypted)"), editable=False)
    last4 = models.CharField(_("last four characters"), max_length=4)
    fingerprint = models.CharField(max_length=64, editable=False)
    bic = models.CharField("BIC", max_length=11, blank=True)
    created_at = models.DateTimeField(_("given on"), default=timezone.now)
    usable_from = models.DateTimeField(_("usable from"))
    replaced_at = models.DateTimeField(_("replaced on"), null=True, blank=True)

    objects = BankAccountQuerySet.as_manager()

    class Meta:
        verbose_name = _("bank account")
        verbose_name_plural = _("bank accounts")
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(replaced_at=None), name="bank_account_one_current_per_user"
            ),
            models.CheckConstraint(
                condition=Q(usable_from__gte=models.F("created_at")), name="bank_account_usable_after_creation"
            ),
        ]
        indexes = [models.Index(fields=["fingerprint"], name="bank_account_by_fingerprint")]

    def __str__(self) -> str:
        return self.masked

    @property
    def masked(self) -> str:
        """What may be shown of it, also to its holder."""
        return f"•••• •••• •••• {self.last4}"

    @property
    def clear_iban(self) -> str:
        """The whole number, for the bank file alone."""
        return crypto.decrypt(self.iban)

    def is_usable(self, now: datetime) -> bool:
        """Whether money may go there yet: a changed account waits IBAN_HOLD_HOURS."""
        return self.replaced_at is None and self.usable_from <= now

    @classmethod
    def change(cls, *, user: User, holder: str, iban: str, bic: str = "") -> BankAccount:
        """Make `iban` the account that `user` is paid to; the one before is kept, marked as replaced.

        A first account is usable at once; a changed one after IBAN_HOLD_HOURS, so that a thief of the session gets
        nothing (product, section 7). The same account again changes nothing. Refused: NotIban (mod 97), NotReachable
        (outside SEPA), NoCompany, NotHolder (another name than the company's).
        """
        number = cls.checked(iban)
        with locked(user):
            cls.must_hold(user, holder)
            before = cls.objects.of(user).current().first()
            mark = crypto.fingerprint(number)
            if before and before.fingerprint == mark:
                return before
            account = cls._replace(before, user=user, holder=holder, iban=number, bic=bic)
            Event.record(
                "bank_account.changed",
                by=user,
                user=user.pk,
                bank_account=account.pk,
                last4=account.last4,
                first=before is None,
                usable_from=account.usable_from.isoformat(),
            )
            return account

    @classmethod
    def _replace(cls, before: BankAccount | None, *, user: User, holder: str, iban: str, bic: str) -> BankAccount:
        now = timezone.now()
        hold = timedelta(hours=settings.IBAN_HOLD_HOURS) if before else timedelta()
        if before:
            before.replaced_at = now
            before.save(update_fields=["replaced_at"])
        return cls.objects.create(
            user=user,
            holder=holder.strip(),
            iban=crypto.encrypt(iban),
            last4=iban[-4:],
            fingerprint=crypto.fingerprint(iban),
            bic=bic.replace(" ", "").upper(),
            created_at=now,
            usable_from=now + hold,
        )

    @classmethod
    def checked(cls, iban: str) -> str:
        """`iban` without spaces, in capitals; refused when its control digits or its country do not fit."""
        try:
            number: str = iban_rules.validate(iban)
        except InvalidNumber as error:
            raise cls.NotIban from error
        if number[:2] not in SEPA_COUNTRIES:
            raise cls.NotReachable
        return number

    @classmethod
    def must_hold(cls, user: User, holder: str) -> None:
        if not user.has_company:
            raise cls.NoCompany
        if plain(holder) != plain(user.company.name):
            raise cls.NotHolder(company=user.company.name)


def plain(name: str) -> tuple[str, ...]:
    """The words by which two spellings of a company's name are compared: no accents, capitals, dots or legal form."""
    bare = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z0-9]+", bare.replace(".", ""))
    return tuple(word for word in words if word not in LEGAL_FORMS) or tuple(words)
