"""What an agreement says in words that its page and its PDF share, and the PDF itself."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext as _

from marketplace.documents.printing import printed
from projects.models import AgreementState, FeesBy, Formula, ProjectState
from projects.report import Reading
from projects.storyline import names_client

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from projects.models import Agreement, AgreementVersion


def formula_words(formula: str) -> tuple[list[str], list[str]]:
    """What the platform does under a formula, and what it does not (product, sections 4.8 and 5)."""
    if formula == Formula.R0:
        return (
            [
                _("The client’s deposits are held on the project’s internal account."),
                _("A light tells the provider how much of the work is covered."),
                _("The mediation and arbitration service can split what the account holds."),
            ],
            [
                _("The platform can do nothing for work beyond what is on the account."),
                _("Money that is released never comes back by a click."),
            ],
        )
    return (
        [_("The platform introduces you to each other and keeps the terms you accepted.")],
        [
            _("It holds no money and pays nobody."),
            _("The platform answers neither for unpaid work nor for requests beyond the contract."),
        ],
    )


def fees_words(version: AgreementVersion) -> str:
    """Who pays the platform what."""
    r0 = version.formula == Formula.R0
    if version.fees_by == FeesBy.PROVIDER:
        both = _("Introduction commission and R0 fee: paid by the provider, exceptionally.")
        return both if r0 else _("Introduction commission: paid by the provider, exceptionally.")
    both = _("Introduction commission and R0 fee: paid by the client.")
    return both if r0 else _("Introduction commission: paid by the client.")


def ended_words(agreement: Agreement) -> str:
    """How an agreement ended before it was active."""
    if agreement.state == AgreementState.DECLINED:
        return _("The provider declined")
    if agreement.ended_by_id:
        return _("The client ended the discussion")
    if agreement.has_ended_with_project:
        withdrawn = agreement.project.state == ProjectState.WITHDRAWN
        return _("The client withdrew the project") if withdrawn else _("The project was cancelled")
    return _("The agreement lapsed")


class AgreementPaper:
    """The PDF of confirmed terms for one of the two parties: the other's identity shows once it is active.

    Those in force, or a former `version` that an avenant has replaced.
    """

    def __init__(self, agreement: Agreement, user: User, version: AgreementVersion | None = None) -> None:
        self.agreement, self.user, self.former = agreement, user, version

    @cached_property
    def content(self) -> bytes:
        """The bytes of the PDF, in the active language."""
        version, project = self.former or self.agreement.version, self.agreement.project
        seal = version.seal if self.former else self.agreement.sha256
        introduced = self.agreement.state == AgreementState.ACTIVE
        number = _("Project %(number)s") % {"number": project.number}
        return printed(
            "paper/agreement.html",
            {
                "agreement": self.agreement,
                "version": version,
                "number": version.number,
                "project": project,
                "shows_client": introduced or names_client(Reading(project, self.user)),
                "shows_provider": introduced or self.user == self.agreement.provider,
                "formula_words": formula_words(version.formula),
                "fees_words": fees_words(version),
                "origin": settings.COMPANY_NAME,
                "about": f"{number}, {_('version %(n)s of the terms') % {'n': version.number}}",
                "sha256": seal,
                "seal": f"SHA-256 {seal}",
                "replaced": self.former.next_in_force if self.former else None,
            },
        )
