from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    """What every page knows: the site's name and whether this is a trial."""
    return {"SITE_NAME": settings.SITE_NAME, "TRIAL": settings.TRIAL, "SANDBOX": settings.SANDBOX}
