import django.contrib.postgres.indexes
import django.contrib.postgres.search
from django.db import migrations, models


class Migration(migrations.Migration):
    """The index of the words of titles and skills alone, by which a search tells whom it shows first."""

    dependencies = [
        ("projects", "0026_details_contested"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="project",
            index=django.contrib.postgres.indexes.GinIndex(
                models.Func(
                    models.F("search"),
                    output_field=django.contrib.postgres.search.SearchVectorField(),
                    template="ts_filter(%(expressions)s, '{a}')",
                ),
                condition=models.Q(("state", "OPEN")),
                name="project_open_headings",
            ),
        ),
    ]
