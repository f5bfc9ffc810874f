"""The door of the ledger plans its statements once, and locks the accounts before anything refers to them.

Estimates for arrays made PostgreSQL plan each statement anew at each posting, which cost more than the posting; the
function asks for the general plan. The guarded accounts are locked first, by id: the checks of the references then find
them locked by their own transaction, where they took a weak lock before, which many postings on one account shared.
"""
from django.db import migrations

NAMED = """
create function ledger_named(wanted text) returns bigint language sql stable set search_path = public, pg_temp as $$
    select id from ledger_account where name = wanted and name <> ''
$$;
revoke all on function ledger_named(text) from public;
"""

# moves = [[debit, credit, amount], …], a side being an account's id or the name of a recorded account.
POST = """
create or replace function ledger_post(
    key text, event text, moves jsonb, by_id bigint, project text, reverses_id bigint
)
returns ledger_transfer language plpgsql security definer
set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    debits bigint[] := '{}'; credits bigint[] := '{}'; amounts bigint[] := '{}';
    many integer := jsonb_array_length(ledger_post.moves); inserted integer;
    move jsonb; body bytea; written ledger_transfer;
begin
    if many = 0 then
        raise exception 'a transfer without a move'
            using errcode = '23514', table = 'ledger_transfer', constraint = 'ledger_transfer_has_moves';
    end if;
    for n in 0 .. many - 1 loop
        move := ledger_post.moves -> n;
        debits := debits || case jsonb_typeof(move -> 0)
            when 'number' then (move ->> 0)::bigint when 'string' then ledger_named(move ->> 0) end;
        credits := credits || case jsonb_typeof(move -> 1)
            when 'number' then (move ->> 1)::bigint when 'string' then ledger_named(move ->> 1) end;
        amounts := amounts || (move ->> 2)::bigint;
    end loop;
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

    perform from ledger_account where guard <> 0 and id = any (debits || credits) order by id for no key update;
    insert into ledger_move (transfer_id, asset, debit_id, credit_id, amount)
        select written.id, d.asset, leg.debit, leg.credit, leg.amount
        from unnest(debits, credits, amounts) with ordinality as leg (debit, credit, amount, n)
        join ledger_account d on d.id = leg.debit
        join ledger_account c on c.id = leg.credit
        order by leg.n;
    get diagnostics inserted = row_count;
    if inserted <> many then
        raise exception 'a move between unknown accounts: %', ledger_post.moves
            using errcode = '23503', table = 'ledger_move', constraint = 'ledger_move_known_accounts';
    end if;
    return written;
end $$;
"""


def reverse(apps, editor):
    """The function as it was first made."""
    from importlib import import_module

    doors = import_module("marketplace.ledger.migrations.0002_rules").DOORS
    first = doors.partition("create function ledger_open")[0]
    editor.execute("drop function ledger_named(text)")
    editor.execute("alter function ledger_post(text, text, jsonb, bigint, text, bigint) reset plan_cache_mode")
    editor.execute(first.replace("create function", "create or replace function"), None)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0005_pause")]

    operations = [
        migrations.RunSQL(NAMED, migrations.RunSQL.noop),
        migrations.RunSQL(POST, migrations.RunSQL.noop),
        migrations.RunPython(migrations.RunPython.noop, reverse),
    ]
