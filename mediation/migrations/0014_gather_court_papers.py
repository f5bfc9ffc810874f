"""The papers of each court so far: its proof, the ruling that is noted, the one that was executed."""

from django.db import migrations


def gather(apps, schema_editor):
    for seizure in apps.get_model("mediation", "Seizure").objects.all():
        found = {seizure.document_id, seizure.noted_id, seizure.ruling_id} - {None}
        seizure.papers.add(*sorted(found))


class Migration(migrations.Migration):
    dependencies = [("mediation", "0013_court_papers")]

    operations = [migrations.RunPython(gather, migrations.RunPython.noop)]
