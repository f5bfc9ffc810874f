"""The equations of payment requests and of refunds by transfer: what waits, is on its way and paid is what rows say."""

from __future__ import annotations

from marketplace.ledger.checks import red_rows, register

LIVING = "('ASKED', 'APPROVED', 'BATCHED', 'SENT', 'PAID')"


@register("payouts.claimed_is_asked_for")
def claimed_is_asked_for() -> list[str]:
    """Of each internal account: claimed = Σ requests that have not left for the bank."""
    return red_rows(
        """
        select format('account %s: %s claimed, %s asked for', e.id, a.balance, r.cents), j.key
        from escrow_escrowaccount e join ledger_account a on a.id = e.claimed_id
          join projects_project j on j.id = e.project_id,
          lateral (select coalesce(sum(p.cents), 0) as cents
            from payouts_payoutrequest p join escrow_tranche t on t.id = p.tranche_id
            where t.account_id = e.id and p.state in ('ASKED', 'APPROVED', 'BATCHED')) r
        where a.balance <> r.cents
        """
    )


@register("payouts.payable_is_released_and_not_asked_for")
def payable_is_released_and_not_asked_for() -> list[str]:
    """Of each internal account: payable = what came to it for the provider − Σ living requests; of each tranche too."""
    return red_rows(
        f"""
        with asked as (
          select t.id, t.account_id, t.released_cents, coalesce(sum(p.cents), 0) as cents
          from escrow_tranche t left join payouts_payoutrequest p on p.tranche_id = t.id and p.state in {LIVING}
          group by t.id
        )
        select format('tranche %s: %s released, %s asked for', x.id, released_cents, cents), j.key
        from asked x join escrow_escrowaccount e on e.id = x.account_id join projects_project j on j.id = e.project_id
        where cents > released_cents
        union all
        select format('account %s: %s payable, %s released and not asked for', e.id, a.balance, i.cents - s.cents),
          j.key
        from escrow_escrowaccount e join ledger_account a on a.id = e.payable_id
          join projects_project j on j.id = e.project_id,
          lateral (select coalesce(sum(cents), 0) as cents from asked where account_id = e.id) s,
          lateral (select coalesce(sum(m.amount), 0) as cents from ledger_move m
            join ledger_account d on d.id = m.debit_id
            where m.credit_id = e.payable_id and d.kind in ('held', 'frozen')) i
        where a.balance <> i.cents - s.cents
        """  # noqa: S608  (a constant of this module)
    )


@register("payouts.transit_is_sent")
def transit_is_sent() -> list[str]:
    """Of each project: what requests have on the way to the bank = Σ requests sent and not answered."""
    return red_rows(
        """
        with moved as (
          select t.project, sum(case when c.name = 'bank_transit' then m.amount else -m.amount end) as cents
          from ledger_move m join ledger_transfer t on t.id = m.transfer_id
          join ledger_account d on d.id = m.debit_id join ledger_account c on c.id = m.credit_id
          where t.event like 'payout.%' and 'bank_transit' in (d.name, c.name) group by t.project
        ), sent as (
          select j.key, sum(p.cents) as cents from payouts_payoutrequest p join escrow_tranche t on t.id = p.tranche_id
          join escrow_escrowaccount e on e.id = t.account_id join projects_project j on j.id = e.project_id
          where p.state = 'SENT' group by j.key
        )
        select format('project %s: %s in transit, %s sent', coalesce(project, key), moved.cents, sent.cents),
          coalesce(project, key)
        from moved full join sent on key = project
        where coalesce(moved.cents, 0) <> coalesce(sent.cents, 0)
        """
    )


