"""Tranches delivered, late one day, and money at rest get the dates that each deed sets from now on."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import migrations
from django.utils import timezone

PARIS = ZoneInfo("Europe/Paris")
KINDS = ("tranche.accept", "tranche.remind", "tranche.overdue", "account.idle")
ACCEPTANCE_DAYS, REMINDERS, OVERDUE_DAYS, IDLE_DAYS = 14, (7, 11, 13), 15, 60


def later(at: datetime, days: int) -> datetime:
    """The same hour of the clock in Paris, so many days later."""
    local = at.astimezone(PARIS)
    return datetime.combine(local.date() + timedelta(days=days), local.time(), PARIS).astimezone(UTC)


def dates_of(tranche: Any, now: datetime) -> dict[str, datetime]:
    """The dates of a tranche that holds money."""
    if tranche.state == "DELIVERED" and tranche.accept_by:
        coming = [at for day in REMINDERS if (at := later(tranche.accept_by, day - ACCEPTANCE_DAYS)) > now]
        return {"tranche.accept": tranche.accept_by} | {"tranche.remind": at for at in coming[:1]}
    if tranche.state == "FUNDED" and tranche.due_on:
        late = datetime.combine(tranche.due_on + timedelta(days=OVERDUE_DAYS), time(23, 59), PARIS)
        return {"tranche.overdue": late}
    return {}


def set_dates(apps: Any, schema_editor: Any) -> None:
    """One row per date that is to come, or that has passed unnoticed; those set already stay."""
    rows, now = apps.get_model("escrow", "Tranche").objects.select_related("account"), timezone.now()
    deadline, transfer = apps.get_model("projects", "Deadline"), apps.get_model("ledger", "Transfer")
    made, resting, under_way = [], {}, {}
    for tranche in rows.exclude(state="DISPUTED"):
        if tranche.funded_cents == tranche.released_cents:
            continue
        resting[tranche.account_id] = tranche.account
        about = {"project_id": tranche.account.project_id, "subject_label": "escrow.tranche", "subject_id": tranche.pk}
        dates = dates_of(tranche, now)
        made += [deadline(kind=kind, due_at=at, **about) for kind, at in dates.items()]
        under_way.setdefault(tranche.account_id, []).extend(at for kind, at in dates.items() if kind == KINDS[2])
    for account in resting.values():
        last = transfer.objects.filter(project=account.project.key).order_by("pk").last()
        about = {"project_id": account.project_id, "subject_label": "escrow.escrowaccount", "subject_id": account.pk}
        rest = max([later(last.at, IDLE_DAYS), *under_way[account.pk]])
        made.append(deadline(kind="account.idle", due_at=rest, **about))
    deadline.objects.bulk_create(made, ignore_conflicts=True)


def forget_dates(apps: Any, schema_editor: Any) -> None:
    """Those still to come; what has fallen is history."""
    apps.get_model("projects", "Deadline").objects.filter(kind__in=KINDS, state="WAITING").delete()


class Migration(migrations.Migration):
    dependencies = [
        ("escrow", "0003_del_dates"),
        ("ledger", "0001_initial"),
        ("projects", "0034_amendments"),
    ]
    operations = [migrations.RunPython(set_dates, forget_dates)]
