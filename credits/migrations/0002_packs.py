from django.db import migrations

# name, consultation, offer, contact credits, price in cents excluding VAT
PACKS = [
    ("Découverte", 1, 0, 0, 400),
    ("Offre", 1, 1, 0, 1200),
    ("Contact direct", 0, 0, 1, 1500),
    ("Régulier", 10, 3, 1, 6900),
    ("Intensif", 40, 12, 5, 24900),
]


def add(apps, schema_editor):
    CreditPack = apps.get_model("credits", "CreditPack")
    for position, (name, consultation, offer, contact, price_cents) in enumerate(PACKS, 1):
        CreditPack.objects.create(
            name=name,
            consultation=consultation,
            offer=offer,
            contact=contact,
            price_cents=price_cents,
            position=position,
        )


def remove(apps, schema_editor):
    apps.get_model("credits", "CreditPack").objects.filter(name__in=[pack[0] for pack in PACKS]).delete()


class Migration(migrations.Migration):
    """The packs on sale on the first day; staff change them in the administration."""

    dependencies = [("credits", "0001_initial")]

    operations = [migrations.RunPython(add, remove)]
