from django.conf import settings
from django.db import migrations

from marketplace import deadlines


def label_anew(apps, schema_editor):
    """Without a mediation nothing was sent after it: evidence is late from the last day for it on."""
    evidence = apps.get_model("mediation", "Evidence")
    for piece in evidence.objects.filter(late=True, dispute__straight=True).select_related("dispute"):
        last = deadlines.after(piece.dispute.arbitrated_at, settings.SMA_EVIDENCE_DAYS)
        if piece.at <= last:
            evidence.objects.filter(pk=piece.pk).update(late=False)


class Migration(migrations.Migration):

    dependencies = [
        ('mediation', '0005_vacated'),
    ]

    operations = [
        migrations.RunPython(label_anew, migrations.RunPython.noop),
    ]
