from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.events.models import Event
from marketplace.events.tellings import Facts, Kind, Letter, Telling, tells
from projects.correspondence import name_of
from projects.masks import Mask
from projects.models import Agreement, Project, Thread, ThreadMessage
from projects.notices.dossier import about


@tells("thread.written", kind=Kind.AGREEMENT)
class LetterWritten(Telling):
    """The other party reads the message, with contact details masked until they are introduced."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        rows = Agreement.objects.select_related("project", "client", "provider")
        thread = Thread(rows.get(pk=event.facts["agreement"]))
        message = ThreadMessage.objects.get(pk=event.facts["message"])
        reader = thread.agreement.other_party(message.author)
        named = Project.objects.contact_open_to(reader).filter(pk=thread.project.pk).exists()
        text = Mask(thread.project, reader, names_client=named).of(message.text, message.author_id)
        unnamed = message.author_id == thread.agreement.client_id and not thread.is_introduced
        by = "" if unnamed else name_of(message.author_id, thread)
        yield reader, {**about(thread.project), "text": text, "by": by}

    def letter(self, facts: Facts) -> Letter:
        named = {**facts, "by": facts["by"] or _("The client")}
        return Letter(
            subject=_("Private message of %(by)s: %(title)s") % named
            if facts["by"]
            else _("Private message of the client: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[_("%(by)s writes to you alone:") % named],
            quote=facts["text"],
            action=(_("Read and answer"), reverse("projects:thread", args=[facts["key"]])),
        )
