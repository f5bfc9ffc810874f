from django.db import migrations

FILL = """
    update projects_projectversion v set published_number = n.rank
    from (
        select id, row_number() over (partition by project_id order by number) as rank
        from projects_projectversion where published_at is not null
    ) n where n.id = v.id
"""


class Migration(migrations.Migration):
    """Count the versions that were published already."""

    dependencies = [
        ("projects", "0022_published_numbers"),
    ]

    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
