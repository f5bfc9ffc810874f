"""Who may use which page: one readable table, default deny.

A suspended account finds closed whatever does not say `suspended=True`: it keeps what a dispute and its own data need.
A policy says which *kind* of person a page is for. Which *rows* that person may touch is decided by the querysets
(`Project.objects.visible_to(user)` …), where a stranger's object and a missing one give the same 404.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import urlencode

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace import resume

if TYPE_CHECKING:
    from marketplace.accounts.models import User

    class UserRequest(HttpRequest):
        """A request whose policy has made sure that somebody is signed in."""

        user: User
else:
    UserRequest = HttpRequest

View = Callable[..., HttpResponseBase]
Kept = bool | Literal["to read"]  # what a view keeps open to a suspended account; "to read": it posts nothing there


class For(enum.Enum):
    """The kinds of people a page can be for; each kind but ANYONE and MACHINE is signed in."""

    ANYONE = "anyone"
    MACHINE = "machine"  # signed messages of a service, checked by the view itself
    MEMBER = "member"
    VERIFIED = "verified"  # with a verified e-mail address
    CLIENT = "client"  # verified, client hat, company known
    PROVIDER = "provider"  # verified, provider hat, company known


POLICIES: dict[str, For] = {
    "site.public": For.ANYONE,
    "site.health": For.ANYONE,
    "site.language": For.ANYONE,
    "accounts.self": For.MEMBER,
    "accounts.company": For.VERIFIED,
    "accounts.bank": For.PROVIDER,
    "events.own": For.MEMBER,
    "events.unsubscribe": For.ANYONE,  # a signed link
    "documents.download": For.MEMBER,  # the owning row decides
    "payments.webhook": For.MACHINE,
    "payments.own": For.VERIFIED,
    "credits.wallet": For.PROVIDER,
    "credits.buy": For.PROVIDER,
    "projects.discover": For.ANYONE,
    "projects.publish": For.CLIENT,
    "projects.own": For.VERIFIED,
    "projects.flag": For.VERIFIED,
    "projects.claim_details": For.PROVIDER,
    "projects.confirm_details": For.VERIFIED,
    "projects.interests": For.PROVIDER,
    "projects.profile": For.PROVIDER,
    "projects.spend": For.PROVIDER,
    "projects.offer": For.PROVIDER,
    "projects.message": For.VERIFIED,  # the client and the bidders: the project's queryset decides
    "projects.answer": For.CLIENT,
    "projects.thread": For.VERIFIED,  # the two parties: the agreements' queryset decides
    "projects.compare": For.CLIENT,
    "projects.select": For.CLIENT,
    "agreements.party": For.VERIFIED,
    "agreements.pay": For.VERIFIED,  # whoever of the two parties owes the fees: the agreements' queryset decides
    "escrow.party": For.VERIFIED,
    "escrow.deposit": For.CLIENT,
    "escrow.deliver": For.PROVIDER,
    "escrow.release": For.CLIENT,
    "escrow.ask_refund": For.CLIENT,
    "escrow.answer_refund": For.PROVIDER,
    "mediation.register": For.ANYONE,
    "mediation.decision": For.VERIFIED,  # the two sides and the SMA’s people in the case: the queryset decides
    "mediation.party": For.VERIFIED,  # the two sides, and who sits in the case: the cases' queryset decides
    "mediation.settle": For.VERIFIED,
    "payouts.own": For.PROVIDER,
    "payouts.ask": For.PROVIDER,
    "payouts.refunds": For.VERIFIED,  # whoever paid by a card that does not take the money back
    "payouts.invoice": For.VERIFIED,  # the provider and the client whom the invoice is addressed to
    "demo.trial": For.ANYONE,  # routes that exist in the trial only
}
# Routes of the libraries, which carry their own checks: by namespace or url name prefix.
FOREIGN = {"admin:": "staff, with a second factor", "account_": "allauth", "mfa_": "allauth"}


def refused(request: HttpRequest, audience: For, *, about: bool = False) -> HttpResponse | None:
    """The answer to somebody a page is not for, or None when they may go on. It says nothing of any object.

    A page `about` an object of its client does not exist for who is no client at all: a role would not open it.
    """
    if audience in {For.ANYONE, For.MACHINE}:
        return None
    if not request.user.is_authenticated:
        if request.method == "POST":
            resume.keep(request)
        return redirect_to_login(request.get_full_path())
    user = request.user
    if audience is For.MEMBER:
        return None
    if not user.is_verified:
        messages.warning(request, _("Confirm your e-mail address first: open the link that we sent you."))
        return redirect("account_email")
    if audience is For.CLIENT and about and not user.is_client:
        raise Http404
    hats = {For.CLIENT: user.acts_as_client, For.PROVIDER: user.acts_as_provider}
    if not hats.get(audience, True):
        messages.warning(request, lacking(user, audience))
        back = urlencode({"next": request.get_full_path()}) if request.method == "GET" else ""
        return redirect(f"{reverse('accounts:company')}{'?' if back else ''}{back}")
    return None


def lacking(user: User, audience: For) -> str:
    """What `user` has yet to give on the page of their company before a page for `audience` opens."""
    client = audience is For.CLIENT
    if user.is_client if client else user.is_provider:
        return _("Give your company’s details first: then you come back to the page that you opened.")
    if user.has_company:
        by_role = (
            _("This page is for clients: tick that role below."),
            _("This page is for providers: tick that role below."),
        )
    else:
        by_role = (
            _("This page is for clients: tick that role and give your company’s details."),
            _("This page is for providers: tick that role and give your company’s details."),
        )
    return by_role[0] if client else by_role[1]


def closed(request: HttpRequest, audience: For, kept: Kept) -> HttpResponse | None:
    """The answer to a suspended account where it has nothing to do any more, whatever the page is about."""
    is_open = kept if isinstance(kept, bool) else request.method in {"GET", "HEAD"}
    if is_open or audience is For.MACHINE or not getattr(request.user, "is_suspended", False):
        return None
    return render(request, "suspended.html", status=403)


def policy(name: str, *, reauthenticate: bool = False, suspended: Kept = False) -> Callable[[View], View]:
    """Declare the policy `name` of a view; with `reauthenticate`, password or passkey is asked again first.

    With `suspended`, it stays open to an account that is suspended: what a dispute needs, and its own data; "to read":
    what the dispute is about is read again, and nothing is done there.
    """
    audience = POLICIES[name]

    def declare(view: View) -> View:
        guarded = cast("View", reauthentication_required(view, allow_get=False)) if reauthenticate else view

        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            shut = closed(request, audience, suspended)
            answer = shut or refused(request, audience, about=bool(kwargs)) or resume.offer(request)
            return answer or guarded(request, *args, **kwargs)

        checked.policy, checked.reauthenticates = name, reauthenticate  # type: ignore[attr-defined]
        checked.suspended = bool(suspended)  # type: ignore[attr-defined]
        return checked

    return declare
