"""The publishing form in steps: nothing typed is lost, errors are told where they are, tabs do not erase each other."""

from __future__ import annotations

import io
import re
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pikepdf
import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.documents.models import Document
from marketplace.locking import Deleted
from marketplace.templatetags.page import PARIS
from projects.forms.publish import DiscardForm
from projects.forms.steps import STEPS, missing
from projects.models import Content, Jotting, Project
from projects.tests.bids import HOSTILE
from projects.tests.calls import answer, drafted, in_days, opened, typed, written
from projects.tests.test_publish import png

PUBLISH = "/projets/publier/"
STEP_OF = {name: step.slug for step in STEPS.values() for name in step.fields}


def page_of(project: Project, slug: str) -> str:
    return f"/projets/{project.key}/modifier/" + ("" if slug == "besoin" else f"{slug}/")


def text(browser: Client, path: str) -> str:
    return browser.get(path).content.decode()


def test_form_and_preview_count_the_same_steps(as_client: Client, settings: Any) -> None:
    project = written(as_client)
    for pre_moderation, number in ((True, 5), (False, 4)):
        settings.PRE_MODERATION = pre_moderation
        for path in (page_of(project, "cadre"), f"/projets/{project.key}/apercu/", PUBLISH):
            assert re.search(r'class="steps".*?</nav>', text(as_client, path), re.S)[0].count("<li") == number  # type: ignore[index]


def test_steps_hold_all_that_a_client_writes() -> None:
    assert {column for step in STEPS.values() for column in step.columns} == set(Content.__dataclass_fields__)


def test_each_step_leads_to_the_next_and_back(as_client: Client) -> None:
    assert answer(as_client, PUBLISH).headers["Location"].endswith("/modifier/cadre/")
    project = Project.objects.get()
    places = {"suite": "/modifier/conditions/", "retour": "/modifier/", "relecture": "/apercu/", "cadre": "/cadre/"}
    for act, place in places.items():
        reply = answer(as_client, page_of(project, "cadre"), act=act)
        assert reply.headers["Location"].endswith(place)
    assert answer(as_client, page_of(project, "conditions")).headers["Location"].endswith("/apercu/")
    assert answer(as_client, page_of(project, "conditions"), act="brouillon").headers["Location"] == "/mes-projets/"
    assert answer(as_client, page_of(project, "besoin"), act="retour").headers["Location"].endswith("/modifier/")
    assert as_client.get(page_of(project, "licorne")).status_code == 404


def test_draft_needs_a_title_and_a_category_only(as_client: Client) -> None:
    bare = {"teaser": "", "description": "", "act": "brouillon"}
    assert answer(as_client, PUBLISH, **bare).headers["Location"] == "/mes-projets/"
    project = Project.objects.get()
    assert (project.state, project.title) == ("DRAFT", "Application de suivi des tournées")
    assert "Application de suivi" in text(as_client, "/mes-projets/")
    reply = as_client.post(f"/projets/{project.key}/soumettre/")
    assert "Il manque encore quelque chose" in reply.content.decode()


