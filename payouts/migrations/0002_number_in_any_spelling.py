from django.db import migrations, models
from django.db.models import F, Q

from payouts.bills import bare


class Migration(migrations.Migration):
    """One living request for each invoice, in whatever spelling its number is typed."""

    dependencies = [("payouts", "0001_initial")]

    operations = [
        migrations.RemoveConstraint("payoutrequest", "one_living_payout_per_invoice"),
        migrations.AddConstraint(
            "payoutrequest",
            models.UniqueConstraint(
                F("provider"),
                bare(F("invoice_number")),
                condition=~Q(state__in=["REFUSED", "RETURNED"]),
                name="one_living_payout_per_invoice",
            ),
        ),
    ]
