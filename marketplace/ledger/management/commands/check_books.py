from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from marketplace.ledger import checks


class Command(BaseCommand):
    help = "Verify the books: one line per check, then every wrong row. Exits with 1 when something is wrong."

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = 0
        for name, rows in checks.results():
            verdict = self.style.ERROR(f"red   {len(rows)}") if rows else self.style.SUCCESS("ok    0")
            self.stdout.write(f"{name:<40} {verdict}")
            for row in rows:
                self.stdout.write(f"    {row}")
            wrong += len(rows)
        if wrong:
            raise SystemExit(1)
