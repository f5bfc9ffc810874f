from django.db import migrations, models


class Migration(migrations.Migration):
    """The figures of an edition are counted in an index alone."""

    dependencies = [
        ("projects", "0012_newsletter_words"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="newslettercopy",
            index=models.Index(fields=["edition", "state", "sent_at"], name="newsletter_copy_figures"),
        ),
    ]
