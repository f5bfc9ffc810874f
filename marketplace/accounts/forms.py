"""Forms of accounts and companies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from stdnum import bic as bic_rules
from stdnum.ch import vat as swiss_vat
from stdnum.eu import vat as european_vat
from stdnum.exceptions import ValidationError as InvalidNumber
from stdnum.fr import siren as siren_rules
from stdnum.fr import tva as french_vat
from stdnum.gb import vat as british_vat

from marketplace.accounts.countries import EUROPEAN_UNION, VAT_PREFIXES, choices
from marketplace.accounts.models import BankAccount, Company, User
from marketplace.forms import Deed
from marketplace.refusals import Refusal

if TYPE_CHECKING:
    from django.http import HttpRequest

    UserModelForm = forms.ModelForm[User]
else:
    UserModelForm = forms.ModelForm

HATS = [("client", _("entrust projects (client)")), ("provider", _("carry out projects (provider)"))]


class HatsField(forms.MultipleChoiceField):
    """One or both roles."""

    def __init__(self) -> None:
        super().__init__(
            label=_("I come to"),
            choices=HATS,
            widget=forms.CheckboxSelectMultiple,
            help_text=_("One account can hold both roles; you can change this later."),
            error_messages={"required": _("Choose at least one role.")},
        )


class SignupForm(forms.Form):
    """What sign-up asks beside address and password (allauth puts them together)."""

    name = forms.CharField(
        label=_("First and last name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    hats = HatsField()
    field_order = ["name", "email", "password1", "hats"]

    def signup(self, request: HttpRequest, user: User) -> None:
        """Nothing more: the adapter has saved everything already."""


class ProfileForm(UserModelForm):
    class Meta:
        model = User
        fields = ["name", "phone", "language"]
        help_texts = {"phone": _("Shown only to whom an agreement or a direct contact credit gives it.")}
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "name"}),
            "phone": forms.TextInput(attrs={"autocomplete": "tel", "type": "tel"}),
        }

    def clean_phone(self) -> str:
        return checked_phone(self.cleaned_data["phone"])


def checked_phone(given: str) -> str:
    """A phone number without the spaces around it, or nothing; refused when it could not be dialled."""
    phone = given.strip()
    if phone and not re.fullmatch(r"\+?[\d ().-]{6,29}", phone):
        raise ValidationError(_("Give a phone number: digits, spaces and an initial + only."))
    return phone


class CompanyForm(forms.Form):
    """Identity of the user's company, checked as far as its numbers allow, and their roles."""

    CONDITIONAL = ("siren", "vat_number", "phone")  # needed or not by the country and the role: never "optional"

    hats = HatsField()
    name = forms.CharField(
        label=_("Company name"),
        max_length=140,
        help_text=_("As registered; for a sole trader, first and last name."),
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    country = forms.ChoiceField(label=_("Country"), choices=choices)
    siren = forms.CharField(
        label=_("SIREN number"), max_length=20, required=False, help_text=_("9 digits, for a company in France.")
    )
    vat_status = forms.ChoiceField(
        label=_("VAT status"),
        choices=[("", _("Choose the status on your tax papers")), *Company.VatStatus.choices],
        help_text=_("It decides which VAT your offers, invoices and purchases bear."),
    )
    vat_number = forms.CharField(
        label=_("VAT number"),
        max_length=20,
        required=False,
        help_text=_("Outside France: required. In France we work it out from the SIREN number."),
    )
    street = forms.CharField(
        label=_("Street and number"), max_length=140, widget=forms.TextInput(attrs={"autocomplete": "street-address"})
    )
    postcode = forms.CharField(
        label=_("Postcode"), max_length=16, widget=forms.TextInput(attrs={"autocomplete": "postal-code"})
    )
    city = forms.CharField(
        label=_("City"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "address-level2"})
    )

    phone = forms.CharField(
        label=_("Phone"),
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "tel", "type": "tel"}),
        help_text=_(
            "A client needs one: an agreement or a direct contact credit gives it to a provider, nothing else does."
        ),
    )

    def __init__(self, data: Any = None, *, user: User) -> None:
        self.user = user
        super().__init__(data, initial=self.known(user))
        for name in self.CONDITIONAL:
            self.fields[name].conditional = True  # type: ignore[attr-defined]  # read by components/field.html

    @staticmethod
    def known(user: User) -> dict[str, Any]:
        """What was given before."""
        hats = [hat for hat, worn in (("client", user.is_client), ("provider", user.is_provider)) if worn]
        if not user.has_company:
            return {"hats": hats, "country": "FR", "phone": user.phone}
        fields = ("name", "country", "siren", "vat_status", "vat_number", "street", "postcode", "city")
        return {"hats": hats, "phone": user.phone} | {field: getattr(user.company, field) for field in fields}

    def clean_phone(self) -> str:
        return checked_phone(self.cleaned_data["phone"])

    def clean(self) -> None:
        if "client" in self.cleaned_data.get("hats", ()) and self.cleaned_data.get("phone") == "":
            self.add_error("phone", _("Give a number at which a provider can reach you."))
        french = (self.check_french_status, self.check_postcode, self.check_siren)
        for check in french if self.cleaned_data.get("country") == "FR" else (self.check_foreign,):
            try:
                check()
            except ValidationError as error:
                self.add_error(None, error)

    def check_french_status(self) -> None:
        """A French company is registered for VAT or exempt from it."""
        if self.cleaned_data.get("vat_status") == Company.VatStatus.FOREIGN:
            raise ValidationError({"vat_status": _("Choose the VAT status of your company in France.")})

    def check_postcode(self) -> None:
        """Five digits in France."""
        if not re.fullmatch(r"\d{5}", self.cleaned_data.get("postcode", "00000")):
            raise ValidationError({"postcode": _("A French postcode has 5 digits.")})

    def check_siren(self) -> None:
        """The SIREN number by its check digit, and the VAT number derived from it."""
        data = self.cleaned_data
        try:
            data["siren"] = siren_rules.validate(data.get("siren") or "")
        except InvalidNumber as error:
            raise ValidationError({"siren": _("Give the 9 digits of your company’s SIREN number.")}) from error
        data["vat_number"] = self.french_vat_number(data["siren"], data.get("vat_number", ""))

    def french_vat_number(self, siren: str, given: str) -> str:
        """The VAT number of a French company, which follows from its SIREN; none under the VAT exemption."""
        expected = f"FR{(12 + 3 * (int(siren) % 97)) % 97:02d}{siren}"
        if not given:
            return "" if self.cleaned_data.get("vat_status") == Company.VatStatus.FRANCHISE else expected
        try:
            number = "FR" + french_vat.validate(given)
        except InvalidNumber:
            number = ""
        if not number.endswith(siren):
            raise ValidationError({"vat_number": _("This VAT number is not the one of your SIREN number.")})
        return number

    def check_foreign(self) -> None:
        """A company elsewhere: no SIREN, and a VAT number valid for its country."""
        data = self.cleaned_data
        data["siren"], data["vat_status"] = "", Company.VatStatus.FOREIGN
        try:
            data["vat_number"] = foreign_vat_number(data.get("country", ""), data.get("vat_number", ""))
        except InvalidNumber as error:
            sentence = _("Give your company’s VAT number, with its country code if it has one.")
            raise ValidationError({"vat_number": sentence}) from error

    def save(self) -> Company:
        """Record the company and the roles."""
        data = dict(self.cleaned_data)
        hats, phone = data.pop("hats"), data.pop("phone")
        details = data | {"siren": data["siren"] or None}
        return Company.declare(user=self.user, hats=hats, details=details, phone=phone)


