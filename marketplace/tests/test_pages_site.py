import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from marketplace import views
from marketplace.accounts.models import User
from marketplace.context import Header, header

pytestmark = pytest.mark.django_db
OURS = {"Sec-Fetch-Site": "same-origin", "Origin": "http://testserver"}


def strict() -> Client:
    return Client(enforce_csrf_checks=True)


def test_home_gives_the_prices_that_are_set(client: Client) -> None:
    page = client.get("/").text
    assert "commission de 15 % et frais R0 de 3 %" in page.replace("\xa0", " ")
    assert f"{settings.CREDIT_PRICES_CENTS['CONSULTATION'] // 100},00\xa0€ HT" in page


def test_home_leads_where_one_can_start(client: Client) -> None:
    page = client.get("/").text
    for path in ("/projets/", "/projets/publier/", "/compte/connexion/", "/compte/inscription/"):
        assert f'href="{path}"' in page


def test_home_asks_the_database_nothing_of_a_visitor(client: Client) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        client.get("/")
    assert len(queries) == 0


def test_no_page_of_ours_carries_inline_script_or_style(client: Client) -> None:
    for path in ("/", "/compte/connexion/", "/compte/inscription/", "/nulle-part/"):
        page = client.get(path).text
        assert " style=" not in page
        assert "<style" not in page
        assert "onclick" not in page
        assert "<script>" not in page


def test_the_header_knows_the_reader(as_provider: Client, as_client: Client) -> None:
    provider, client_page = as_provider.get("/").text, as_client.get("/").text
    assert "Crédits" in provider
    assert "Se déconnecter" in provider
    assert "Créer un compte" not in provider
    assert "site-nav__credits" not in client_page


def test_a_figure_of_the_header_is_counted_once_and_only_when_drawn(client_user: User) -> None:
    asked = []
    header("test")(lambda user: asked.append(user) or 7)  # type: ignore[func-returns-value]
    request = RequestFactory().get("/")
    request.user = client_user
    figures = Header(request)
    assert (asked, figures["test"], figures["test"], asked) == ([client_user], 7, 7, [client_user])
    assert figures["unknown"] == 0


def test_the_language_is_kept_and_leads_back(client: Client, client_user: User) -> None:
    response = client.post("/langue/", {"language": "en", "next": "/compte/connexion/?next=/x"})
    assert response.headers["Location"] == "/compte/connexion/?next=/x"
    assert "Main navigation" in client.get("/").text
    client.force_login(client_user, settings.AUTHENTICATION_BACKENDS[0])
    client.post("/langue/", {"language": "en"})
    assert User.objects.get(pk=client_user.pk).language == "en"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
def test_the_language_leads_nowhere_else(client: Client, elsewhere: str) -> None:
    assert client.post("/langue/", {"language": "fr", "next": elsewhere}).headers["Location"] == "/"


def test_a_language_we_do_not_speak_is_refused(client: Client) -> None:
    assert client.post("/langue/", {"language": "de"}).status_code == 400
    assert client.get("/langue/").status_code == 405


def test_health_is_told_to_machines(client: Client) -> None:
    assert client.get("/healthz/live").content == b"ok"
    assert client.get("/healthz/ready").content == b"ok"


def test_a_page_that_does_not_exist_says_where_to_go(client: Client) -> None:
    response = client.get("/nulle-part/")
    assert response.status_code == 404
    assert "Cette page n’existe pas, ou pas pour vous" in response.text
    assert 'href="/"' in response.text


def test_refusals_have_pages_of_their_own(client_user: User) -> None:
    request = RequestFactory().get("/x/")
    request.user = client_user
    assert "Nous n’avons pas pu lire cette demande" in views.bad_request(request, ValueError()).text
    assert "Ceci ne vous est pas ouvert" in views.forbidden(request, PermissionError()).text


def test_our_fault_is_told_without_asking_the_database() -> None:
    with CaptureQueriesContext(connection) as queries:
        response = views.server_error(RequestFactory().get("/x/"))
    assert (response.status_code, len(queries)) == (500, 0)
    assert "Quelque chose a cassé de notre côté" in response.text


def test_a_stale_page_gives_back_what_was_typed_on_it() -> None:
    typed = {"title": "Portail <b>", "text": "ligne 1\nligne 2", "tags": ["a", "b"], "password1": "très-secret"}
    typed["key"] = "8a95ddc0"
    response = strict().post("/compte/inscription/?next=/x", typed, headers=OURS)
    assert response.status_code == 403
    assert 'action="/compte/inscription/?next=/x"' in response.text
    assert "Portail &lt;b&gt;</textarea>" in response.text
    assert "ligne 1\nligne 2</textarea>" in response.text
    assert response.text.count('name="tags"') == 2
    assert "très-secret" not in response.text
    assert "Envoyer maintenant" in response.text
    assert "<li>Portail &lt;b&gt;</li>" in response.text
    assert response.text.count("8a95ddc0") == 1


def test_a_stale_form_with_files_asks_for_them_again() -> None:
    typed = {"text": "Voici l’assignation.", "file": SimpleUploadedFile("a.pdf", b"%PDF-1.7")}
    response = strict().post("/compte/inscription/", typed, headers=OURS)
    assert "Choisir de nouveau les fichiers" in response.text
    assert '<input type="hidden" name="resumed" value="1">' in response.text
    assert "Envoyer maintenant" not in response.text


def test_a_stale_deed_in_which_nothing_was_typed_leads_back_to_its_page() -> None:
    page = "http://testserver/credits/?de=1"
    response = strict().post("/compte/inscription/", {"key": "8a95ddc0"}, headers={**OURS, "Referer": page})
    assert response.status_code == 403
    assert "Envoyer maintenant" not in response.text
    assert f'href="{page}">Recharger la page' in response.text
    response = strict().post("/compte/inscription/", headers={**OURS, "Referer": "https://evil.example/"})
    assert 'href="/compte/inscription/">Recharger la page' in response.text


@pytest.mark.parametrize(
    "origin",
    [
        {},
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
        {"Origin": "http://testserver"},
    ],
)
def test_what_another_site_sends_is_never_offered_for_a_click(origin: dict[str, str]) -> None:
    response = strict().post("/compte/connexion/", {"login": "piège"}, headers=origin)
    assert response.status_code == 403
    assert "piège" not in response.text
    assert "Recharger la page" in response.text
