"""The publishing form in steps: each is a page that keeps whatever was typed, right or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from marketplace.templatetags.page import hour, target
from projects.forms.publish import ProjectForm
from projects.models import Jotting, Project, closing_on

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.utils.functional import _StrPromise

    from marketplace.accounts.models import User

NEXT, BACK, DRAFT, MINE, REVIEW = "suite", "retour", "brouillon", "garder", "relecture"
LONGEST_ANSWER = 100_000  # characters kept of an answer that has to be corrected
COLUMNS = {"closes_on": "closes_at"}  # where a field of the form is kept, when the names differ
FILES = ("specification", "dropped")


@dataclass(frozen=True)
class Step:
    """One page of the form."""

    slug: str
    label: str | _StrPromise
    fields: tuple[str, ...]

    @property
    def template(self) -> str:
        """Its fields, laid out."""
        return f"projects/steps/{self.slug}.html"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a project that it is about."""
        return tuple(COLUMNS.get(name, name) for name in self.fields if name not in FILES)


NEED = Step("besoin", _("The need"), ("title", "category", "skills", "teaser", "description"))
SETTING = Step(
    "cadre",
    _("Setting and budget"),
    ("budget_min_cents", "budget_max_cents", "closes_on", "starts_on", "urgent", "place", "city"),
)
CONDITIONS = Step("conditions", _("Files and conditions"), ("specification", "dropped", "formula_wanted", "sealed"))
STEPS = {step.slug: step for step in (NEED, SETTING, CONDITIONS)}


def line_of_steps(here: str) -> list[tuple[str, str, str]]:
    """Slug, label and state of each step when one is at `here`; what our moderation does has no page, so no slug."""
    order = [*((step.slug, step.label) for step in STEPS.values()), (REVIEW, _("Check and hand in"))]
    now = [slug for slug, _label in order].index(here)
    states = ["done" if n < now else "now" if n == now else "" for n in range(len(order))]
    own = [(slug, str(label), state) for (slug, label), state in zip(order, states, strict=True)]
    return [*own, ("", gettext("Our approval"), "")] if settings.PRE_MODERATION else own


def typed(project: Project) -> dict[str, Any]:
    """Every answer of a draft as its form holds it: the right ones, and over them those to be corrected."""
    form = ProjectForm(project=project)
    answers = {name: form[name].value() for name in form.fields if name not in FILES}
    return answers | {name: project.to_correct[column] for name, column in held(project)}


def held(project: Project) -> Iterator[tuple[str, str]]:
    """The fields of the form whose answer is to be corrected, with their columns."""
    for step in STEPS.values():
        columns = ((name, COLUMNS.get(name, name)) for name in step.fields)
        yield from ((name, column) for name, column in columns if column in project.to_correct)


def address(project: Project, step: Step) -> str:
    """The page of a step of a draft."""
    if step is NEED:
        return reverse("projects:edit", args=[project.key])
    return reverse("projects:step", args=[project.key, step.slug])


def missing(project: Project) -> list[tuple[str, str]]:
    """What a draft lacks to be handed in: the address of each answer, and what is wrong with it."""
    form = ProjectForm(typed(project), project=project)
    return [
        (f"{address(project, step)}?corriger=1#{target(form[name])}", f"{form.fields[name].label} – {error}")
        for step in STEPS.values()
        for name in step.fields
        for error in (form.errors.get(name, ()) if name in form.fields else ())
    ]


