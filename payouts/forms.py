from __future__ import annotations

from datetime import date, timedelta
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from escrow.models import Tranche
from marketplace.accounts.forms import BankForm
from marketplace.accounts.models import BankAccount, User
from marketplace.documents.forms import DocumentField
from marketplace.documents.intake import PDF, Clean
from marketplace.fields import DayField, EurosField
from marketplace.forms import Deed
from marketplace.refusals import Refusal
from marketplace.templatetags.page import PARIS
from payouts import facturx
from payouts.bankfiles import Unreadable
from payouts.bills import OLDEST, Bill
from payouts.models import PayoutBatch, PayoutRequest

TYPED = ("number", "issued_on", "ht_cents", "vat_cents")
CHOOSE_AGAIN = _("Choose the file once more: a browser does not keep it. Everything else is still here.")
SAME_AGAIN = _("Leave this empty to send the same invoice again, or choose a corrected one.")


class PayoutForm(Deed):
    """A request to be paid: the invoice, and what it says unless a Factur-X says it itself.

    `again` is a request that was refused or returned: its invoice is sent anew unless another is chosen.
    """

    use_required_attribute = False

    invoice = DocumentField(
        label=_("Invoice (PDF)"),
        accept=frozenset({PDF}),
        help_text=_(
            "10 MB at most. A Factur-X is read by itself: leave the four fields below empty. "
            "For a plain PDF, fill in what it says."
        ),
    )
    number = forms.CharField(label=_("Invoice number"), max_length=40, required=False)
    issued_on = DayField(label=_("Invoice date"), past=OLDEST, ahead=timedelta(), required=False)
    ht_cents = EurosField(label=_("Amount excluding VAT"), required=False, unit=_("€ excl. VAT"))
    vat_cents = EurosField(
        label=_("VAT"), min_cents=0, required=False, help_text=_("0 if your company is exempt from VAT.")
    )

    def __init__(
        self, *args: Any, tranche: Tranche, user: User, again: PayoutRequest | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, initial=said_by(again) if again else None, **kwargs)
        self.tranche, self.user, self.again = tranche, user, again
        self.bill: Bill | None = None
        self.is_factur_x = False
        self.fields["invoice"].required = not again
        self._want_typed(not self.is_bound)
        if again:
            self.fields["invoice"].help_text = SAME_AGAIN
        elif self.is_bound:
            self.fields["invoice"].help_text = CHOOSE_AGAIN

    def clean_invoice(self) -> Clean:
        """The file that was chosen, else the one that was sent before."""
        chosen: Clean | None = self.cleaned_data["invoice"]
        if chosen or not self.again:
            return chosen  # type: ignore[return-value]  # required without `again`
        document = self.again.document
        with document.file.open() as file:
            return Clean(document.name, document.content_type, file.read())

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        self._want_typed(True)
        if "invoice" in data:
            try:
                found = facturx.read(data["invoice"].content)
            except Unreadable as error:
                sentence = _("The Factur-X cannot be read: %(why)s. Send a plain PDF, or correct it.")
                self.add_error("invoice", ValidationError(sentence, params={"why": str(error)}))
            else:
                self.is_factur_x = found is not None
                self.bill = self._read(found) if found else self._typed(data)
        return data

    def _want_typed(self, wanted: bool) -> None:  # noqa: FBT001
        """Whether the four fields are shown as needed: always, though a Factur-X does without them when it is read."""
        for name in TYPED:
            self.fields[name].required = wanted

    def _read(self, found: facturx.FacturX) -> Bill:
        """The bill of a Factur-X, checked against the agreement: parties, currency, kind, sum, date."""
        client = self.tranche.account.agreement.client
        checks = [
            (found.is_invoice, _("This document is not an invoice.")),
            (0 < len(found.number) <= 40, _("This invoice has no number, or one of more than 40 signs.")),
            (found.currency == "EUR", _("This invoice is not in euros.")),
            (
                found.seller.is_company(self.user.company),
                _("The seller’s number (SIREN or VAT) on this invoice is not your company’s."),
            ),
            (
                found.buyer.is_company(client.company),
                _("This invoice is not addressed to the client: its buyer’s number (SIREN or VAT) is another."),
            ),
            (found.ht_cents + found.vat_cents == found.cents, _("This invoice’s amounts do not add up.")),
            (found.issued_on <= today(), _("This invoice is dated in the future.")),
        ]
        for fits, sentence in checks:
            if not fits:
                self.add_error("invoice", sentence)
        return Bill(found.number, found.issued_on, found.ht_cents, found.vat_cents)

    def _typed(self, data: dict[str, Any]) -> Bill | None:
        """The bill of a plain PDF, from the four fields."""
        for name in TYPED:
            if data.get(name) in (None, "") and name not in self.errors:
                self.add_error(name, _("This PDF is no Factur-X: fill in what it says."))
        if any(name in self.errors for name in TYPED):
            return None
        return Bill(*(data[name] for name in TYPED))

    def save(self) -> PayoutRequest | None:
        """Ask to be paid; a refusal is shown beside what it is about."""
        data, bill = self.cleaned_data, cast("Bill", self.bill)  # a valid form has read one
        try:
            return PayoutRequest.ask(self.tranche, by=self.user, bill=bill, invoice=data["invoice"], key=data["key"])
        except Refusal as refusal:
            self.add_error(self._place_of(refusal), str(refusal))
            return None

    def _place_of(self, refusal: Refusal) -> str | None:
        """The field that a refusal is about: for a Factur-X the file, which says it all; None for the whole form."""
        about = {
            PayoutRequest.TooMuch: "ht_cents",
            PayoutRequest.WrongVat: "vat_cents",
            PayoutRequest.NumberTaken: "number",
            PayoutRequest.NotNumbered: "number",
            PayoutRequest.NotDated: "issued_on",
        }
        field = about.get(type(refusal))
        return "invoice" if field and self.is_factur_x else field


def said_by(request: PayoutRequest) -> dict[str, Any]:
    """What the invoice of `request` said, to start from."""
    return {
        "number": request.invoice_number,
        "issued_on": request.issued_on,
        "ht_cents": request.ht_cents,
        "vat_cents": request.vat_cents,
    }


def today() -> date:
    """The date in Paris."""
    return timezone.localdate(timezone=PARIS)


class RefundAccountForm(BankForm):
    """Where to receive what no card took back: a new IBAN, or the one in use once more."""

    def save(self) -> BankAccount | None:
        """Make it the account in use; None when that was refused meanwhile."""
        data = self.cleaned_data
        given = {name: data[name] for name in ("holder", "iban", "bic")}
        return self.perform(lambda: PayoutBatch.give_account(self.user, **given))
