from django.contrib.postgres.operations import TrigramExtension, UnaccentExtension
from django.db import migrations


class Migration(migrations.Migration):
    """French full-text search that ignores accents: the configuration that the search column is made with."""

    dependencies = []

    operations = [
        UnaccentExtension(),
        TrigramExtension(),
        migrations.RunSQL(
            """
            create text search configuration french_unaccent (copy = french);
            alter text search configuration french_unaccent
                alter mapping for hword, hword_part, word with unaccent, french_stem;
            """,
            "drop text search configuration french_unaccent;",
        ),
        # array_to_string is only "stable" because of other element types; of text it is immutable, as a stored
        # column needs.
        migrations.RunSQL(
            """
            create function words_of(words text[]) returns text language plpgsql immutable strict parallel safe as
            $$ begin return array_to_string(words, ' '); end $$;
            """,
            "drop function words_of(text[]);",
        ),
    ]
