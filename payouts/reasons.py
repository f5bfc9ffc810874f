"""Why a bank does not carry out a transfer: the codes of ISO 20022 (ExternalStatusReason1Code) in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

WRONG_IBAN, CLOSED = _("the IBAN does not exist or is wrong"), _("the account is closed")
BLOCKED, NOT_TAKEN = _("the account is blocked"), _("this account cannot receive such transfers")
REFUSED, NAME = _("the account’s holder or their bank refused it"), _("the holder’s name does not fit the account")
OURS, LAW = _("our bank could not carry it out: you have nothing to change"), _("a legal or regulatory reason")
REASONS: dict[str, _StrPromise] = {
    **dict.fromkeys(["AC01", "AC03", "AC02", "BE05", "RC01", "RC03", "RC04"], WRONG_IBAN),
    **dict.fromkeys(["AC04", "AC07", "MD07"], CLOSED),
    **dict.fromkeys(["AC06", "AC05"], BLOCKED),
    **dict.fromkeys(["AG01", "AG03", "AC13", "AC14", "CNOR", "DNOR"], NOT_TAKEN),
    **dict.fromkeys(["MS02", "CUST", "FRAD"], REFUSED),
    **dict.fromkeys(["BE01", "BE04", "BE06", "BE07"], NAME),
    **dict.fromkeys(["AM01", "AM02", "AM04", "AM05", "AM09", "AM10", "DT01", "FF01", "TM01", "AG02", "DUPL"], OURS),
    **dict.fromkeys(["RR01", "RR02", "RR03", "RR04"], LAW),
}


def in_words(reason: str) -> str:
    """A bank's reason as people read it: words for its code, what the bank added, and the code itself."""
    code, _space, added = reason.partition(" ")
    if len(code) != 4 or not code.isalnum() or not code.isupper():
        return reason or _now("the bank gives no reason")
    words = REASONS.get(code) or _now("the bank gives no reason")
    sentence = _now("%(words)s (code %(code)s)") % {"words": words, "code": code}
    return f"{sentence}. {added}" if added else sentence
