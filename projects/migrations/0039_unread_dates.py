from django.db import migrations

FILL = """
    insert into projects_deadline (project_id, kind, subject_label, subject_id, due_at, state)
    select o.project_id, 'offer.unread', 'projects.offer', o.id, now(), 'WAITING'
    from projects_offer o join projects_project p on p.id = o.project_id
    where o.state = 'PLACED' and o.read_at is null and p.state = 'OPEN'
"""
CLEAR = "delete from projects_deadline where kind = 'offer.unread'"


class Migration(migrations.Migration):
    """Every unread offer is judged by the next sweep, which sets the date of those whose days are not over."""

    dependencies = [
        ("projects", "0038_hints_without_dates"),
    ]

    operations = [migrations.RunSQL(FILL, CLEAR)]
