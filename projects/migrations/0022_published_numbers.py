from django.db import migrations, models


class Migration(migrations.Migration):
    """The numbers under which the public knows the versions of a project."""

    dependencies = [
        ("projects", "0021_lapsed_offers"),
    ]

    operations = [
        migrations.AddField(
            model_name='projectversion',
            name='published_number',
            field=models.PositiveIntegerField(null=True),
        ),
    ]
