from django.db import migrations

FILL = """
    insert into projects_deadline (project_id, kind, subject_label, subject_id, due_at, state)
    select id, 'call.expire', 'projects.project', id, closes_at, 'WAITING' from projects_project where state = 'OPEN'
"""
CLEAR = "delete from projects_deadline where kind in ('call.expire', 'call.remind')"


class Migration(migrations.Migration):
    """Set the date of every open call; one that has closed already is judged by the next sweep."""

    dependencies = [
        ("projects", "0034_amendments"),
    ]

    operations = [migrations.RunSQL(FILL, CLEAR)]
