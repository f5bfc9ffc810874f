from __future__ import annotations

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from projects import newsletter


class Command(BaseCommand):
    help = "Writes and sends the newsletter of a day; a second run sends only what the first one left."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say who would get what, and send nothing")
        parser.add_argument("--date", default="", help="the day of the edition, YYYY-MM-DD; today unless given")

    def handle(self, *args: Any, **options: Any) -> None:
        day = day_of(options["date"])
        if options["dry_run"]:
            self.rehearse(day)
            return
        edition = newsletter.edition_of(day)
        written, sent = newsletter.write(edition), newsletter.send(budget=float("inf"))
        self.stdout.write(f"{edition.day}: {written} copies written, {sent} sent.")

    def rehearse(self, day: date) -> None:
        """Say who would get what; nothing is kept."""
        with transaction.atomic():
            edition = newsletter.edition_of(day)
            count = newsletter.write(edition)
            for copy in edition.copies.select_related("provider").order_by("-pk")[:count]:
                self.stdout.write(f"{copy.provider.email}: {', '.join(copy.project_keys)}")
            transaction.set_rollback(True)
        self.stdout.write(f"{count} copies would be written; nothing was sent.")


def day_of(text: str) -> date:
    """The day that `text` names, today when empty; never one to come."""
    try:
        day = date.fromisoformat(text) if text else newsletter.today()
    except ValueError as error:
        raise CommandError(f"{text!r} is no date: write YYYY-MM-DD.") from error
    if day > newsletter.today():
        raise CommandError("The newsletter of a day to come cannot be sent yet.")
    return day
