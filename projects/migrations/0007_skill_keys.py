from django.db import migrations


class Migration(migrations.Migration):
    """Skills as the filters compare them: small letters without accents, whoever typed them."""

    dependencies = [
        ("projects", "0006_draft_by_pages"),
    ]

    operations = [
        # unaccent is only "stable" because its dictionary could be changed; ours is the one that the search column
        # trusts too. Schemas are named: PostgreSQL keeps indexes with an empty search path.
        migrations.RunSQL(
            """
            create function skill_keys(skills text[]) returns text[]
                language plpgsql immutable strict parallel safe as
            $$ begin
                return array(
                    select lower(public.unaccent('public.unaccent'::regdictionary, skill)) from unnest(skills) skill
                );
            end $$;
            """,
            "drop function skill_keys(text[]);",
        ),
    ]
