from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from escrow.models import Tranche
from marketplace.accounts.models import User
from marketplace.documents.forms import DocumentField
from marketplace.fields import DayField, EurosField
from marketplace.forms import Deed
from marketplace.templatetags.page import PARIS
from payouts import facturx
from payouts.bankfiles import Unreadable
from payouts.models import PayoutRequest
from payouts.models.requests import Bill

TYPED = ("number", "issued_on", "ht_cents", "vat_cents")


class PayoutForm(Deed):
    """A request to be paid: the invoice, and what it says unless a Factur-X says it itself."""

    invoice = DocumentField(
        label=_("Invoice (PDF)"), help_text=_("A Factur-X is read: the four fields below stay empty.")
    )
    number = forms.CharField(label=_("Invoice number"), max_length=40, required=False)
    issued_on = DayField(label=_("Invoice date"), required=False)
    ht_cents = EurosField(label=_("Amount excluding VAT"), required=False)
    vat_cents = EurosField(label=_("VAT"), min_cents=0, required=False)

    def __init__(self, *args: Any, tranche: Tranche, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tranche, self.user = tranche, user
        self.bill: Bill | None = None

    def clean_invoice(self) -> Any:
        document = self.cleaned_data["invoice"]
        if document.content_type != "application/pdf":
            raise ValidationError(_("An invoice is a PDF. Export yours as a PDF."))
        return document

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if "invoice" in data:
            try:
                found = facturx.read(data["invoice"].content)
            except Unreadable:
                self.add_error(
                    "invoice", _("The XML of this Factur-X cannot be read. Send a plain PDF, or correct it.")
                )
            else:
                self.bill = self._read(found) if found else self._typed(data)
        return data

    def _read(self, found: facturx.FacturX) -> Bill | None:
        """The bill of a Factur-X, checked against the agreement: parties, currency, kind, sum, date."""
        agreement = self.tranche.account.agreement
        checks = [
            (found.is_invoice, _("This document is not an invoice.")),
            (found.number, _("This invoice has no number.")),
            (found.currency == "EUR", _("This invoice is not in euros.")),
            (
                found.seller_siren == (self.user.company.siren or ""),
                _("The seller’s SIREN on this invoice is not your company’s."),
            ),
            (
                found.buyer_siren == (agreement.client.company.siren or ""),
                _("This invoice is not addressed to the client: its buyer’s SIREN is another."),
            ),
            (found.ht_cents + found.vat_cents == found.cents, _("This invoice’s amounts do not add up.")),
            (found.issued_on <= today(), _("This invoice is dated in the future.")),
        ]
        for fits, sentence in checks:
            if not fits:
                self.add_error("invoice", sentence)
        return Bill(found.number[:40], found.issued_on, found.ht_cents, found.vat_cents)

    def _typed(self, data: dict[str, Any]) -> Bill | None:
        """The bill of a plain PDF, from the four fields."""
        for name in TYPED:
            if data.get(name) in (None, "") and name not in self.errors:
                self.add_error(name, _("This PDF is no Factur-X: fill in what it says."))
        if data.get("issued_on") and data["issued_on"] > today():
            self.add_error("issued_on", _("This date is in the future."))
        if any(name in self.errors for name in TYPED):
            return None
        return Bill(*(data[name] for name in TYPED))

    def save(self) -> PayoutRequest | None:
        """Ask to be paid; a refusal is shown on the form."""
        data, bill = self.cleaned_data, self.bill
        if bill is None:
            return None
        return self.perform(
            lambda: PayoutRequest.ask(self.tranche, by=self.user, bill=bill, invoice=data["invoice"], key=data["key"])
        )


def today() -> Any:
    """The date in Paris."""
    return timezone.localdate(timezone=PARIS)
