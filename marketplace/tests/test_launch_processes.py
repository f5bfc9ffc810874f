import urllib.request

import pytest
from django.core.mail import send_mail

pytestmark = pytest.mark.journey


def test_the_site_serves_the_tests_rows_in_a_browser(site, enter, client_user):
    page = enter(client_user)
    page.goto("/compte/")
    assert page.title()
    assert page.locator("body").inner_text().find("Claire") >= 0


def test_the_site_answers_its_health(site):
    with urllib.request.urlopen(f"{site.url}/healthz/ready", timeout=10) as answer:
        assert answer.status == 200


def test_mail_goes_through_smtp(smtp_sink):
    send_mail("Bonjour", "Tout va bien.", None, ["nadia@paraphe.example"])
    assert smtp_sink.wait_for("nadia@paraphe.example").get_content().strip() == "Tout va bien."


def test_what_runs_real_processes_shares_one_worker_of_xdist(request, worker_id):
    assert worker_id == "master" or request.node.nodeid.endswith("@processes")


def test_what_needs_the_site_shares_another(request, worker_id, site):
    assert worker_id == "master" or request.node.nodeid.endswith("@pages")
