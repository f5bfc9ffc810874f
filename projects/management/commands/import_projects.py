from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from tqdm import tqdm

from marketplace.accounts.models import User
from marketplace.refusals import Refusal
from projects import imports
from projects.imports import NAMES, Plan, Reading, Unreadable
from projects.models import Category, Formula

MOST_ERRORS = 30


class Command(BaseCommand):
    help = (
        "Imports calls for offers from a CSV file for a client: all of its rows or none. The same row is never "
        "imported twice. Columns are recognised by name; title, description and budget are needed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--client", required=True, metavar="EMAIL", help="whose calls these are")
        parser.add_argument("--category", default="", metavar="SLUG", help="for rows that name none we know")
        parser.add_argument(
            "--columns",
            default="",
            metavar="NAME=HEADING,…",
            help=f"which column says what, of {', '.join(NAMES)}; an empty heading leaves one out",
        )
        parser.add_argument("--rate", default="", help="euros for one unit of the budget, such as 0.92 for dollars")
        parser.add_argument("--formula", choices=["base", "r0"], default="base", help="the formula their client wants")
        parser.add_argument("--days", type=int, default=30, help="for how many days the calls take offers")
        parser.add_argument("--open", action="store_true", help="hand them in and open them; else they stay drafts")
        parser.add_argument("--by", default="", metavar="EMAIL", help="the moderator who approves; the system if none")
        parser.add_argument("--dry-run", action="store_true", help="check everything, keep nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        plan = plan_of(options)
        try:
            reading = imports.read(options["file"], plan)
        except Unreadable as error:
            raise CommandError(str(error)) from error
        must_be_faultless(reading)
        by = moderator_of(options["by"]) if options["by"] else None
        shown = tqdm(reading.rows, unit="project", disable=options["verbosity"] == 0, file=self.stderr)
        with transaction.atomic():
            try:
                counts = imports.write(shown, plan, is_open=options["open"], by=by)
            except Refusal as refusal:
                raise CommandError(f"Nothing was imported: {refusal}") from refusal
            transaction.set_rollback(options["dry_run"])
        done = "would be imported, nothing was kept" if options["dry_run"] else "imported"
        self.stdout.write(f"{counts['written']} projects {done}; {counts['known']} were there already.")


def plan_of(options: dict[str, Any]) -> Plan:
    """How the file is to be read, from the command's options."""
    client = User.objects.filter(email=options["client"].lower()).first()
    if not client or not client.acts_as_client:
        raise CommandError(f"{options['client']} is no client here: a verified account with a company is needed.")
    category = Category.objects.filter(slug=options["category"]).first()
    if options["category"] and not category:
        slugs = ", ".join(Category.objects.values_list("slug", flat=True))
        raise CommandError(f"There is no category {options['category']!r}: choose among {slugs}.")
    if not 1 <= options["days"] <= 90:
        raise CommandError("A call takes offers for 1 to 90 days.")
    formula = Formula(options["formula"].upper())
    if formula not in Formula.offered():
        raise CommandError("R0 is not offered: R0_ACCOUNT_HOLDER and R0_ACCOUNT_LICENCE name who holds its deposits.")
    return Plan(client, category, columns_in(options["columns"]), rate_in(options["rate"]), options["days"], formula)


def columns_in(text: str) -> dict[str, str]:
    """`title=Titre,budget=Montant` as a table."""
    pairs = [pair.partition("=") for pair in text.split(",") if pair.strip()]
    wrong = [name for name, mark, _heading in pairs if name.strip() not in NAMES or not mark]
    if wrong:
        raise CommandError(f"--columns {wrong[0]}: write NAME=HEADING, NAME being one of {', '.join(NAMES)}.")
    return {name.strip(): heading.strip() for name, _mark, heading in pairs}


def rate_in(text: str) -> Decimal | None:
    """A rate above zero, or none."""
    if not text:
        return None
    try:
        rate = Decimal(text.replace(",", "."))
    except InvalidOperation as error:
        raise CommandError(f"--rate {text!r} is no number.") from error
    if not rate.is_finite() or rate <= 0:
        raise CommandError("--rate must be above zero.")
    return rate


def moderator_of(email: str) -> User:
    """The member of staff who approves."""
    user = User.objects.filter(email=email.lower(), is_active=True).first()
    if not user or not user.has_perm("projects.moderate_project"):
        raise CommandError(f"{email} may not approve projects.")
    return user


def must_be_faultless(reading: Reading) -> None:
    """Stop, with every fault and its line, unless all rows passed."""
    if not reading.errors:
        return
    more = len(reading.errors) - MOST_ERRORS
    rest = [f"… and {more} more."] if more > 0 else []
    faults = "\n".join([*reading.errors[:MOST_ERRORS], *rest])
    raise CommandError(f"Nothing was imported; correct {len(reading.errors)} rows first:\n{faults}")
