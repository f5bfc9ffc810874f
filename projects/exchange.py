"""What people exchange in a dossier, as one reader may read it: questions, answers, messages, offers, files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext as _

from marketplace.documents.models import Document
from projects.models import Answer, DossierMessage, Enclosure, Offer, Question
from projects.models.enclosures import CARRIERS

if TYPE_CHECKING:
    from projects.masks import Mask

Files = Mapping[tuple[str, int], list[Document]]


class Paper(NamedTuple):
    """A file with what it came with, in words."""

    document: Document
    origin: str


class Post(NamedTuple):
    """A text of the dossier: `who` wrote it, `reply` under it; `hides`: its author is told that others see less."""

    kind: str  # "question", "answer" or "message"
    pk: int
    who: str
    at: datetime
    text: str
    files: list[Document]
    of_client: bool
    hides: bool
    reply: Post | None = None


class OfferSheet(NamedTuple):
    """An offer with its texts as the reader may read them, and its files."""

    offer: Offer
    pitch: str
    assumptions: str
    files: list[Document]
    hides: bool


def sent_with(enclosures: Iterable[Enclosure]) -> Files:
    """The documents of each row that carries some: ("question", its key) and so on."""
    found: dict[tuple[str, int], list[Document]] = defaultdict(list)
    for enclosure in enclosures:
        for carrier in CARRIERS:
            if pk := getattr(enclosure, f"{carrier}_id"):
                found[carrier, pk].append(enclosure.document)
    return found


def posts(questions: Iterable[Question], messages: Iterable[DossierMessage], *, mask: Mask, files: Files) -> list[Post]:
    """Questions and messages in the order in which they were written."""
    made = [of_question(question, mask, files) for question in questions]
    made += [of_message(message, mask, files) for message in messages]
    return sorted(made, key=lambda post: (post.at, post.kind, post.pk))


def of_question(question: Question, mask: Mask, files: Files) -> Post:
    """A question, its answer under it."""
    answer: Answer | None = getattr(question, "answer", None)
    return Post(
        "question",
        question.pk,
        question.provider.public_name,
        question.asked_at,
        mask.of(question.text, question.provider_id),
        files.get(("question", question.pk), []),
        of_client=False,
        hides=mask.hides_from_others(question.text, question.provider_id),
        reply=of_answer(answer, mask, files) if answer else None,
    )


def of_answer(answer: Answer, mask: Mask, files: Files) -> Post:
    """The client's answer."""
    client, words = mask.project.client_id, answer.text
    own = files.get(("answer", answer.pk), [])
    hides, text = mask.hides_from_others(words, client), mask.of(words, client)
    return Post("answer", answer.pk, _("The client"), answer.answered_at, text, own, of_client=True, hides=hides)


def of_message(message: DossierMessage, mask: Mask, files: Files) -> Post:
    """A message of the client or of a provider."""
    of_client = message.author_id == mask.project.client_id
    return Post(
        "message",
        message.pk,
        _("The client") if of_client else message.author.public_name,
        message.written_at,
        mask.of(message.text, message.author_id),
        files.get(("message", message.pk), []),
        of_client=of_client,
        hides=mask.hides_from_others(message.text, message.author_id),
    )


def offer_sheets(offers: Iterable[Offer], *, mask: Mask, files: Files) -> list[OfferSheet]:
    """Offers as the reader may read them."""
    return [offer_sheet(offer, mask=mask, files=files.get(("offer", offer.pk), [])) for offer in offers]


def offer_sheet(offer: Offer, *, mask: Mask, files: list[Document]) -> OfferSheet:
    """One offer as the reader may read it."""
    author = offer.provider_id
    hides = any(mask.hides_from_others(text, author) for text in (offer.pitch, offer.assumptions))
    return OfferSheet(offer, mask.of(offer.pitch, author), mask.of(offer.assumptions, author), files, hides)


def papers_of(enclosures: Iterable[Enclosure], *, client_id: int) -> list[Paper]:
    """Files with where each comes from, the latest first."""
    return [Paper(row.document, origin(row, client_id)) for row in sorted(enclosures, key=lambda row: -row.pk)]


def origin(row: Enclosure, client_id: int) -> str:
    """What a file came with: "Question of Paul M."."""
    if row.question:
        return _("Question of %(name)s") % {"name": row.question.provider.public_name}
    if row.message and row.message.author_id != client_id:
        return _("Message of %(name)s") % {"name": row.message.author.public_name}
    if row.offer:
        return _("Offer of %(name)s") % {"name": row.offer.provider.public_name}
    return _("Message of the client") if row.message else _("Answer of the client")
