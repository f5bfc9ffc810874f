from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, NamedTuple

from django import forms
from django.utils.translation import gettext_lazy as _

from escrow.models import (
    CancellationNotice,
    CaseRequest,
    ChangeRequest,
    Delivery,
    EscrowAccount,
    RefundRequest,
    Release,
    Tranche,
)
from escrow.models.acceptance import Acceptance
from escrow.models.deposits import lacking_cents, payable
from marketplace.accounts.models import User
from marketplace.documents.forms import DocumentsField
from marketplace.documents.intake import OFFICE, PLAIN
from marketplace.fields import EurosField
from marketplace.forms import EXPIRED, Deed, Performing
from marketplace.payments.models import Means, Payment
from marketplace.templatetags.page import euros


class Preset(NamedTuple):
    """A deposit that one button makes: its words, its cents, the tranche it is for (none: all), and its own key."""

    words: str
    cents: int
    tranche: Tranche | None
    key: uuid.UUID


class DepositForm(Deed):
    """An amount, VAT included, for one tranche or for all in their order; by default everything that is lacking."""

    tranche = forms.ModelChoiceField(
        Tranche.objects.none(),
        label=_("Tranche to fund"),
        required=False,
        empty_label=_("The tranches, in their order"),
    )
    amount = EurosField(
        label=_("Amount to deposit"),
        help_text=_("VAT included: all that is lacking, or any part from 0.50 € on."),
        min_cents=None,
    )

    means = forms.ChoiceField(choices=Means.choices, required=False, widget=forms.HiddenInput)  # said by the buttons

    def __init__(
        self, *args: Any, account: EscrowAccount, tranches: Sequence[Tranche], chosen: str = "", **rest: Any
    ) -> None:
        lacking = [tranche for tranche in tranches if tranche.lacking_cents]
        total = lacking_cents(lacking)
        picked = [t for t in lacking if str(t.pk) == chosen and payable(t.lacking_cents, total)]
        first = {"tranche": picked[0].pk if picked else None}
        first["amount"] = lacking_cents(picked or lacking)
        super().__init__(*args, initial=first, **rest)
        self.account, self.total = account, total
        self.is_open = payable(self.total, self.total)
        self.is_closed = any(tranche.closed_because for tranche in tranches)
        whole = [Preset(str(_("Everything that is lacking")), self.total, None, uuid.uuid4())] if lacking[1:] else []
        self.presets = [*self.offered(picked), *whole, *self.offered([t for t in lacking if t not in picked])]
        self.fields["tranche"] = self.choice(account, lacking)

    def offered(self, tranches: Sequence[Tranche]) -> list[Preset]:
        """A button for each of these tranches that a card can fill."""
        rows = [(tranche, tranche.lacking_cents) for tranche in tranches]
        return [Preset(str(t), cents, t, uuid.uuid4()) for t, cents in rows if payable(cents, self.total)]

    def choice(self, account: EscrowAccount, lacking: Sequence[Tranche]) -> forms.ModelChoiceField[Tranche]:
        """The tranches of this account alone; those that lack nothing are not offered, and refused with a sentence."""
        field: forms.ModelChoiceField[Tranche] = self.fields["tranche"]  # type: ignore[assignment]
        field.queryset = account.tranches.all()
        words = _("%(tranche)s: %(amount)s lacking")
        offered = [(t.pk, words % {"tranche": t, "amount": euros(t.lacking_cents)}) for t in lacking]
        field.widget.choices = [("", field.empty_label), *offered]
        return field

    def save(self, *, by: User) -> Payment | None:
        """Start the payment; a refusal stands beside the amount."""
        data = self.cleaned_data
        return self.perform(
            lambda: self.account.deposit(
                data["amount"], by=by, key=data["key"], tranche=data["tranche"], means=data["means"] or Means.CARD
            ),
            field="amount",
        )


class DeliverForm(Deed):
    """The work handed in: a message and files."""

    message = forms.CharField(
        label=_("What you deliver"),
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("What is done, where to find it, how to check it."),
    )
    documents = DocumentsField(label=_("Files"), required=False, most=10, accept=PLAIN | OFFICE)

    def save(self, tranche: Tranche, *, by: User) -> Delivery | None:
        """Deliver; a refusal is shown on the form."""
        data = self.cleaned_data
        return self.perform(lambda: tranche.deliver(data["message"], data["documents"], by=by, key=data["key"]))


class ChangesForm(Deed):
    """What the client wants changed of the delivery that they have `seen`."""

    message = forms.CharField(
        label=_("What is to be changed"),
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("Point by point, against what was agreed. The provider reads it, word for word."),
    )
    documents = DocumentsField(label=_("Files"), required=False, most=10, accept=PLAIN | OFFICE)
    seen = forms.ModelChoiceField(
        Delivery.objects.none(),
        widget=forms.HiddenInput,
        error_messages={"required": EXPIRED, "invalid_choice": EXPIRED},
    )

    def __init__(self, *args: Any, tranche: Tranche, **rest: Any) -> None:
        super().__init__(*args, initial={"seen": tranche.last_delivery}, **rest)
        seen: forms.ModelChoiceField[Delivery] = self.fields["seen"]  # type: ignore[assignment]
        seen.queryset = tranche.deliveries.select_related("tranche__account__project", "tranche__account__agreement")

    def save(self, *, by: User) -> ChangeRequest | None:
        """Send the delivery back; a refusal is shown on the form."""
        data = self.cleaned_data
        return self.perform(
            lambda: data["seen"].ask_changes(data["message"], data["documents"], by=by, key=data["key"])
        )


