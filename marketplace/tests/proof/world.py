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
from marketplace.ledger.models import Transfer
from marketplace.payments.models import Payment
from marketplace.testing.cast import person, professional
from marketplace.tests.proof.model import Model
from marketplace.tests.proof.rows import Account, Paid
from marketplace.tests.proof.rows import Tranche as Part
from payouts.tests.way import banked
from projects.models import Project

HTS = ((10_000, 12_000, 8_000), (10_000, 10_000))
SILENT = (False, True)  # of each account, whether the client's silence releases
IBANS = {"client": "BE68539007547034", "buyer": "DE89370400440532013000"}
TOLD = """escrow.deposited escrow.released escrow.refunded escrow.delivered escrow.unanswered escrow.changes_asked
    escrow.refund_asked escrow.refund_offered escrow.refund_agreed escrow.refund_refused escrow.refund_withdrawn
    escrow.notice_given escrow.notice_withdrawn escrow.notice_overtaken escrow.tranche_cancelled
    payment.paid payment.returned payment.refunded payment.refund_failed payment.awaited payment.part_arrived
    payment.unneeded payment.given_up payment.expired payment.failed payment.cash_back payment.cash_stuck
    payout.asked payout.approved payout.refused payout.sent payout.paid payout.returned
    refund_transfer.ready refund_transfer.waiting refund_transfer.approved refund_transfer.sent refund_transfer.paid
    refund_transfer.returned
    credit.returned credit.spent.consultation credit.spent.offer credit.spent.contact""".split()  # noqa: SIM905
LOOK = """
select json_build_object(
  'tranches', (select json_agg(json_build_array(t.account_id, t.position, t.state, t.cents, t.funded_cents,
      t.released_cents, t.accept_by is not null, d.id is not null, t.changes_at is not null, t.changes_count,
      t.given_up_at is not null) order by t.account_id, t.position)
    from escrow_tranche t left join projects_deadline d on d.subject_id = t.id and d.state = 'WAITING'
      and d.kind = 'tranche.accept' and d.subject_label = 'escrow.tranche'),
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
  'payments', (select json_agg(json_build_array(id, state, cents, (instructions ->> 'left_cents')::bigint,
      coalesce(instructions ->> 'warned', '')) order by id) from payments_payment where id > %(payment)s),
  'cash', (select json_object_agg(payment_id, state) from payments_cashreturn),
  'refunds', (select json_agg(json_build_array(payment_id, state, cents) order by id) from payments_refund),
  'transfers_out', (select json_agg(json_build_array(r.payment_id, x.state, x.cents, x.bank_account_id is not null)
    order by x.id) from payouts_refundtransfer x join payments_refund r on r.id = x.refund_id),
  'requests', (select json_agg(json_build_array(state, cents) order by id) from escrow_refundrequest),
  'notices', (select json_agg(state order by id) from escrow_cancellationnotice),
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
        accounts = [
            Account(dict(enumerate(h, 1)), {n: Part(x * 6 // 5) for n, x in enumerate(h, 1)}, silence)
            for h, silence in zip(HTS, SILENT, strict=True)
        ]
        fees = [
            Paid("fees", p.cents, account=n, state="PAID", intent=p.intent_id, seen={p.intent_id})
            for n, p in enumerate(self.fees)
        ]
        return Model(accounts, fees)

    def look(self) -> dict[str, Any]:
        """All that the database says of the money, in one query."""
        with connection.cursor() as cursor:
            cursor.execute("execute look")
            found: dict[str, Any] = json.loads(cursor.fetchone()[0])
        return {name: value or {} for name, value in found.items()}

    def events(self) -> set[str]:
        """What was posted since it began."""
        rows = Transfer.objects.filter(pk__gt=self.seen["transfer"])
        return set(rows.values_list("event", flat=True).distinct())

    def person(self, name: str) -> User:
        """Who is called so in the model."""
        people: dict[str, User] = {"client": self.client, "provider": self.provider, "buyer": self.buyer}
        return people[name]

    def account(self, n: int) -> EscrowAccount:
        """As another request would read it."""
        rows = EscrowAccount.objects.select_related("project", "agreement", "held", "payable", "claimed")
        return rows.get(pk=self.accounts[n].pk)

    def tranche(self, n: int, number: int) -> Tranche:
        """As another request would read it."""
        rows = Tranche.objects.select_related("account__project", "account__agreement")
        return rows.get(account=self.accounts[n].pk, position=number)


def build() -> World:
    """People, two accounts that are open and empty, two calls that can be opened with credits, no credit yet."""
    connection.close()  # another world may have been planned on it
    plan_quickly()
    client = professional("claire@machine.example", "Claire", "client", "Caron", "914505565")
    provider = professional("paul@machine.example", "Paul", "provider", "Mercier", "852856566")
    buyer = professional("rita@machine.example", "Rita", "provider", "Lemoine", "870152279")
    finance, second = (person(f"{n}@machine.example", n, staff_of=FINANCE) for n in ("fanny", "felix"))
    banked(provider)
    accounts = [way.opened(client, provider, hts, silence=silent) for hts, silent in zip(HTS, SILENT, strict=True)]
    Wallet.of(buyer)
    packs = list(CreditPack.objects.filter(on_sale=True).order_by("pk"))
    calls = [way.published(client) for _n in range(2)]
    fees = [Payment.objects.get(purpose="agreements.fees", project_key=a.project.key) for a in accounts]
    seen = {**ends(), "buyer": buyer.pk}
    with connection.cursor() as cursor:
        cursor.execute(f"prepare look as {LOOK}", seen)
    return World(client, provider, buyer, finance, second, accounts, fees, calls, packs, seen)


def plan_quickly() -> None:
    """Take joins as they are written: on so few rows, planning them costs more than any order could save."""
    with connection.cursor() as cursor:
        cursor.execute("set join_collapse_limit = 1; set from_collapse_limit = 1; set jit = off")


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
