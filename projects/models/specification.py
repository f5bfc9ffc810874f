from __future__ import annotations

from django.db import models

from .projects import Project


class SpecificationFile(models.Model):
    """A file of the client's specification, open to those who may read the dossier."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="specification_files")
    document = models.OneToOneField("documents.Document", models.PROTECT, related_name="+")
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return str(self.document)

    def drop(self) -> None:
        """Take the file out of the specification, and out of the store. Called by Project under its lock."""
        document = self.document
        self.delete()
        document.delete()
