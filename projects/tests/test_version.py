"""Versions of a project: what was handed in, what changed, who is told, and whose credit comes back."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from credits.models import Kind, Spending, Wallet
from marketplace.accounts.models import User
from marketplace.documents import intake
from marketplace.events.models import Event, Notice
from projects.changes import differences, pieces, told
from projects.models import Category, Content, Jotting, Offer, Project, ProjectVersion, Selection
from projects.tests.bids import bid, bidder, terms
from projects.tests.calls import consulted, drafted, opened, with_credits


def content(project: Project, **changes: Any) -> Content:
    """What `project` says, but for `changes`."""
    return replace(Content.of(project), **changes)


def change(project: Project, **changes: Any) -> ProjectVersion | None:
    project.refresh_from_db()
    return project.change(content(project, **changes), by=project.client)


def clean(name: str = "plan.pdf", text: bytes = b"") -> intake.Clean:
    return intake.Clean(name, "application/pdf", b"%PDF-1.4" + text)


def balance(provider: User) -> int:
    return Wallet.of(provider).balance(Kind.OFFER)


def fresh(offer: Offer) -> Offer:
    return Offer.objects.select_related("project", "provider").get(pk=offer.pk)


def test_what_was_handed_in_is_kept_as_version_one(client_user: User) -> None:
    project = drafted(client_user, starts_on=date(2037, 1, 11))
    assert not project.versions.exists()
    project._add_files([clean()])
    project.submit(by=client_user)
    version = project.versions.get()
    assert (project.version, version.number, version.published_at) == (1, 1, None)
    assert version.content["starts_on"] == "2037-01-11"
    assert version.content["category"]["fr"] == "Sites et applications web"
    assert version.files[0][0] == "plan.pdf"
    assert len(version.files[0][1]) == 64
    project.approve(by=None)
    assert project.versions.published().get() == version


def test_resubmission_is_a_new_version_only_when_something_changed(client_user: User, moderator_user: User) -> None:
    project = drafted(client_user)
    for title in ("Refonte d’un site vitrine", "Refonte d’un site vitrine", "Refonte d’un site marchand"):
        project.jot(Jotting.whole(content(project, title=title)))
        project.submit(by=client_user)
        project.reject(by=moderator_user, reason=f"Non, pas « {title} ».")
    reasons = project.versions.values_list("number", "rejection_reason")
    assert list(reasons) == [
        (1, "Non, pas « Refonte d’un site vitrine »."),
        (2, "Non, pas « Refonte d’un site marchand »."),
    ]
    project.submit(by=client_user)
    project.approve(by=moderator_user)
    assert list(project.versions.published().values_list("number", flat=True)) == [2]


def test_open_project_changes_freely_before_the_first_offer(client_user: User, provider_user: User) -> None:
    project = opened(client_user)
    consulted(project, with_credits(provider_user), Kind.OFFER)
    version = change(project, budget_max_cents=600_000)
    assert version is not None
    assert (version.number, Project.objects.get().version) == (2, 2)
    assert Project.objects.get().budget_max_cents == 600_000
    assert not Notice.objects.filter(name="project.changed").exists()
    placed = Offer.place(project, by=provider_user, terms=terms(), key=uuid.uuid4())
    assert placed.project_version == 2
    assert not placed.answers_older_version


def test_sealed_offers_and_the_closing_date_are_not_changed(client_user: User) -> None:
    project = opened(client_user)
    closes_at = project.closes_at
    assert change(project, sealed=True, closes_at=None) is None
    project.refresh_from_db()
    assert (project.sealed, project.closes_at, project.version) == (False, closes_at, 1)
    assert not Event.objects.filter(verb="project.changed").exists()


def test_each_bidder_is_told_what_changed(client_user: User, provider_user: User, rival_user: User) -> None:
    project = opened(client_user)
    bid(project, with_credits(provider_user))
    bid(project, with_credits(rival_user)).withdraw(by=rival_user)
    bid(project, bidder(1))
    change(project, budget_max_cents=600_000, description="Dix pages.\nUne boutique.", skills=["Python"])
    notices = Notice.objects.filter(name="project.changed")
    assert {notice.user.email for notice in notices} == {provider_user.email, "bidder1@exemple.be"}
    letter = notices[0].letter
    assert letter.path == f"/projets/{project.key}/offre/"
    said = " / ".join(letter.items)
    assert "Budget, au plus\xa0: 5\u202f000,00\xa0€ → 6\u202f000,00\xa0€" in said
    assert "Une boutique." in said
    assert "Python, Accessibilité → Python" in said


def test_moderators_look_at_a_change_afterwards(client_user: User, moderator_user: User) -> None:
    project = opened(client_user)
    change(project, title="Refonte d’un site marchand")
    told = Notice.objects.get(name="project.changed.moderator")
    assert (told.user, told.letter.path) == (moderator_user, f"/admin/projects/project/{project.pk}/change/")
    assert ProjectVersion.objects.to_look_at().count() == 1
    for _time in range(2):
        project.look_at_changes(by=moderator_user)
    assert not ProjectVersion.objects.to_look_at().exists()


def test_offer_of_an_older_version_is_withdrawn_with_its_credit(client_user: User, provider_user: User) -> None:
    project = opened(client_user)
    offer = bid(project, with_credits(provider_user))
    before = balance(provider_user)
    change(project, teaser="Un atelier refait son site et sa boutique.")
    for _time in range(2):
        fresh(offer).withdraw(by=provider_user)
    assert balance(provider_user) == before + 1
    returned = Spending.objects.get(return_reason="project_changed")
    assert (returned.kind, returned.provider) == ("OFFER", provider_user)
    assert "a changé après votre offre" in Notice.objects.get(name="credit.returned").letter.paragraphs[0]
    with pytest.raises(Offer.NeedsCredit):
        Offer.place(project, by=provider_user, terms=terms(), key=uuid.uuid4())


@pytest.mark.parametrize("deed", ["nothing", "revised", "kept", "placed again"])
def test_offer_of_the_present_version_is_withdrawn_without_its_credit(
    client_user: User, provider_user: User, deed: str
) -> None:
    project = opened(client_user)
    offer = bid(project, with_credits(provider_user), 300_000)
    if deed != "nothing":
        change(project, urgent=True)
    if deed in {"revised", "kept"}:
        fresh(offer).revise(by=provider_user, terms=terms(300_000 if deed == "kept" else 310_000))
    if deed == "placed again":
        fresh(offer).withdraw(by=provider_user)
        bid(project, provider_user)
    before = balance(provider_user)
    fresh(offer).withdraw(by=provider_user)
    assert balance(provider_user) == before
    assert Event.objects.filter(verb="offer.maintained").exists() is (deed == "kept")


def test_credits_of_others_and_of_other_kinds_stay_spent(client_user: User, provider_user: User) -> None:
    project = opened(client_user)
    offer, other = bid(project, with_credits(provider_user)), bid(project, bidder(1))
    change(project, city="Rennes", place="MIXED")
    fresh(offer).withdraw(by=provider_user)
    living = Spending.objects.living().values_list("provider", "kind")
    assert set(living) == {
        (provider_user.pk, "CONSULTATION"),
        (other.provider_id, "CONSULTATION"),
        (other.provider_id, "OFFER"),
    }


def test_terms_written_before_a_change_are_not_sent_unread(client_user: User, provider_user: User) -> None:
    project = opened(client_user)
    consulted(project, with_credits(provider_user), Kind.OFFER)
    change(project, urgent=True)
    with pytest.raises(Offer.ProjectChanged):
        Offer.place(project, by=provider_user, terms=terms(), key=uuid.uuid4(), seen=1)
    offer = Offer.place(project, by=provider_user, terms=terms(), key=uuid.uuid4(), seen=2)
    change(project, urgent=False)
    with pytest.raises(Offer.ProjectChanged):
        fresh(offer).revise(by=provider_user, terms=terms(1), seen=2)


@pytest.mark.parametrize("end", ["closed", "awarded", "withdrawn", "submitted"])
def test_project_that_takes_no_offers_is_not_changed(client_user: User, provider_user: User, end: str) -> None:
    project = drafted(client_user) if end == "submitted" else opened(client_user)
    if end == "submitted":
        project.submit(by=client_user)
    elif end == "closed":
        Project.objects.update(closes_at=project.opened_at)
    elif end == "awarded":
        Selection(bid(project, with_credits(provider_user))).carry_out(by=client_user)
    else:
        project.withdraw(by=client_user)
    with pytest.raises(Project.NotChangeable):
        change(project, urgent=True)


def test_change_that_leaves_something_out_is_refused(client_user: User) -> None:
    project = opened(client_user)
    with pytest.raises(Project.Incomplete):
        change(project, description="")
    project.refresh_from_db()
    assert (project.version, project.description) == (1, "Dix pages, un formulaire de devis, des photos.")


def test_files_are_part_of_a_version(client_user: User, provider_user: User) -> None:
    project = opened(client_user)
    project.change(content(project), files=[clean(text=b"1")], by=client_user)
    file = project.specification_files.get()
    bid(project, with_credits(provider_user))
    project.change(content(project), files=[clean(text=b"2")], dropped=[file.pk], by=client_user)
    third = project.versions.get(number=3)
    assert [name for name, _sha in third.files] == ["plan.pdf"]
    latest = Event.objects.filter(verb="project.changed").latest("pk")
    assert latest.facts["changes"] == [["files", ["plan.pdf"], ["plan.pdf"]]]
    (shown,) = differences(third.before, third)
    assert "".join(sign for sign, _text in shown.pieces).count("-") == 1


def test_project_older_than_versions_gets_one_before_its_change(client_user: User) -> None:
    project = opened(client_user)
    project.versions.all().delete()
    Project.objects.update(version=0)
    change(project, urgent=True)
    assert [version.content["urgent"] for version in project.versions.all()] == [False, True]


def test_differences_are_told_field_by_field_in_the_readers_language(client_user: User) -> None:
    project = opened(client_user)
    design = Category.objects.get(slug="design")
    change(project, category=design, place="ON_SITE", city="Vitré", starts_on=date(2037, 1, 11), formula_wanted="BASE")
    latest = project.versions.get(number=2)
    found = {found.label: found.pieces for found in differences(latest.before, latest)}
    assert ("+", "11\xa0janvier\xa02037") in found["Démarrage souhaité"]
    assert {"Catégorie", "Lieu", "Ville", "Démarrage souhaité", "Formule envisagée"} == set(found)
    assert differences(None, latest) == []
    lines = dict(told([["city", "", "Vitré"], ["starts_on", "2037-01-11", None], ["urgent", True, False]]))
    assert lines == {
        "Ville": "ajouté\xa0: Vitré",
        "Démarrage souhaité": "retiré\xa0: 11\xa0janvier\xa02037",
        "Urgent": "oui → non",
    }


def test_words_removed_and_added_are_marked_and_the_rest_shortened() -> None:
    text = " ".join(f"mot{n}" for n in range(100))
    found = pieces(text, text.replace("mot50", "autre"))
    assert [sign for sign, _text in found] == ["=", "-", "+", "="]
    assert found[0][1].startswith(" … ")
    assert len(found[0][1]) < 120
    assert pieces("Un site.\n", "Un site.\nUn blog.") == [("=", "Un site.\n"), ("+", "Un blog.")]
    middle = pieces(f"a {text} b", f"c {text} d")
    assert " … " in next(text for sign, text in middle if sign == "=" and "mot0" in text)


@pytest.mark.parametrize("old", ["a.b!" * 5_000, "x\n" * 10_000, "".join(f"{n}\n" for n in range(3_000)), "\x1f" * 99])
def test_hostile_texts_are_compared_at_once(old: str) -> None:
    found = pieces(old, old[::-1] + "é🧵")
    assert "".join(text for sign, text in found if sign != "+").replace(" … ", "") in old or len(found) > 2
