"""What the SMA was asked and never took up is asked again at once: each request comes to its end."""

from __future__ import annotations

from typing import Any

from django.db import migrations
from django.utils import timezone

ASK = "account.ask"


def ask_again(apps: Any, schema_editor: Any) -> None:
    """One date per account on which something asked is open; one that is set already stays."""
    requests = apps.get_model("escrow", "CaseRequest").objects.filter(state="OPEN")
    accounts = set(requests.values_list("tranche__account", "tranche__account__project"))
    deadline, now = apps.get_model("projects", "Deadline"), timezone.now()
    about = {"kind": ASK, "subject_label": "escrow.escrowaccount", "due_at": now}
    made = [deadline(**about, subject_id=account, project_id=project) for account, project in sorted(accounts)]
    deadline.objects.bulk_create(made, ignore_conflicts=True)


def forget(apps: Any, schema_editor: Any) -> None:
    """Those still to come; what has fallen is history."""
    apps.get_model("projects", "Deadline").objects.filter(kind=ASK, state="WAITING").delete()


class Migration(migrations.Migration):
    dependencies = [
        ("escrow", "0006_case_ends"),
        ("projects", "0034_amendments"),
    ]
    operations = [migrations.RunPython(ask_again, forget)]
