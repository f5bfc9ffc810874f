"""The platform's own accounts, which postings name."""
from django.db import migrations

OPEN = """
insert into ledger_account (kind, asset, name, opened_at)
select kind, asset, name, clock_timestamp() from (values
    ('stripe', 'EUR', 'stripe'),
    ('bank', 'EUR', 'bank'),
    ('bank_transit', 'EUR', 'bank_transit'),
    ('revenue', 'EUR', 'revenue:credits'),
    ('revenue', 'EUR', 'revenue:commission'),
    ('revenue', 'EUR', 'revenue:r0'),
    ('vat', 'EUR', 'vat'),
    ('stripe_fee', 'EUR', 'stripe_fee'),
    ('loss', 'EUR', 'loss'),
    ('chargeback', 'EUR', 'chargeback'),
    ('issued', 'CONSULTATION', 'issued:CONSULTATION'),
    ('issued', 'OFFER', 'issued:OFFER'),
    ('issued', 'CONTACT', 'issued:CONTACT'),
    ('consumed', 'CONSULTATION', 'consumed:CONSULTATION'),
    ('consumed', 'OFFER', 'consumed:OFFER'),
    ('consumed', 'CONTACT', 'consumed:CONTACT')
) as recorded (kind, asset, name);
"""
# Only accounts without a move can go: the references of the moves refuse the others.
CLOSE = """
alter table ledger_account disable trigger ledger_append_only;
delete from ledger_account where name <> '';
set constraints all immediate;
alter table ledger_account enable trigger ledger_append_only;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_rules")]

    operations = [migrations.RunSQL(OPEN, CLOSE)]
