from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.events.models import Event
from marketplace.events.tellings import Facts, Kind, Letter, Telling, tells
from marketplace.templatetags.page import paris
from projects.models import Detail, DetailsClaim
from projects.notices.publishing import about, moderators


def claim_of(event: Event) -> DetailsClaim:
    """The claim that an event is about, with its project and its people."""
    rows = DetailsClaim.objects.select_related("project", "client", "spending__provider")
    return event.about(rows, "claim")


def facts_of(claim: DetailsClaim) -> Facts:
    """What every letter about a claim says."""
    return {**about(claim.project), "wrong": claim.wrong}


def wrong_in(facts: Facts) -> str:
    """What is called false, in the language of the reader."""
    return ", ".join(str(Detail(value).label) for value in facts["wrong"])


@tells("details.claimed", kind=Kind.PROJECTS)
class ClaimReceived(Telling):
    """The provider is told until when they are answered."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        claim = claim_of(event)
        yield claim.spending.provider, {**facts_of(claim), "before": claim.answer_by.isoformat(), "text": claim.text}

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("We check the client’s details: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[
                _("You told us that they are false (%(wrong)s). If they are, your direct contact credit comes back.")
                % {"wrong": wrong_in(facts)},
                _("You wrote:"),
            ],
            quote=facts["text"],
            figures=[(_("We answer you before"), paris(datetime.fromisoformat(facts["before"])))],
            action=(_("Open the dossier"), reverse("projects:detail", args=[facts["key"]])),
        )


@tells("details.claimed", kind=Kind.PROJECTS, name="details.claimed.moderator")
class ClaimToCheck(Telling):
    """The moderators find a claim in their queue."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        claim = claim_of(event)
        facts = {**facts_of(claim), "pk": claim.pk, "text": claim.text, "before": claim.answer_by.isoformat()}
        for moderator in moderators():
            yield moderator, facts

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("Client’s details to check: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[_("A provider says that they are false: %(wrong)s.") % {"wrong": wrong_in(facts)}],
            quote=facts["text"],
            figures=[(_("To be answered before"), paris(datetime.fromisoformat(facts["before"])))],
            action=(_("Check the details"), reverse("admin:projects_detailsclaim_change", args=[facts["pk"]])),
        )


@tells("details.false", kind=Kind.ACCOUNT)
class DetailsFalse(Telling):
    """The client is asked to correct their details, or to confirm them; who said so is not named."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        claim = claim_of(event)
        yield claim.client, facts_of(claim)

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("Correct your details: nobody can reach you"),
            project=_("Project %(number)s") % facts,
            paragraphs=[
                _("A provider cannot reach you with what your account says: %(wrong)s. Our staff has checked it.")
                % {"wrong": wrong_in(facts)},
                _(
                    "Correct it, or write to us why it is right. Until then you cannot publish another project, and "
                    "nobody can spend a direct contact credit on yours."
                ),
            ],
            action=(_("Check my details"), reverse("projects:confirm_details")),
        )


@tells("details.false", kind=Kind.MONEY, name="details.false.provider")
class FalseButBack(Telling):
    """The provider whose credit had come back for another reason; the others are told by the return itself."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        claim = claim_of(event)
        if event.facts["already_back"]:
            yield claim.spending.provider, facts_of(claim)

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("The client’s details were false: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[_("Your direct contact credit had come back already. The client must correct their details.")],
            action=(_("See my credits"), reverse("credits:wallet")),
        )


@tells("details.right", kind=Kind.MONEY)
class DetailsRight(Telling):
    """The provider reads why the credit stays spent."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        claim = claim_of(event)
        yield claim.spending.provider, {**facts_of(claim), "words": claim.words}

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("The client’s details are right: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[_("We have checked them: your direct contact credit stays spent. Our staff answers you:")],
            quote=facts["words"],
            action=(_("See the details again"), reverse("projects:detail", args=[facts["key"]]) + "#contact"),
        )


@tells("details.contested", kind=Kind.PROJECTS)
class Contested(Telling):
    """The moderators find the client's statement in their queue."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        claim = claim_of(event)
        facts = {**facts_of(claim), "pk": claim.pk, "text": claim.statement, "before": claim.answer_by.isoformat()}
        for moderator in moderators():
            yield moderator, facts

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("Details contested by their client: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[_("You found them false (%(wrong)s); the client writes:") % {"wrong": wrong_in(facts)}],
            quote=facts["text"],
            figures=[(_("To be answered before"), paris(datetime.fromisoformat(facts["before"])))],
            action=(_("Check the details"), reverse("admin:projects_detailsclaim_change", args=[facts["pk"]])),
        )


@tells("details.believed", kind=Kind.ACCOUNT)
class Believed(Telling):
    """The client learns that they may publish again."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        claim = claim_of(event)
        yield claim.client, facts_of(claim)

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("Your details are right: you can publish again"),
            project=_("Project %(number)s") % facts,
            paragraphs=[_("Our moderation has checked what you wrote. Nothing more is asked of you.")],
            action=(_("Check my details"), reverse("projects:confirm_details")),
        )


@tells("details.insisted", kind=Kind.ACCOUNT)
class Insisted(Telling):
    """The client reads why the details are still held to be false."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        claim = claim_of(event)
        yield claim.client, {**facts_of(claim), "words": event.facts["words"]}

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("Your details are to be corrected all the same"),
            project=_("Project %(number)s") % facts,
            paragraphs=[
                _("What was found false: %(wrong)s. Our moderation has checked again and answers you:")
                % {"wrong": wrong_in(facts)}
            ],
            quote=facts["words"],
            action=(_("Check my details"), reverse("projects:confirm_details")),
        )
