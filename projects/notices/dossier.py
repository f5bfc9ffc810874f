from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from credits.models import Kind as Credit
from credits.models import Spending
from marketplace.accounts.models import User
from marketplace.events.models import Event, Notice
from marketplace.events.tellings import Facts, Kind, Letter, Telling, tells
from marketplace.templatetags.page import euros
from projects.contacts import masked
from projects.models import DossierMessage, Offer, Project, Question
from projects.tabs import TALK

FLURRY = timedelta(minutes=15)  # messages this close together are one notice, until it is read


def about(project: Project) -> Facts:
    """What every letter about a project says."""
    return {"title": project.title, "number": project.number, "key": project.key}


def talk_url(facts: Facts) -> str:
    """The questions and messages of the dossier."""
    return f"{reverse('projects:detail', args=[facts['key']])}?onglet={TALK}"


def project_of(event: Event) -> Project:
    """The project of an event, with its client."""
    return Project.objects.select_related("client").get(key=event.project_key)


class OfferToRead(Telling):
    """The client is told of an offer, with its figures."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        project = project_of(event)
        offer = Offer.objects.select_related("provider").get(pk=event.facts["offer"])
        figures = {"price_cents": offer.price_cents, "delay_days": offer.delay_days, "offer": offer.pk}
        yield project.client, {**about(project), **figures, "by": offer.provider.public_name}

    def subject(self) -> str:
        """The subject, with places for the facts."""
        raise NotImplementedError

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=self.subject() % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[_("%(by)s waits for you to read it: the date on which you do is shown to them.") % facts],
            figures=[
                (_("Price, excluding VAT"), euros(facts["price_cents"])),
                (_("Delay"), _("%(count)s days") % {"count": facts["delay_days"]}),
            ],
            action=(_("Read the offer"), reverse("projects:read_offer", args=[facts["key"], facts["offer"]])),
        )


@tells("offer.placed", kind=Kind.PROJECTS)
class OfferPlaced(OfferToRead):
    def subject(self) -> str:
        return _("New offer of %(by)s: %(title)s")


@tells("offer.revised", kind=Kind.PROJECTS)
class OfferRevised(OfferToRead):
    def subject(self) -> str:
        return _("Offer revised by %(by)s: %(title)s")


@tells("offer.withdrawn", kind=Kind.PROJECTS)
class OfferWithdrawn(Telling):
    """The client is told that an offer left the list."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        project = project_of(event)
        if event.by:
            yield project.client, {**about(project), "by": event.by.public_name}

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("Offer withdrawn by %(by)s: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[_("%(by)s has withdrawn their offer. The other offers stand.") % facts],
            action=(_("Compare the offers"), reverse("projects:compare", args=[facts["key"]])),
        )


@tells("question.asked", kind=Kind.PROJECTS)
class QuestionAsked(Telling):
    """The client is asked to answer, with the question's own words."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        project = project_of(event)
        question = Question.objects.select_related("provider").get(pk=event.facts["question"])
        words = {"text": masked(question.text), "by": question.provider.public_name, "question": question.pk}
        yield project.client, {**about(project), **words}

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("Question of %(by)s: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[_("%(by)s asks you, in writing:") % facts],
            quote=facts["text"],
            action=(_("Answer"), reverse("projects:answer", args=[facts["key"], facts["question"]])),
        )


@tells("question.answered", kind=Kind.PROJECTS)
class QuestionAnswered(Telling):
    """Who asked reads the answer."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        project = project_of(event)
        question = Question.objects.select_related("provider", "answer").get(pk=event.facts["question"])
        yield question.provider, {**about(project), "text": masked(question.answer.text), "asked": question.text}

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("The client has answered you: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[_("You asked: “%(asked)s”. The client answers:") % facts],
            quote=facts["text"],
            action=(_("Open the dossier"), talk_url(facts)),
        )


def still_to_be_read(event: Event) -> set[int]:
    """Who has been told of another message of this dossier in the last minutes, and has not read it yet."""
    rows = Notice.objects.filter(name=event.verb, event__project_key=event.project_key, read_at=None)
    return set(rows.filter(at__gt=timezone.now() - FLURRY).values_list("user_id", flat=True))


@tells("dossier.message", kind=Kind.PROJECTS)
class MessageWritten(Telling):
    """The client is told of a bidder's message; all who opened the dossier of the client's. A flurry is told once."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        project = project_of(event)
        message = DossierMessage.objects.select_related("author").get(pk=event.facts["message"])
        from_client = message.author_id == project.client_id
        facts = {
            **about(project),
            "text": masked(message.text),
            "by": "" if from_client else message.author.public_name,
        }
        readers = self.readers(project) if from_client else [project.client]
        told = still_to_be_read(event)
        yield from ((reader, facts) for reader in readers if reader.pk not in told)

    def readers(self, project: Project) -> Iterable[User]:
        """Every provider to whom the dossier is open by their credit."""
        spendings = Spending.objects.living().on(project.key).filter(kind=Credit.CONSULTATION)
        return User.objects.filter(pk__in=spendings.values("provider")).order_by("pk")

    def letter(self, facts: Facts) -> Letter:
        subject = _("Message of %(by)s: %(title)s") if facts["by"] else _("Message of the client: %(title)s")
        words = (
            _("%(by)s writes in the dossier:") if facts["by"] else _("The client writes to all who opened the dossier:")
        )
        return Letter(
            subject=subject % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[words % facts],
            quote=facts["text"],
            action=(_("Open the messages"), talk_url(facts)),
        )


@tells("credit.spent.contact", kind=Kind.PROJECTS)
class DetailsOpened(Telling):
    """The client is told who holds their details (product, section 4.5)."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        project = project_of(event)
        if event.by:
            company = event.by.company.name if event.by.has_company else ""
            yield project.client, {**about(project), "name": event.by.name, "company": company}

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("%(name)s now has your details: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[
                _(
                    "%(name)s (%(company)s) spent a direct contact credit and sees your name, company, e-mail and "
                    "phone. They may call you about this project."
                )
                % facts
            ],
            action=(_("Open the project report"), reverse("projects:report", args=[facts["key"]])),
        )