def test_same_form_sent_twice_makes_one_draft(as_client: Client) -> None:
    data = typed(act="brouillon")
    for _time in range(2):
        assert as_client.post(PUBLISH, data).status_code == 302
    assert Project.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"budget_min_cents": "12000", "budget_max_cents": "8000"}, "Le budget est inversé"),
        ({"budget_min_cents": "0"}, "Zéro n’est pas un budget"),
        ({"budget_min_cents": "-5"}, "montant positif en euros"),
        ({"budget_max_cents": "beaucoup"}, "montant positif en euros"),
        ({"budget_max_cents": "12 000,505"}, "deux décimales au plus"),
        ({"closes_on": in_days(0)}, "Choisissez un jour entre"),
        ({"closes_on": in_days(91)}, "Choisissez un jour entre"),
        ({"starts_on": in_days(-1)}, "Ce jour est passé"),
        ({"budget_max_cents": "10 000 000,01"}, "10\u202f000\u202f000,00\xa0€ au plus"),
        ({"budget_max_cents": "9" * 30}, "10\u202f000\u202f000,00\xa0€ au plus"),
        ({"closes_on": "demain"}, "Saisissez une date valide"),
        ({"teaser": "x" * 301}, "300"),
        ({"teaser": "Appelez le 06 12 34 56 78."}, "Tout le monde voit ceci"),
        ({"skills": "Python, www.dupont.fr"}, "Tout le monde voit ceci"),
        ({"city": "dupont.com"}, "Tout le monde voit ceci"),
        ({"city": ""}, "Précisez la ville"),
        ({"description": "Voir jean (at) dupont.fr"}, "Retirez l’adresse e-mail"),
        ({"skills": ",".join(f"s{n}" for n in range(13))}, "Douze compétences au plus"),
        ({"skills": "x" * 41}, "40 caractères au plus"),
        ({"place": "LUNE"}, "Sélectionnez un choix valide"),
        ({"sealed": "LUNE"}, "Sélectionnez un choix valide"),
    ],
    ids=range(21),
)
def test_wrong_answer_is_kept_as_typed_and_told_where_it_is(
    as_client: Client, client_user: User, changes: dict[str, Any], words: str
) -> None:
    project = drafted(client_user)
    name = list(changes)[-1]
    path = page_of(project, STEP_OF[name])
    reply = answer(as_client, path, **changes)
    assert reply.status_code == 200
    assert words in reply.content.decode()
    assert (changes[name] in text(as_client, path)) is (name not in {"place", "sealed"})
    preview = text(as_client, f"/projets/{project.key}/apercu/")
    assert f"{path}?corriger=1#id_{name}" in preview
    assert words in text(as_client, f"{path}?corriger=1")
    assert "Déposer le projet" not in preview
    assert "Il manque encore" in as_client.post(f"/projets/{project.key}/soumettre/").content.decode()


@pytest.mark.parametrize("changes", [{"title": "Écrivez à jean@dupont.fr"}, {"category": "999999"}, {"title": ""}])
def test_draft_begins_with_whatever_is_written_first(as_client: Client, changes: dict[str, Any]) -> None:
    page = as_client.post(PUBLISH, typed(**changes)).content.decode()
    assert "Quarante chauffeurs" in page
    project = Project.objects.get()
    assert project.to_correct == changes
    assert ("Brouillon sans titre" in text(as_client, "/mes-projets/")) is ("title" in changes)
    assert f"{page_of(project, 'besoin')}?corriger=1#id_{next(iter(changes))}" in dict(missing(project))
    with pytest.raises(Project.Incomplete):
        project.submit(by=project.client)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"key": "rien"}, "Cette page a expiré"),
        ({"title": " ", "category": "", "skills": "", "teaser": "", "description": ""}, "obligatoire"),
    ],
)
def test_nothing_begins_without_a_word_or_a_key(as_client: Client, changes: dict[str, Any], words: str) -> None:
    assert words in as_client.post(PUBLISH, typed(**changes)).content.decode()
    assert not Project.objects.exists()


def test_answer_that_is_corrected_is_right_for_good(as_client: Client, client_user: User) -> None:
    project = drafted(client_user)
    path = page_of(project, "cadre")
    answer(as_client, path, budget_max_cents="beaucoup", act="retour")
    project.refresh_from_db()
    assert project.to_correct == {"budget_max_cents": "beaucoup"}
    assert len(missing(project)) == 1
    answer(as_client, page_of(project, "besoin"), title="")
    answer(as_client, path)
    project.refresh_from_db()
    assert project.to_correct == {"title": ""}
    answer(as_client, page_of(project, "besoin"))
    assert "Déposer le projet" in text(as_client, f"/projets/{project.key}/apercu/")


@pytest.mark.parametrize("words", [*HOSTILE, "x" * 25_000, "a\x00b"], ids=range(9))
def test_odd_answers_give_a_page(as_client: Client, client_user: User, words: str) -> None:
    project = drafted(client_user)
    odd = dict.fromkeys(("title", "teaser", "description", "skills", "budget_min_cents", "city", "category"), words)
    for slug in STEPS:
        path = page_of(project, slug)
        assert answer(as_client, path, **odd).status_code in {200, 302}
        assert as_client.get(path).status_code == as_client.get(f"{path}?corriger=1").status_code == 200
    assert "<script>alert" not in text(as_client, f"/projets/{project.key}/apercu/")


def test_file_of_another_type_is_refused_and_the_others_are_kept(as_client: Client, client_user: User) -> None:
    project = drafted(client_user)
    bad = SimpleUploadedFile("page.html", b"<html><script>alert(1)</script></html>", "text/html")
    for act in ("suite", "conditions", "brouillon"):
        bad.seek(0)
        reply = answer(as_client, page_of(project, "conditions"), specification=[png("a.png"), bad], act=act)
        page = reply.content.decode()
        assert "page.html" in page
        assert "à nouveau" not in page
        assert "a.png (" in page
    assert project.specification_files.count() == 1


