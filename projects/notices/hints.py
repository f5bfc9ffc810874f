from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from credits.models import Kind as CreditKind
from marketplace.accounts.models import User
from marketplace.events.models import Event
from marketplace.events.tellings import Facts, Kind, Letter, Telling, tells
from marketplace.templatetags.page import euros, paris
from projects.models import Hint
from projects.notices.publishing import about


@tells("hint.told", kind=Kind.PROJECTS)
class CallTheClient(Telling):
    """A provider who has had no reply is told of the next step (product, section 4.5)."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        hint = Hint.objects.select_related("project", "provider").get(pk=event.facts["hint"])
        facts = {**about(hint.project), "since": hint.since.isoformat(), "offer": hint.offer_id is not None}
        yield hint.provider, {**facts, "price_cents": CreditKind.CONTACT.price_cents}

    def letter(self, facts: Facts) -> Letter:
        since = {"since": paris(datetime.fromisoformat(facts["since"]))}
        offer, question = _("Your offer was placed on %(since)s."), _("Your question was asked on %(since)s.")
        silence = _("The client has not opened it yet.") if facts["offer"] else _("The client has not answered it yet.")
        return Letter(
            subject=_("No reply yet, call the client: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[
                f"{(offer if facts['offer'] else question) % since} {silence}",
                _(
                    "The next step is the direct contact credit: it gives you the client’s name, company, e-mail and "
                    "phone, and the client is told that you have them. Nothing is spent before you confirm."
                ),
            ],
            figures=[(_("Direct contact credit, excluding VAT"), euros(facts["price_cents"]))],
            note=_("Projects do not fall from the sky: write, call, convince."),
            action=(
                _("See what the direct contact credit opens"),
                reverse("projects:spend", args=[facts["key"], "contact"]),
            ),
        )
