from __future__ import annotations

import re

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path

from marketplace import urls
from marketplace.checks import every_route_has_a_policy, routes
from marketplace.policies import policy
from marketplace.testing.cast import person, signed_in


def bare(request: HttpRequest) -> HttpResponse:
    return HttpResponse("nu")


@policy("site.public")
def dressed(request: HttpRequest) -> HttpResponse:
    return HttpResponse("vêtu")


inner = ([path("nu/", bare, name="bare"), path("vetu/", dressed, name="dressed")], "inner")
urlpatterns = [path("dedans/", include(inner)), path("sans-nom/", bare), *urls.urlpatterns]
only_these = pytest.mark.urls("marketplace.tests.test_policies")


@only_these
def test_check_names_each_route_without_a_policy() -> None:
    messages = [error.msg for error in every_route_has_a_policy(None)]
    assert messages == ["The route inner:bare declares no policy.", "The route sans-nom/ declares no policy."]
    assert {"inner:bare", "inner:dressed", "accounts:home"} <= {name for name, _path, _pattern in routes()}


@only_these
def test_view_without_a_policy_does_not_exist(client: Client, db: None) -> None:
    assert client.get("/dedans/nu/").status_code == 404
    assert client.get("/sans-nom/").status_code == 404
    assert client.get("/dedans/vetu/").content.decode() == "vêtu"


def test_unverified_person_is_asked_to_confirm_the_address(db: None) -> None:
    user = person("nadia@exemple.fr", "Nadia")
    user.email_verified_at = None
    user.save(update_fields=["email_verified_at"])
    answer = signed_in(user).get("/mon-compte/entreprise/", follow=True)
    assert answer.redirect_chain == [("/compte/adresses/", 302)]
    assert "Confirmez d’abord votre adresse e-mail" in answer.content.decode()


def test_person_without_the_hat_is_asked_for_it(as_client: Client) -> None:
    answer = as_client.get("/mon-compte/iban/", follow=True)
    assert answer.redirect_chain == [("/mon-compte/entreprise/?next=%2Fmon-compte%2Fiban%2F", 302)]
    assert "réservée aux prestataires : cochez ce rôle" in answer.content.decode().replace("\xa0", " ")


def test_page_of_a_client_about_an_object_does_not_exist_for_who_is_no_client(as_provider: Client) -> None:
    assert as_provider.get("/projets/aaaaaaaaaa/offres/").status_code == 404
    assert as_provider.get("/projets/publier/").status_code == 302


def test_client_without_a_company_is_asked_for_it_even_about_an_object(db: None) -> None:
    user = person("zoe@exemple.fr", "Zoé")
    user.is_client = True
    user.save(update_fields=["is_client"])
    assert signed_in(user).get("/projets/aaaaaaaaaa/offres/")["Location"].startswith("/mon-compte/entreprise/?next=")


@pytest.mark.parametrize("given", ["", "court", "a b c d e f g h", "x" * 65, "bonjour\u00e9\u00e9"])
def test_request_gets_an_id_of_its_own(client: Client, db: None, given: str) -> None:
    answer = client.get("/", headers={"X-Request-ID": given})
    assert re.fullmatch(r"[0-9a-f]{32}", answer["X-Request-ID"])


def test_sane_id_of_a_proxy_is_kept(client: Client, db: None) -> None:
    assert client.get("/", headers={"X-Request-ID": "proxy-12345"})["X-Request-ID"] == "proxy-12345"
