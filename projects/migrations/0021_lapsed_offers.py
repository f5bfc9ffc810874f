from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """When an offer ended with its rejected call."""

    dependencies = [
        ("projects", "0020_agreement_ends"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='offer',
            name='lapsed_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddConstraint(
            model_name='offer',
            constraint=models.CheckConstraint(condition=models.Q(('lapsed_at', None), ('state', 'WITHDRAWN'), _connector='OR'), name='lapsed_offer_is_over'),
        ),
    ]
