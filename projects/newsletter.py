"""The daily newsletter: who gets which projects, and how the copies leave, each once whatever is interrupted.

Nobody gets a copy twice. What that may cost: the one copy that each killed worker, and each line cut while the mail
server was taking it, had in hand is LOST, delivered or not; staff read which in the administration. All others leave.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from credits.models import Spending
from marketplace.accounts.models import User
from marketplace.events import post_office
from marketplace.events.mail import Unsubscription, absolute, domain, tidy
from marketplace.events.models import Preference
from marketplace.events.post_office import Fate, Outcome
from marketplace.events.tellings import Kind
from marketplace.locking import locked
from marketplace.templatetags.page import PARIS, paris
from projects import matching
from projects.cards import budget_words, place_words
from projects.models import Edition, NewsletterCopy, Project
from projects.odds import foretell, in_short

if TYPE_CHECKING:
    from django.db.models import QuerySet

log = logging.getLogger(__name__)
READERS = 5000  # considered together
BATCH = 50  # copies claimed together
CLAIM = timedelta(minutes=5)


def readers() -> QuerySet[User]:
    """Verified active providers who have not switched the newsletter off."""
    off = Preference.objects.filter(kind=Kind.NEWSLETTER, mail=False).values("user")
    people = User.objects.filter(is_provider=True, is_active=True, email_verified_at__isnull=False)
    return people.exclude(pk__in=off).filter(company__isnull=False).order_by("pk")


def edition_of(day: date, now: datetime | None = None) -> Edition:
    """The edition of `day`, begun now unless it was begun before."""
    edition, _begun = Edition.objects.get_or_create(day=day, defaults={"until": now or timezone.now()})
    return edition


def write(edition: Edition) -> int:
    """Write the copies of `edition`, batch by batch, from where an earlier run was stopped; how many were written."""
    written = 0
    while not edition.written_at:
        written += write_some(edition)
    return written


def write_some(edition: Edition) -> int:
    """Write the copies of the next READERS in one transaction, under a lock: two writers at once take turns."""
    with locked(edition):
        if edition.written_at:
            return 0
        batch = list(readers().filter(pk__gt=edition.reached).values_list("pk", flat=True)[:READERS])
        written = matching.write(edition, batch) if batch else 0
        edition.go_on_after(batch)
    return written


def send(budget: float = 200.0, now: datetime | None = None) -> int:
    """Send what waits, batch by batch over one connection each, for `budget` seconds at most; how many left."""
    NewsletterCopy.objects.give_up_interrupted(now or timezone.now())
    stop, sent = time.monotonic() + budget, 0
    while time.monotonic() < stop and (batch := claim(now or timezone.now())):
        fates = post(batch, stop)
        sent += fates.count(Fate.SENT)
        if Fate.UNREACHABLE in fates:
            break
    return sent


def claim(now: datetime) -> list[NewsletterCopy]:
    """Take a batch that no other worker will touch before CLAIM has passed; committed before anything is sent."""
    with transaction.atomic():
        due = NewsletterCopy.objects.due(now).select_for_update(skip_locked=True, no_key=True)
        keys = list(due.values_list("pk", flat=True)[:BATCH])
        NewsletterCopy.objects.filter(pk__in=keys).update(claimed_until=timezone.now() + CLAIM)
    return list(NewsletterCopy.objects.filter(pk__in=keys).select_related("provider").order_by("pk"))


def post(batch: list[NewsletterCopy], stop: float) -> list[Fate]:
    """Send a claimed batch over one connection; each copy is marked as leaving just before the server gets it."""
    ready = list(written(batch))
    leaving: list[NewsletterCopy] = []
    fates: list[Fate] = []
    outcomes = post_office.send_many(mail for copy, mail in ready if set_off(copy, leaving))
    for outcome in outcomes:
        record(leaving[-1], outcome)
        fates.append(outcome.fate)
        if time.monotonic() > stop:
            outcomes.close()
            break
    return fates


def set_off(copy: NewsletterCopy, leaving: list[NewsletterCopy]) -> bool:
    """Mark `copy` as leaving; False when its claim has run out and another worker has it."""
    if not copy.leave():
        return False
    leaving.append(copy)
    return True


def record(copy: NewsletterCopy, outcome: Outcome) -> None:
    """Write down what became of `copy`."""
    match outcome.fate:
        case Fate.SENT:
            copy.mark_sent()
        case Fate.REFUSED:
            copy.fail(outcome.reason)
        case Fate.DOUBTFUL:
            copy.lose(outcome.reason)
        case Fate.UNREACHABLE:
            copy.wait(outcome.reason)
        case _:
            copy.postpone(outcome.reason)


def written(batch: list[NewsletterCopy]) -> Iterator[tuple[NewsletterCopy, EmailMultiAlternatives]]:
    """The mails of `batch`: what is no longer wanted, or has nothing left to announce, is dropped on the way."""
    unwanted = Preference.objects.unwanted(copy.provider_id for copy in batch)
    projects, known = still_open(batch), consulted(batch)
    for copy in batch:
        new = [key for key in copy.project_keys if (copy.provider_id, key) not in known]
        kept = [projects[key] for key in new if key in projects]
        is_wanted = copy.provider.is_active and (copy.provider_id, Kind.NEWSLETTER) not in unwanted
        if not (kept and is_wanted):
            copy.drop()
        elif mail := mail_or_none(copy, kept):
            yield copy, mail


def still_open(batch: Iterable[NewsletterCopy]) -> dict[str, Project]:
    """The projects of `batch` that are available now, by key."""
    keys = {key for copy in batch for key in copy.project_keys}
    return {project.key: project for project in Project.objects.available().filter(key__in=keys).defer("search")}


def consulted(batch: Iterable[NewsletterCopy]) -> set[tuple[int, str]]:
    """Which provider has spent on which project of `batch`, perhaps since it was written: (id, key) pairs."""
    keys = {key for copy in batch for key in copy.project_keys}
    spent = Spending.objects.filter(provider__in={copy.provider_id for copy in batch}, project_key__in=keys)
    return set(spent.values_list("provider_id", "project_key"))


def mail_or_none(copy: NewsletterCopy, projects: list[Project]) -> EmailMultiAlternatives | None:
    """The mail of `copy`; one that cannot be written is flagged and stops nobody."""
    try:
        return mail_of(copy, projects)
    except Exception as error:
        log.exception("Newsletter copy %s cannot be written.", copy.pk)
        copy.spoil(post_office.in_short(error))
        return None


def mail_of(copy: NewsletterCopy, projects: list[Project]) -> EmailMultiAlternatives:
    """`copy` as a mail in its reader's language, with one-click unsubscription (RFC 8058)."""
    leave = Unsubscription(copy.provider_id, Kind.NEWSLETTER).url
    mail = letter_to(copy.provider, projects, leave)
    mail.extra_headers = {
        "Message-ID": f"<newsletter-{copy.pk}.{copy.day:%Y%m%d}@{domain()}>",
        "Auto-Submitted": "auto-generated",
        "Content-Language": copy.provider.language,
        "List-Unsubscribe": f"<{leave}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    return mail


def letter_to(user: User, projects: list[Project], leave: str) -> EmailMultiAlternatives:
    """What announces `projects` to `user`, in their language; `leave` is the address that stops these mails."""
    with translation.override(user.language):
        context = around(user, projects, leave)
        text = tidy(render_to_string("mail/newsletter.txt", context))
        mail = EmailMultiAlternatives(subject=context["subject"], body=text, to=[user.email])
        mail.attach_alternative(render_to_string("mail/newsletter.html", context), "text/html")
    return mail


def around(user: User, projects: list[Project], leave: str) -> dict[str, Any]:
    """What the two templates need, in the active language."""
    foretell(projects)
    count = len(projects)
    words = ngettext("%(n)s new project for you: %(title)s", "%(n)s new projects for you, among them: %(title)s", count)
    return {
        "subject": one_line(words % {"n": count, "title": projects[0].title}),
        "items": [item(project) for project in projects],
        "user": user,
        "unsubscribe_url": leave,
        "interests_url": absolute(reverse("projects:interests")),
        "list_url": absolute(reverse("projects:list")),
        "site_url": absolute("/"),
        "SITE_NAME": settings.SITE_NAME,
        "company": f"{settings.COMPANY_NAME}, {settings.COMPANY_ADDRESS}",
        "language": translation.get_language(),
    }


def one_line(text: str) -> str:
    """`text` as a header takes it, its no-break spaces kept."""
    return re.sub(r"[\r\n\t ]+", " ", text)


def item(project: Any) -> dict[str, Any]:
    """One project of the mail, foretold, in words: its `figures` stand out, its `facts` close."""
    offers = ngettext("%(n)s offer so far", "%(n)s offers so far", project.offers_count) % {"n": project.offers_count}
    return {
        "title": project.title,
        "teaser": project.teaser,
        "figures": [budget_words(project.budget_min_cents, project.budget_max_cents), offers],
        "odds": in_short(project.odds),
        "facts": [place_words(project), _("until %(date)s") % {"date": paris(project.closes_at)}],
        "url": absolute(project.get_absolute_url()),
    }


def today() -> date:
    """The day in Paris."""
    return timezone.localdate(timezone.now(), PARIS)


def resume() -> None:
    """Write the rest of an edition that a killed worker left half written; one just begun is in good hands."""
    for edition in Edition.objects.filter(written_at=None, day=today(), until__lt=timezone.now() - CLAIM):
        write(edition)
