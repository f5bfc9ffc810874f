from django.apps import AppConfig
from django.db.models.signals import post_migrate

from marketplace.accounts.staff import settle_groups


class AccountsConfig(AppConfig):
    name = "marketplace.accounts"
    label = "accounts"

    def ready(self) -> None:
        post_migrate.connect(settle_groups, dispatch_uid="accounts.staff")
