"""The equations that need nothing but the ledger."""

from __future__ import annotations

from marketplace.ledger.checks import red_rows, register


@register("ledger.balances")
def balances_are_the_sums_of_moves() -> list[str]:
    """Each guarded account keeps exactly the sum of its moves; a recorded account keeps nothing."""
    return red_rows("""
        select format('account %s (%s %s) keeps %s, its moves give %s', a.id, a.kind, a.asset, a.balance, s.moved)
        from ledger_account a
        left join (
            select id, sum(amount) as moved
            from (select credit_id as id, amount from ledger_move
                  union all select debit_id, -amount from ledger_move) sides
            group by id
        ) s using (id)
        where a.balance <> case when a.guard = 0 then 0 else coalesce(s.moved, 0) end
        order by a.id
    """)


@register("ledger.credits")
def issued_credits_are_in_wallets_or_consumed() -> list[str]:
    """Of each kind of credit: issued = Σ wallets + consumed, and no more came back than were consumed."""
    return red_rows("""
        with moved as (
            select debit_id as id, -amount as amount from ledger_move where asset <> 'EUR'
            union all select credit_id, amount from ledger_move where asset <> 'EUR'
        ), recorded as (
            select a.asset, -coalesce(sum(m.amount) filter (where a.kind = 'issued'), 0) as issued,
                   coalesce(sum(m.amount) filter (where a.kind = 'consumed'), 0) as consumed
            from ledger_account a left join moved m using (id)
            where a.kind in ('issued', 'consumed') group by a.asset
        ), wallets as (
            select asset, sum(balance) as held from ledger_account where kind = 'wallet' group by asset
        )
        select format('%s: %s issued, but %s in wallets and %s consumed', asset, issued, coalesce(held, 0), consumed)
        from recorded left join wallets using (asset)
        where issued <> coalesce(held, 0) + consumed or consumed < 0 or issued < 0
        order by asset
    """)


@register("ledger.cover")
def what_is_owed_is_covered() -> list[str]:
    """Σ held + frozen + payable + claimed + refunding ≤ what Stripe and the bank hold, chargebacks under way included.

    What is on its way to the bank has left `claimed` but not yet the bank: it is not there twice.
    """
    return red_rows("""
        with owed as (
            select coalesce(sum(balance), 0) as cents from ledger_account
            where kind in ('held', 'frozen', 'payable', 'claimed', 'refunding')
        ), places as (
            select id from ledger_account where name in ('stripe', 'bank', 'bank_transit', 'chargeback')
        ), there as (
            select coalesce((select sum(amount) from ledger_move join places p on p.id = debit_id), 0)
                 - coalesce((select sum(amount) from ledger_move join places p on p.id = credit_id), 0) as cents
        )
        select format('%s cents are owed, only %s are there', owed.cents, there.cents)
        from owed, there where owed.cents > there.cents
    """)


@register("ledger.transfers")
def every_transfer_has_moves() -> list[str]:
    """No transfer is empty."""
    return red_rows("""
        select format('transfer %s has no move', t.key) from ledger_transfer t
        where not exists (select from ledger_move m where m.transfer_id = t.id) order by t.id
    """)


@register("ledger.rights")
def the_site_cannot_write_here() -> list[str]:
    """The role of this very connection has no right to write the tables of the ledger."""
    return red_rows("""
        select format('the role %s may %s on %s', current_user, lower(a.may), t.name)
        from unnest(array['ledger_account', 'ledger_transfer', 'ledger_move']) as t (name),
             unnest(array['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) as a (may)
        where has_table_privilege(current_user, t.name, a.may)
    """)
