import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """What became of base projects, asked of both sides."""

    dependencies = [
        ("projects", "0029_reviews"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Survey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('as_client', models.BooleanField(verbose_name='as the client')),
                ('rank', models.PositiveSmallIntegerField(verbose_name='which of the two')),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='asked at')),
                ('answered_at', models.DateTimeField(null=True, verbose_name='answered at')),
                ('delivered', models.CharField(blank=True, choices=[('YES', 'yes'), ('PART', 'in part'), ('NOT_YET', 'not yet'), ('NO', 'no')], max_length=7, verbose_name='work delivered as agreed')),
                ('paid', models.CharField(blank=True, choices=[('YES', 'yes'), ('PART', 'in part'), ('NOT_YET', 'not yet'), ('NO', 'no')], max_length=7, verbose_name='paid as agreed')),
                ('again', models.CharField(blank=True, choices=[('YES', 'yes'), ('PERHAPS', 'perhaps'), ('NO', 'no')], max_length=7, verbose_name='would use the site again')),
                ('text', models.TextField(blank=True, max_length=2000, verbose_name='in their words')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='surveys', to=settings.AUTH_USER_MODEL, verbose_name='who was asked')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='surveys', to='projects.project', verbose_name='project')),
            ],
            options={
                'verbose_name': 'survey of a base project',
                'verbose_name_plural': 'surveys of base projects',
            },
        ),
        migrations.AddIndex(
            model_name='survey',
            index=models.Index(condition=models.Q(('answered_at', None)), fields=['person', '-id'], name='survey_to_answer'),
        ),
        migrations.AddConstraint(
            model_name='survey',
            constraint=models.UniqueConstraint(fields=('project', 'person', 'rank'), name='one_survey_per_party_and_rank'),
        ),
        migrations.AddConstraint(
            model_name='survey',
            constraint=models.CheckConstraint(condition=models.Q(('rank__in', [1, 2])), name='survey_is_first_or_second'),
        ),
        migrations.AddConstraint(
            model_name='survey',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('again', ''), ('answered_at', None), ('delivered', ''), ('paid', ''), ('text', '')), models.Q(('answered_at__isnull', False), models.Q(('delivered', ''), _negated=True), models.Q(('paid', ''), _negated=True), models.Q(('again', ''), _negated=True)), _connector='OR'), name='answered_survey_is_whole'),
        ),
    ]
