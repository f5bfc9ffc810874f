"""The role that the site logs in with reads the ledger and calls its two doors; it can write nothing there."""
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import migrations

TABLES = "ledger_account, ledger_transfer, ledger_move"
SEQUENCES = "ledger_account_id_seq, ledger_transfer_id_seq, ledger_move_id_seq"
DOORS = "ledger_post(text, text, jsonb, bigint, text, bigint), ledger_open(text, text)"


def role(schema_editor):
    """The site's role, which must be there before the migrations: they take rights away from it."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("select 1 from pg_roles where rolname = %s", [settings.APP_ROLE])
        if not cursor.fetchone():
            raise ImproperlyConfigured(
                f"The database role {settings.APP_ROLE!r} (APP_ROLE) does not exist. Create it before migrating: "
                f'CREATE ROLE "{settings.APP_ROLE}" LOGIN;'
            )
    return schema_editor.quote_name(settings.APP_ROLE)


def restrict(apps, schema_editor):
    app = role(schema_editor)
    schema_editor.execute(f"REVOKE ALL ON TABLE {TABLES} FROM PUBLIC, {app}")
    schema_editor.execute(f"REVOKE ALL ON SEQUENCE {SEQUENCES} FROM PUBLIC, {app}")
    schema_editor.execute(f"GRANT SELECT ON TABLE {TABLES} TO {app}")
    schema_editor.execute(f"GRANT EXECUTE ON FUNCTION {DOORS} TO {app}")


def release(apps, schema_editor):
    app = role(schema_editor)
    schema_editor.execute(f"REVOKE EXECUTE ON FUNCTION {DOORS} FROM {app}")
    schema_editor.execute(f"REVOKE SELECT ON TABLE {TABLES} FROM {app}")


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_recorded_accounts")]

    operations = [migrations.RunPython(restrict, release)]
