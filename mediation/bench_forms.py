"""What the SMA's people fill in on a case."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.functional import lazystr
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from escrow.models import Shares
from marketplace import deadlines
from marketplace.accounts.models import User
from marketplace.accounts.staff import SMA
from marketplace.documents.forms import DocumentField
from marketplace.fields import EurosField
from marketplace.forms import Deed
from marketplace.templatetags.page import euros, paris, paris_short
from mediation.anonymity import telling, unnamed
from mediation.exhibits import ExhibitsField
from mediation.models import Bench, Dispute, Evidence, Publication, Role
from mediation.models.bench import with_load
from mediation.models.cases import LEAST_GROUNDS
from mediation.models.course import days_to_seek
from mediation.models.courts import EXAMINED
from mediation.outcomes import outcomes
from mediation.turns import returned_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from marketplace.refusals import Refusal

    StaffChoice = forms.ModelChoiceField[User]
    PieceChoice = forms.ModelChoiceField[Evidence]
    PiecesChoice = forms.ModelMultipleChoiceField[Evidence]
else:
    StaffChoice = PieceChoice = forms.ModelChoiceField
    PiecesChoice = forms.ModelMultipleChoiceField


def area(rows: int) -> forms.Textarea:
    """A box for a text."""
    return forms.Textarea(attrs={"rows": rows, "cols": 80})


class CaseForm(Deed):
    """A deed of the SMA on one case, by one of its people."""

    def __init__(self, *args: Any, dispute: Dispute, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dispute, self.by = dispute, by


class SightedForm(CaseForm):
    """A deed on what its page shows, which `seen` names: another is refused once, then shown and named in its turn."""

    def add_error(self, field: str | None, error: Any) -> None:
        super().add_error(field, error)
        typed: Any = self.data
        typed[self.add_prefix("seen")] = str(self.fields["seen"].initial)


class StaffField(StaffChoice):
    """Somebody of the SMA, with how much they have to do."""

    def label_from_instance(self, staff: User) -> str:
        load = staff.__dict__["load"]
        words = ngettext("%(name)s (%(n)s case under way)", "%(name)s (%(n)s cases under way)", load)
        return words % {"name": staff.display_name, "n": load}


def nobody(dispute: Dispute, role: Role, *, but_oneself: bool) -> str:
    """Why nobody is offered a seat, or nobody but who has it, and what to do about it.

    `but_oneself`: who asks may not name themselves.
    """
    people = User.objects.filter(groups__name=SMA, is_staff=True)
    found = Counter(Bench(dispute).obstacle(role, one) for one in people)
    found[None] -= but_oneself
    reasons = [words(n) % {"n": n} for obstacle, words in OBSTACLES.items() if (n := found[obstacle])]
    why = ", ".join([*reasons, *([_now("you do not name yourself")] if but_oneself else [])])
    words = [
        _now("Nobody can be the %(role)s. Of the members of the SMA: %(why)s."),
        _now(
            "Ask an administrator to add somebody to the SMA, or to open a suspended account again, then load this "
            "page again."
        ),
        _now("Somebody is looked for by itself, too, every %(n)s working days."),
    ]
    if getattr(dispute, f"{role.lower()}_id"):  # nobody is looked for as long as somebody sits there
        words = [_now("Nobody else can be the %(role)s. Of the members of the SMA: %(why)s."), words[1]]
    known = {"role": role.label, "why": why or _now("no other"), "n": days_to_seek(role)}
    return " ".join(words) % known


OBSTACLES: dict[type[Refusal] | None, Callable[[int], str]] = {
    Bench.Tied: lambda n: ngettext("%(n)s has a tie to a side", "%(n)s have a tie to a side", n),
    Bench.HasMediated: lambda n: ngettext("%(n)s has mediated this dispute", "%(n)s have mediated this dispute", n),
    Bench.HasDecided: lambda n: ngettext(
        "%(n)s has decided or approved in it", "%(n)s have decided or approved in it", n
    ),
    Bench.NotOfTheSma: lambda n: ngettext("%(n)s is suspended", "%(n)s are suspended", n),
    None: lambda n: ngettext("%(n)s has the seat already", "%(n)s have the seat already", n),
}


class SeatForm(CaseForm):
    """A seat of the case for somebody who has no tie to a side and has had no other seat in it."""

    role: ClassVar[Role]
    staff = StaffField(
        User.objects.none(),
        label=_("Who"),
        empty_label=None,
        help_text=_(
            "Who has least to do comes first. Nobody is offered who has a tie to a side (same person, business or bank "
            "account, or ever a project in common), nor who has had another seat in this case."
        ),
        error_messages={"invalid_choice": _("This person cannot sit in this case: choose one of those offered.")},
    )
    reason = forms.CharField(
        label=_("Why another person takes the seat, read by both sides"),
        max_length=2000,
        widget=area(3),
        help_text=_("For instance absent, or overloaded. Both sides read it word for word: name nobody else in it."),
    )

    def __init__(self, *args: Any, dispute: Dispute, **kwargs: Any) -> None:
        super().__init__(*args, dispute=dispute, **kwargs)
        now = getattr(dispute, f"{self.role.lower()}_id")
        if now is None:  # nobody is replaced
            del self.fields["reason"]
        able = {one.pk for one in Bench(dispute).candidates(self.role, besides={now})}
        fit = able if self.role == Role.MEDIATOR else able - {self.by.pk}  # nobody chooses to decide themselves
        people = with_load(User.objects.filter(pk__in=fit))
        chosen = people.order_by("is_superuser", "load", "pk")  # the administrators, who approve at need, come last
        self.fields["staff"].queryset = chosen  # type: ignore[attr-defined]
        if not fit:
            self.fields["staff"].help_text = nobody(dispute, self.role, but_oneself=fit != able)


class MediatorForm(SeatForm):
    """Who mediates."""

    role = Role.MEDIATOR


class ArbitratorForm(SeatForm):
    """Who decides."""

    role = Role.ARBITRATOR


class ApproverForm(SeatForm):
    """Who approves a decision that is written; the two sides do not know who it is."""

    role = Role.APPROVER

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "reason" in self.fields:
            self.fields["reason"].label = _now("Why another person approves it, read by who was to")
            self.fields["reason"].help_text = _now("For instance absent, or overloaded. The two sides do not read it.")


class SayForm(CaseForm):
    """Words, evidence, or both, for the two sides."""

    text = forms.CharField(label=_("Message, read by both sides"), required=False, max_length=5000, widget=area(6))
    pieces = ExhibitsField(label=_("Evidence, read by both sides"), required=False, most=10)


class NoteForm(CaseForm):
    """Words for the SMA alone."""

    text = forms.CharField(label=_("Note, which neither side ever reads"), max_length=5000, widget=area(6))


class HandOverForm(CaseForm):
    """The end of a mediation before its date."""

    reason = forms.CharField(
        label=_("Why you end the mediation, read by both sides"),
        min_length=LEAST_GROUNDS,
        max_length=2000,
        widget=area(4),
        help_text=_("20 characters at least. Say what was tried, and why no agreement is in sight."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        until = deadlines.after(timezone.now(), settings.SMA_HAND_OVER_DAYS)
        told = _now("Both sides may still send evidence until %(at)s: the arbitrator decides after that.")
        self.fields["reason"].help_text = f"{self.fields['reason'].help_text} {told % {'at': paris(until)}}"


class SharesForm(CaseForm):
    """All that is frozen, shared between the two: the sum is exact, to the cent."""

    provider = EurosField(label=_("To the provider, in euros"), min_cents=0)
    client = EurosField(label=_("To the client, in euros"), min_cents=0)

    def __init__(self, *args: Any, dispute: Dispute, **kwargs: Any) -> None:
        super().__init__(*args, dispute=dispute, **kwargs)
        words = _("Both shares come to exactly %(frozen)s.")
        self.fields["client"].help_text = lazystr(words % {"frozen": euros(dispute.cents)})

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if "provider" in data and "client" in data and (gap := self.dispute.cents - sum(self.shares)):
            less = _now("%(frozen)s are frozen: %(gap)s are missing. Correct one of the two shares.")
            more = _now("%(frozen)s are frozen: %(gap)s too much. Correct one of the two shares.")
            words = less if gap > 0 else more
            self.add_error("client", words % {"frozen": euros(self.dispute.cents), "gap": euros(abs(gap))})
        return data

    @property
    def shares(self) -> Shares:
        """What was typed, in cents."""
        return Shares(self.cleaned_data["provider"], self.cleaned_data["client"])


class ProposeForm(SharesForm):
    """A split that the mediator proposes to both sides."""

    reason = forms.CharField(label=_("Why this split, read by both sides"), max_length=2000, widget=area(4))


class DecideForm(SharesForm):
    """A decision: looked at once before it is issued."""

    reasons = forms.CharField(
        label=_("Reasons"),
        max_length=20_000,
        min_length=50,
        widget=area(14),
        help_text=_(
            "50 characters at least. Both sides read them, word for word: what each asks for, what you hold to be "
            "shown by which evidence, and how the shares follow from the contract."
        ),
    )
    seen = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, dispute: Dispute, **kwargs: Any) -> None:
        super().__init__(*args, dispute=dispute, **kwargs)
        self.returned = returned_to(dispute.arbitrator_id, dispute.pk).first()
        if self.returned:
            self.fields["provider"].initial, self.fields["client"].initial = self.returned.shares
            self.fields["reasons"].initial = self.returned.reasons

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        """What each tranche becomes by it, where there are several."""
        return outcomes(self.dispute.freeze.spread(*self.shares))


class DraftForm(SightedForm):
    """What becomes of a written decision: `seen` is the one that the page shows."""

    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**62)

    def __init__(self, *args: Any, dispute: Dispute, **kwargs: Any) -> None:
        super().__init__(*args, dispute=dispute, **kwargs)
        draft = dispute.draft
        self.fields["seen"].initial = draft.pk if draft else 0


class ApproveForm(DraftForm):
    """One click: the decision is issued as it stands."""


class SendBackForm(DraftForm):
    """Why a decision is not approved."""

    reason = forms.CharField(label=_("Why, read by the arbitrator"), max_length=2000, widget=area(4))


class PieceField(PieceChoice):
    """A piece of the case, by its label, its title and when it was sent."""

    def label_from_instance(self, piece: Evidence) -> str:
        return _now("%(piece)s, sent on %(at)s") % {"piece": piece, "at": paris_short(piece.at)}


class PaperForm(CaseForm):
    """What a court wrote: a piece of the case sent since the decision, or a file, in the field named `paper`."""

    paper: ClassVar[str]
    piece = PieceField(
        Evidence.objects.none(),
        label=_("Piece sent in the case since the decision"),
        required=False,
        empty_label=_("None: the file below"),
    )

    def __init__(self, *args: Any, dispute: Dispute, **kwargs: Any) -> None:
        super().__init__(*args, dispute=dispute, **kwargs)
        if pieces := dispute.evidence.since_the_decision().select_related("document"):
            self.fields["piece"].queryset = pieces  # type: ignore[attr-defined]
            self.fields["piece"].help_text = to_read(pieces)
            self.fields[self.paper].required = False
        else:
            del self.fields["piece"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        piece = data.get("piece")
        if piece and data.get(self.paper):
            self.add_error(self.paper, _now("Choose a piece of the case or send a file, not both."))
        if "piece" in self.fields and not piece and self.paper in data and not data[self.paper]:
            self.add_error(self.paper, _now("Choose the piece of the case, or send a file."))
        return data


def to_read(pieces: Iterable[Evidence]) -> str:
    """Where these pieces are read; nothing without any."""
    links = [(piece.document.get_absolute_url(), str(piece)) for piece in pieces]
    if not links:
        return ""
    return format_html(_now("Read it first: {pieces}."), pieces=format_html_join(", ", '<a href="{}">{}</a>', links))


class SeizeForm(PaperForm, SightedForm):
    """A court, and the paper that shows that it is seized; `seen` is the latest piece that the page shows."""

    paper = "proof"
    proof = DocumentField(label=_("Proof that a court is seized"))
    note = forms.CharField(
        label=_("Which court, since when, read by both sides"), required=False, max_length=2000, widget=area(3)
    )
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**62, required=False)

    def __init__(self, *args: Any, dispute: Dispute, **kwargs: Any) -> None:
        super().__init__(*args, dispute=dispute, **kwargs)
        last = dispute.evidence.since_the_decision().last()
        self.fields["seen"].initial = last.pk if last else 0


class PiecesField(PiecesChoice):
    """Pieces of the case, by their labels and titles."""

    widget = forms.SelectMultiple(attrs={"size": 4})
    default_error_messages = dict.fromkeys(("invalid_choice", "invalid_pk_value"), EXAMINED)


class SetAsideForm(CaseForm):
    """What was sent since the decision, and why it does not prove that a court is seized."""

    pieces = PiecesField(Evidence.objects.none(), label=_("Pieces that you have read"))
    reason = forms.CharField(
        label=_("Why they do not prove that a court is seized, read by both sides"), max_length=2000, widget=area(3)
    )

    def __init__(self, *args: Any, dispute: Dispute, **kwargs: Any) -> None:
        super().__init__(*args, dispute=dispute, **kwargs)
        pieces = dispute.evidence.to_examine().select_related("document")
        offered = dispute.evidence.since_the_decision() if self.is_bound else pieces  # the same again is no mistake
        self.fields["pieces"].queryset = offered  # type: ignore[attr-defined]
        self.fields["pieces"].initial = [piece.pk for piece in pieces]
        self.fields["pieces"].help_text = to_read(pieces)
        if dispute.is_seized:
            self.fields["reason"].label = _("What you make of them, read by both sides")


class CourtForm(SightedForm):
    """A deed on what stands of a court: `seen` is the seizure, with the ruling and shares that its page shows."""

    seen = forms.CharField(widget=forms.HiddenInput, max_length=120)

    def __init__(self, *args: Any, dispute: Dispute, **kwargs: Any) -> None:
        super().__init__(*args, dispute=dispute, **kwargs)
        standing = dispute.seizures.standing().first()
        self.fields["seen"].initial = standing.version if standing else "0"


class LiftForm(CourtForm):
    """How it is known that no court is seized any more."""

    note = forms.CharField(label=_("How you know, read by both sides"), max_length=2000, widget=area(3))

    def __init__(self, *args: Any, dispute: Dispute, **kwargs: Any) -> None:
        super().__init__(*args, dispute=dispute, **kwargs)
        if not dispute.is_seized:
            return
        soonest = deadlines.after(timezone.now(), settings.SMA_PROOF_DAYS)
        told = _now("The decision is then executed on %(at)s, unless a court is noted again before.")
        self.fields["note"].help_text = told % {"at": paris(max(dispute.execute_at or soonest, soonest))}


class RulingForm(PaperForm, SharesForm, CourtForm):
    """What a court ruled, with its paper: nothing moves yet."""

    paper = "ruling"
    ruling = DocumentField(label=_("Ruling of the court"))
    seen = forms.CharField(widget=forms.HiddenInput, max_length=120, required=False)


class CarryOutForm(CourtForm):
    """One click: the ruling that the page shows is executed."""


class PublishForm(CaseForm):
    """The words of a decision for everybody, in which nobody is named."""

    text = forms.CharField(
        label=_("Grounds, read by everybody"),
        max_length=5000,
        widget=area(14),
        help_text=_(
            "Begins as the reasons without names, companies, contact details and exact sums. Take out all else that "
            "would tell whose case it is: the register adds the category, a band of amounts, the outcome and the "
            "delay. A band may stand in the text as the register writes it, and shares in per cent."
        ),
    )

    def __init__(self, *args: Any, dispute: Dispute, **kwargs: Any) -> None:
        super().__init__(*args, dispute=dispute, **kwargs)
        decision = dispute.decision
        if done := Publication.objects.filter(decision=decision).first():
            self.fields["text"].initial = done.text
            self.fields["text"].help_text = _now("Begins as the text that was published last: yours takes its place.")
        else:
            self.fields["text"].initial = unnamed(decision.reasons, dispute)[:5000] if decision else ""

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        if found := telling(text, self.dispute):
            words = _("This text tells whose case it is. Take out: %(what)s.")
            quoted = ", ".join(_now("“%(text)s”") % {"text": each} for each in found)
            raise forms.ValidationError(words, params={"what": quoted})
        return text
