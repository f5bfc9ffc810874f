"""What the database itself refuses and does: references, append-only tables, balances, and the two doors."""
from django.db import migrations

# References are checked at once, not at commit: an unknown account fails where it is named. The asset is part of the
# reference, so that no move can join accounts of two assets.
REFERENCES = """
alter table ledger_move
    add constraint ledger_move_transfer foreign key (transfer_id) references ledger_transfer (id),
    add constraint ledger_move_debit_of_asset foreign key (debit_id, asset) references ledger_account (id, asset),
    add constraint ledger_move_credit_of_asset foreign key (credit_id, asset) references ledger_account (id, asset);
alter table ledger_transfer
    add constraint ledger_transfer_reverses foreign key (reverses_id) references ledger_transfer (id),
    add constraint ledger_transfer_by foreign key (by_id) references accounts_user (id);
"""
NO_REFERENCES = """
alter table ledger_transfer drop constraint ledger_transfer_by, drop constraint ledger_transfer_reverses;
alter table ledger_move drop constraint ledger_move_credit_of_asset, drop constraint ledger_move_debit_of_asset,
    drop constraint ledger_move_transfer;
"""

# One statement of moves: lock the guarded accounts it touches by id, then add the sums; the CHECK refuses an overdraft.
BALANCES = """
create function ledger_apply() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
    perform from ledger_account
        where guard <> 0 and id in (select debit_id from moved union select credit_id from moved)
        order by id for no key update;
    update ledger_account a set balance = a.balance + net.amount
        from (select id, sum(amount) as amount
              from (select credit_id as id, amount from moved union all select debit_id, -amount from moved) sides
              group by id) net
        where a.id = net.id and a.guard <> 0;
    return null;
end $$;
create trigger ledger_apply after insert on ledger_move
    referencing new table as moved for each statement execute function ledger_apply();
"""
NO_BALANCES = "drop trigger ledger_apply on ledger_move; drop function ledger_apply();"

# These hold for the owner too: a correction is a new transfer that reverses the wrong one.
APPEND_ONLY = """
create function ledger_append_only() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
    raise exception '% of % is refused: the ledger is append-only', tg_op, tg_table_name
        using errcode = '23001', table = tg_table_name, constraint = 'ledger_append_only';
end $$;
create trigger ledger_append_only before update or delete or truncate on ledger_move
    for each statement execute function ledger_append_only();
create trigger ledger_append_only before update or delete or truncate on ledger_transfer
    for each statement execute function ledger_append_only();
create trigger ledger_append_only before delete or truncate on ledger_account
    for each statement execute function ledger_append_only();

create function ledger_balance_by_moves() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
    if tg_op = 'INSERT' then
        new.balance := 0;
    elsif pg_trigger_depth() < 2
        or (old.id, old.kind, old.asset, old.name, old.opened_at)
            is distinct from (new.id, new.kind, new.asset, new.name, new.opened_at) then
        raise exception 'a balance is written by moves only'
            using errcode = '23001', table = tg_table_name, constraint = 'ledger_balance_by_moves';
    end if;
    return new;
end $$;
create trigger ledger_balance_by_moves before insert or update on ledger_account
    for each row execute function ledger_balance_by_moves();
"""
CHANGEABLE = """
drop trigger ledger_balance_by_moves on ledger_account;
drop function ledger_balance_by_moves();
drop trigger ledger_append_only on ledger_account;
drop trigger ledger_append_only on ledger_transfer;
drop trigger ledger_append_only on ledger_move;
drop function ledger_append_only();
"""

# moves = [[debit, credit, amount], …], a side being an account's id or the name of a recorded account.
DOORS = """
create function ledger_post(key text, event text, moves jsonb, by_id bigint, project text, reverses_id bigint)
returns ledger_transfer language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare
    debits bigint[]; credits bigint[]; amounts bigint[]; body bytea; written ledger_transfer;
begin
    select array_agg(d.id order by n), array_agg(c.id order by n), array_agg((m ->> 2)::bigint order by n)
        into debits, credits, amounts
        from jsonb_array_elements(ledger_post.moves) with ordinality as given (m, n)
        left join lateral (
            select id from ledger_account where jsonb_typeof(m -> 0) = 'number' and id = (m ->> 0)::bigint
            union all
            select id from ledger_account where jsonb_typeof(m -> 0) = 'string' and name = m ->> 0 and name <> ''
        ) d on true
        left join lateral (
            select id from ledger_account where jsonb_typeof(m -> 1) = 'number' and id = (m ->> 1)::bigint
            union all
            select id from ledger_account where jsonb_typeof(m -> 1) = 'string' and name = m ->> 1 and name <> ''
        ) c on true;
    if debits is null then
        raise exception 'a transfer without a move'
            using errcode = '23514', table = 'ledger_transfer', constraint = 'ledger_transfer_has_moves';
    end if;
    if array_position(debits, null) is not null or array_position(credits, null) is not null then
        raise exception 'a move between unknown accounts: %', ledger_post.moves
            using errcode = '23503', table = 'ledger_move', constraint = 'ledger_move_known_accounts';
    end if;
    body := sha256(convert_to(jsonb_build_array(ledger_post.event, debits, credits, amounts,
        ledger_post.by_id, ledger_post.project, ledger_post.reverses_id)::text, 'UTF8'));

    insert into ledger_transfer (key, event, project, by_id, reverses_id, body, at)
        values (ledger_post.key, ledger_post.event, ledger_post.project, ledger_post.by_id, ledger_post.reverses_id,
            body, clock_timestamp())
        on conflict (key) do nothing
        returning * into written;
    if written.id is null then
        select * into written from ledger_transfer t where t.key = ledger_post.key;
        if written.body is distinct from body then
            raise exception 'the key % came before with another content', ledger_post.key
                using errcode = '23505', table = 'ledger_transfer', constraint = 'ledger_transfer_key';
        end if;
        return written;
    end if;
    insert into ledger_move (transfer_id, asset, debit_id, credit_id, amount)
        select written.id, a.asset, leg.debit, leg.credit, leg.amount
        from unnest(debits, credits, amounts) with ordinality as leg (debit, credit, amount, n)
        join ledger_account a on a.id = leg.debit
        order by leg.n;
    return written;
end $$;

create function ledger_open(kind text, asset text)
returns ledger_account language plpgsql security definer set search_path = public, pg_temp as $$
declare
    opened ledger_account;
begin
    insert into ledger_account (kind, asset, name, opened_at)
        values (ledger_open.kind, ledger_open.asset, '', clock_timestamp())
        returning * into opened;
    return opened;
end $$;

revoke all on function ledger_post(text, text, jsonb, bigint, text, bigint) from public;
revoke all on function ledger_open(text, text) from public;
"""
NO_DOORS = """
drop function ledger_open(text, text);
drop function ledger_post(text, text, jsonb, bigint, text, bigint);
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]

    operations = [
        migrations.RunSQL(REFERENCES, NO_REFERENCES),
        migrations.RunSQL(BALANCES, NO_BALANCES),
        migrations.RunSQL(APPEND_ONLY, CHANGEABLE),
        migrations.RunSQL(DOORS, NO_DOORS),
    ]