def foreign_vat_number(country: str, given: str) -> str:
    """`given` in its compact form; InvalidNumber when it cannot be a VAT number of `country`."""
    if country in EUROPEAN_UNION:
        number: str = european_vat.validate(given)
        if not number.startswith(VAT_PREFIXES.get(country, country)):
            raise InvalidNumber
        return number
    if rules := {"CH": swiss_vat, "GB": british_vat}.get(country):
        return str(rules.validate(given))
    number = re.sub(r"[\s.-]", "", given).upper()
    if not re.fullmatch(r"[A-Z0-9]{5,20}", number):
        raise InvalidNumber
    return number


class BankForm(Deed):
    """Where a provider is paid."""

    holder = forms.CharField(
        label=_("Account holder"), max_length=140, help_text=_("The account must be held by your company.")
    )
    iban = forms.CharField(
        label="IBAN",
        max_length=42,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("Stored encrypted; afterwards only its last four characters are shown."),
    )
    bic = forms.CharField(label="BIC", max_length=14, required=False)

    def __init__(self, data: Any = None, *, user: User) -> None:
        self.user = user
        super().__init__(data, initial={"holder": user.company.name})

    def clean_holder(self) -> str:
        holder: str = self.cleaned_data["holder"]
        try:
            BankAccount.must_hold(self.user, holder)
        except Refusal as refusal:
            raise ValidationError(str(refusal)) from refusal
        return holder

    def clean_iban(self) -> str:
        try:
            return BankAccount.checked(self.cleaned_data["iban"])
        except Refusal as refusal:
            raise ValidationError(str(refusal)) from refusal

    def clean_bic(self) -> str:
        given: str = self.cleaned_data["bic"]
        if given and not bic_rules.is_valid(given):
            raise ValidationError(_("This is not a valid BIC; you may leave it empty."))
        return bic_rules.compact(given) if given else ""

    def save(self) -> BankAccount | None:
        """Make it the account in use; None when that was refused meanwhile."""
        data = self.cleaned_data
        return self.perform(
            lambda: BankAccount.change(user=self.user, holder=data["holder"], iban=data["iban"], bic=data["bic"])
        )
