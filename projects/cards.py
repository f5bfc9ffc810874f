"""A project as a line of the register: what everybody may see of it (product, section 3), in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace.templatetags.page import day, euros_short
from projects.models import Place, Project
from projects.odds import foretell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def budget_words(low_cents: int, high_cents: int) -> str:
    """A budget in words: "8 000 à 12 000 € HT", or one amount when both ends are the same."""
    high = euros_short(high_cents)
    if low_cents == high_cents:
        return _("%(amount)s excl. VAT") % {"amount": high}
    return _("%(low)s to %(high)s excl. VAT") % {"low": euros_short(low_cents).removesuffix("\xa0€"), "high": high}


def place_words(project: Project) -> str:
    """Where the work takes place."""
    place = str(Place(project.place).label).capitalize()
    return f"{place}, {project.city}" if project.city else place


def client_words(published: int, awarded: int) -> str:
    """A client's track record in a line."""
    if published <= 1 and not awarded:
        return _("Client: first call for offers")
    projects = ngettext("%(n)s project", "%(n)s projects", published) % {"n": published}
    chosen = ngettext("%(n)s awarded", "%(n)s awarded", awarded) % {"n": awarded}
    return _("Client: %(projects)s, %(awarded)s") % {"projects": projects, "awarded": chosen}


def badges(project: Any) -> list[tuple[str, str]]:
    """What stands out, the reader's own marks first."""
    found = [
        ("ink", _("Your project"), project.is_own),
        ("ink", _("Offer placed"), project.has_bid),
        ("", _("Dossier opened"), project.consulted and not project.has_bid),
        ("soon", _("Urgent"), project.urgent),
        ("", _("R0 formula"), project.formula_wanted == "R0"),
        ("", _("Sealed offers"), project.sealed),
    ]
    return [(kind, label) for kind, label, is_on in found if is_on]


def card(project: Any, categories: Mapping[int, str]) -> dict[str, Any]:
    """What components/project_card.html needs, of a row with its track record and marks; its odds when foretold."""
    return {
        "url": project.get_absolute_url(),
        "title": project.title,
        "teaser": project.teaser,
        "category": categories.get(project.category_id, ""),
        "badges": badges(project),
        "place": place_words(project),
        "client": client_words(project.client_published, project.client_awarded),
        "published": _("Published on %(date)s") % {"date": day(project.opened_at)} if project.opened_at else "",
        "budget": budget_words(project.budget_min_cents, project.budget_max_cents),
        "offers": project.offers_count,
        "closes": project.closes_at,
        "odds": getattr(project, "odds", None),
    }


def cards(projects: Sequence[Project], categories: Mapping[int, str]) -> list[dict[str, Any]]:
    """The cards of a page, with the odds of each: one query for all."""
    foretell(projects)
    return [card(project, categories) for project in projects]
