import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("projects", "0011_saved_searches"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='edition',
            options={'verbose_name': 'edition of the newsletter', 'verbose_name_plural': 'editions of the newsletter'},
        ),
        migrations.AlterModelOptions(
            name='newslettercopy',
            options={'verbose_name': 'copy of the newsletter', 'verbose_name_plural': 'copies of the newsletter'},
        ),
        migrations.AlterField(
            model_name='edition',
            name='day',
            field=models.DateField(unique=True, verbose_name='day'),
        ),
        migrations.AlterField(
            model_name='edition',
            name='until',
            field=models.DateTimeField(verbose_name='projects opened until'),
        ),
        migrations.AlterField(
            model_name='edition',
            name='written_at',
            field=models.DateTimeField(null=True, verbose_name='written at'),
        ),
        migrations.AlterField(
            model_name='newslettercopy',
            name='attempts',
            field=models.PositiveSmallIntegerField(default=0, verbose_name='attempts'),
        ),
        migrations.AlterField(
            model_name='newslettercopy',
            name='edition',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='copies', to='projects.edition', verbose_name='edition'),
        ),
        migrations.AlterField(
            model_name='newslettercopy',
            name='failure',
            field=models.CharField(blank=True, max_length=300, verbose_name='failure'),
        ),
        migrations.AlterField(
            model_name='newslettercopy',
            name='next_try_at',
            field=models.DateTimeField(default=django.utils.timezone.now, verbose_name='next try at'),
        ),
        migrations.AlterField(
            model_name='newslettercopy',
            name='provider',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='newsletter_copies', to=settings.AUTH_USER_MODEL, verbose_name='provider'),
        ),
        migrations.AlterField(
            model_name='newslettercopy',
            name='sent_at',
            field=models.DateTimeField(null=True, verbose_name='sent at'),
        ),
        migrations.AlterField(
            model_name='newslettercopy',
            name='state',
            field=models.CharField(choices=[('READY', 'to be sent'), ('LEAVING', 'handed to the mail server'), ('SENT', 'sent'), ('FAILED', 'refused by the mail server'), ('DROPPED', 'not sent: nothing left to say, or not wanted any more'), ('LOST', 'interrupted while leaving: not sent again')], default='READY', max_length=8, verbose_name='state'),
        ),
    ]
