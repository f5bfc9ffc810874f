"""The equations of payments: every paid one has its transfer, every such transfer its payment, and refunds add up."""

from __future__ import annotations

from marketplace.ledger.checks import red_rows, register


@register("payments.transfers")
def every_payment_has_its_transfer() -> list[str]:
    """The money of each paid or returned payment is in the ledger, and of each refund that succeeded out of it."""
    return red_rows("""
        with proof as (
            select format('payment %s', key) as name, format('stripe:%s:paid', intent_id) as key, project_key
            from payments_payment where intent_id <> ''
            union all
            select format('refund %s', r.key), format('stripe:%s:refunded', r.stripe_id), p.project_key
            from payments_refund r join payments_payment p on p.id = r.payment_id where r.state = 'SUCCEEDED'
        )
        select format('%s has no transfer %s', p.name, p.key), p.project_key from proof p
        where not exists (select from ledger_transfer t where t.key = p.key) order by p.name
    """)


@register("payments.owners")
def every_transfer_has_its_payment() -> list[str]:
    """What the ledger says came from Stripe belongs to a payment, or to the refund of one paid twice."""
    return red_rows(
        """
        select format('transfer %s has no payment', t.key), t.project from ledger_transfer t
        where t.event in ('payment.paid', 'payment.returned') and t.key like 'stripe:%:paid'
          and not exists (select from payments_payment where t.key = format('stripe:%s:paid', intent_id))
          and not exists (select from payments_refund where t.key = format('stripe:%s:paid', intent_id))
        order by t.id
    """
    )


@register("payments.refunds")
def refunding_is_what_has_not_gone_back() -> list[str]:
    """Each payment's `refunding` holds exactly its refunds that have not succeeded, less what went to the bank."""
    return red_rows("""
        with transit as (select id from ledger_account where name = 'bank_transit')
        select format('payment %s: %s cents in refunding, %s to give back', p.key, a.balance, r.cents - b.cents),
          p.project_key
        from payments_payment p join ledger_account a on a.id = p.refunding_id
        cross join lateral (
            select coalesce(sum(cents), 0) as cents from payments_refund
            where payment_id = p.id and state <> 'SUCCEEDED'
        ) r
        cross join lateral (
            select coalesce(sum(case m.debit_id when a.id then m.amount else -m.amount end), 0) as cents
            from ledger_move m join transit t on t.id in (m.debit_id, m.credit_id)
            where a.id in (m.debit_id, m.credit_id)
        ) b
        where a.balance <> r.cents - b.cents order by p.key
    """)
