"""What a choice tells its winner at the top of the project report."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace.templatetags.page import paris
from projects.models import AgreementState
from projects.report import Banner, Reading, banner
from projects.storyline import own_version


@banner
def won(reading: Reading) -> Banner | None:
    """The winner is invited to confirm the terms until they have, with the date and hour (product, section 4.6)."""
    version = reading.once(own_version) if reading.as_winner else None
    if not version or version.agreement.state != AgreementState.PROPOSED or version.accepted_by(reading.user):
        return None
    n = reading.project.offers_count
    title = ngettext("Your offer was chosen", "Your offer was chosen among %(n)s", n) % {"n": n}
    text = _("Read the terms and confirm them before %(date)s. Nothing binds you yet: do not start working.")
    until = {"date": paris(version.agreement.confirm_by)}
    return Banner("go", title, text % until, _("Read and confirm the terms"), version.agreement.get_absolute_url())
