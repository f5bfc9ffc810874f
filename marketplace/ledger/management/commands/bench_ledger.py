from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from marketplace.launch.cluster import tether

FIGURES = {
    "seconds": "how long each round of each kind takes",
    "connections": "how many work at once",
    "rounds": "how many rounds",
    "scale": "how large pgbench's tables are (100,000 accounts each)",
}


class Command(BaseCommand):
    help = "Prints how many postings per second the ledger takes beside pgbench's TPC-B, on a server of its own."

    def add_arguments(self, parser: CommandParser) -> None:
        for name, words in FIGURES.items():
            parser.add_argument(f"--{name}", type=int, help=words)

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("This takes the whole machine: not in production.")
        given = {name: options[name] for name in FIGURES if options[name] is not None}
        if any(not 1 <= figure <= 1000 for figure in given.values()):
            raise CommandError("Each figure is from 1 to 1000.")
        words = [f"--{name}={figure}" for name, figure in given.items()]
        kept = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        command = [*tether(), sys.executable, "-m", "bench.ledger", *words]
        if subprocess.run(command, cwd=settings.BASE_DIR, env=kept, check=False).returncode:
            raise CommandError("The measure has failed: see above.")
