import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """The delays after which the direct contact credit is said to be next."""

    dependencies = [
        ("projects", "0017_details_claims"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Hint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('WAITING', 'the delay runs'), ('TOLD', 'the provider was told'), ('DROPPED', 'without object')], default='WAITING', max_length=8)),
                ('since', models.DateTimeField()),
                ('due_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(null=True)),
                ('offer', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='hint', to='projects.offer')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='hints', to='projects.project')),
                ('provider', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='hints', to=settings.AUTH_USER_MODEL)),
                ('question', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='hint', to='projects.question')),
            ],
        ),
        migrations.AddIndex(
            model_name='hint',
            index=models.Index(condition=models.Q(('state', 'WAITING')), fields=['due_at', 'id'], name='hint_due'),
        ),
        migrations.AddIndex(
            model_name='hint',
            index=models.Index(condition=models.Q(('state', 'TOLD')), fields=['provider', 'project'], name='hint_told'),
        ),
        migrations.AddConstraint(
            model_name='hint',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('offer', None), ('question__isnull', False)), models.Q(('offer__isnull', False), ('question', None)), _connector='OR'), name='hint_on_an_offer_or_a_question'),
        ),
        migrations.AddConstraint(
            model_name='hint',
            constraint=models.CheckConstraint(condition=models.Q(('due_at__gt', models.F('since'))), name='hint_after_a_delay'),
        ),
        migrations.AddConstraint(
            model_name='hint',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_at', None), ('state', 'WAITING')), models.Q(models.Q(('state', 'WAITING'), _negated=True), ('closed_at__isnull', False)), _connector='OR'), name='closed_hint_has_its_time'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='hint',
            trigger=pgtrigger.compiler.Trigger(name='state_moves', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            if tg_op = 'UPDATE' and old.state = new.state then return new; end if;\n            if (case tg_op when 'INSERT' then '' else old.state end) || ':' || new.state in (':WAITING','WAITING:TOLD','WAITING:DROPPED','DROPPED:WAITING') then\n                return new;\n            end if;\n            raise exception '% may not become %', tg_table_name, new.state\n                using errcode = '23514', table = tg_table_name, constraint = tg_table_name || '_state_moves';\n        ", hash='99369f21891f42cfa394ec3d4d055c322bd38c81', operation='INSERT OR UPDATE', pgid='pgtrigger_state_moves_dc520', table='projects_hint', when='BEFORE')),
        ),
    ]