class StepForm(ProjectForm):
    """One step of a draft. Sending it saves it, whatever it says; going on to the next asks for right answers."""

    seen = forms.CharField(required=False, max_length=16, widget=forms.HiddenInput)

    def __init__(
        self, data: Any = None, files: Any = None, *, project: Project | None = None, step: Step = NEED
    ) -> None:
        self.step, self.conflict = step, False
        super().__init__(data, files, project=project)
        kept = {*step.fields, "seen"} | (set() if project else {"key"})
        for name in [name for name in self.fields if name not in kept]:
            del self.fields[name]
        if project:
            self.initial.update(typed(project), seen=project.digest(step.columns))

    @classmethod
    def correcting(cls, project: Project, step: Step) -> StepForm:
        """What the draft holds, with what is wrong about it shown."""
        return cls(typed(project) | {"seen": project.digest(step.columns)}, project=project, step=step)

    @property
    def act(self) -> str:
        """What the button that sent it asks for: its value, or the slug of a step."""
        return str(self.data.get("act", ""))

    @property
    def steps(self) -> list[tuple[str, str, str]]:
        """Slug, label and state of each page, for the line of steps."""
        return line_of_steps(self.step.slug)

    @property
    def path(self) -> str:
        """Where it is sent."""
        return address(self.project, self.step) if self.project else reverse("projects:new")

    @property
    def onward(self) -> str:
        """The page that its button leads to, once saved."""
        slugs = [*STEPS, REVIEW]
        here = slugs.index(self.step.slug)
        beside = {NEXT: slugs[here + 1], BACK: slugs[max(0, here - 1)]}
        slug = beside.get(self.act, self.act)
        if self.act == DRAFT or self.project is None:
            return reverse("projects:mine")
        if slug == REVIEW:
            return reverse("projects:preview", args=[self.project.key])
        return address(self.project, STEPS.get(slug, self.step))

    @property
    def report(self) -> dict[str, str]:
        """What the page that saves itself is told: in words, with the new digest and address."""
        if self.conflict:
            return {"said": " ".join(str(error) for error in self.non_field_errors())}
        if self.project is None:
            return {"said": ""}
        said = gettext("Saved at %(hour)s") % {"hour": hour(self.project.saved_at)}
        return {"said": said, "seen": self.project.digest(self.step.columns), "path": self.path}

    def save(self, *, by: User) -> bool:
        """Save what was typed, right or not; whether the page may be left.

        Not while NEXT asks for corrections, nor with a file that was refused.
        """
        right = self.is_valid()
        if self.project is None and ("key" in self.errors or not self.is_begun):
            return False
        try:
            written = self.perform(lambda: self._write(by))
        except ValidationError as disk:
            self.add_error("specification", disk)
            return False
        if written is None:
            self.conflict = True
            return False
        self.project = written
        self._redraw(written)
        # A refused file is not kept, unlike a wrong answer: whoever sent it must read why before they go on.
        return right or (self.act != NEXT and "specification" not in self.errors)

    @property
    def is_begun(self) -> bool:
        """Whether anything is written on the page."""
        return any(text.strip() for text in self._raw().values())

    def _write(self, by: User) -> Project:
        if self.project is None:
            return Project.begin(self._jotting(), by=by, key=self.cleaned_data["key"])
        self.project.jot(self._jotting())
        return self.project

    def _jotting(self) -> Jotting:
        right = {name: value for name, value in self.cleaned_data.items() if name in self.step.fields}
        wrong = {name: text for name, text in self._raw().items() if name in self.errors}
        good = getattr(self.fields.get("specification"), "good", ())
        return Jotting(
            self.step.columns,
            {COLUMNS.get(name, name): stored(name, value) for name, value in right.items() if name not in FILES},
            {COLUMNS.get(name, name): text for name, text in wrong.items()},
            good,
            right.get("dropped", ()),
            None if self.act == MINE else self.cleaned_data.get("seen", ""),
        )

    def _raw(self) -> Mapping[str, str]:
        """The answers as typed; the database takes no NUL."""
        names = [name for name in self.step.fields if name not in FILES]
        return {name: str(self.data.get(name, "")).replace("\0", "")[:LONGEST_ANSWER] for name in names}

    def _redraw(self, project: Project) -> None:
        """Show the files that the draft holds now, and carry the digest of what it says now."""
        shown: dict[str, Any] = {name: self.data.get(name) for name in self.fields if name not in FILES}
        shown |= {"act": self.act, "seen": project.digest(self.step.columns)}
        self.data, self.files = shown, MultiValueDict()
        self.list_files()


def stored(name: str, value: Any) -> Any:
    """A right answer as its column keeps it."""
    if name == "sealed":
        return value == "sealed"
    return closing_on(value) if name == "closes_on" else value
