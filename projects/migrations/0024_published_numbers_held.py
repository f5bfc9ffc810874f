from django.db import migrations, models


class Migration(migrations.Migration):
    """Every published version has its number, and no two of a project the same."""

    dependencies = [
        ("projects", "0023_published_numbers_filled"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name='projectversion',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('published_at', None), ('published_number', None)), models.Q(('published_at__isnull', False), ('published_number__gt', 0)), _connector='OR'), name='published_version_is_numbered_from_one'),
        ),
        migrations.AddConstraint(
            model_name='projectversion',
            constraint=models.UniqueConstraint(fields=('project', 'published_number'), name='one_version_per_published_number'),
        ),
    ]
