"""Bank accounts: where providers are paid."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from stdnum import iban as iban_rules
from stdnum.exceptions import ValidationError as InvalidNumber

from marketplace.accounts import crypto
from marketplace.accounts.models.company import plain
from marketplace.accounts.models.people import User
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
            before = cls.objects.of(user).order_by("-pk").first()
            if before and before.replaced_at is None and before.fingerprint == crypto.fingerprint(number):
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
        if before and before.replaced_at is None:
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
            number: str = iban_rules.validate(iban, check_country=False)  # the lists of banks go out of date
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
