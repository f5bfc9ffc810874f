from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from marketplace.policies import UserRequest, policy
from mediation.models import Decision
from mediation.papers import decision_paper
from mediation.register import Register


@require_safe
@policy("mediation.register")
def register(request: HttpRequest) -> HttpResponse:
    return render(request, "mediation/register.html", {"register": Register(request.GET.get("avant", ""))})


@require_safe
@policy("mediation.decision")
def paper(request: UserRequest, key: str) -> HttpResponse:
    rows = Decision.objects.visible_to(request.user).issued().with_case()
    decision = get_object_or_404(rows, dispute__key=key)
    response = HttpResponse(decision_paper(decision), content_type="application/pdf")
    response["Cache-Control"] = "private, no-store"
    response["Content-Disposition"] = f'attachment; filename="decision-sma-{decision.dispute.number}.pdf"'
    return response
