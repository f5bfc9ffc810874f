from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.test import Client
from tqdm import tqdm

from projects import measure
from projects.models import Project


class Command(BaseCommand):
    help = (
        "Prints how long the list of projects and its search take at the rows that are there (see generate_projects)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--times", type=int, default=40, help="how often each page is asked for")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("This loads the site it measures: not in production.")
        if not 4 <= options["times"] <= 10_000:
            raise CommandError("--times: 4 to 10000.")
        rows = Project.objects.available().count()
        if not rows:
            raise CommandError("No project is open: generate some first (manage.py generate_projects 100000).")
        findings = measure.measure(options["times"], Client(headers={"accept-language": "fr"}))
        found = list(tqdm(findings, unit="kind", disable=options["verbosity"] == 0, file=self.stderr))
        self.stdout.write(f"{rows} open projects, each page asked for {options['times']} times")
        self.stdout.write("\n".join(measure.table(found)))
