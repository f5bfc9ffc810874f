"""Pauses: payouts that stand still because the books are wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.events.models import Event
from marketplace.ledger import checks
from marketplace.locking import locked
from marketplace.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from marketplace.accounts.models import User

SHOWN = 20  # red rows that a pause keeps; `check_books` prints them all


class PauseQuerySet(models.QuerySet["Pause"]):
    def standing(self) -> Self:
        """Pauses that nobody has lifted."""
        return self.filter(lifted_at=None)

    def follow(self, check: str, rows: Sequence[checks.RedRow]) -> list[Pause]:
        """Pause what the red rows of `check` concern: each project named, or all (""); the new pauses.

        One that stands keeps its beginning and takes the new sentences. Green rows lift nothing: a person does.
        """
        said: dict[str, list[str]] = {}
        for row in rows:
            said.setdefault(row.project, []).append(str(row))
        return [made for project, found in said.items() if (made := self._note(check, project, found))]

    def _note(self, check: str, project: str, found: list[str]) -> Pause | None:
        facts = {"sentence": "\n".join(found[:SHOWN]), "rows": len(found), "seen_at": timezone.now()}
        with transaction.atomic():
            pause, made = self.update_or_create(check_name=check, project=project, lifted_at=None, defaults=facts)
            if made:
                Event.record("books.red", project=project, pause=pause.pk, check=check, sentence=pause.sentence)
        return pause if made else None


class Pause(models.Model):
    """Payouts of one project (its key), or of all (""), that stand still since a check of the books found red rows.

    `sentence` holds what was wrong at the last look, `seen_at`. The site goes on: money comes in and is released, only
    none leaves for the bank. A person lifts it with a reason, once the check is green again.
    """

    project = models.CharField(_("project"), max_length=40, blank=True)
    check_name = models.CharField(_("check of the books"), max_length=80)
    sentence = models.TextField(_("what is wrong"))
    rows = models.PositiveIntegerField(_("red rows"))
    since = models.DateTimeField(_("since"), default=timezone.now)
    seen_at = models.DateTimeField(_("last seen wrong"))
    lifted_at = models.DateTimeField(_("lifted on"), null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("lifted by")
    )
    reason = models.TextField(_("why it was lifted"), blank=True)

    objects = PauseQuerySet.as_manager()

    class Meta:
        default_permissions = ("view",)
        permissions = [("lift_pause", "Can lift a pause of payouts")]
        verbose_name, verbose_name_plural = _("pause of payouts"), _("pauses of payouts")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["check_name", "project"], condition=Q(lifted_at=None), name="one_standing_pause_per_check"
            ),
            models.CheckConstraint(
                condition=Q(lifted_at=None, lifted_by=None, reason="")
                | (Q(lifted_at__isnull=False, lifted_by__isnull=False) & ~Q(reason="")),
                name="pause_lifted_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project or '*'}: {self.check_name}"

    def lift(self, *, by: User, reason: str) -> None:
        """Let the payouts go on, once the check is green for them again.

        Refused: StillRed (with what is wrong now), NeedsReason, AlreadyLifted.
        """
        with locked(self):
            if self.lifted_at:
                raise self.AlreadyLifted
            if not reason.strip():
                raise self.NeedsReason
            if wrong := [row for row in checks.result(self.check_name) if row.project in {"", self.project}]:
                raise self.StillRed(row=wrong[0])
            self.lifted_at, self.lifted_by, self.reason = timezone.now(), by, reason.strip()
            self.save(update_fields=["lifted_at", "lifted_by", "reason"])
            Event.record("books.lifted", project=self.project, by=by, pause=self.pk, check=self.check_name)

    class AlreadyLifted(Refusal):
        sentence = _("This pause has been lifted meanwhile: reload the page.")

    class NeedsReason(Refusal):
        sentence = _("Say what was wrong and how it was put right: it is kept with the pause.")

    class StillRed(Refusal):
        sentence = _("The books are still wrong: %(row)s. Put this right first; the pause stays.")
