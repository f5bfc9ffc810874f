from django.db import migrations

FILL = """
    insert into projects_deadline (project_id, kind, subject_label, subject_id, due_at, state)
    select project_id, 'hint.tell', 'projects.hint', id, due_at, 'WAITING' from projects_hint where state = 'WAITING'
"""
CLEAR = """
    update projects_hint h set due_at = coalesce(
        (select max(d.due_at) from projects_deadline d where d.kind = 'hint.tell' and d.subject_id = h.id),
        h.since + interval '48 hours'
    ) where due_at is null;
    delete from projects_deadline where kind = 'hint.tell';
"""


class Migration(migrations.Migration):
    """The date of each hint whose delay runs becomes a deadline."""

    dependencies = [
        ("projects", "0036_hints_loosened"),
    ]

    operations = [migrations.RunSQL(FILL, CLEAR)]
