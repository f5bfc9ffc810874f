"""The equations of cases: the money of each is where its state says."""

from __future__ import annotations

from marketplace.ledger.checks import red_rows, register


@register("mediation.frozen_while_it_lives")
def frozen_while_it_lives() -> list[str]:
    """A living case has its money frozen; one that is over has none, shared out or given back as it says."""
    return red_rows(
        """
        select format('case %s-%s is %s, its freeze %s, with %s on it', d.year, d.rank, d.state, f.state, a.balance)
        from mediation_dispute d join escrow_freeze f on f.id = d.freeze_id join ledger_account a on a.id = f.frozen_id
        where f.state <> case d.state when 'EXECUTED' then 'EXECUTED'
            when 'WITHDRAWN' then 'THAWED' when 'UNDECIDED' then 'THAWED' else 'FROZEN' end
          or (f.state = 'FROZEN') <> (a.balance > 0)
        """
    )


@register("mediation.award_is_as_agreed_or_decided")
def award_is_as_agreed_or_decided() -> list[str]:
    """What was shared out is what both accepted, or what was decided; only a court’s ruling says otherwise."""
    return red_rows(
        """
        select format('case %s-%s: %s to the provider, %s awarded', d.year, d.rank, s.cents, p.cents)
        from mediation_dispute d,
          lateral (select coalesce(sum(provider_cents), 0) as cents from escrow_freezepart
            where freeze_id = d.freeze_id) s,
          lateral (select coalesce(
            (select provider_cents from mediation_decision where dispute_id = d.id and state = 'ISSUED'),
            (select provider_cents from mediation_splitproposal where dispute_id = d.id and state = 'ACCEPTED'),
            -1) as cents) p
        where d.state = 'EXECUTED' and s.cents <> p.cents
          and not exists (select 1 from mediation_seizure where dispute_id = d.id and ruling_id is not null)
        """
    )


@register("mediation.shares_are_the_whole")
def shares_are_the_whole() -> list[str]:
    """Every proposal and decision shares exactly what is frozen, and no claim asks for more."""
    return red_rows(
        """
        with frozen as (
          select d.id, d.year, d.rank, sum(p.cents) as cents
          from mediation_dispute d join escrow_freezepart p on p.freeze_id = d.freeze_id group by d.id
        )
        select format('case %s-%s: %s shared of %s', f.year, f.rank, s.cents, f.cents) from frozen f join (
          select dispute_id, provider_cents + client_cents as cents from mediation_splitproposal
          union all select dispute_id, provider_cents + client_cents from mediation_decision
        ) s on s.dispute_id = f.id where s.cents <> f.cents
        union all
        select format('case %s-%s: %s claimed of %s', f.year, f.rank, c.cents, f.cents)
        from frozen f join mediation_claim c on c.dispute_id = f.id where c.cents > f.cents
        """
    )
