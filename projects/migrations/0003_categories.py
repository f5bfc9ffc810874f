from django.db import migrations

CATEGORIES = [
    ("web", "Sites et applications web", "Websites and web applications"),
    ("mobile", "Applications mobiles", "Mobile applications"),
    ("donnees-ia", "Données et IA", "Data and AI"),
    ("design", "Design et expérience utilisateur", "Design and user experience"),
    ("redaction", "Rédaction et traduction", "Writing and translation"),
    ("marketing", "Marketing et référencement", "Marketing and search"),
    ("image-son", "Photo, vidéo et son", "Photo, video and sound"),
    ("systemes", "Systèmes et sécurité", "Systems and security"),
    ("conseil", "Conseil et gestion de projet", "Consulting and project management"),
    ("ingenierie", "Ingénierie et plans", "Engineering and drawings"),
    ("formation", "Formation", "Training"),
    ("gestion", "Droit, paie et comptabilité", "Law, payroll and accounting"),
]


def add(apps, schema_editor):
    Category = apps.get_model("projects", "Category")
    for position, (slug, name_fr, name_en) in enumerate(CATEGORIES, 1):
        Category.objects.create(slug=slug, name_fr=name_fr, name_en=name_en, position=position)


def remove(apps, schema_editor):
    apps.get_model("projects", "Category").objects.filter(slug__in=[row[0] for row in CATEGORIES]).delete()


class Migration(migrations.Migration):
    """The categories of the first day; staff may add to them."""

    dependencies = [("projects", "0002_initial")]

    operations = [migrations.RunPython(add, remove)]
