from django.db import migrations, models


class Migration(migrations.Migration):
    """The date of a hint may be left out: a deadline is to hold it."""

    dependencies = [
        ("projects", "0035_call_dates"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="hint", name="hint_after_a_delay"),
        migrations.RemoveIndex(model_name="hint", name="hint_due"),
        migrations.AlterField(model_name="hint", name="due_at", field=models.DateTimeField(null=True)),
    ]
