import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Who answered a report to moderation."""

    dependencies = [
        ("projects", "0024_published_numbers_held"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='flag',
            name='closed_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='answered by'),
        ),
        migrations.AddConstraint(
            model_name='flag',
            constraint=models.CheckConstraint(condition=models.Q(('closed_by', None), models.Q(('state__in', ('OPEN', 'TAKEN')), _negated=True), _connector='OR'), name='pending_flag_was_answered_by_nobody'),
        ),
    ]
