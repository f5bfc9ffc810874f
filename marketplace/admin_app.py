from django.contrib.admin.apps import AdminConfig


class ParapheAdminConfig(AdminConfig):
    """Apart from the site itself, which imports models: this is read before any model is."""

    default_site = "marketplace.admin_site.ParapheAdminSite"
