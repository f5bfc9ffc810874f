"""What an account is gets checked when it is opened, and a posting locks once.

PostgreSQL reads every CHECK of a table again at each update of a row, and a posting updates two: what never changes
(kind, asset, name) is therefore checked by a trigger on INSERT, under the constraints' old names. The door has locked
the guarded accounts by id before it writes its moves; the trigger that adds them up need not do so again.
"""
from importlib import import_module

from django.db import migrations

OPENED = """
create function ledger_account_opened() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare
    broken text := case
        when new.kind not in ('held', 'frozen', 'payable', 'claimed', 'refunding', 'wallet', 'receivable', 'stripe',
            'bank', 'bank_transit', 'revenue', 'vat', 'stripe_fee', 'loss', 'chargeback', 'issued', 'consumed')
            then 'ledger_account_kind'
        when new.asset not in ('EUR', 'CONSULTATION', 'OFFER', 'CONTACT') then 'ledger_account_asset'
        when (new.kind in ('wallet', 'issued', 'consumed')) = (new.asset = 'EUR')
            then 'ledger_account_credits_or_euros'
        when (new.kind in ('held', 'frozen', 'payable', 'claimed', 'refunding', 'wallet', 'receivable'))
            <> (new.name = '') then 'ledger_account_named'
    end;
begin
    if broken is not null then
        raise exception 'an account cannot be of kind "%", asset "%" and name "%"', new.kind, new.asset, new.name
            using errcode = '23514', table = tg_table_name, constraint = broken;
    end if;
    return new;
end $$;
create trigger ledger_account_opened before insert on ledger_account
    for each row execute function ledger_account_opened();
"""
NOT_OPENED = """
drop trigger ledger_account_opened on ledger_account;
drop function ledger_account_opened();
"""

# One statement of moves: add the sums; the CHECK refuses an overdraft.
APPLY = """
create or replace function ledger_apply() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
    update ledger_account a set balance = a.balance + net.amount
        from (select id, sum(amount) as amount
              from (select credit_id as id, amount from moved union all select debit_id, -amount from moved) sides
              group by id) net
        where a.id = net.id and a.guard <> 0;
    return null;
end $$;
"""


def lock_twice(apps, editor):
    """The trigger as it was first made."""
    first = import_module("marketplace.ledger.migrations.0002_rules").BALANCES.partition("create trigger")[0]
    editor.execute(first.replace("create function", "create or replace function"), None)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0006_planned_once")]

    operations = [
        migrations.RunSQL(OPENED, NOT_OPENED),
        migrations.RemoveConstraint("account", "ledger_account_kind"),
        migrations.RemoveConstraint("account", "ledger_account_asset"),
        migrations.RemoveConstraint("account", "ledger_account_credits_or_euros"),
        migrations.RemoveConstraint("account", "ledger_account_named"),
        migrations.RunSQL(APPLY, migrations.RunSQL.noop),
        migrations.RunPython(migrations.RunPython.noop, lock_twice),
    ]
