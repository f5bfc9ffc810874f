"""The equations of the internal accounts, checked every ten minutes and after every test."""

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
    """The columns of a tranche are its deposits less what was given back, and its releases and awards."""
    return red_rows(
        """
        select format('tranche %s: funded %s, parts %s, given back %s; released %s, releases and awards %s',
          t.id, t.funded_cents, d.cents, b.cents, t.released_cents, r.cents + a.cents), j.key
        from escrow_tranche t join escrow_escrowaccount e on e.id = t.account_id
          join projects_project j on j.id = e.project_id,
          lateral (select coalesce(sum(cents), 0) as cents from escrow_depositpart where tranche_id = t.id) d,
          lateral (select coalesce(sum(cents), 0) as cents from escrow_refundpart where tranche_id = t.id) b,
          lateral (select coalesce(sum(cents), 0) as cents from escrow_release where tranche_id = t.id) r,
          lateral (select coalesce(sum(provider_cents), 0) as cents from escrow_freezepart where tranche_id = t.id) a
        where t.funded_cents <> d.cents - b.cents or t.released_cents <> r.cents + a.cents
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
            join ledger_account s on s.id = m.credit_id where s.kind = 'refunding' and (m.debit_id = e.held_id
              or m.debit_id in (select frozen_id from escrow_freeze where account_id = e.id))) g
        where d.cents <> i.cents or r.cents <> o.cents or d.cents <> p.cents
          or b.cents <> g.cents or b.cents <> q.cents
        """
    )


@register("escrow.frozen_is_in_dispute")
def frozen_is_in_dispute() -> list[str]:
    """Of each freeze: frozen = Σ its parts while it lasts, then nothing; what it gave to each side is posted."""
    return red_rows(
        """
        select format('freeze %s (%s): %s frozen, parts %s; to the provider %s, posted %s; to the client %s, posted %s',
          f.id, f.state, a.balance, p.cents, p.provider, y.cents, p.client, b.cents), j.key
        from escrow_freeze f join ledger_account a on a.id = f.frozen_id
          join escrow_escrowaccount e on e.id = f.account_id join projects_project j on j.id = e.project_id,
          lateral (select coalesce(sum(cents), 0) as cents, coalesce(sum(provider_cents), 0) as provider,
            coalesce(sum(client_cents), 0) as client, count(*) filter (where provider_cents is null) as unshared,
            count(*) as n from escrow_freezepart where freeze_id = f.id) p,
          lateral (select coalesce(sum(m.amount), 0) as cents from ledger_move m
            join ledger_account c on c.id = m.credit_id where m.debit_id = f.frozen_id and c.kind = 'payable') y,
          lateral (select coalesce(sum(m.amount), 0) as cents from ledger_move m
            join ledger_account c on c.id = m.credit_id where m.debit_id = f.frozen_id and c.kind = 'refunding') b
        where a.balance <> case f.state when 'FROZEN' then p.cents else 0 end
          or p.provider <> y.cents or p.client <> b.cents
          or p.unshared <> case f.state when 'EXECUTED' then 0 else p.n end
        """
    )


@register("escrow.disputed_is_frozen")
def disputed_is_frozen() -> list[str]:
    """A tranche is in dispute exactly while one freeze lasts on all that it has; what no freeze has is held."""
    return red_rows(
        """
        with living as (
          select p.tranche_id, count(*) as n, sum(p.cents) as cents
          from escrow_freezepart p join escrow_freeze f on f.id = p.freeze_id
          where f.state = 'FROZEN' group by 1
        )
        select format('tranche %s (%s): %s deposited and not released, %s frozen %s times',
          t.id, t.state, t.funded_cents - t.released_cents, coalesce(l.cents, 0), coalesce(l.n, 0)), j.key
        from escrow_tranche t join escrow_escrowaccount e on e.id = t.account_id
          join projects_project j on j.id = e.project_id left join living l on l.tranche_id = t.id
        where (t.state = 'DISPUTED') <> (l.n is not null)
          or (l.n is not null and (l.n <> 1 or l.cents <> t.funded_cents - t.released_cents))
        union all
        select format('account %s: %s held, tranches %s', e.id, h.balance, s.cents), j.key
        from escrow_escrowaccount e join ledger_account h on h.id = e.held_id
          join projects_project j on j.id = e.project_id,
          lateral (select coalesce(sum(funded_cents - released_cents), 0) as cents from escrow_tranche
            where account_id = e.id and state <> 'DISPUTED') s
        where h.balance <> s.cents
        """
    )
