from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """What a client whose details were found false has corrected, or contests."""

    dependencies = [
        ("projects", "0025_flag_answered_by"),
        ('credits', '0004_welcome'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='detailsclaim',
            name='found',
            field=models.JSONField(default=dict, editable=False),
        ),
        migrations.AddField(
            model_name='detailsclaim',
            name='stated_at',
            field=models.DateTimeField(null=True, verbose_name='stated at'),
        ),
        migrations.AddField(
            model_name='detailsclaim',
            name='statement',
            field=models.TextField(blank=True, max_length=1000, verbose_name='what the client states'),
        ),
        migrations.AddIndex(
            model_name='detailsclaim',
            index=models.Index(condition=models.Q(('corrected_at', None), ('stated_at__isnull', False)), fields=['stated_at', 'id'], name='details_statement_to_be_read'),
        ),
        migrations.AddConstraint(
            model_name='detailsclaim',
            constraint=models.CheckConstraint(condition=models.Q(('stated_at', None), models.Q(('state', 'CONFIRMED'), models.Q(('statement', ''), _negated=True)), _connector='OR'), name='only_false_details_are_contested'),
        ),
    ]
