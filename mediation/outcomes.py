"""What becomes of each tranche of a case once its money is shared out: the provider's share fills the first ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from marketplace.templatetags.page import euros

if TYPE_CHECKING:
    from escrow.models import Shares
    from escrow.models.freezes import Split


def outcomes(split: Split) -> list[tuple[str, str]]:
    """Each tranche with what becomes of it; nothing of a single one, of which the shares say all."""
    return [(str(tranche), outcome(shares)) for tranche, shares in split.items()] if len(split) > 1 else []


def outcome(shares: Shares) -> str:
    """What becomes of the frozen money of one tranche."""
    if not shares.client_cents:
        words = _("all of it is released to the provider: %(provider)s")
    elif not shares.provider_cents:
        words = _("all of it is refunded to the client: %(client)s")
    else:
        words = _("%(provider)s are released to the provider, %(client)s are refunded to the client")
    return words % {"provider": euros(shares.provider_cents), "client": euros(shares.client_cents)}