class NoticeForm(Deed):
    """Why an unfunded tranche is to be cancelled."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("The other party reads it, word for word."),
    )

    def save(self, tranche: Tranche, *, by: User) -> CancellationNotice | None:
        """Give notice; a refusal is shown on the form."""
        data = self.cleaned_data
        return self.perform(lambda: CancellationNotice.give(tranche, reason=data["reason"], by=by, key=data["key"]))


class CaseForm(Deed):
    """One click: the SMA is asked for a case."""

    def save(self, tranche: Tranche, *, by: User) -> CaseRequest | None:
        """Ask; a refusal is an error of the form."""
        return self.perform(lambda: Acceptance(tranche).ask_case(by=by, key=self.cleaned_data["key"]))


class ReleaseForm(Deed):
    """An amount to release, VAT included, of what was `seen`: by default all that is held; a part needs its reason."""

    amount = EurosField(label=_("Amount to release"))
    reason = forms.CharField(
        label=_("Reason, for a part"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The provider reads it, word for word. On the rest, the days to accept run anew."),
    )
    seen = forms.CharField(widget=forms.HiddenInput, error_messages={"required": EXPIRED})

    def __init__(self, *args: Any, tranche: Tranche, **kwargs: Any) -> None:
        super().__init__(*args, initial={"amount": tranche.held_cents}, **kwargs)
        self.tranche = tranche
        self.fields["reason"].conditional = True  # type: ignore[attr-defined]  # needed for a part: never "optional"

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        is_part = self.tranche.awaits_acceptance and 0 < data.get("amount", 0) < self.tranche.held_cents
        is_fresh = data.get("seen") == self.tranche.as_seen
        if is_fresh and is_part and not data.get("reason", "").strip():
            held = euros(self.tranche.held_cents)
            self.add_error("reason", Tranche.NeedsReason.sentence % {"held": held})
        return data

    def save(self, *, by: User) -> Release | None:
        """Release; a refusal stands beside the amount."""
        data = self.cleaned_data
        return self.perform(
            lambda: Acceptance(self.tranche).release(
                data["amount"], seen=data["seen"], by=by, key=data["key"], reason=data["reason"].strip()
            ),
            field="amount",
        )


class RefundForm(Deed):
    """An amount that the client asks back, VAT included: by default all that the tranche holds; with the reason."""

    amount = EurosField(label=_("Amount to ask back"), help_text=_("All that the tranche holds, or a part of it."))
    reason = forms.CharField(
        label=_("Reason"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("The provider reads it, word for word."),
    )

    def __init__(self, *args: Any, tranche: Tranche, **kwargs: Any) -> None:
        super().__init__(*args, initial={"amount": tranche.held_cents}, **kwargs)
        self.tranche = tranche

    def save(self, *, by: User) -> RefundRequest | None:
        """Ask; a refusal stands beside the amount."""
        data = self.cleaned_data
        return self.perform(
            lambda: RefundRequest.ask(
                self.tranche, data["amount"], reason=data["reason"].strip(), by=by, key=data["key"]
            ),
            field="amount",
        )


class GiveBackForm(Deed):
    """An amount that the provider gives back, VAT included: by default all that the tranche holds."""

    amount = EurosField(label=_("Amount to give back"))
    reason = forms.CharField(
        label=_("Message to the client"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, tranche: Tranche, **kwargs: Any) -> None:
        super().__init__(*args, initial={"amount": tranche.held_cents}, **kwargs)
        self.tranche = tranche

    def save(self, *, by: User) -> RefundRequest | None:
        """Give back; a refusal stands beside the amount."""
        data = self.cleaned_data
        return self.perform(
            lambda: RefundRequest.offer(
                self.tranche, data["amount"], reason=data["reason"].strip(), by=by, key=data["key"]
            ),
            field="amount",
        )


class AgreeForm(Performing):
    """The provider's consent to a refund, which says what they were shown: all that the tranche held."""

    seen = forms.IntegerField(widget=forms.HiddenInput, error_messages={"required": EXPIRED, "invalid": EXPIRED})

    def save(self, request: RefundRequest, *, by: User) -> bool:
        """Agree; a refusal is shown on the page."""
        return self.done(lambda: request.agree(by=by, held_cents=self.cleaned_data["seen"]))


class RefuseForm(Performing):
    """Why the provider does not consent."""

    reason = forms.CharField(
        label=_("Your reason"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The client reads it, word for word."),
    )

    def save(self, request: RefundRequest, *, by: User) -> bool:
        """Refuse; what no longer waits for an answer is said on the page."""
        return self.done(lambda: request.refuse(by=by, reason=self.cleaned_data["reason"]))
