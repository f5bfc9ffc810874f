"""Releases: held money that became the provider's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from marketplace.refusals import Refusal

if TYPE_CHECKING:
    from .tranches import Tranche


class Release(models.Model):
    """`cents` of one tranche, held → payable, by the client's act, or by nobody: their silence, agreed by both.

    `reason` says why only a part. Never undone.
    """

    account = models.ForeignKey("escrow.EscrowAccount", models.PROTECT, related_name="releases")
    tranche = models.ForeignKey("escrow.Tranche", models.PROTECT, related_name="releases")
    cents = models.BigIntegerField()
    reason = models.TextField(max_length=2000, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True)
    key = models.UUIDField(unique=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name, verbose_name_plural = _("release"), _("releases")
        default_permissions = ("view",)
        ordering = ["pk"]
        constraints = [models.CheckConstraint(condition=Q(cents__gt=0), name="release_of_something")]

    def __str__(self) -> str:
        return f"{self.tranche}: {self.cents}"

    def same_as(self, *, tranche: Tranche, cents: int, reason: str) -> Release:
        """This release, if the repeated request says the same; refused (KeyReused) otherwise."""
        if (self.tranche_id, self.cents, self.reason) != (tranche.pk, cents, reason):
            raise self.KeyReused
        return self

    class KeyReused(Refusal):
        sentence = _(
            "This page has already been used for another release: nothing was moved. Check it and send it again."
        )
