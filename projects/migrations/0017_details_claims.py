import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Claims that a client's details are false."""

    dependencies = [
        ("projects", "0016_flags"),
        ("credits", "0003_returns"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='DetailsClaim',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('wrong', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('NAME', 'name or company'), ('EMAIL', 'e-mail'), ('PHONE', 'phone')], max_length=5), size=3, verbose_name='what is wrong')),
                ('text', models.TextField(max_length=2000, verbose_name='what happened')),
                ('key', models.UUIDField(editable=False, unique=True)),
                ('state', models.CharField(choices=[('OPEN', 'to be checked'), ('CONFIRMED', 'the details are false'), ('REFUSED', 'the details are right')], default='OPEN', editable=False, max_length=10, verbose_name='state')),
                ('filed_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='reported at')),
                ('decided_at', models.DateTimeField(null=True, verbose_name='decided at')),
                ('words', models.TextField(blank=True, max_length=1000, verbose_name='our answer')),
                ('corrected_at', models.DateTimeField(null=True, verbose_name='corrected or confirmed at')),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='details_claims', to=settings.AUTH_USER_MODEL, verbose_name='client')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='details_claims', to='projects.project', verbose_name='project')),
                ('spending', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='details_claims', to='credits.spending', verbose_name='spending')),
            ],
            options={
                'verbose_name': 'claim of false details',
                'verbose_name_plural': 'claims of false details',
                'indexes': [models.Index(condition=models.Q(('state', 'OPEN')), fields=['filed_at', 'id'], name='details_claim_to_be_checked'), models.Index(condition=models.Q(('corrected_at', None), ('state', 'CONFIRMED')), fields=['client'], name='details_to_be_corrected')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'OPEN')), fields=('spending',), name='one_open_details_claim_per_spending'), models.UniqueConstraint(condition=models.Q(('state', 'CONFIRMED')), fields=('spending',), name='one_confirmed_details_claim_per_spending'), models.CheckConstraint(condition=models.Q(('wrong__contained_by', ['NAME', 'EMAIL', 'PHONE']), ('wrong__len__gt', 0)), name='details_claim_says_what_is_wrong'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at', None), ('state', 'OPEN')), models.Q(models.Q(('state', 'OPEN'), _negated=True), ('decided_at__isnull', False)), _connector='OR'), name='decided_details_claim_has_its_time'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'REFUSED'), _negated=True), models.Q(('words', ''), _negated=True), _connector='OR'), name='refused_details_claim_has_an_answer'), models.CheckConstraint(condition=models.Q(('corrected_at', None), ('state', 'CONFIRMED'), _connector='OR'), name='only_false_details_are_corrected')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='detailsclaim',
            trigger=pgtrigger.compiler.Trigger(name='state_moves', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            if tg_op = 'UPDATE' and old.state = new.state then return new; end if;\n            if (case tg_op when 'INSERT' then '' else old.state end) || ':' || new.state in (':OPEN','OPEN:CONFIRMED','OPEN:REFUSED') then\n                return new;\n            end if;\n            raise exception '% may not become %', tg_table_name, new.state\n                using errcode = '23514', table = tg_table_name, constraint = tg_table_name || '_state_moves';\n        ", hash='c453142c315997b734e88212b6ea6af7240dd96f', operation='INSERT OR UPDATE', pgid='pgtrigger_state_moves_46fc1', table='projects_detailsclaim', when='BEFORE')),
        ),
    ]
