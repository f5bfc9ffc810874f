from __future__ import annotations

from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.test import Client

from marketplace.accounts.models import User
from marketplace.accounts.staff import FINANCE, GROUPS, settle_groups
from marketplace.accounts.tests.conftest import DETAILS
from marketplace.testing.cast import PASSWORD, person, signed_in

KEY = str(uuid4())


def rights(name: str) -> set[str]:
    found = Permission.objects.filter(group__name=name).values_list("content_type__app_label", "codename")
    return {f"{app}.{code}" for app, code in found}


@pytest.mark.parametrize("name", GROUPS)
def test_group_has_exactly_the_rights_of_the_table(db: None, name: str) -> None:
    assert rights(name) == set(GROUPS[name])


def test_migrating_again_takes_what_the_table_does_not_say(db: None) -> None:
    group = Group.objects.get(name=FINANCE)
    group.permissions.add(Permission.objects.get(codename="suspend_user"))
    group.permissions.remove(Permission.objects.get(codename="view_company"))
    settle_groups(apps.get_app_config("accounts"), apps=apps)
    assert rights(FINANCE) == set(GROUPS[FINANCE])


def test_groups_wait_in_a_partial_migration(db: None) -> None:
    class Nothing:
        def get_model(self, *args: str) -> None:
            raise LookupError

    settle_groups(apps.get_app_config("accounts"), apps=Nothing())


def test_visitor_of_the_administration_is_sent_to_the_sites_log_in(client: Client, db: None) -> None:
    answer = client.get("/admin/accounts/user/", follow=True)
    assert answer.redirect_chain[-1][0].startswith("/compte/connexion/?next=")
    assert client.get("/admin/login/")["Location"] == "/compte/connexion/?next=/admin/"


def test_administration_does_not_exist_for_members(as_provider: Client) -> None:
    assert as_provider.get("/admin/", follow=True).status_code == 404
    assert as_provider.get("/admin/login/").status_code == 404


def test_staff_without_second_factor_set_one_up_first(db: None) -> None:
    user = person("sans@paraphe.example", "Sans Facteur")
    user.is_staff = True
    user.save(update_fields=["is_staff"])
    answer = signed_in(user).get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0] == "/compte/double-authentification/application/activer/"
    assert "Installez d’abord un second facteur" in answer.content.decode()


def test_staff_enter_and_keep_the_sites_password_page(as_moderator: Client) -> None:
    assert as_moderator.get("/admin/").status_code == 200
    assert as_moderator.get("/admin/login/")["Location"] == "/admin/"
    for page in ("/admin/password_change/", "/admin/password_change/done/"):
        assert as_moderator.get(page)["Location"] == "/compte/mot-de-passe/changer/"


def test_moderation_suspends_through_the_domain(as_moderator: Client, provider: User) -> None:
    page = f"/admin/accounts/user/{provider.pk}/suspend/do/"
    assert page in as_moderator.get(f"/admin/accounts/user/{provider.pk}/change/").content.decode()
    assert as_moderator.get(page).status_code == 200
    assert as_moderator.post(page, {"key": KEY, "reason": ""}).status_code == 200
    assert as_moderator.post(page, {"key": KEY, "reason": "Faux SIREN"}).status_code == 302
    assert not User.objects.get(pk=provider.pk).is_active
    answer = as_moderator.post(page, {"key": KEY, "reason": "Faux SIREN"})
    assert "déjà suspendu" in answer.content.decode()
    as_moderator.post(f"/admin/accounts/user/{provider.pk}/reinstate/do/", {"key": KEY})
    assert User.objects.get(pk=provider.pk).is_active


def test_staff_of_another_group_cannot_suspend(as_finance: Client, provider: User) -> None:
    page = f"/admin/accounts/user/{provider.pk}/suspend/do/"
    assert as_finance.post(page, {"key": KEY, "reason": "x"}).status_code == 403
    assert as_finance.get(f"/admin/accounts/user/{provider.pk}/change/").status_code == 403
    assert User.objects.get(pk=provider.pk).is_active


def test_unknown_deed_or_row_does_not_exist(as_moderator: Client, provider: User) -> None:
    assert as_moderator.get(f"/admin/accounts/user/{provider.pk}/promote/do/").status_code == 404
    assert as_moderator.get("/admin/accounts/user/999999/suspend/do/").status_code == 404


def test_rows_are_read_not_edited(as_superuser: Client, provider: User) -> None:
    assert as_superuser.get("/admin/accounts/user/add/").status_code == 403
    assert as_superuser.post(f"/admin/accounts/user/{provider.pk}/change/", {"name": "Autre"}).status_code == 403
    assert as_superuser.get(f"/admin/accounts/company/{provider.company.pk}/change/").status_code == 200
    assert DETAILS["name"] in as_superuser.get("/admin/accounts/company/").content.decode()
    assert as_superuser.get("/admin/accounts/user/?q=nadia").status_code == 200


def test_log_in_form_of_django_admin_is_out_of_reach(moderator_user: User, client: Client) -> None:
    answer = client.post("/admin/login/", {"username": moderator_user.email, "password": PASSWORD})
    assert answer["Location"].startswith("/compte/connexion/")
    assert "_auth_user_id" not in client.session
