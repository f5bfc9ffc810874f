from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import cycle
from random import Random
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from marketplace.accounts.models import User
from projects import bands, facets, generated
from projects.models import Category, Project, Word
from projects.models.batches import delete_many, open_many, untouched

BATCH = 2000
MOST = 5_000_000


class Command(BaseCommand):
    help = (
        "Writes COUNT open calls for offers made by a machine, to see the list and the search at their size; "
        f"their clients have addresses at {generated.DOMAIN}. --remove takes them all away again. Never in production."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("count", type=int, nargs="?", help="how many, 1 to five millions")
        parser.add_argument("--remove", action="store_true", help="delete all that were generated instead")
        parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same words")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("Generated calls are for a trial, never for production.")
        if options["remove"]:
            self.remove(options)
            return
        if not options["count"] or not 1 <= options["count"] <= MOST:
            raise CommandError(f"Say how many: 1 to {MOST:,}, or --remove.")
        with bar(options["count"], options, self.stderr) as shown:
            for rows in batches(options["count"], options["seed"]):
                shown.update(open_many(rows))
        refresh()
        self.stdout.write(f"{options['count']} calls for offers generated and open.")

    def remove(self, options: dict[str, Any]) -> None:
        """Delete what was generated, but for the calls that people have used."""
        theirs = Project.objects.filter(client__email__endswith=f"@{generated.DOMAIN}")
        keys, gone = untouched(theirs).values_list("pk", flat=True), 0
        with bar(keys.count(), options, self.stderr) as shown:
            while some := list(keys[:BATCH]):
                gone += delete_many(Project.objects.filter(pk__in=some))
                shown.update(len(some))
        User.objects.filter(email__endswith=f"@{generated.DOMAIN}", projects=None).delete()
        refresh()
        self.stdout.write(f"{gone} generated calls removed; {theirs.count()} stay, because people have used them.")


def refresh() -> None:
    """What beat keeps up to date by itself, at once: the words of the search and the counts of the filters."""
    Word.objects.refresh()
    bands.tally()
    cache.delete(facets.KEY)


def bar(total: int, options: dict[str, Any], file: Any) -> tqdm[Any]:
    """How far it is."""
    return tqdm(total=total, unit="project", disable=options["verbosity"] == 0, file=file)


def batches(count: int, seed: int) -> Iterator[list[Project]]:
    """The rows, a batch at a time, with the clients that they belong to written first."""
    random, now = Random(seed), timezone.now()  # noqa: S311  (no secret)
    first = User.objects.filter(email__endswith=f"@{generated.DOMAIN}").count() + 1
    people = User.objects.bulk_create(generated.clients(count, first))
    categories = list(Category.objects.all())
    owners = cycle(people)
    for begun in range(0, count, BATCH):
        size = min(BATCH, count - begun)
        shares = [(begun + n) / count for n in range(size)]
        yield [row(random, generated.pick(random, categories), next(owners), share, now) for share in shares]


def row(random: Random, category: Category, client: User, share: float, now: datetime) -> Project:
    """One call, with the dates and counts of one that has been open for a while."""
    content = generated.call(random, category, now)
    opened_at = generated.opened_at(random, share, now)
    return Project(
        **content.as_fields(),
        client=client,
        submitted_at=opened_at,
        opened_at=opened_at,
        offers_count=generated.offers(random),
    )
