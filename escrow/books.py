"""The equations of the internal accounts, checked every ten minutes and after every test (money.md)."""

from __future__ import annotations

from marketplace.ledger.checks import red_rows, register

# Per project, by kind: what went in (+) and out (-) of the accounts that are its own.
MOVED = """
with moved as (
  select t.project, d.kind as source, c.kind as target, sum(m.amount)::bigint as cents
  from ledger_move m join ledger_transfer t on t.id = m.transfer_id
  join ledger_account d on d.id = m.debit_id join ledger_account c on c.id = m.credit_id
  where t.project <> '' and m.asset = 'EUR' group by 1, 2, 3
), account as (
  select e.id, p.key, p.state, h.balance as held, y.balance as payable, k.balance as claimed
  from escrow_escrowaccount e join projects_project p on p.id = e.project_id
  join ledger_account h on h.id = e.held_id join ledger_account y on y.id = e.payable_id
  join ledger_account k on k.id = e.claimed_id
)
"""


@register("escrow.deposited_is_somewhere")
def deposited_is_somewhere() -> list[str]:
    """deposited = held + frozen + payable + claimed + paid out + being refunded or refunded + charged back."""
    return red_rows(
        MOVED  # noqa: S608  (two texts of this module)
        + """
        , summed as (
          select a.key, a.held + a.payable + a.claimed as here,
            coalesce(sum(m.cents) filter (where m.target = 'held' and m.source not in ('frozen')), 0) as deposited,
            coalesce(sum(case when m.target = 'frozen' then m.cents when m.source = 'frozen' then -m.cents end)
              filter (where 'frozen' in (m.source, m.target)), 0) as frozen,
            coalesce(sum(case when m.source in ('claimed', 'payable') then m.cents else -m.cents end)
              filter (where (m.source in ('claimed', 'payable') and m.target in ('bank', 'bank_transit'))
                or (m.target in ('claimed', 'payable') and m.source in ('bank', 'bank_transit'))), 0) as paid_out,
            coalesce(sum(m.cents) filter (where m.source in ('held', 'frozen') and m.target = 'refunding'), 0) as back,
            coalesce(sum(case when m.source = 'frozen' then m.cents else -m.cents end)
              filter (where (m.source, m.target) in (('frozen', 'chargeback'), ('chargeback', 'frozen'))), 0)
              as contested
          from account a left join moved m on m.project = a.key group by a.key, a.held, a.payable, a.claimed
        )
        select format('project %s: %s deposited, %s found',
          key, deposited, here + frozen + paid_out + back + contested), key
        from summed where deposited <> here + frozen + paid_out + back + contested
        """
    )


@register("escrow.finished_holds_nothing")
def finished_holds_nothing() -> list[str]:
    """A completed R0 project holds nothing any more."""
    wrong = "select format('project %s is completed and holds %s', key, held), key from account"
    return red_rows(f"{MOVED} {wrong} where state = 'COMPLETED' and held <> 0")


@register("escrow.tranches_are_their_rows")
def tranches_are_their_rows() -> list[str]:
    """The maintained columns of a tranche are its deposits less what was given back, and its releases."""
    return red_rows(
        """
        select format('tranche %s: funded %s, parts %s, given back %s; released %s, releases %s',
          t.id, t.funded_cents, d.cents, b.cents, t.released_cents, r.cents), j.key
        from escrow_tranche t join escrow_escrowaccount e on e.id = t.account_id
          join projects_project j on j.id = e.project_id,
          lateral (select coalesce(sum(cents), 0) as cents from escrow_depositpart where tranche_id = t.id) d,
          lateral (select coalesce(sum(cents), 0) as cents from escrow_refundpart where tranche_id = t.id) b,
          lateral (select coalesce(sum(cents), 0) as cents from escrow_release where tranche_id = t.id) r
        where t.funded_cents <> d.cents - b.cents or t.released_cents <> r.cents
        """
    )


@register("escrow.rows_are_posted")
def rows_are_posted() -> list[str]:
    """Deposits, refunds and releases of an account are exactly what its ledger accounts have seen, and their parts."""
    return red_rows(
        """
        select format('account %s: deposits %s, posted %s; releases %s, posted %s; parts %s; refunds %s, posted %s, '
            'parts %s',
          e.id, d.cents, i.cents, r.cents, o.cents, p.cents, b.cents, g.cents, q.cents), j.key
        from escrow_escrowaccount e join projects_project j on j.id = e.project_id,
          lateral (select coalesce(sum(cents), 0) as cents from escrow_deposit where account_id = e.id) d,
          lateral (select coalesce(sum(cents), 0) as cents from escrow_release where account_id = e.id) r,
          lateral (select coalesce(sum(x.cents), 0) as cents from escrow_depositpart x
            join escrow_deposit y on y.id = x.deposit_id where y.account_id = e.id) p,
          lateral (select coalesce(sum(amount), 0) as cents from ledger_move m
            join ledger_account s on s.id = m.debit_id where m.credit_id = e.held_id and s.kind <> 'frozen') i,
          lateral (select coalesce(sum(amount), 0) as cents from ledger_move
            where debit_id = e.held_id and credit_id = e.payable_id) o,
          lateral (select coalesce(sum(cents), 0) as cents from escrow_refund where account_id = e.id) b,
          lateral (select coalesce(sum(x.cents), 0) as cents from escrow_refundpart x
            join escrow_refund y on y.id = x.refund_id where y.account_id = e.id) q,
          lateral (select coalesce(sum(amount), 0) as cents from ledger_move m
            join ledger_account s on s.id = m.credit_id where m.debit_id = e.held_id and s.kind = 'refunding') g
        where d.cents <> i.cents or r.cents <> o.cents or d.cents <> p.cents
          or b.cents <> g.cents or b.cents <> q.cents
        """
    )
