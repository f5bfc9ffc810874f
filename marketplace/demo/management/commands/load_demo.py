from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from marketplace.accounts.models import User
from marketplace.demo import people, works
from marketplace.ledger import checks
from marketplace.payments.gateway import GatewayError
from projects.models import CallStatistic, Project


class Command(BaseCommand):
    help = (
        "Fill an empty trial with its demo: fifteen people, forty-one calls and a few past ones, "
        "by the domain’s own deeds."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION or not settings.SANDBOX:
            raise CommandError("The demo is for a trial with its stand-in of Stripe, never for production.")
        if User.objects.exists() or Project.objects.exists():
            raise CommandError("Somebody is here already: the demo is loaded into an empty database only.")
        try:
            answer = works.tell()
        except GatewayError as error:
            raise CommandError(f"Stripe’s stand-in does not answer at {settings.STRIPE_API_BASE}: {error}") from error
        CallStatistic.objects.refresh()
        if red := checks.run():
            raise CommandError("The books do not balance:\n" + "\n".join(red))
        self.leave(answer)

    def leave(self, answer: str) -> None:
        """Write down who may sign in, and the bank’s answer that Finance may import."""
        (settings.VAR_DIR / "demo-bank-answer.xml").write_text(answer, encoding="utf-8")
        (settings.VAR_DIR / "demo-accounts.txt").write_text(people.accounts_text(), encoding="utf-8")
        self.stdout.write(f"{User.objects.count()} people, {Project.objects.count()} calls for offers, books balanced.")
