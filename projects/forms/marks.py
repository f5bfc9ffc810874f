from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from django import forms
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from marketplace.forms import Performing
from projects.comparison import note_on
from projects.models import Offer, OfferNote, ShortlistEntry
from projects.models.shortlist import MOST_SIGNS


class NoteField(forms.CharField):
    """A text for oneself; its line ends are the same whatever the browser."""

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        return text.replace("\r\n", "\n").replace("\r", "\n")


class NoteBox(NamedTuple):
    """The box of one note: what is typed, the revision that goes with it, and the note as it is saved, if any."""

    text: forms.BoundField
    seen: forms.BoundField
    saved: OfferNote | None


class MarksForm(Performing):
    """The client's own marks on the offers of a page: a note for each, and the button of the shortlist, if pressed.

    One form for the whole page: a button keeps all that was typed, in whatever column. With each note goes the
    revision that was on the page (`seen_…`); a note that was not sent is left alone.
    """

    def __init__(self, *args: Any, offers: list[Offer], action: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offers, self.action = offers, action
        for offer in offers:
            self.add_note(offer)

    @property
    def page(self) -> str:
        """The page of the one offer that the marks were made on; none: the page of all."""
        found = [offer for offer in self.offers if str(offer.pk) == self.data.get("page", "")]
        return reverse("projects:read_offer", args=[found[0].project.key, found[0].pk]) if found else ""

    def add_note(self, offer: Offer) -> None:
        """The two fields of one offer."""
        note, name = note_on(offer), f"note_{offer.pk}"
        label = _("My note on the offer of %(name)s") % {"name": offer.provider.public_name}
        self.fields[name] = NoteField(label=label, max_length=MOST_SIGNS, required=False, widget=forms.Textarea)
        self.fields[name].widget.attrs |= {
            "rows": 2,
            "class": "input note__text",
            "aria-label": label,
            "hx-post": self.action,
            "hx-params": f"{name},seen_{offer.pk},csrfmiddlewaretoken",
            "hx-trigger": "input changed delay:1s, change",
            "hx-target": f"#note-{offer.pk}",
            "hx-select": f"#note-{offer.pk}",
            "hx-swap": "outerHTML",
        }
        self.fields[f"seen_{offer.pk}"] = forms.IntegerField(required=False, widget=forms.HiddenInput)
        self.initial.update({name: note.text if note else "", f"seen_{offer.pk}": note.revision if note else 0})

    def box(self, offer: Offer) -> NoteBox:
        """The box of the note on `offer`."""
        return NoteBox(self[f"note_{offer.pk}"], self[f"seen_{offer.pk}"], note_on(offer))

    def notes(self) -> Iterator[tuple[Offer, str, int]]:
        """The notes that were sent: the offer, the words, the revision that their author had seen."""
        for offer in self.offers:
            name = f"note_{offer.pk}"
            if name in self.data:
                yield offer, self.cleaned_data[name], self.cleaned_data[f"seen_{offer.pk}"] or 0

    def save(self) -> bool:
        """Save the notes that differ, then the shortlist; a refusal is shown beside its note, which stays as typed."""
        for offer, text, seen in self.notes():
            note = note_on(offer)
            if text != (note.text if note else ""):
                self.write(offer, text, seen)
        pressed = {name: self.data.get(name, "") for name in ("keep", "drop")}
        for offer in self.offers:
            if str(offer.pk) == pressed["keep"]:
                ShortlistEntry.add(offer)
            if str(offer.pk) == pressed["drop"]:
                ShortlistEntry.drop(offer)
        return not self.errors

    def write(self, offer: Offer, text: str, seen: int) -> None:
        """Save one note. Refused by another tab's: the next sending has seen it."""
        if not self.perform(lambda: OfferNote.write(offer, text, seen=seen), field=f"note_{offer.pk}"):
            again: Any = self.data.copy()  # type: ignore[attr-defined]
            again[f"seen_{offer.pk}"] = str(OfferNote.objects.get(offer=offer).revision)
            self.data = again
