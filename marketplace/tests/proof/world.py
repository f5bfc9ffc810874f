"""The world in which the machine moves: two R0 projects, two calls, who pays and who is paid; and how it looks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from credits.models import CreditPack, Wallet
from escrow.models import EscrowAccount, Tranche
from escrow.tests import way
from marketplace.accounts.models import User
from marketplace.accounts.staff import FINANCE
from marketplace.payments.models import Payment
from marketplace.testing.cast import person, professional
from marketplace.tests.proof.model import Account, Model, Paid
from marketplace.tests.proof.model import Tranche as Part
from payouts.tests.way import banked
from projects.models import Project

HTS = ((10_000, 12_000, 8_000), (10_000, 10_000))
TOLD = """escrow.deposited escrow.released escrow.refunded escrow.delivered payment.paid payment.returned
    payment.refunded payment.refund_failed payout.asked payout.approved payout.refused payout.sent payout.paid
    payout.returned credit.returned credit.spent.consultation credit.spent.offer credit.spent.contact""".split()  # noqa: SIM905
LOOK = """
select json_build_object(
  'tranches', (select json_agg(json_build_array(account_id, position, state, cents, funded_cents, released_cents)
    order by account_id, position) from escrow_tranche),
  'kept', (select json_agg(json_build_array(e.id, h.balance, p.balance, c.balance) order by e.id)
    from escrow_escrowaccount e join ledger_account h on h.id = e.held_id join ledger_account p on p.id = e.payable_id
    join ledger_account c on c.id = e.claimed_id),
  'frozen', (select json_agg(json_build_array(f.state, a.balance) order by f.id)
    from escrow_freeze f join ledger_account a on a.id = f.frozen_id),
  'refunding', (select json_object_agg(p.id, a.balance)
    from payments_payment p join ledger_account a on a.id = p.refunding_id),
  'wallet', (select json_object_agg(a.asset, a.balance) from ledger_account a join credits_wallet w
    on a.id in (w.consultation_id, w.offer_id, w.contact_id) where w.provider_id = %(buyer)s),
  'recorded', (select json_object_agg(a.name, s.cents) filter (where s.cents <> 0) from (
      select id, sum(cents) as cents from (
        select credit_id as id, amount as cents from ledger_move where id > %(move)s
        union all select debit_id, -amount from ledger_move where id > %(move)s) sides group by id
    ) s join ledger_account a using (id) where a.guard = 0),
  'payments', (select json_agg(json_build_array(id, state, cents) order by id) from payments_payment
    where id > %(payment)s),
  'refunds', (select json_agg(json_build_array(payment_id, state, cents) order by id) from payments_refund),
  'payouts', (select json_agg(json_build_array(state, cents) order by id) from payouts_payoutrequest),
  'told', (select json_object_agg(verb, n) from (select verb, count(*) as n from events_event
    where id > %(event)s and verb = any(%(told)s) group by verb) counted),
  'transfers', (select count(*) from ledger_transfer where id > %(transfer)s)
)::text
"""
TABLES = {"move": "ledger_move", "payment": "payments_payment", "event": "events_event", "transfer": "ledger_transfer"}


@dataclass
class World:
    """What is there before the machine's first step; each run of it is thrown away."""

    client: User
    provider: User
    buyer: User
    finance: User
    second: User
    accounts: list[EscrowAccount]
    fees: list[Payment]
    projects: list[Project]
    packs: list[CreditPack]
    seen: dict[str, Any]

    def model(self) -> Model:
        """The model of this world."""
        accounts = [Account(dict(enumerate(h, 1)), {n: Part(x * 6 // 5) for n, x in enumerate(h, 1)}) for h in HTS]
        fees = [
            Paid("fees", p.cents, account=n, state="PAID", intent=p.intent_id, seen={p.intent_id})
            for n, p in enumerate(self.fees)
        ]
        return Model(accounts, fees)

    def look(self) -> dict[str, Any]:
        """All that the database says of the money, in one query."""
        with connection.cursor() as cursor:
            cursor.execute(LOOK, self.seen)
            found: dict[str, Any] = json.loads(cursor.fetchone()[0])
        return {name: value or {} for name, value in found.items()}

    def account(self, n: int) -> EscrowAccount:
        """As another request would read it."""
        return EscrowAccount.objects.with_parties().get(pk=self.accounts[n].pk)

    def tranche(self, n: int, number: int) -> Tranche:
        """As another request would read it."""
        return Tranche.objects.with_parties().get(account=self.accounts[n].pk, position=number)


def build() -> World:
    """People, two accounts that are open and empty, two calls that can be opened with credits, no credit yet."""
    client = professional("claire@machine.example", "Claire", "client", "Caron", "914505565")
    provider = professional("paul@machine.example", "Paul", "provider", "Mercier", "852856566")
    buyer = professional("rita@machine.example", "Rita", "provider", "Lemoine", "870152279")
    finance, second = (person(f"{n}@machine.example", n, staff_of=FINANCE) for n in ("fanny", "felix"))
    banked(provider)
    accounts = [way.opened(client, provider, hts) for hts in HTS]
    Wallet.of(buyer)
    packs = list(CreditPack.objects.filter(on_sale=True).order_by("pk"))
    calls = [way.published(client) for _n in range(2)]
    fees = [Payment.objects.get(purpose="agreements.fees", project_key=a.project.key) for a in accounts]
    return World(client, provider, buyer, finance, second, accounts, fees, calls, packs, {**ends(), "buyer": buyer.pk})


def ends() -> dict[str, Any]:
    """The last row of each table that is only looked at from here on."""
    with connection.cursor() as cursor:
        cursor.execute("select " + ", ".join(f"(select coalesce(max(id), 0) from {t})" for t in TABLES.values()))
        return {**dict(zip(TABLES, cursor.fetchone(), strict=True)), "told": TOLD}


@contextmanager
def thrown_away() -> Iterator[None]:
    """A transaction of which nothing stays."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