@register("payouts.requests_are_posted")
def requests_are_posted() -> list[str]:
    """Each request has exactly the transfers that its state calls for, and no transfer is without its request."""
    return red_rows(
        """
        with wanted (state, acts) as (values
          ('ASKED', array['ask']), ('APPROVED', array['ask']), ('BATCHED', array['ask']),
          ('REFUSED', array['ask', 'undo']), ('SENT', array['ask', 'sent']),
          ('PAID', array['ask', 'sent', 'ok']), ('RETURNED', array['ask', 'sent', 'ret'])
        ), expected as (
          select case when act in ('ok', 'ret') then format('sepa:PAYOUT-%s:%s', p.id, act)
            else format('payout:%s:%s', p.id, act) end as key, p.cents, j.key as project
          from payouts_payoutrequest p join wanted w using (state) join escrow_tranche t on t.id = p.tranche_id
          join escrow_escrowaccount a on a.id = t.account_id join projects_project j on j.id = a.project_id,
          unnest(w.acts) as act
        ), posted as (
          select t.key, t.project, sum(m.amount) as cents
          from ledger_transfer t join ledger_move m on m.transfer_id = t.id
          where t.key ~ '^(payout:[0-9]+:|sepa:PAYOUT-)' group by t.key, t.project
        )
        select format('%s: %s expected, %s posted', coalesce(e.key, p.key), e.cents, p.cents),
          coalesce(e.project, p.project)
        from expected e full join posted p using (key)
        where e.cents is distinct from p.cents
        """
    )


@register("payouts.batches_are_their_requests")
def batches_are_their_requests() -> list[str]:
    """A batch is as far as its transfers are, and its file is the one that was made."""
    return red_rows(
        """
        with part as (
          select batch_id, state from payouts_payoutrequest union all select batch_id, state from payouts_refundtransfer
        ), batch as (
          select b.id, b.state, b.file, b.sha256, count(p.state) as parts,
            count(*) filter (where p.state = 'BATCHED') as waiting, count(*) filter (where p.state = 'SENT') as sent
          from payouts_payoutbatch b left join part p on p.batch_id = b.id group by b.id
        )
        select format('batch %s is %s: %s transfers, %s waiting, %s sent', id, state, parts, waiting, sent) from batch
        where (state = 'DROPPED') <> (parts = 0) or (state = 'MADE') <> (waiting > 0)
          or (waiting > 0 and waiting < parts)
          or (state = 'SENT') <> (sent > 0)
        union all
        select format('batch %s: its file has changed', id) from batch
        where sha256 <> encode(sha256(convert_to(file, 'UTF8')), 'hex')
        """
    )


@register("payouts.failed_refunds_wait")
def failed_refunds_wait() -> list[str]:
    """Each refund that no card took has one living transfer of its amount, paid once the refund is made."""
    return red_rows(
        """
        select format('refund %s is %s: %s transfers of %s cents, %s paid', key, state, n, cents, paid) from (
          select r.key, r.state, r.cents as due, count(t.id) as n, coalesce(sum(t.cents), 0) as cents,
            count(*) filter (where t.state = 'PAID') as paid
          from payments_refund r left join payouts_refundtransfer t on t.refund_id = r.id and t.state <> 'RETURNED'
          group by r.id
        ) refund
        where case state
          when 'FAILED' then n <> 1 or cents <> due or paid <> 0
          when 'REPAID' then n <> 1 or cents <> due or paid <> 1
          else n <> 0 end
        """
    )


@register("payouts.refunds_are_posted")
def refunds_are_posted() -> list[str]:
    """Each refund by transfer has exactly the transfers of the ledger that its state calls for; none is without it."""
    return red_rows(
        """
        with wanted (state, acts) as (values
          ('SENT', array['sent']), ('PAID', array['sent', 'ok']), ('RETURNED', array['sent', 'ret'])
        ), expected as (
          select case act when 'sent' then format('refund_transfer:%s:sent', r.id)
            else format('sepa:REFUND-%s:%s', r.id, act) end as key, r.cents
          from payouts_refundtransfer r join wanted w using (state), unnest(w.acts) as act
        ), posted as (
          select t.key, sum(m.amount) as cents from ledger_transfer t join ledger_move m on m.transfer_id = t.id
          where t.key ~ '^(refund_transfer:[0-9]+:|sepa:REFUND-)' group by t.key
        )
        select format('%s: %s expected, %s posted', coalesce(e.key, p.key), e.cents, p.cents)
        from expected e full join posted p using (key)
        where e.cents is distinct from p.cents
        """
    )
