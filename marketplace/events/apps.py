from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class EventsConfig(AppConfig):
    name = "marketplace.events"
    label = "events"
    verbose_name = _("Events and notices")

    def ready(self) -> None:
        """Import every app's `reactions.py` (what follows from an event) and `notices.py` (who is told, how)."""
        autodiscover_modules("reactions")
        autodiscover_modules("notices")
