"""Who reads the contact details that somebody wrote into a text of the dossier (product, section 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from projects.contacts import masked

if TYPE_CHECKING:
    from projects.models import Project


class Mask:
    """What `reader` sees of the texts of `project`, each written by somebody.

    Everybody reads their own words as they typed them. The client's are whole for who may know the client: a contact
    credit, or an active agreement (`names_client`). A provider's are whole for the client once their agreement is
    active. Everybody else reads them with contact details masked.
    """

    def __init__(self, project: Project, reader: Any, *, names_client: bool) -> None:
        self.project, self.reader, self.names_client = project, reader, names_client

    def lifts(self, author_id: int) -> bool:
        """Whether the reader sees the author's words whole."""
        if author_id == self.reader.pk:
            return True
        if author_id == self.project.client_id:
            return self.names_client
        introduced = self.project.activated_at is not None and author_id == self.project.winner_id
        return introduced and self.reader.pk == self.project.client_id

    def of(self, text: str, author_id: int) -> str:
        """`text` as the reader sees it."""
        return text if self.lifts(author_id) else masked(text)

    def hides_from_others(self, text: str, author_id: int) -> bool:
        """Whether the reader wrote it and others see less of it: they are told so under their own words."""
        return author_id == self.reader.pk and masked(text) != text
