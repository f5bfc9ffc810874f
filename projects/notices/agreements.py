from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.events.models import Event
from marketplace.events.tellings import Facts, Kind, Letter, Telling, tells
from marketplace.templatetags.page import euros, paris
from projects.models import Agreement, Formula


def agreement_of(event: Event) -> Agreement:
    """The agreement that an event speaks of, with its parties."""
    rows = Agreement.objects.select_related("project", "client__company", "provider__company")
    return event.about(rows, "agreement")


def common(agreement: Agreement) -> dict[str, Any]:
    """What every letter about an agreement says."""
    return {"title": agreement.project.title, "number": agreement.project.number, "agreement": agreement.key}


def page(facts: Facts, label: str) -> tuple[str, str]:
    """The button that leads to the agreement."""
    return label, reverse("projects:agreement", args=[facts["agreement"]])


@tells("agreement.proposed", kind=Kind.AGREEMENT)
class NewVersion(Telling):
    """The other party proposed a change: it must be read before anything is accepted."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        agreement = agreement_of(event)
        if event.by:
            facts = {**common(agreement), "version": event.facts["number"], "by": event.by.public_name}
            yield agreement.other_party(event.by), {**facts, "confirm_by": agreement.confirm_by.isoformat()}

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("Version %(version)s of the terms to read: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[
                _("%(by)s proposes a new version of the terms. What changed is shown on the page; both must accept it.")
                % facts
            ],
            figures=[(_("To confirm before"), paris(datetime.fromisoformat(facts["confirm_by"])))],
            action=page(facts, _("Read version %(version)s") % facts),
        )


@tells("agreement.accepted", kind=Kind.AGREEMENT)
class OtherAccepted(Telling):
    """One party accepted: the other is told that the version waits for them. Nothing when it was the second."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        agreement = agreement_of(event)
        if event.by and not agreement.version.is_agreed:
            facts = {**common(agreement), "version": event.facts["number"], "by": event.by.public_name}
            yield agreement.other_party(event.by), {**facts, "confirm_by": agreement.confirm_by.isoformat()}

    def letter(self, facts: Facts) -> Letter:
        return Letter(
            subject=_("Version %(version)s waits for your acceptance: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[_("%(by)s has accepted version %(version)s of the terms. It is your turn.") % facts],
            figures=[(_("To confirm before"), paris(datetime.fromisoformat(facts["confirm_by"])))],
            action=page(facts, _("Read and confirm the terms")),
        )


@tells("agreement.agreed", name="agreement.agreed.payer", kind=Kind.AGREEMENT)
class FeesToPay(Telling):
    """Who owes it is asked for the introduction commission, and in R0 the R0 fee."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        agreement = agreement_of(event)
        fees = agreement.fees()
        yield (
            agreement.payer or agreement.client,
            {
                **common(agreement),
                "pay_by": event.facts["pay_by"],
                "commission_cents": fees.commission.ht_cents,
                "r0_cents": fees.r0.ht_cents,
                "vat_cents": fees.total.vat_cents,
                "cents": fees.total.cents,
            },
        )

    def letter(self, facts: Facts) -> Letter:
        figures = [(_("Introduction commission, excluding VAT"), euros(facts["commission_cents"]))]
        if facts["r0_cents"]:
            figures.append((_("R0 fee, excluding VAT"), euros(facts["r0_cents"])))
        return Letter(
            subject=_("Terms confirmed, introduction to pay: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[
                _(
                    "Both of you accepted the same terms: they are frozen. Once the introduction is paid, the "
                    "agreement is active and you receive each other’s details."
                )
            ],
            figures=[
                *figures,
                (_("VAT"), euros(facts["vat_cents"])),
                (_("To pay"), euros(facts["cents"])),
                (_("Before"), paris(datetime.fromisoformat(facts["pay_by"]))),
            ],
            action=page(facts, _("Pay %(amount)s") % {"amount": euros(facts["cents"])}),
        )


@tells("agreement.agreed", name="agreement.agreed.other", kind=Kind.AGREEMENT)
class WaitForIntroduction(Telling):
    """The other party learns that the terms are frozen; a provider, not to work yet."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        agreement = agreement_of(event)
        waits = agreement.payer_id == agreement.client_id
        yield agreement.other_than_payer, {**common(agreement), "pay_by": event.facts["pay_by"], "works": waits}

    def letter(self, facts: Facts) -> Letter:
        wait = _("Do not start yet: the client still has to pay the introduction. You will be told at once.")
        paid = _("The provider still has to pay the introduction, as you agreed. You will be told at once.")
        label = _("The client pays before") if facts["works"] else _("The provider pays before")
        return Letter(
            subject=_("Terms confirmed: %(title)s") % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[
                _("Both of you accepted the same terms: they are frozen."),
                wait if facts["works"] else paid,
            ],
            figures=[(label, paris(datetime.fromisoformat(facts["pay_by"])))],
            action=page(facts, _("See the agreement")),
        )


def details(agreement: Agreement, other: User) -> list[list[str]]:
    """The other party's name, company and ways to reach them, as given at the introduction."""
    company = other.company
    identity = f"{company.name}, {company.number}, {company.address}"
    return [["name", other.name], ["company", identity], ["email", other.email], ["phone", other.phone or "–"]]


def detail_figures(facts: Facts) -> list[tuple[str, str]]:
    """The exchanged details with their labels in the reader's language."""
    labels = {"name": _("Name"), "company": _("Company"), "email": _("E-mail"), "phone": _("Phone")}
    return [(labels[code], value) for code, value in facts["details"]]


class Introduced(Telling):
    """The agreement is active: formula, limits in plain words, and the other party's details (section 4.8)."""

    def facts(self, agreement: Agreement, other: User) -> Facts:
        """What the letter of either side needs."""
        return {
            **common(agreement),
            "key": agreement.project.key,
            "formula": agreement.version.formula,
            "details": details(agreement, other),
        }

    def r0_words(self) -> list[str]:
        """What R0 means for this side."""
        raise NotImplementedError

    def letter(self, facts: Facts) -> Letter:
        r0 = facts["formula"] == Formula.R0
        formula = _("R0 formula (zero risk)") if r0 else _("base formula")
        return Letter(
            subject=_("Introduction made, %(formula)s: %(title)s") % {**facts, "formula": formula},
            project=_("Project %(number)s") % facts,
            paragraphs=[
                _("Your agreement is active under the %(formula)s. Here are the other party’s details.")
                % {"formula": formula},
                *(self.r0_words() if r0 else base_words()),
            ],
            figures=detail_figures(facts),
            action=(_("Open the project report"), reverse("projects:report", args=[facts["key"]])),
        )


def base_words() -> list[str]:
    """What the base formula means, the same for both sides."""
    return [
        _("From here you manage the work and its payment between yourselves, on the terms that you both accepted."),
        _("The platform answers neither for unpaid work nor for requests beyond the contract."),
    ]


@tells("agreement.active", name="agreement.active.client", kind=Kind.AGREEMENT)
class ClientIntroduced(Introduced):
    """To the client."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        agreement = agreement_of(event)
        yield agreement.client, self.facts(agreement, agreement.provider)

    def r0_words(self) -> list[str]:
        return [
            _("The project’s internal account is open. Deposit the first tranche so that the provider can start."),
            _("You release the money as the work is delivered; nothing leaves the account without you or the SMA."),
        ]


@tells("agreement.active", name="agreement.active.provider", kind=Kind.AGREEMENT)
class ProviderIntroduced(Introduced):
    """To the winner."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        agreement = agreement_of(event)
        yield agreement.provider, self.facts(agreement, agreement.client)

    def r0_words(self) -> list[str]:
        return [
            _("The project’s internal account is open, and empty. Do not start: 0 € has been deposited."),
            _("Work only on what the account covers: each deposit is told to you by e-mail and on the site."),
        ]
