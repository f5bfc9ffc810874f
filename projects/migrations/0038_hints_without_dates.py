from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0037_hint_dates"),
    ]

    operations = [
        migrations.RemoveField(model_name="hint", name="due_at"),
    ]
