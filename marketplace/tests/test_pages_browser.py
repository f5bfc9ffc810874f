import pytest
from playwright.sync_api import Page, expect

from marketplace.accounts.models import User
from marketplace.testing.browser import Enter, axe
from marketplace.testing.cast import PASSWORD
from marketplace.testing.processes import Site

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
ENTRANCE = ("/", "/compte/connexion/", "/compte/mot-de-passe/oubli/", "/nulle-part/")


@pytest.mark.parametrize("path", ENTRANCE)
def test_axe_finds_nothing_at_the_entrance(enter: Enter, path: str) -> None:
    page = enter()
    page.goto(path)
    assert axe(page) == []


def test_axe_finds_nothing_on_a_form_with_errors(enter: Enter) -> None:
    page = enter()
    page.goto("/compte/inscription/")
    page.click("main form button[type=submit]")
    expect(page.locator("[data-errors]")).to_be_focused()
    assert axe(page) == []


def with_key(page: Page) -> None:
    """Gives the browser a device that holds passkeys and always says yes."""
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options |= {"isUserVerified": True, "automaticPresenceSimulation": True}
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def sign_in(page: Page, site: Site, email: str) -> None:
    page.goto(at_a_name(site, "/compte/connexion/"))
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", PASSWORD)
    page.click("main form button[type=submit]")
    page.wait_for_url("**/mon-compte/")


def at_a_name(site: Site, path: str) -> str:
    """Browsers bind a passkey to a name: they refuse one to a bare IP address."""
    return site.url.replace("127.0.0.1", "localhost") + path


def test_a_passkey_is_added_and_opens_the_account(enter: Enter, site: Site, provider_user: User) -> None:
    page = enter()
    with_key(page)
    sign_in(page, site, provider_user.email)
    page.goto(at_a_name(site, "/compte/double-authentification/cles/ajouter/"))
    page.fill("input[name=password]", PASSWORD)
    page.click("main form button[type=submit]")
    page.fill("input[name=name]", "Mon téléphone")
    page.check("input[name=passwordless]")
    page.click("#mfa_webauthn_add")
    page.wait_for_url("**/codes-de-secours/")
    page.goto(at_a_name(site, "/compte/double-authentification/cles/"))
    assert "Mon téléphone" in page.inner_text("main")
    page.goto(at_a_name(site, "/compte/deconnexion/"))
    page.click("main form button[type=submit]")
    page.goto(at_a_name(site, "/compte/connexion/"))
    page.click("#passkey_login")
    page.wait_for_url("**/mon-compte/")


def test_a_browser_that_gives_no_key_says_so(enter: Enter, provider_user: User) -> None:
    page = enter(provider_user)
    page.goto("/compte/double-authentification/cles/ajouter/")
    page.click("#mfa_webauthn_add")
    page.wait_for_selector("text=Votre navigateur n’a donné aucune clé")


def test_the_keyboard_opens_and_closes_the_account_menu(enter: Enter, provider_user: User) -> None:
    page = enter(provider_user)
    page.goto("/")
    page.focus(".menu summary")
    page.keyboard.press("Enter")
    expect(page.locator("text=Se déconnecter")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("text=Se déconnecter")).to_be_hidden()
