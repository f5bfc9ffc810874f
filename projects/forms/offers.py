from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from credits.models import Kind, Spending
from marketplace.accounts.models import User
from marketplace.documents.forms import DocumentsField
from marketplace.documents.intake import OFFICE, PLAIN
from marketplace.fields import DayField, EurosField
from marketplace.forms import Deed, Performing
from projects.contacts import masked, reachable
from projects.forms.prose import ProseField
from projects.forms.tranches import HIGHEST_CENTS, LOWEST_CENTS, DelayField, WithTranches
from projects.models import (
    Answer,
    DossierMessage,
    Offer,
    OfferDraft,
    OfferState,
    OfferTerms,
    Papers,
    Project,
    Question,
)
from projects.models.offers import WRITTEN
from projects.models.papers import MOST_PAPERS

T = TypeVar("T")
UNSAVED = {"max_length", "null_characters_not_allowed"}  # what even a draft cannot keep
LONGEST_FIGURE = 200
MASKED = _(
    "No phone, e-mail or messaging account here: a direct contact credit or the introduction opens them. Readers see a "
    "mask in the place of a postal or web address."
)


class SpendForm(Performing):
    """The confirmation of a spending: nothing to type. A second click finds the first spending."""

    def save(self, project: Project, kind: Kind, *, by: User) -> Spending | None:
        """Spend; a refusal is shown on the page."""
        return self.perform(lambda: project.spend(kind, by=by))


class PapersField(DocumentsField):
    """The files that go with a text."""

    def __init__(self) -> None:
        super().__init__(label=_("Files"), required=False, most=MOST_PAPERS, accept=PLAIN | OFFICE)

    def clean(self, data: Any, initial: Any = None) -> Any:
        files = super().clean(data, initial)
        if any(reachable(file.name) for file in files):
            raise ValidationError(_("Rename the file: its name holds contact details."), code="contact")
        return files


class WithPapers(Performing):
    """A form whose text may carry files."""

    papers = PapersField()

    def store(self, deed: Callable[[], T]) -> T | None:
        """Carry out `deed`, which stores files: a full disk is told beside them."""
        try:
            return self.perform(deed)
        except ValidationError as disk:
            self.add_error("papers", disk)
            return None

    def stored(self, deed: Callable[[], object]) -> bool:
        """As `store`, for a deed that gives nothing back: whether it was done."""
        return bool(self.store(lambda: (deed(), True)))


