"""Files that come with a text: which are added, which are taken away."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from marketplace.documents.models import Document
from marketplace.refusals import Refusal

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from marketplace.documents.intake import Clean

    from .projects import Project

MOST_PAPERS = 5
PURPOSE = "projects.enclosure"


@dataclass(frozen=True)
class Papers:
    """Cleaned files to add to a text, and the keys of enclosures to take away from it."""

    added: Sequence[Clean] = ()
    dropped: Collection[int] = ()


NO_PAPERS = Papers()


class TooManyPapers(Refusal):
    sentence = _("Five files at most go with a text: remove one, or put several into one PDF.")


class Enclosing:
    """What carries files: a question, an answer, a message, an offer or its draft."""

    enclosures: Any

    def changed_by(self, papers: Papers) -> Papers:
        """`papers` without what changes nothing: files there already, with the same bytes, or not there at all."""
        kept = dict(self.enclosures.values_list("pk", "document__sha256"))
        stay = {digest for pk, digest in kept.items() if pk not in papers.dropped}
        added = [file for file in papers.added if hashlib.sha256(file.content).hexdigest() not in stay]
        return Papers(added, [pk for pk in kept if pk in papers.dropped])

    def enclose(self, papers: Papers, *, project: Project, owner: User) -> bool:
        """Take away and add files; whether anything changed. Called under the lock. Refused: TooManyPapers."""
        change = self.changed_by(papers)
        for enclosure in self.enclosures.filter(pk__in=change.dropped):
            enclosure.drop()
        for file in change.added:
            document = Document.take_in(file, owner=owner, purpose=PURPOSE)
            self.enclosures.create(project=project, document=document)
        if self.enclosures.count() > MOST_PAPERS:
            raise TooManyPapers
        return bool(change.added or change.dropped)

    @property
    def documents(self) -> list[Document]:
        """Its files, in the order in which they came; prefetch `enclosures` for many rows."""
        return [enclosure.document for enclosure in self.enclosures.all()]
