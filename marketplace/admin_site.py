from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig


class ParapheAdminConfig(AdminConfig):
    default_site = "marketplace.admin_site.ParapheAdminSite"


class ParapheAdminSite(AdminSite):
    """Django admin under the site's name, for staff with a second factor."""
