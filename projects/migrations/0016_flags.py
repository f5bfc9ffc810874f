import django.db.models.deletion
import django.utils.timezone
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Reports of projects to moderation."""

    dependencies = [
        ("projects", "0015_dossier"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Flag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(choices=[('CONTACT', 'contact details in a public text'), ('SPAM', 'spam or advertising'), ('ILLEGAL', 'illegal or discriminating'), ('DUPLICATE', 'the same project twice'), ('UNPAID', 'unpaid test work demanded'), ('OTHER', 'something else')], max_length=10, verbose_name='reason')),
                ('text', models.TextField(max_length=2000, verbose_name='what is wrong')),
                ('key', models.UUIDField(editable=False, unique=True)),
                ('state', models.CharField(choices=[('OPEN', 'to be read'), ('TAKEN', 'being examined'), ('DISMISSED', 'closed, the project stays'), ('UPHELD', 'closed, the project was rejected')], default='OPEN', editable=False, max_length=10, verbose_name='state')),
                ('filed_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='reported at')),
                ('closed_at', models.DateTimeField(null=True, verbose_name='closed at')),
                ('words', models.TextField(blank=True, max_length=1000, verbose_name='our answer')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='flags', to='projects.project', verbose_name='project')),
                ('reporter', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='flags', to=settings.AUTH_USER_MODEL, verbose_name='reported by')),
                ('taken_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='examined by')),
            ],
            options={
                'verbose_name': 'report of a project to moderation',
                'verbose_name_plural': 'reports to moderation',
            },
        ),
        migrations.AddIndex(
            model_name='flag',
            index=models.Index(condition=models.Q(('state__in', ('OPEN', 'TAKEN'))), fields=['filed_at', 'id'], name='flag_to_be_answered'),
        ),
        migrations.AddConstraint(
            model_name='flag',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ('OPEN', 'TAKEN'))), fields=('project', 'reporter'), name='one_pending_flag_per_person'),
        ),
        migrations.AddConstraint(
            model_name='flag',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_at', None), ('state__in', ('OPEN', 'TAKEN'))), models.Q(models.Q(('state__in', ('OPEN', 'TAKEN')), _negated=True), ('closed_at__isnull', False)), _connector='OR'), name='closed_flag_has_its_time'),
        ),
        migrations.AddConstraint(
            model_name='flag',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'DISMISSED'), _negated=True), models.Q(('words', ''), _negated=True), _connector='OR'), name='dismissed_flag_has_an_answer'),
        ),
        migrations.AddConstraint(
            model_name='flag',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'OPEN'), ('taken_by', None)), models.Q(('state', 'OPEN'), _negated=True), _connector='OR'), name='open_flag_is_nobody_s'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='flag',
            trigger=pgtrigger.compiler.Trigger(name='state_moves', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            if tg_op = 'UPDATE' and old.state = new.state then return new; end if;\n            if (case tg_op when 'INSERT' then '' else old.state end) || ':' || new.state in (':OPEN','OPEN:TAKEN','OPEN:UPHELD','TAKEN:DISMISSED','TAKEN:UPHELD') then\n                return new;\n            end if;\n            raise exception '% may not become %', tg_table_name, new.state\n                using errcode = '23514', table = tg_table_name, constraint = tg_table_name || '_state_moves';\n        ", hash='64571d110f2c4155b8e41f929720f3d42397fdca', operation='INSERT OR UPDATE', pgid='pgtrigger_state_moves_d5d23', table='projects_flag', when='BEFORE')),
        ),
    ]