def test_files_stay_when_another_answer_must_be_corrected(as_client: Client, client_user: User) -> None:
    project = drafted(client_user)
    page = answer(as_client, page_of(project, "conditions"), specification=[png()], sealed="x").content.decode()
    assert "plan.png (" in page
    answer(as_client, page_of(project, "conditions"))
    assert project.specification_files.count() == 1


def test_dropped_file_leaves_the_store_and_may_be_dropped_twice(as_client: Client, client_user: User) -> None:
    project = drafted(client_user)
    path = page_of(project, "conditions")
    assert answer(as_client, path, specification=[png()], act="conditions").headers["Location"] == path
    file = project.specification_files.get()
    for dropped in ([file.pk], [file.pk], ["9" * 40]):
        assert answer(as_client, path, dropped=dropped).status_code == 302
    assert answer(as_client, path, dropped=["x"]).status_code == 200
    assert not Document.objects.exists()


def test_eleventh_file_is_refused(as_client: Client, client_user: User) -> None:
    project = drafted(client_user)
    path = page_of(project, "conditions")
    files = [SimpleUploadedFile(f"{n}.pdf", pdf(n), "application/pdf") for n in range(10)]
    answer(as_client, path, specification=files)
    assert project.specification_files.count() == 10
    assert "Dix fichiers au plus" in answer(as_client, path, specification=[png()]).content.decode()
    for file in files:
        file.seek(0)
    assert "10" in answer(as_client, path, specification=[*files, png()]).content.decode()
    assert project.specification_files.count() == 10


def pdf(n: int) -> bytes:
    document, content = pikepdf.new(), io.BytesIO()
    document.add_blank_page(page_size=(100 + n, 100))
    document.save(content)
    return content.getvalue()


def test_older_tab_does_not_overwrite_a_newer_one_silently(as_client: Client, client_user: User) -> None:
    project = drafted(client_user)
    path = page_of(project, "besoin")
    seen = re.search(r'name="seen" value="(\w+)"', text(as_client, path))
    assert seen
    answer(as_client, path, title="Écrit dans le second onglet")
    page = as_client.post(path, typed(title="Écrit dans le premier", seen=seen[1])).content.decode()
    assert "Un autre onglet a écrit dans cette page" in page
    assert "Écrit dans le premier" in page
    project.refresh_from_db()
    assert project.title == "Écrit dans le second onglet"
    kept = as_client.post(path, typed(title="Écrit dans le premier", seen=seen[1], act="garder"))
    assert kept.headers["Location"] == path
    project.refresh_from_db()
    assert project.title == "Écrit dans le premier"


def test_tabs_on_different_steps_do_not_disturb_each_other(as_client: Client, client_user: User) -> None:
    project = drafted(client_user)
    seen = re.search(r'name="seen" value="(\w+)"', text(as_client, page_of(project, "cadre")))
    assert seen
    answer(as_client, page_of(project, "besoin"))
    as_client.post(page_of(project, "cadre"), typed(seen=seen[1], city="Rennes"))
    project.refresh_from_db()
    assert (project.title, project.city) == ("Application de suivi des tournées", "Rennes")


def test_page_saves_itself_and_learns_where_it_is(as_client: Client) -> None:
    data, header = typed(act=None), {"X-Autosave": "1"}
    empty = dict.fromkeys(("title", "category", "teaser", "description", "skills"), "")
    assert as_client.post(PUBLISH, data | empty, headers=header).json() == {"said": ""}
    told = as_client.post(PUBLISH, data | empty | {"teaser": "Un début."}, headers=header).json()
    project = Project.objects.get()
    assert told["path"] == f"/projets/{project.key}/modifier/"
    assert told["said"].startswith("Enregistré à ")
    reply = as_client.post(told["path"], data | {"seen": told["seen"], "skills": "Rust"}, headers=header)
    assert reply.json()["seen"] != told["seen"]
    reply = as_client.post(told["path"], data | {"seen": told["seen"], "skills": "Go"}, headers=header)
    assert (reply.status_code, "Un autre onglet" in reply.json()["said"]) == (409, True)
    project.refresh_from_db()
    assert project.skills == ["Rust"]


