import django.db.models.deletion
import django.utils.timezone
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """What both sides of a completed project say of each other."""

    dependencies = [
        ("projects", "0028_profiles"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Review',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('as_client', models.BooleanField(verbose_name='by the client')),
                ('work', models.PositiveSmallIntegerField(verbose_name='work, or clarity of the need')),
                ('exchange', models.PositiveSmallIntegerField(verbose_name='communication')),
                ('terms', models.PositiveSmallIntegerField(verbose_name='terms kept')),
                ('text', models.TextField(max_length=2000, verbose_name='words')),
                ('key', models.UUIDField(editable=False, unique=True)),
                ('state', models.CharField(choices=[('WRITTEN', 'kept until both are in'), ('PUBLISHED', 'published'), ('HIDDEN', 'hidden by our moderation')], default='WRITTEN', editable=False, max_length=9, verbose_name='state')),
                ('written_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='written at')),
                ('published_at', models.DateTimeField(null=True, verbose_name='published at')),
                ('answer', models.TextField(blank=True, max_length=1000, verbose_name='answer')),
                ('answered_at', models.DateTimeField(null=True, verbose_name='answered at')),
                ('hidden_reason', models.TextField(blank=True, max_length=1000, verbose_name='reason for hiding it')),
                ('author', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reviews_written', to=settings.AUTH_USER_MODEL, verbose_name='author')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reviews', to='projects.project', verbose_name='project')),
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reviews_received', to=settings.AUTH_USER_MODEL, verbose_name='about')),
            ],
            options={
                'verbose_name': 'review',
                'verbose_name_plural': 'reviews',
                'indexes': [models.Index(condition=models.Q(('as_client', True), ('state', 'PUBLISHED')), fields=['subject', '-id'], name='review_of_provider')],
                'constraints': [models.UniqueConstraint(fields=('project', 'author'), name='one_review_per_party'), models.CheckConstraint(condition=models.Q(('author', models.F('subject')), _negated=True), name='nobody_reviews_themselves'), models.CheckConstraint(condition=models.Q(('exchange__range', (1, 5)), ('terms__range', (1, 5)), ('work__range', (1, 5))), name='review_marks_are_one_to_five'), models.CheckConstraint(condition=models.Q(models.Q(('published_at', None), ('state', 'WRITTEN')), models.Q(models.Q(('state', 'WRITTEN'), _negated=True), ('published_at__isnull', False)), _connector='OR'), name='published_review_has_its_time'), models.CheckConstraint(condition=models.Q(models.Q(('answer', ''), ('answered_at', None)), models.Q(models.Q(('answer', ''), _negated=True), ('answered_at__isnull', False)), _connector='OR'), name='review_answer_has_its_time'), models.CheckConstraint(condition=models.Q(('answered_at', None), models.Q(('state', 'WRITTEN'), _negated=True), _connector='OR'), name='only_a_published_review_is_answered'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'HIDDEN'), _negated=True), models.Q(('hidden_reason', ''), _negated=True), _connector='OR'), name='hidden_review_says_why')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='review',
            trigger=pgtrigger.compiler.Trigger(name='state_moves', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            if tg_op = 'UPDATE' and old.state = new.state then return new; end if;\n            if (case tg_op when 'INSERT' then '' else old.state end) || ':' || new.state in (':WRITTEN','WRITTEN:PUBLISHED','PUBLISHED:HIDDEN','HIDDEN:PUBLISHED') then\n                return new;\n            end if;\n            raise exception '% may not become %', tg_table_name, new.state\n                using errcode = '23514', table = tg_table_name, constraint = tg_table_name || '_state_moves';\n        ", hash='3e11f02318a398868df9c5839a06d442cf21d9dc', operation='INSERT OR UPDATE', pgid='pgtrigger_state_moves_9fc13', table='projects_review', when='BEFORE')),
        ),
    ]
