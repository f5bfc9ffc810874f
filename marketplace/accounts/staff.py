"""The three staff groups and exactly their rights; an app that brings an admin page adds its lines here.

`migrate` makes the groups say what this table says, no more and no less, each time it runs.
"""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission

MODERATION, SMA, FINANCE = "Modération", "SMA", "Finance"

GROUPS: dict[str, frozenset[str]] = {
    MODERATION: frozenset(
        {
            "accounts.view_user",
            "accounts.suspend_user",
            "accounts.view_company",
            "projects.view_project",
            "projects.view_edition",
            "projects.view_newslettercopy",
            "projects.moderate_project",
            "projects.view_flag",
            "projects.view_detailsclaim",
            "projects.view_profile",
            "projects.view_review",
            "projects.view_survey",
        }
    ),
    SMA: frozenset({"mediation.view_dispute", "mediation.assign_dispute", "escrow.view_caserequest"}),
    FINANCE: frozenset(
        {
            "accounts.view_company",
            "credits.view_creditpack",
            "credits.add_creditpack",
            "credits.change_creditpack",
            "ledger.view_account",
            "ledger.view_transfer",
            "ledger.view_move",
            "ledger.view_pause",
            "ledger.lift_pause",
            "payments.view_payment",
            "payments.view_cashreturn",
            "payments.view_refund",
            "payments.view_stripeevent",
            "payouts.view_payoutrequest",
            "payouts.decide_payoutrequest",
            "payouts.view_refundtransfer",
            "payouts.decide_refundtransfer",
            "payouts.view_payoutbatch",
            "payouts.send_payoutbatch",
            "payouts.view_bankanswer",
        }
    ),
}


def settle_groups(app_config: AppConfig, *, using: str = "default", **kwargs: Any) -> None:
    """After `app_config` has migrated: give each group its rights on that app, and take all others of that app."""
    try:
        kwargs["apps"].get_model("auth", "Group")
    except LookupError:  # in the middle of a partial migration
        return
    create_permissions(app_config, verbosity=0, using=using, apps=kwargs["apps"])
    ours = Permission.objects.using(using).filter(content_type__app_label=app_config.label)
    prefix = f"{app_config.label}."
    for name, codes in GROUPS.items():
        group, _created = Group.objects.using(using).get_or_create(name=name)
        codenames = [code.removeprefix(prefix) for code in codes if code.startswith(prefix)]
        group.permissions.remove(*ours.filter(group=group).exclude(codename__in=codenames))
        group.permissions.add(*ours.filter(codename__in=codenames))
