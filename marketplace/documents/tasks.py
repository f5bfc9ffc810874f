from __future__ import annotations

from datetime import datetime, timedelta

from celery import shared_task
from django.core.files.storage import Storage, default_storage
from django.utils import timezone

from marketplace.documents.models import Document


@shared_task  # type: ignore[untyped-decorator]
def clear_shelves() -> int:
    """Delete the files of the last days whose row was never committed; those of today may still be on their way."""
    today = timezone.now()
    return sum(clear_shelf(default_storage, today - timedelta(days=days)) for days in (2, 3, 4))


def clear_shelf(storage: Storage, day: datetime) -> int:
    """Delete what no row names in the folder of `day`; the number of files deleted."""
    folder = f"{day:%Y/%m/%d}"
    if not storage.exists(folder):
        return 0
    names = {f"{folder}/{name}" for name in storage.listdir(folder)[1]}
    strays = names - set(Document.objects.filter(file__in=names).values_list("file", flat=True))
    for name in strays:
        storage.delete(name)
    return len(strays)
