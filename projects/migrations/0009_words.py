import django.contrib.postgres.indexes
from django.db import migrations, models


class Migration(migrations.Migration):
    """The words of the projects that are open, by which a typing error in a search is forgiven."""

    dependencies = [
        ("projects", "0008_open_indexes"),
    ]

    operations = [
        migrations.CreateModel(
            name="Word",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.CharField(max_length=40, unique=True)),
                ("plain", models.CharField(max_length=80)),
                ("stem", models.CharField(db_index=True, max_length=80)),
                ("projects", models.PositiveIntegerField()),
            ],
            options={
                "indexes": [
                    django.contrib.postgres.indexes.GistIndex(
                        django.contrib.postgres.indexes.OpClass("plain", name="gist_trgm_ops"), name="word_trigrams"
                    )
                ],
            },
        ),
    ]
