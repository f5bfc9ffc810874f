import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """How many projects are open for each combination of filters."""

    dependencies = [
        ("projects", "0009_words"),
    ]

    operations = [
        migrations.CreateModel(
            name="Tally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "place",
                    models.CharField(
                        choices=[
                            ("REMOTE", "remote"),
                            ("MIXED", "remote, with some visits"),
                            ("ON_SITE", "on site"),
                        ],
                        max_length=8,
                    ),
                ),
                ("urgent", models.BooleanField()),
                ("few_offers", models.BooleanField()),
                (
                    "bands",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=8), size=None),
                ),
                ("many", models.PositiveIntegerField()),
                (
                    "category",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="projects.category"
                    ),
                ),
            ],
        ),
    ]
