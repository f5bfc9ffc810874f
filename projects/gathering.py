"""What the report asks of the database with the project's own row: several small lists, one query."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Subquery

from projects.bundles import files_of, whole
from projects.dossier import with_access_of
from projects.models import Agreement, Deadline, Enclosure, Project, Review, SpecificationFile, Survey, ThreadMessage

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from projects.models.readers import ProjectQuerySet

MOST_LETTERS = 3
JOINED = ("category", "client__company", "winner__company")


def gathered(user: User) -> ProjectQuerySet:
    """The projects whose report `user` may open, each with its parts, as far as they are for `user`.

    `agreement_pks`; `waiting_deadlines`; the `latest_letters` of the latest thread; the files, `specified` and
    `thread_files`; `reviews_to_read`, and who are the `reviewers`; `survey_rank`, of the survey that waits for `user`.
    """
    own = {"project": OuterRef("pk")}
    agreements = Agreement.objects.visible_to(user)
    latest = agreements.filter(project=OuterRef("project")).order_by("-pk").values("provider")[:1]
    letters = ThreadMessage.objects.visible_to(user).filter(**own, provider=Subquery(latest)).order_by("-pk")
    private = Enclosure.objects.filter(**own, thread_message__in=ThreadMessage.objects.visible_to(user))
    surveys = Survey.objects.addressed_to(user).unanswered().filter(**own).order_by("-pk")
    return with_access_of(Project.objects.report_open_to(user).select_related(*JOINED), user).annotate(
        agreement_pks=ArraySubquery(agreements.filter(**own).values("pk")),
        waiting_deadlines=whole(Deadline.objects.waiting().filter(**own).order_by("due_at", "pk")),
        latest_letters=whole(letters[:MOST_LETTERS]),
        reviews_to_read=whole(Review.objects.visible_to(user).filter(**own)),
        reviewers=ArraySubquery(Review.objects.filter(**own).values("author")),
        specified=files_of(SpecificationFile.objects.filter(**own)),
        thread_files=files_of(private, row="thread_message_id"),
        survey_rank=Subquery(surveys.values("rank")[:1]),
    )
