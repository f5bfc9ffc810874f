from __future__ import annotations

from uuid import UUID

from django.http import FileResponse, Http404, HttpResponseBase
from django.views.decorators.http import require_safe

from marketplace.documents.models import Document
from marketplace.policies import UserRequest, policy


@require_safe
@policy("documents.download", suspended=True)
def download(request: UserRequest, key: UUID) -> HttpResponseBase:
    document = Document.objects.filter(key=key).select_related("owner").first()
    if document is None or not document.readable_by(request.user):
        raise Http404
    response = FileResponse(
        document.file.open("rb"), as_attachment=True, filename=document.name, content_type=document.content_type
    )
    response["Cache-Control"] = "private, no-store"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
