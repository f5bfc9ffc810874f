import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import django.db.models.expressions
import django.utils.timezone
import projects.models.projects
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """What providers write of themselves for everybody."""

    dependencies = [
        ("projects", "0027_headings"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Profile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(default=projects.models.projects.new_key, editable=False, max_length=16, unique=True)),
                ('headline', models.CharField(max_length=120, verbose_name='headline')),
                ('presentation', models.TextField(max_length=4000, verbose_name='presentation')),
                ('skills', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), default=list, size=12, verbose_name='skills')),
                ('day_rate_cents', models.BigIntegerField(null=True, verbose_name='day rate excluding VAT')),
                ('place', models.CharField(choices=[('REMOTE', 'remote'), ('MIXED', 'remote, with some visits'), ('ON_SITE', 'on site')], default='REMOTE', max_length=8, verbose_name='place')),
                ('city', models.CharField(blank=True, max_length=80, verbose_name='city')),
                ('past_work', models.TextField(blank=True, max_length=4000, verbose_name='past work')),
                ('written_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='written at')),
                ('published_at', models.DateTimeField(null=True, verbose_name='published at')),
                ('reviews_count', models.PositiveIntegerField(default=0, editable=False)),
                ('marks_sum', models.PositiveIntegerField(default=0, editable=False)),
                ('score', models.GeneratedField(db_persist=True, expression=django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('marks_sum'), '+', models.Value(21)), '*', models.Value(1000)), '/', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('reviews_count'), '*', models.Value(3)), '+', models.Value(6))), output_field=models.IntegerField())),
                ('search', models.GeneratedField(db_persist=True, expression=django.contrib.postgres.search.CombinedSearchVector(django.contrib.postgres.search.CombinedSearchVector(django.contrib.postgres.search.SearchVector('headline', config='french_unaccent', weight='A'), '||', django.contrib.postgres.search.SearchVector(models.Func('skills', function='words_of', output_field=models.TextField()), config='french_unaccent', weight='A'), django.contrib.postgres.search.SearchConfig('french_unaccent')), '||', django.contrib.postgres.search.SearchVector('presentation', config='french_unaccent', weight='B'), django.contrib.postgres.search.SearchConfig('french_unaccent')), output_field=django.contrib.postgres.search.SearchVectorField())),
                ('provider', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='profile', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'provider profile',
                'verbose_name_plural': 'provider profiles',
            },
        ),
        migrations.CreateModel(
            name='ProfileCategory',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('category', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='projects.category')),
                ('profile', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='in_categories', to='projects.profile')),
            ],
            options={
                'ordering': ['category__position', 'pk'],
            },
        ),
        migrations.AddIndex(
            model_name='profile',
            index=django.contrib.postgres.indexes.GinIndex(fields=['search'], name='profile_search'),
        ),
        migrations.AddIndex(
            model_name='profile',
            index=django.contrib.postgres.indexes.GinIndex(models.Func(models.F('skills'), function='skill_keys', output_field=django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)), name='profile_skills'),
        ),
        migrations.AddIndex(
            model_name='profile',
            index=models.Index(condition=models.Q(('published_at__isnull', False)), fields=['-score', '-id'], name='profile_best'),
        ),
        migrations.AddIndex(
            model_name='profile',
            index=models.Index(fields=['-published_at', '-id'], name='profile_latest'),
        ),
        migrations.AddConstraint(
            model_name='profile',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('headline', ''), _negated=True), models.Q(('presentation', ''), _negated=True)), name='profile_says_something'),
        ),
        migrations.AddConstraint(
            model_name='profile',
            constraint=models.CheckConstraint(condition=models.Q(('day_rate_cents', None), ('day_rate_cents__gt', 0), _connector='OR'), name='profile_day_rate_is_positive'),
        ),
        migrations.AddConstraint(
            model_name='profile',
            constraint=models.CheckConstraint(condition=models.Q(('marks_sum__gte', django.db.models.expressions.CombinedExpression(models.F('reviews_count'), '*', models.Value(3))), ('marks_sum__lte', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('reviews_count'), '*', models.Value(3)), '*', models.Value(5)))), name='profile_marks_are_one_to_five'),
        ),
        migrations.AddConstraint(
            model_name='profilecategory',
            constraint=models.UniqueConstraint(fields=('profile', 'category'), name='profile_once_per_category'),
        ),
    ]
