"""The equations of credits: what a spending says of its credit is what the ledger says."""

from __future__ import annotations

from marketplace.ledger.checks import red_rows, register


@register("credits.spendings")
def returned_spendings_are_those_reversed() -> list[str]:
    """The transfer of each spending is reversed if its credit came back, and only then; nothing else spends."""
    return red_rows("""
        select format('spending %s: %s, but its transfer is %s', s.id,
                      case when s.returned_at is null then 'spent' else 'returned' end,
                      case when r.id is null then 'not reversed' else 'reversed' end)
        from credits_spending s left join ledger_transfer r on r.reverses_id = s.transfer_id
        where (s.returned_at is null) <> (r.id is null)
        union all
        select format('transfer %s is no spending', t.key) from ledger_transfer t
        where t.event = 'credit.spent' and not exists (select from credits_spending where transfer_id = t.id)
        order by 1
    """)


@register("credits.welcome")
def each_welcome_has_its_transfer() -> list[str]:
    """Each company that was welcomed got its credits by one transfer, and no other company did."""
    return red_rows("""
        select format('welcome of %s: %s', coalesce(w.company_number, t.key),
                      case when t.id is null then 'no transfer' else 'nobody welcomed' end)
        from credits_welcome w
        full join (select * from ledger_transfer where event = 'credit.granted') t
               on t.key = format('welcome:%s', w.company_number)
        where w.id is null or t.id is null order by 1
    """)
