import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models


class Migration(migrations.Migration):
    """The indexes of the filter by skill and of the order by offers."""

    dependencies = [
        ("projects", "0007_skill_keys"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="project",
            index=django.contrib.postgres.indexes.GinIndex(
                models.Func(
                    models.F("skills"),
                    function="skill_keys",
                    output_field=django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None),
                ),
                condition=models.Q(("state", "OPEN")),
                name="project_open_skills",
            ),
        ),
        migrations.AddIndex(
            model_name="project",
            index=models.Index(
                condition=models.Q(("state", "OPEN")), fields=["offers_count", "id"], name="project_open_offers"
            ),
        ),
    ]
