from __future__ import annotations

import hashlib
import hmac
import http.server
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stdnum.iban

from marketplace.sandbox import params
from marketplace.sandbox.api import Api
from marketplace.sandbox.pages import lang_of, money
from marketplace.sandbox.store import Store
from marketplace.testing.sandbox import Sandbox

SHAPES = json.loads((Path(__file__).parent / "stripe_shapes.json").read_text())
LINE = {
    "line_items[0][quantity]": "1",
    "line_items[0][price_data][currency]": "eur",
    "line_items[0][price_data][unit_amount]": "12000",
    "line_items[0][price_data][product_data][name]": "Pack « Essentiel » & <b>",
}
ORDER = {"mode": "payment", "success_url": "http://site.test/ok", "cancel_url": "http://site.test/no", **LINE}
KINDS = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", type(None): "null"}


@pytest.fixture
def session(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox.api("checkout/sessions", **ORDER)


def paid(sandbox: Sandbox, session: dict[str, Any]) -> dict[str, Any]:
    assert sandbox.click(session["url"], "pay") == "http://site.test/ok"
    return sandbox.api(f"checkout/sessions/{session['id']}")


def test_nested_form_bodies_become_trees() -> None:
    tree = params.decode("a[b][0][c]=1&a[b][1][c]=2&expand[]=x&expand[]=y&plain=z&empty=")
    assert tree == {"a": {"b": [{"c": "1"}, {"c": "2"}]}, "expand": ["x", "y"], "plain": "z", "empty": ""}


def test_a_paid_session_has_its_intent_charge_fee_and_events(sandbox: Sandbox, session: dict[str, Any]) -> None:
    assert (session["status"], session["amount_total"], session["payment_intent"]) == ("open", 12_000, None)
    done = paid(sandbox, session)
    assert (done["status"], done["payment_status"], done["url"]) == ("complete", "paid", None)
    wanted = "expand[]=latest_charge.balance_transaction"
    intent = sandbox.api(f"payment_intents/{done['payment_intent']}?{wanted}")
    assert (intent["status"], intent["amount_received"]) == ("succeeded", 12_000)
    cost = intent["latest_charge"]["balance_transaction"]
    assert (cost["amount"], cost["fee"], cost["net"]) == (12_000, 205, 11_795)
    kinds = [event["type"] for event in sandbox.events()][-3:]
    assert kinds == ["charge.succeeded", "payment_intent.succeeded", "checkout.session.completed"]


def test_its_objects_have_the_shapes_of_stripe(sandbox: Sandbox, session: dict[str, Any]) -> None:
    intent = paid(sandbox, session)["payment_intent"]
    sandbox.api("refunds", payment_intent=intent, amount="100", reason="duplicate")
    for address in ("checkout/sessions", "payment_intents", "charges", "refunds", "balance_transactions", "events"):
        for thing in sandbox.api(f"{address}?limit=5")["data"]:
            shape = SHAPES["objects"][thing["object"]]
            for name, value in thing.items():
                assert name in shape
                assert "null" in {KINDS[type(value)], shape[name]} or KINDS[type(value)] == shape[name], name


def test_a_refused_card_leaves_the_session_open(sandbox: Sandbox, session: dict[str, Any]) -> None:
    assert sandbox.click(session["url"], "refuse") == f"/c/pay/{session['id']}"
    refused = sandbox.api(f"checkout/sessions/{session['id']}?expand[]=payment_intent")
    assert refused["status"] == "open"
    assert refused["payment_intent"]["last_payment_error"]["code"] == "card_declined"
    assert "Votre carte a été refusée" in sandbox.open(session["url"])[1]
    assert sandbox.events()[-1]["type"] == "payment_intent.payment_failed"


def test_the_bank_may_ask_to_confirm(sandbox: Sandbox, session: dict[str, Any]) -> None:
    sandbox.click(session["url"], "challenge")
    page = sandbox.open(session["url"])[1]
    assert "Confirmer le paiement de 120,00\u00a0€" in page
    assert "Abandonner" not in page
    assert paid(sandbox, session)["status"] == "complete"


def test_giving_up_goes_back_and_charges_nothing(sandbox: Sandbox, session: dict[str, Any]) -> None:
    before = len(sandbox.events())
    assert sandbox.click(session["url"], "abandon") == "http://site.test/no"
    assert sandbox.api(f"checkout/sessions/{session['id']}")["status"] == "open"
    assert len(sandbox.events()) == before


def test_the_page_escapes_and_says_what_happened(sandbox: Sandbox, session: dict[str, Any]) -> None:
    assert "Pack « Essentiel » &amp; &lt;b&gt;" in sandbox.open(session["url"])[1]
    paid(sandbox, session)
    page = f"/c/pay/{session['id']}"
    assert "déjà fait" in sandbox.open(page)[1]
    before = len(sandbox.events())
    sandbox.click(page, "pay")
    assert len(sandbox.events()) == before
    assert sandbox.open("/c/pay/cs_none")[0] == 404
    assert sandbox.open("/style.css")[0] == 200
    assert sandbox.open("/nothing")[0] == 404


def test_an_expired_session_cannot_be_paid(sandbox: Sandbox, session: dict[str, Any]) -> None:
    sandbox.click(session["url"], "refuse")
    assert sandbox.post(f"checkout/sessions/{session['id']}/expire")["status"] == "expired"
    assert "param" in sandbox.post(f"checkout/sessions/{session['id']}/expire")["error"]
    assert "a expiré" in sandbox.open(f"/c/pay/{session['id']}")[1]
    sandbox.click(f"/c/pay/{session['id']}", "pay")
    assert sandbox.api(f"checkout/sessions/{session['id']}")["payment_status"] == "unpaid"


def test_a_session_expires_by_its_clock(sandbox: Sandbox) -> None:
    session = sandbox.api("checkout/sessions", **ORDER, expires_at=str(int(time.time()) - 1))
    deadline = time.monotonic() + 15
    while sandbox.api(f"checkout/sessions/{session['id']}")["status"] == "open" and time.monotonic() < deadline:
        time.sleep(0.2)
    assert sandbox.api(f"checkout/sessions/{session['id']}")["status"] == "expired"


def test_no_more_is_given_back_than_was_paid(sandbox: Sandbox, session: dict[str, Any]) -> None:
    assert "error" in sandbox.api("refunds", payment_intent="pi_none", amount="1")
    intent = paid(sandbox, session)["payment_intent"]
    assert sandbox.api("refunds", payment_intent=intent, amount="5000")["status"] == "succeeded"
    assert "greater" in sandbox.api("refunds", payment_intent=intent, amount="7001")["error"]["message"]
    assert sandbox.api("refunds", payment_intent=intent)["amount"] == 7_000
    assert sandbox.api("refunds", payment_intent=intent)["error"]["code"] == "charge_already_refunded"
    assert sandbox.post(f"payment_intents/{intent}/cancel")["error"]["type"] == "invalid_request_error"


TRANSFER = {
    "payment_method_types[0]": "customer_balance",
    "payment_method_options[customer_balance][funding_type]": "bank_transfer",
    "payment_method_options[customer_balance][bank_transfer][type]": "eu_bank_transfer",
    "payment_method_options[customer_balance][bank_transfer][eu_bank_transfer][country]": "FR",
}


def by_transfer(sandbox: Sandbox) -> tuple[str, str]:
    """A session whose payer has chosen to send a transfer: its number and its page."""
    customer = sandbox.api("customers", email="claire@caron.example")["id"]
    session = sandbox.api("checkout/sessions", **ORDER, **TRANSFER, customer=customer)
    page = sandbox.open(session["url"])[1]
    assert "Payer 120,00\u00a0€ par virement" in page
    assert "carte" not in page.split("<main>")[1]
    assert sandbox.click(session["url"], "transfer") == f"/c/pay/{session['id']}"
    return session["id"], session["url"]


def test_a_transfer_is_awaited_with_an_account_and_a_reference(sandbox: Sandbox) -> None:
    key, page = by_transfer(sandbox)
    session = sandbox.api(f"checkout/sessions/{key}?expand[]=payment_intent")
    assert (session["status"], session["payment_status"], session["url"]) == ("complete", "unpaid", None)
    intent = session["payment_intent"]
    told = intent["next_action"]["display_bank_transfer_instructions"]
    iban = told["financial_addresses"][0]["iban"]["iban"]
    assert stdnum.iban.is_valid(iban)
    assert (intent["status"], told["amount_remaining"], len(told["reference"])) == ("requires_action", 12_000, 10)
    drawn = sandbox.open(page)[1]
    for words in (iban, told["reference"], "Le virement de 120,00\u00a0€ est arrivé"):
        assert words in drawn
    kinds = [event["type"] for event in sandbox.events()][-2:]
    assert kinds == ["payment_intent.requires_action", "checkout.session.completed"]


def test_a_transfer_arrives_in_two_parts(sandbox: Sandbox) -> None:
    key, page = by_transfer(sandbox)
    sandbox.click(page, "part")
    assert sandbox.events()[-1]["type"] == "payment_intent.partially_funded"
    assert "Le virement de 60,00\u00a0€ est arrivé" in sandbox.open(page)[1]
    sandbox.click(page, "arrive")
    session = sandbox.api(f"checkout/sessions/{key}?expand[]=payment_intent.latest_charge.balance_transaction")
    intent = session["payment_intent"]
    assert (session["payment_status"], intent["status"], intent["amount_received"]) == ("paid", "succeeded", 12_000)
    assert intent["latest_charge"]["balance_transaction"]["fee"] == 60
    kinds = [event["type"] for event in sandbox.events()][-2:]
    assert kinds == ["payment_intent.succeeded", "checkout.session.async_payment_succeeded"]
    before = len(sandbox.events())
    sandbox.click(page, "arrive")
    assert len(sandbox.events()) == before


def test_a_transfer_may_not_come(sandbox: Sandbox) -> None:
    key, page = by_transfer(sandbox)
    sandbox.click(page, "fail")
    session = sandbox.api(f"checkout/sessions/{key}?expand[]=payment_intent")
    assert (session["payment_status"], session["payment_intent"]["status"]) == ("unpaid", "requires_payment_method")
    assert sandbox.events()[-1]["type"] == "checkout.session.async_payment_failed"


def test_a_session_for_transfers_needs_a_customer_and_a_kind(sandbox: Sandbox) -> None:
    customer = sandbox.api("customers", email="claire@caron.example")["id"]
    nobody = sandbox.api("checkout/sessions", **ORDER, **TRANSFER, customer="cus_none")
    assert "No such customer" in nobody["error"]["message"]
    asked = {**ORDER, "payment_method_types[0]": "customer_balance", "customer": customer}
    assert "Tell which bank transfer" in sandbox.api("checkout/sessions", **asked)["error"]["message"]


def test_a_refund_waits_and_is_ended_by_a_button(sandbox: Sandbox, session: dict[str, Any]) -> None:
    intent = paid(sandbox, session)["payment_intent"]
    assert sandbox.open("/refunds", b"mode=pending")[2] == "/refunds"
    refund = sandbox.api("refunds", payment_intent=intent, amount="5000")
    assert (refund["status"], refund["balance_transaction"]) == ("pending", None)
    page = sandbox.open("/refunds")[1]
    for words in (refund["id"], "50,00\u00a0€, en attente", "Faire réussir 50,00\u00a0€", "Faire échouer 50,00\u00a0€"):
        assert words in page
    sandbox.open("/refunds", f"refund={refund['id']}&deed=succeeded".encode())
    assert sandbox.api(f"refunds/{refund['id']}")["status"] == "succeeded"
    sandbox.open("/refunds", f"refund={refund['id']}&deed=pending".encode())
    assert sandbox.api(f"refunds/{refund['id']}")["status"] == "succeeded"


def test_a_refund_that_fails_leaves_its_charge_whole(sandbox: Sandbox, session: dict[str, Any]) -> None:
    intent = paid(sandbox, session)["payment_intent"]
    refund = sandbox.api("refunds", payment_intent=intent)
    charge = f"charges/{refund['charge']}"
    assert (refund["status"], sandbox.api(charge)["amount_refunded"]) == ("succeeded", 12_000)
    for _turn in range(2):
        sandbox.open("/refunds", f"refund={refund['id']}&deed=failed".encode())
    found = sandbox.api(f"refunds/{refund['id']}")
    assert (found["status"], found["failure_reason"]) == ("failed", "expired_or_canceled_card")
    assert found["failure_balance_transaction"].startswith("txn_")
    assert (sandbox.api(charge)["amount_refunded"], sandbox.api(charge)["refunded"]) == (0, False)
    assert [event["type"] for event in sandbox.events()][-2:] == ["refund.updated", "refund.failed"]


def test_a_refund_may_be_refused_by_the_api(sandbox: Sandbox, session: dict[str, Any]) -> None:
    intent = paid(sandbox, session)["payment_intent"]
    sandbox.open("/refunds", b"mode=error")
    assert "can no longer be refunded" in sandbox.api("refunds", payment_intent=intent)["error"]["message"]
    page = sandbox.open("/refunds")[1]
    assert '<option value="error" selected>' in page


def test_an_unpaid_intent_has_nothing_to_refund(sandbox: Sandbox, session: dict[str, Any]) -> None:
    sandbox.click(session["url"], "refuse")
    intent = sandbox.api(f"checkout/sessions/{session['id']}")["payment_intent"]
    assert "successful charge" in sandbox.api("refunds", payment_intent=intent)["error"]["message"]
    assert sandbox.post(f"payment_intents/{intent}/cancel")["status"] == "canceled"


@pytest.mark.parametrize("wrong", [{"mode": ""}, {"line_items[0][quantity]": "x"}, {"line_items[0][quantity]": "0"}])
def test_a_wrong_request_is_refused_as_stripe_does(sandbox: Sandbox, wrong: dict[str, str]) -> None:
    assert sandbox.api("checkout/sessions", **{**ORDER, **wrong})["error"]["type"] == "invalid_request_error"


def test_an_unknown_address_or_no_key_is_refused(sandbox: Sandbox) -> None:
    assert sandbox.open("/v1/coupons")[0] == 404
    assert sandbox.open("/v1/events", b"a=b")[0] == 404
    assert sandbox.open("/v1/charges/ch_none")[0] == 404


def test_lists_are_paged(sandbox: Sandbox, session: dict[str, Any]) -> None:
    later = sandbox.api("checkout/sessions", **ORDER)
    first = sandbox.api("checkout/sessions?limit=1")
    assert [one["id"] for one in first["data"]] == [later["id"]]
    assert first["has_more"]
    second = sandbox.api(f"checkout/sessions?limit=1&starting_after={later['id']}")
    assert [one["id"] for one in second["data"]] == [session["id"]]


def test_the_same_key_gives_the_same_answer_and_other_words_an_error(tmp_path: Path) -> None:
    api = Api(Store(tmp_path / "sandbox.sqlite3"))
    asked = params.decode("&".join(f"{name}={value}" for name, value in ORDER.items() if "product" not in name))
    asked["line_items"][0]["price_data"]["product_data"] = {"name": "Pack"}
    first = api.answer("POST", "/v1/checkout/sessions", asked, host="http://h", key="k")
    assert api.answer("POST", "/v1/checkout/sessions", asked, host="http://h", key="k") == first
    status, body = api.answer("POST", "/v1/checkout/sessions", {**asked, "locale": "fr"}, host="http://h", key="k")
    assert (status, body["error"]["type"]) == (400, "idempotency_error")
    assert len(api.store.all("checkout.session")) == 1


def test_what_it_knows_survives_a_restart(sandbox: Sandbox, session: dict[str, Any]) -> None:
    sandbox.stop()
    sandbox.start()
    assert sandbox.api(f"checkout/sessions/{session['id']}") == session


class Receiver(http.server.BaseHTTPRequestHandler):
    """A site that is ill for the first two messages."""

    got: list[tuple[str, str]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.got.append((self.headers["Stripe-Signature"], body))
        self.send_response(500 if len(self.got) < 3 else 200)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[http.server.ThreadingHTTPServer]:
    Receiver.got = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_webhooks_are_signed_and_sent_again_until_received(
    sandbox: Sandbox, session: dict[str, Any], receiver: http.server.ThreadingHTTPServer
) -> None:
    sandbox.send_webhooks_to(f"http://127.0.0.1:{receiver.server_port}/")
    paid(sandbox, session)
    deadline = time.monotonic() + 20
    while len({json.loads(body)["id"] for _mark, body in Receiver.got}) < 4 and time.monotonic() < deadline:
        time.sleep(0.1)
    mark, body = Receiver.got[-1]
    at, signature = (part.split("=")[1] for part in mark.split(",")[:2])
    expected = hmac.new(b"whsec_sandbox", f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
    assert hmac.compare_digest(signature, expected)
    assert {json.loads(body)["id"] for _mark, body in Receiver.got} <= {event["id"] for event in sandbox.events()}


def test_amounts_and_languages() -> None:
    assert money(120_050, "fr") == "1\u202f200,50\u00a0€"
    assert money(120_050, "en") == "€1,200.50"
    assert [lang_of(asked) for asked in ("", "en-US,fr;q=0.8", "de,fr;q=0.5", "zz")] == ["fr", "en", "fr", "fr"]
