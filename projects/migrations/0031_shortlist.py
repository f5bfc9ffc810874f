import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    """The client's shortlist, and notes on offers for oneself."""

    dependencies = [
        ("projects", "0030_surveys"),
    ]

    operations = [
        migrations.CreateModel(
            name='ShortlistEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('added_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('offer', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='shortlisting', to='projects.offer')),
            ],
            options={
                'verbose_name': 'shortlist entry',
                'verbose_name_plural': 'shortlist entries',
            },
        ),
        migrations.CreateModel(
            name='OfferNote',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.TextField(blank=True, max_length=3000)),
                ('revision', models.PositiveIntegerField(default=1)),
                ('saved_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('offer', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='note', to='projects.offer')),
            ],
            options={
                'verbose_name': 'note on an offer',
                'verbose_name_plural': 'notes on offers',
                'constraints': [models.CheckConstraint(condition=models.Q(('revision__gt', 0)), name='offer_note_revision_is_positive')],
            },
        ),
    ]