class OfferForm(WithTranches, WithPapers, Deed):
    """An offer: price, delay, what is proposed and under which assumptions, tranches and files if any."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)  # of the project, as the bidder read it
    edition = forms.CharField(required=False, widget=forms.HiddenInput)  # of the offer, as this page was drawn from it
    price_cents = EurosField(
        label=_("Price of the project"), unit=_("€ excl. VAT"), min_cents=LOWEST_CENTS, max_cents=HIGHEST_CENTS
    )
    delay_days = DelayField(help_text=_("Calendar days from the start."))
    starts_on = DayField(past=timedelta(), label=_("Possible start"), required=False)
    pitch = ProseField(
        label=_("What you propose"),
        max_length=5000,
        rows=8,
        help_text=_("How you will go about it, and what of your experience is close to this project."),
    )
    assumptions = ProseField(
        label=_("Assumptions"),
        max_length=5000,
        required=False,
        help_text=_("What your price counts on: access, contents, answers, a second opinion…"),
    )
    dropped = forms.TypedMultipleChoiceField(
        label=_("Files to remove"), required=False, coerce=int, widget=forms.CheckboxSelectMultiple
    )
    field_order = ("price_cents", "delay_days", "starts_on", "pitch", "assumptions", "dropped", "papers")
    masked_note = MASKED

    def __init__(
        self,
        *args: Any,
        offer: Offer | None = None,
        draft: OfferDraft | None = None,
        version: int | None = None,
        **kwargs: Any,
    ) -> None:
        self.offer, self.draft = offer, draft
        if draft:
            kwargs["initial"] = {name: draft.typed.get(name, "") for name in WRITTEN}
            kwargs["rows"] = draft.typed.get("tranches", [])
        elif offer:
            kwargs["initial"] = {name: getattr(offer, name) for name in WRITTEN}
            kwargs["rows"] = offer.typed_tranches
        super().__init__(*args, standing=offer if self.is_placed else None, **kwargs)
        self.initial.update(version=version, edition=offer.edition if offer else "")
        self.overtaken: Offer | None = None
        kept = [enclosure for row in (offer, draft) if row for enclosure in row.enclosures.all()]
        if kept:
            choices = [(enclosure.pk, enclosure.document.name) for enclosure in kept]
            self.fields["dropped"].choices = choices  # type: ignore[attr-defined]
        else:
            del self.fields["dropped"]

    @property
    def is_placed(self) -> bool:
        """Whether an offer stands, which the form revises; until then it may be kept as a draft."""
        return self.offer is not None and self.offer.state != OfferState.WITHDRAWN

    @property
    def wants_draft(self) -> bool:
        """Whether "save the draft" was pressed."""
        return self.is_bound and "save_draft" in self.data

    @property
    def sent_papers(self) -> Papers:
        """Files to add and to take away."""
        return Papers(self.cleaned_data.get("papers") or [], self.cleaned_data.get("dropped") or [])

    @property
    def typed(self) -> dict[str, Any]:
        """The form as typed, for a draft; what no text column takes is left out, figures are cut."""
        texts = {name: str(self[name].value() or "").replace("\x00", "") for name in WRITTEN}
        for name in ("price_cents", "delay_days", "starts_on"):
            texts[name] = texts[name][:LONGEST_FIGURE]
        rows = [{name: value.replace("\x00", "") for name, value in row.items()} for row in self.typed_rows]
        return {**texts, "tranches": rows}

    def save_draft(self, project: Project, *, by: User) -> bool:
        """Keep what was typed, right or wrong; refused only are texts too long and files that cannot be taken in."""
        self.is_valid()
        errors = [
            error for form in (self, *self.rows.forms) for found in form.errors.as_data().values() for error in found
        ]
        if "papers" in self.errors or "dropped" in self.errors or any(error.code in UNSAVED for error in errors):
            return False
        self.errors.clear()
        return self.stored(lambda: OfferDraft.keep(project, by=by, typed=self.typed, papers=self.sent_papers))

    def save(self, project: Project, *, by: User) -> bool:
        """Place the offer, or revise the one that stands; a refusal is shown on the form.

        After a change of the project, or of the offer in another tab, the page is shown again with what is new: the
        next sending has seen it.
        """
        done = self.stored(self._deed(project, by))
        if not done:
            self._catch_up(project)
        return done

    def _deed(self, project: Project, by: User) -> Callable[[], object]:
        """What sending does: placing, or revising what stands."""
        terms = OfferTerms(**{name: self.cleaned_data[name] for name in WRITTEN}, tranches=self.tranches)
        offer, papers, seen = self.offer, self.sent_papers, self.cleaned_data["version"]
        if offer and self.is_placed:
            edition = self.data.get("edition")
            return lambda: offer.revise(by=by, terms=terms, papers=papers, seen=seen, edition=edition)
        key = self.cleaned_data["key"]
        return lambda: self._place(project, by=by, terms=terms, key=key, papers=papers, seen=seen)

    def _place(self, project: Project, **deed: Any) -> Offer:
        if self.data.get("edition"):
            raise Offer.WithdrawnElsewhere
        return Offer.place(project, **deed)

    def _catch_up(self, project: Project) -> None:
        """After a refusal: the form, as typed, follows the project and the offer as they are now, which is shown."""
        now = Offer.objects.filter(pk=self.offer.pk).prefetch_related("tranches").first() if self.offer else None
        data = QueryDict(mutable=True)
        data.update(self.data)
        edition = now.edition if now else ""
        if now and edition and self.data.get("edition") not in {None, edition}:
            self.overtaken = now
        data["version"], data["edition"] = str((self.offer.project if self.offer else project).version), edition
        self.data = data


class Writing(WithPapers):
    """A text of the dossier, with files."""

    def hides(self) -> bool:
        """Whether others will see less than what was typed: the author is told."""
        text: str = self.cleaned_data["text"]
        return masked(text) != text


class QuestionForm(Writing, Deed):
    """A written question to the client."""

    text = ProseField(label=_("Your question"), max_length=3000, help_text=MASKED)
    field_order = ("text", "papers")

    def save(self, project: Project, *, by: User) -> Question | None:
        """Ask; a refusal is shown on the form."""
        data = self.cleaned_data
        return self.store(
            lambda: Question.ask(project, by=by, text=data["text"], key=data["key"], files=data["papers"])
        )


class MessageForm(Writing, Deed):
    """A message to all who opened the dossier."""

    text = ProseField(label=_("Your message"), max_length=3000, rows=6, help_text=MASKED)
    field_order = ("text", "papers")

    def save(self, project: Project, *, by: User) -> DossierMessage | None:
        """Publish; a refusal is shown on the form."""
        data = self.cleaned_data
        return self.store(
            lambda: DossierMessage.write(project, by=by, text=data["text"], key=data["key"], files=data["papers"])
        )


class AnswerForm(Writing):
    """The client's answer."""

    text = ProseField(label=_("Your answer"), max_length=3000, help_text=MASKED)
    field_order = ("text", "papers")

    def save(self, question: Question, *, by: User) -> Answer | None:
        """Answer; a refusal is shown on the form."""
        data = self.cleaned_data
        return self.store(lambda: question.answer_with(data["text"], by=by, files=data["papers"]))
