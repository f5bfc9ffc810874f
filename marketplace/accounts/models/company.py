"""Companies: the professionals on whose behalf people act."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.countries import name_of
from marketplace.accounts.models.people import User
from marketplace.events.models import Event
from marketplace.locking import locked

if TYPE_CHECKING:
    from collections.abc import Collection

LEGAL_FORMS = frozenset("sa sas sasu sarl eurl ei eirl sci snc scop gmbh ltd bv srl spa".split())  # noqa: SIM905


def plain(name: str) -> tuple[str, ...]:
    """The words by which two spellings of a company's name are compared: no accents, capitals, dots or legal form."""
    bare = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z0-9]+", bare.replace(".", ""))
    return tuple(word for word in words if word not in LEGAL_FORMS) or tuple(words)


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

    @classmethod
    def declare(
        cls, *, user: User, hats: Collection[str], details: dict[str, Any], phone: str | None = None
    ) -> Company:
        """Record the company of `user` (`details`: the columns of this table), their hats and, if given, `phone`.

        Another name or SIREN puts the bank account out of use: it was checked against the name before, and the next
        one waits like any change. Agreements and invoices keep the identity that they were made with.
        """
        with locked(user):
            before = cls.objects.filter(user=user).first()
            company, created = cls.objects.update_or_create(user=user, defaults=details)
            if before and (plain(before.name), before.siren) != (plain(company.name), company.siren):
                user.bank_accounts.current().update(replaced_at=timezone.now())
            user.is_client, user.is_provider = "client" in hats, "provider" in hats
            user.phone = user.phone if phone is None else phone
            user.save(update_fields=["is_client", "is_provider", "phone"])
            Event.record("company.declared", by=user, user=user.pk, company=company.pk, first=created)
        return company

    @property
    def address(self) -> str:
        """The postal address on one line."""
        place = f"{self.street}, {self.postcode} {self.city}"
        return place if self.country == "FR" else f"{place}, {name_of(self.country)}"

    def is_same_as(self, other: Company) -> bool:
        """Whether both are one business: nobody bids on a project of their own company."""
        return self.pk == other.pk or bool(
            (self.siren and self.siren == other.siren) or (self.vat_number and self.vat_number == other.vat_number)
        )
