"""Deeds of the money for a child process that does not know when its database dies: `… crash begin|release|settle|end`.

Each line says what is about to be done, then that it is done: acknowledged. The same keys each time.
"""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Callable

import django

django.setup()

from escrow.models import Deposit, EscrowAccount, Release, Tranche  # noqa: E402  (Django first)
from escrow.tests import way  # noqa: E402
from marketplace.ledger import checks  # noqa: E402
from marketplace.ledger.models import Transfer  # noqa: E402
from marketplace.payments.gateway import Intent  # noqa: E402
from marketplace.payments.models import Payment  # noqa: E402
from marketplace.testing.cast import professional  # noqa: E402

TURNS = 6
CENTS = 12_000


def key_of(deed: str, turn: int) -> uuid.UUID:
    """The key of one deed."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{deed}/{turn}")


def say(*words: object) -> None:
    """A line that the other process reads at once."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def begin() -> None:
    """Two accounts: one with a delivered tranche for each release, one with a payment begun for each settlement."""
    client = professional("claire@crash.example", "Claire", "client", "Caron", "914505565")
    provider = professional("paul@crash.example", "Paul", "provider", "Mercier", "852856566")
    full, empty = (way.opened(client, provider, [CENTS * 5 // 6] * TURNS) for _n in range(2))
    for tranche in way.funded(full):
        way.delivered(tranche)
    for turn, tranche in enumerate(empty.tranches.all()):
        empty.deposit(CENTS, by=client, key=key_of("settle", turn), tranche=tranche)


def release(turn: int) -> None:
    """Accept one tranche of the full account."""
    account = EscrowAccount.objects.with_parties().order_by("pk")[0]
    tranche = Tranche.objects.with_parties().get(account=account, position=turn + 1)
    account.release(tranche=tranche, cents=CENTS, by=account.agreement.client, key=key_of("release", turn))


def settle(turn: int) -> None:
    """The money of one payment has come."""
    Payment.objects.get(key=key_of("settle", turn)).settle(Intent(f"pi_{turn}", "succeeded", CENTS, "eur"))


DEEDS: dict[str, Callable[[int], None]] = {"release": release, "settle": settle}


def go(deed: str) -> None:
    """Each turn of `deed`, said before and after."""
    for turn in range(TURNS):
        say("try", turn)
        DEEDS[deed](turn)
        say("done", turn)


def end() -> None:
    """What is there: for each deed and turn its row and its transfer; and what the books say."""
    releases, posted = {r.key: r.pk for r in Release.objects.all()}, set(Transfer.objects.values_list("key", flat=True))
    deposits = set(Deposit.objects.values_list("payment__key", flat=True))
    rows = {
        "release": [[key_of("release", n) in releases, f"release:{releases.get(key_of('release', n))}" in posted]
                    for n in range(TURNS)],
        "settle": [[key_of("settle", n) in deposits, f"stripe:pi_{n}:paid" in posted] for n in range(TURNS)],
    }  # fmt: skip
    say(json.dumps({**rows, "books": checks.run()}))


if __name__ == "__main__":
    asked = sys.argv[1]
    {"begin": begin, "end": end}.get(asked, lambda: go(asked))()