def test_page_that_saves_itself_after_handing_in_is_told_so(as_client: Client) -> None:
    project = written(as_client)
    as_client.post(f"/projets/{project.key}/soumettre/")
    reply = as_client.post(page_of(project, "besoin"), typed(), headers={"X-Autosave": "1"})
    assert (reply.status_code, "ne peut plus être modifié" in reply.json()["said"]) == (409, True)


def test_open_project_is_changed_on_its_own_page(as_client: Client, client_user: User) -> None:
    project = opened(client_user)
    assert as_client.get(page_of(project, "cadre")).headers["Location"] == f"/projets/{project.key}/changer/"


def test_preview_of_a_ready_draft_leads_back_to_each_step(as_client: Client) -> None:
    project = written(as_client)
    page = text(as_client, f"/projets/{project.key}/apercu/")
    assert all(f'href="{page_of(project, slug)}"' in page for slug in STEPS)
    project.submit(by=project.client)
    assert page_of(project, "cadre") not in text(as_client, f"/projets/{project.key}/apercu/")


def test_closing_date_that_passed_in_a_draft_is_told_with_its_step(as_client: Client, client_user: User) -> None:
    project = drafted(client_user, closes_at=timezone.now() - timedelta(days=1))
    page = text(as_client, f"/projets/{project.key}/apercu/")
    assert f"{page_of(project, 'cadre')}?corriger=1#id_closes_on" in page


def test_one_end_of_the_budget_never_contradicts_the_other(client_user: User) -> None:
    project = drafted(client_user)
    jotting = Jotting(
        ("budget_min_cents", "budget_max_cents"), {"budget_min_cents": 900_000}, {"budget_max_cents": "x"}
    )
    for _time in range(2):
        project.jot(jotting)
    project.refresh_from_db()
    assert (project.budget_min_cents, project.budget_max_cents) == (900_000, 900_000)
    with pytest.raises(Project.Incomplete):
        project.submit(by=client_user)
    assert Project.begin(jotting, by=client_user, key=project.form_key or uuid.uuid4()).pk == project.pk


def test_wanted_start_that_passed_is_refused_until_it_is_today(client_user: User) -> None:
    today = timezone.localdate(timezone=PARIS)
    late = drafted(client_user, starts_on=today - timedelta(days=1))
    assert len(missing(late)) == 1
    with pytest.raises(Project.StartsInThePast):
        late.submit(by=client_user)
    drafted(client_user, starts_on=today).submit(by=client_user)


def test_open_call_keeps_a_wanted_start_that_has_passed(as_client: Client, client_user: User) -> None:
    day = timezone.localdate(timezone=PARIS)
    project = opened(client_user, starts_on=day)
    path, kept = f"/projets/{project.key}/changer/", {"sealed": None, "closes_on": None, "act": None, "version": 1}
    with time_machine.travel(timezone.now() + timedelta(days=3)):
        earlier = as_client.post(path, typed(starts_on=str(day - timedelta(days=1)), **kept))
        assert "Ce jour est passé" in earlier.content.decode()
        assert as_client.post(path, typed(starts_on=str(day), **kept)).status_code == 302
        project.refresh_from_db()
        with pytest.raises(Project.StartsInThePast):
            project.change(replace(Content.of(project), starts_on=day - timedelta(days=1)), by=client_user)


def test_draft_is_deleted_with_its_files_and_nothing_else(as_client: Client, client_user: User) -> None:
    other, project = drafted(client_user), written(as_client, files=[png()])
    path = f"/projets/{project.key}/supprimer/"
    assert path in text(as_client, page_of(project, "besoin"))
    assert "Personne d’autre ne les a vus" in text(as_client, path)
    stale = Project.objects.get(pk=project.pk)
    assert as_client.post(path).headers["Location"] == "/mes-projets/"
    assert list(Project.objects.all()) == [other]
    assert not Document.objects.exists()
    with pytest.raises(Deleted):
        stale.submit(by=client_user)
    form = DiscardForm({})
    assert form.is_valid()
    assert form.save(stale, by=client_user)
    other.submit(by=client_user)
    assert "peut être retiré" in as_client.post(f"/projets/{other.key}/supprimer/").content.decode()


def test_the_key_of_somebody_else_writes_nothing(as_client: Client, as_stranger: Client) -> None:
    key = str(uuid.uuid4())
    assert answer(as_client, PUBLISH, key=key).status_code == 302
    reply = answer(as_stranger, PUBLISH, key=key)
    assert "Cette page a déjà servi à un autre projet" in reply.content.decode()
    assert Project.objects.count() == 1
