import pgtrigger
from django.db import migrations


def name_undecided(apps, schema_editor):
    """What ended by itself, nobody having decided, was said to be withdrawn: no move of that table leads out of it."""
    with pgtrigger.ignore('mediation.Dispute:state_moves'):
        apps.get_model('mediation', 'Dispute').objects.filter(state='WITHDRAWN', ended_by=None).update(state='UNDECIDED')


def name_withdrawn(apps, schema_editor):
    with pgtrigger.ignore('mediation.Dispute:state_moves'):
        apps.get_model('mediation', 'Dispute').objects.filter(state='UNDECIDED').update(state='WITHDRAWN')


class Migration(migrations.Migration):

    dependencies = [
        ('mediation', '0002_undecided'),
    ]

    operations = [
        migrations.RunPython(name_undecided, name_withdrawn),
    ]
