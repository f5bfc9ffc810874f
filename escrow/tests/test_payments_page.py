from __future__ import annotations

import csv
import io
import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from escrow.models import Delivery, EscrowAccount, Release, Tranche
from escrow.tests import way
from marketplace.accounts.models import User
from marketplace.documents import intake
from marketplace.payments import gateway
from marketplace.payments.gateway import Instructions, Intent, Session
from marketplace.payments.models import Payment
from marketplace.spreadsheets import inert
from marketplace.templatetags.page import paris
from marketplace.testing.cast import reauthenticate
from marketplace.testing.sandbox import Sandbox
from projects.models import Deadline


def address(account: EscrowAccount, end: str = "") -> str:
    return f"/projets/{account.project.key}/paiements/{end}"


def page(client: Client, path: str, status: int = 200) -> str:
    """The text of a page, no-break spaces made plain."""
    answer = client.get(path)
    assert answer.status_code == status
    return answer.content.decode().replace("\u202f", " ").replace("\xa0", " ").replace("&nbsp;", " ")


def send(client: Client, path: str, **data: Any) -> tuple[int, str]:
    """What a form answers, as it is drawn now: the status, and the page or the address it leads to."""
    if path.endswith("/liberation/") and (tranche := Tranche.objects.filter(pk=path.split("/")[-3]).first()):
        data.setdefault("seen", tranche.as_seen)
    answer = client.post(path, {"key": str(uuid.uuid4()), **data})
    text = answer.get("Location") or answer.content.decode()
    return answer.status_code, text.replace("\u202f", " ").replace("\xa0", " ")


def test_the_provider_is_told_in_red_not_to_start(account: EscrowAccount, as_provider: Client) -> None:
    text = page(as_provider, address(account))
    assert "Ne commencez pas : 0 € sur 1 200 € déposés, même si le client vous dit que l’argent arrive" in text
    assert "Demander 1 200,00 €" in text
    assert "0,00 € déposés sur 3 600,00 €" in text
    assert "Banque d’essai (aucun argent réel)" in text


def test_the_light_turns_with_the_money(account: EscrowAccount, as_provider: Client) -> None:
    way.deposited(account, 170_000)
    text = page(as_provider, address(account))
    assert "Vous pouvez travailler" in text
    assert "Travaillez à hauteur de 500,00 € sur 1 440,00 €" in text
    assert "Livrer la tranche 1" in text


def test_the_client_sees_what_to_deposit_then_what_to_release(account: EscrowAccount, as_client: Client) -> None:
    assert "Déposer 3 600,00 €" in page(as_client, address(account))
    way.delivered(way.funded(account)[0], "Voici.", intake.clean(way.png()))
    text = page(as_client, address(account))
    assert "Libérer 1 200,00 €" in text
    assert "maquette.png" in text


def test_the_page_stays_after_the_end(account: EscrowAccount, as_client: Client, as_provider: Client) -> None:
    way.finished(account)
    for reader in (as_client, as_provider):
        assert "Libérée en entier" in page(reader, address(account))
    assert answers(page(as_client, address(account)))[1] == "Vous : donnez votre avis"
    with time_machine.travel(timezone.now() + timedelta(days=15)):
        Deadline.objects.sweep(timezone.now())
        as_client.force_login(account.agreement.client)
        assert "Il ne reste rien à faire" in page(as_client, address(account))


def report(account: EscrowAccount) -> str:
    return f"/projets/{account.project.key}/rapport/"


def answers(text: str) -> list[str]:
    """The three answers of the strip."""
    strip = text.split('<dl class="state-strip">')[1].split("</dl>")[0]
    return [re.sub(r"<[^>]+>", "", found).strip() for found in re.findall(r"</dt><dd[^>]*>(.*?)</dd>", strip)]


def test_after_a_release_the_provider_s_next_step_is_the_invoice(account: EscrowAccount, as_provider: Client) -> None:
    way.deposited(account, 120_000)
    way.released(way.delivered(account.tranches.all()[0]))
    for path in (address(account), report(account)):
        text = page(as_provider, path)
        assert answers(text)[1] == "Vous : facturer 1 200,00 €"
        assert '">Facturer 1 200,00 €</a>' in text


def test_the_client_does_not_read_the_provider_s_sentence(account: EscrowAccount, as_client: Client) -> None:
    way.deposited(account, 150_000)
    for path in (address(account), report(account)):
        text = page(as_client, path)
        assert "Le prestataire peut travailler à hauteur de 300,00 € sur 1 440,00 €" in text
        assert "0 € sur 960 € déposés : le prestataire ne doit pas commencer" in text
        assert "Ne commencez pas" not in text
        assert "Vous pouvez travailler" not in text


@pytest.mark.parametrize(
    ("reader", "nothing", "half", "done"),
    [
        (
            "as_client",
            "Vous : déposer 1 200,00 € pour la tranche 1",
            "Vous : déposer 700,00 € pour la tranche 1",
            "Vous : accepter la tranche 1 et libérer 500,00 €",
        ),
        (
            "as_provider",
            "Le client : déposer 1 200,00 € pour la tranche 1",
            "Vous : livrer la tranche 1",
            "Le client : accepter la tranche 1, 500,00 €",
        ),
    ],
)
def test_both_pages_say_who_must_act_and_by_when(
    account: EscrowAccount, reader: str, nothing: str, half: str, done: str, request: pytest.FixtureRequest
) -> None:
    client: Client = request.getfixturevalue(reader)

    def told() -> tuple[str, str]:
        found = [answers(page(client, path))[1:] for path in (address(account), report(account))]
        assert found[0] == found[1]
        return found[0][0], found[0][1]

    assert told() == (nothing, "Dès que possible")
    way.deposited(account, 50_000)
    assert told() == (half, "Dès que possible")
    tranche = way.delivered(account.tranches.all()[0])
    assert tranche.accept_by
    assert told() == (done, paris(tranche.accept_by).replace("\xa0", " "))


def test_a_tranche_half_funded_and_delivered_is_still_to_be_completed(
    account: EscrowAccount, as_client: Client
) -> None:
    way.deposited(account, 50_000)
    way.delivered(account.tranches.all()[0])
    assert "Vous : déposer 700,00 € pour la tranche 1" in page(as_client, report(account))
    assert re.search(r"Libérer 500,00 €</a>\s*<a [^>]+>Déposer 700,00 €</a>", page(as_client, address(account)))


def test_a_tranche_that_is_begun_is_completed_before_another(account: EscrowAccount, as_client: Client) -> None:
    way.deposited(account, 50_000, account.tranches.get(position=3))
    assert answers(page(as_client, address(account)))[1] == "Vous : déposer 460,00 € pour la tranche 3"


def test_the_reason_of_a_part_is_on_the_page(account: EscrowAccount, as_provider: Client) -> None:
    way.released(way.delivered(way.funded(account)[0]), 80_000, "Il manque <b>l’accueil</b>.")
    text = page(as_provider, address(account))
    assert "Tranche 1 : 800,00 € libérés, pour une partie" in text
    assert "&lt;b&gt;l’accueil&lt;/b&gt;" in text


@pytest.mark.parametrize("end", ["", "releve.csv"])
def test_a_stranger_finds_nothing(account: EscrowAccount, as_stranger: Client, end: str) -> None:
    page(as_stranger, address(account, end), 404)


@pytest.mark.parametrize("deed", ["livraison", "liberation", "demande-de-depot"])
def test_a_stranger_finds_no_deed(account: EscrowAccount, as_stranger: Client, deed: str) -> None:
    """One with both hats and no part in the project: a tranche of others and none at all look the same."""
    tranche = account.tranches.all()[0]
    for pk in (tranche.pk, 10**9):
        assert send(as_stranger, address(account, f"tranches/{pk}/{deed}/"), amount="1", message="x")[0] == 404
    assert send(as_stranger, address(account, "depot/"), amount="1")[0] == 404


def test_visitors_are_asked_to_sign_in(account: EscrowAccount, client: Client) -> None:
    assert client.get(address(account)).status_code == 302


def test_the_statement_runs_with_what_is_held(account: EscrowAccount, as_client: Client) -> None:
    way.deposited(account, 150_000)
    way.released(way.delivered(account.tranches.all()[0]), 80_000, "=2+2")
    text = as_client.get(address(account, "releve.csv")).content.decode("utf-8-sig")
    head, deposit, release = csv.reader(io.StringIO(text), delimiter=";")
    assert head[-2:] == ["Montant (€)", "Bloqué après (€)"]
    assert [deposit[1], *deposit[3:]] == ["Dépôt", "Client", "Bloqué", "1500,00", "1500,00"]
    assert deposit[2] == "tranche\xa01, tranche\xa02"
    assert [release[1], *release[3:]] == ["Libération", "Bloqué", "Libéré", "800,00", "700,00"]


def test_a_reason_cannot_become_a_formula() -> None:
    assert inert("=2+2") == "'=2+2"
    assert inert("2+2") == "2+2"


def test_a_deposit_leads_to_the_checkout(account: EscrowAccount, as_client: Client) -> None:
    path, tranche = address(account, "depot/"), account.tranches.all()[1]
    assert 'value="3 600,00"' in page(as_client, path)
    assert 'value="1 440,00"' in page(as_client, f"{path}?tranche={tranche.pk}")
    assert "à partir de 0,50 €" in page(as_client, path)
    status, location = send(as_client, path, amount="500,50", tranche=tranche.pk)
    payment = Payment.objects.get(purpose="escrow.deposit")
    assert (status, location) == (302, payment.checkout_url())
    assert (payment.cents, payment.reference) == (50_050, f"{account.pk}:{tranche.pk}")
    assert payment.back_url() == address(account)


def presets(text: str) -> list[str]:
    """The amounts on the buttons that deposit, in their order."""
    return re.findall(r"Déposer ([\d ]+,\d\d €)</button>", text)


def test_each_button_says_the_amount_that_it_deposits(account: EscrowAccount, as_client: Client) -> None:
    path, (first, second, third) = address(account, "depot/"), account.tranches.all()
    assert presets(page(as_client, path)) == ["3 600,00 €", "1 200,00 €", "1 440,00 €", "960,00 €"]
    chosen = page(as_client, f"{path}?tranche={second.pk}")
    assert presets(chosen) == ["1 440,00 €", "3 600,00 €", "1 200,00 €", "960,00 €"]
    assert len(set(re.findall(r'name="key" value="([^"]+)"', chosen))) == 5
    assert send(as_client, path, amount="1 440,00 €", tranche=second.pk)[0] == 302
    assert Payment.objects.get(purpose="escrow.deposit").cents == 144_000
    for tranche in (first, third):
        way.deposited(account, tranche.cents, tranche)
    assert presets(page(as_client, path)) == ["1 440,00 €"]


def small_rest(tranche: Tranche) -> None:
    """Two payments that were begun together leave 20 cents of it lacking."""
    account, half = tranche.account, tranche.cents // 2
    client = account.agreement.client
    begun = [account.deposit(n, by=client, key=uuid.uuid4(), tranche=tranche) for n in (half, half - 20)]
    for payment in begun:
        way.paid(payment)


def test_what_no_card_can_pay_has_no_button(account: EscrowAccount, as_client: Client) -> None:
    first = account.tranches.all()[0]
    small_rest(first)
    text = page(as_client, address(account, f"depot/?tranche={first.pk}"))
    assert presets(text) == ["2 400,20 €", "1 440,00 €", "960,00 €"]


def test_a_rest_that_no_card_can_pay_is_explained(account: EscrowAccount, as_client: Client) -> None:
    small = way.opened(account.agreement.client, account.agreement.provider, [20])
    text = page(as_client, address(small, "depot/"))
    assert "Aucune carte ne paie moins de 0,50 €" in text
    assert not presets(text)


def test_a_deposit_above_what_lacks_leads_to_no_card(account: EscrowAccount, as_client: Client) -> None:
    client = account.agreement.client
    second = account.deposit(360_000, by=client, key=uuid.uuid4())
    way.deposited(account, 100_000)
    answer = as_client.get(second.checkout_url(), follow=True)
    assert "Il n’y a plus rien à payer ici" in answer.content.decode()
    assert answer.redirect_chain == [(second.return_url(), 302)]


@pytest.mark.django_db(transaction=True)
def test_a_deposit_by_transfer_is_awaited_on_the_page(
    account: EscrowAccount, as_client: Client, sandbox: Sandbox
) -> None:
    path = address(account, "depot/")
    text = page(as_client, path)
    assert 'name="means" value="TRANSFER"' in text
    assert "Virer 3 600,00 € depuis ma banque" in text
    assert "Virements attendus" not in text
    status, checkout = send(as_client, path, amount="1 200", means="TRANSFER")
    assert status == 302
    sandbox.click(as_client.get(checkout)["Location"], "transfer")
    payment = Payment.objects.get(purpose="escrow.deposit")
    payment.follow(gateway.session(payment.checkout_id))
    payment.refresh_from_db()
    text = page(as_client, path)
    assert f"1 200,00 €, référence {payment.instructions['reference']} : voir où l’envoyer" in text
    assert payment.return_url() in text
    assert "Ne payez pas deux fois" in text


def awaited(account: EscrowAccount, cents: int) -> Payment:
    """A transfer that its payer has promised."""
    payment = account.deposit(cents, by=account.agreement.client, key=uuid.uuid4(), means="TRANSFER")
    told = Instructions("Paraphe", "FR7630001007941234567890185", "BDFEFRPPCCT", "REF", cents, "")
    payment.follow(Session("cs_1", "complete", "", "", Intent("pi_1", "requires_action", 0, "eur", instructions=told)))
    return payment


def test_an_awaited_transfer_is_told_to_both(account: EscrowAccount, as_client: Client, as_provider: Client) -> None:
    payment = awaited(account, 360_000)
    for path in (address(account), report(account)):
        assert "Vous : faire le virement de 3 600,00 €" in page(as_client, path)
        assert "Le client : faire le virement de 3 600,00 €" in page(as_provider, path)
        assert "Annoncé, pas encore là : ne commencez pas." in page(as_provider, path)
        assert "avec la référence indiquée. Il compte une fois arrivé." in page(as_client, path)
    text = page(as_client, address(account))
    for words in (
        "Virement attendu : 3 600,00 €",
        "Commandé le",
        "déposez par carte, pas les deux",
        payment.return_url(),
    ):
        assert words in text
    text = page(as_provider, address(account))
    assert "Annoncé par le client le" in text
    assert payment.return_url() not in text


def test_a_transfer_that_came_in_part_is_told_so(
    account: EscrowAccount, as_client: Client, as_provider: Client
) -> None:
    payment = awaited(account, 360_000)
    payment.await_transfer(Instructions("Paraphe", "FR7630001007941234567890185", "BDFEFRPPCCT", "REF", 260_000, ""))
    text = page(as_client, report(account))
    assert "Vous : envoyer le reste du virement, 2 600,00 €" in text
    assert "1 000,00 € sur 3 600,00 € sont arrivés : le reste avec la même référence." in text
    assert "carte" not in text.partition("state-strip")[2].partition("</section>")[0]
    text = page(as_provider, report(account))
    assert "Le client : envoyer le reste du virement, 2 600,00 €" in text
    assert "ne commencez pas" in text


def test_a_transfer_of_a_part_leaves_the_rest_to_deposit(account: EscrowAccount, as_client: Client) -> None:
    awaited(account, 100_000)
    text = page(as_client, address(account))
    assert "Vous : déposer 1 200,00 € pour la tranche 1" in text
    assert "Un virement de 1 000,00 € est déjà attendu : ne payez pas deux fois." in text


def test_an_unheard_of_means_is_refused(account: EscrowAccount, as_client: Client) -> None:
    status, text = send(as_client, address(account, "depot/"), amount="100", means="CHEQUE")
    assert (status, "CHEQUE" in text) == (200, True)
    assert not Payment.objects.filter(purpose="escrow.deposit").exists()


@pytest.mark.parametrize("amount", ["0", "-1", "0.001", "0,49", "abc", "", "1e3", "5000", "3599,90", "9" * 30])
def test_a_bad_amount_is_refused_beside_the_field(account: EscrowAccount, as_client: Client, amount: str) -> None:
    status, text = send(as_client, address(account, "depot/"), amount=amount)
    assert status == 200
    assert 'aria-invalid="true"' in text
    assert f'value="{amount}"' in text or not amount
    assert not Payment.objects.filter(purpose="escrow.deposit").exists()


def keys(text: str) -> set[str]:
    """The keys that the forms of a page would send."""
    return set(re.findall(r'name="key" value="([^"]+)"', text))


def test_a_page_that_was_used_before_can_be_sent_again(account: EscrowAccount, as_client: Client) -> None:
    """To the card page, back, and another amount: refused once, what was typed stays, the next try goes through."""
    path, used = address(account, "depot/"), str(uuid.uuid4())
    assert send(as_client, path, key=used, amount="100")[0] == 302
    status, text = send(as_client, path, key=used, amount="150")
    assert status == 200
    assert "Cette page a déjà servi à un autre paiement : rien n’a été débité" in text
    assert 'value="150"' in text
    assert used not in keys(text)
    found = re.search(r'name="key" value="([^"]+)"[^>]* id="id_key"', text)
    assert found
    assert send(as_client, path, key=found[1], amount="150")[0] == 302
    assert set(Payment.objects.filter(purpose="escrow.deposit").values_list("cents", flat=True)) == {10_000, 15_000}


@pytest.mark.parametrize(
    ("deed", "first", "second"),
    [
        ("livraison", {"message": "Voici."}, {"message": "Autre chose."}),
        ("liberation", {"amount": "100", "reason": "Une partie."}, {"amount": "200", "reason": "Une partie."}),
    ],
)
def test_a_refused_deed_has_a_new_key(
    account: EscrowAccount, deed: str, first: dict[str, str], second: dict[str, str], request: pytest.FixtureRequest
) -> None:
    tranche = way.delivered(way.funded(account)[0])
    who = request.getfixturevalue("as_provider" if deed == "livraison" else "as_client")
    path, used = address(account, f"tranches/{tranche.pk}/{deed}/"), str(uuid.uuid4())
    assert send(who, path, key=used, **first)[0] == 302
    status, text = send(who, path, key=used, **second)
    assert status == 200
    assert "Cette page a déjà servi" in text
    (fresh,) = keys(text)
    assert fresh != used
    assert send(who, path, key=fresh, **second)[0] == 302


def test_a_deposit_for_a_foreign_tranche_is_refused(account: EscrowAccount, as_client: Client) -> None:
    other = way.opened(account.agreement.client, account.agreement.provider)
    foreign = other.tranches.all()[0]
    status, _text = send(as_client, address(account, "depot/"), amount="10", tranche=foreign.pk)
    assert status == 200
    assert not Payment.objects.filter(purpose="escrow.deposit").exists()


def test_a_full_account_says_so(account: EscrowAccount, as_client: Client) -> None:
    way.funded(account)
    assert "Tout est déposé" in page(as_client, address(account, "depot/"))


def test_a_delivery_with_a_file(account: EscrowAccount, as_provider: Client) -> None:
    tranche = way.funded(account)[0]
    path = address(account, f"tranches/{tranche.pk}/livraison/")
    assert "Vous pouvez travailler" in page(as_provider, path)
    status, location = send(as_provider, path, message="Voici.", documents=[way.png()])
    assert (status, location) == (302, address(account))
    assert Delivery.objects.get().documents[0].name == "maquette.png"


def test_a_delivery_without_words_keeps_the_page(account: EscrowAccount, as_provider: Client) -> None:
    tranche = way.funded(account)[0]
    status, text = send(as_provider, address(account, f"tranches/{tranche.pk}/livraison/"), message=" ")
    assert status == 200
    assert "error-summary" in text
    assert not Delivery.objects.exists()


def test_an_unfunded_tranche_offers_the_request_instead(account: EscrowAccount, as_provider: Client) -> None:
    tranche = account.tranches.all()[0]
    path = address(account, f"tranches/{tranche.pk}/livraison/")
    assert "Demander 1 200,00 €" in page(as_provider, path)
    status, text = send(as_provider, path, message="Fait quand même.")
    assert status == 200
    assert "Aucune somme n’est bloquée pour cette tranche" in text
    assert "Fait quand même.</textarea>" in text
    assert not Delivery.objects.exists()


def test_a_released_tranche_says_that_it_takes_no_delivery(account: EscrowAccount, as_provider: Client) -> None:
    tranche = way.released(way.delivered(way.funded(account)[0]))
    text = page(as_provider, address(account, f"tranches/{tranche.pk}/livraison/"))
    assert "Cette tranche n’accepte plus de livraison" in text


def test_a_deposit_is_asked_for_in_one_click(account: EscrowAccount, as_provider: Client) -> None:
    tranche = account.tranches.all()[0]
    path = address(account, f"tranches/{tranche.pk}/demande-de-depot/")
    assert as_provider.get(path).status_code == 405
    answer = as_provider.post(path, follow=True)
    assert "Le dépôt a été demandé au client" in answer.content.decode()
    assert tranche.deposit_requests.count() == 1


def test_asking_for_a_deposited_tranche_says_why_not(account: EscrowAccount, as_provider: Client) -> None:
    tranche = way.funded(account)[0]
    answer = as_provider.post(address(account, f"tranches/{tranche.pk}/demande-de-depot/"), follow=True)
    assert "Il ne manque plus rien ici" in answer.content.decode()


@pytest.fixture
def ready(account: EscrowAccount) -> Tranche:
    """The first tranche delivered, 1 200 € held."""
    return way.delivered(way.funded(account)[0])


def release_page(tranche: Tranche) -> str:
    return address(tranche.account, f"tranches/{tranche.pk}/liberation/")


def test_the_whole_is_released_by_one_button(ready: Tranche, account: EscrowAccount, as_client: Client) -> None:
    text = page(as_client, release_page(ready))
    assert "Libérer 1 200,00 €" in text
    assert "Voici les maquettes." in text
    status, location = send(as_client, release_page(ready), amount="1 200,00 €")
    assert (status, location) == (302, address(account))
    assert Release.objects.get().cents == 120_000


def test_a_stale_page_releases_nothing_and_keeps_what_was_typed(ready: Tranche, as_client: Client) -> None:
    stale, key = way.reread(ready).as_seen, str(uuid.uuid4())
    way.delivered(way.reread(ready), "Une autre version.")
    status, text = send(as_client, release_page(ready), seen=stale, key=key, amount="800", reason="Un acompte.")
    assert (status, "Cette page a changé" in text, "Un acompte." in text) == (200, True, True)
    assert "Une autre version." in text
    assert not Release.objects.exists()
    typed = {"seen": way.reread(ready).as_seen, "key": key, "amount": "800", "reason": "Un acompte."}
    assert [send(as_client, release_page(ready), **typed)[0] for _n in range(2)] == [302, 302]
    assert Release.objects.get().cents == 80_000


@pytest.mark.parametrize("seen", ["", "x", "0:0", "\0", "😀", "9" * 300])
def test_a_forged_page_releases_nothing(ready: Tranche, as_client: Client, seen: str) -> None:
    assert send(as_client, release_page(ready), seen=seen, amount="1200")[0] == 200
    assert not Release.objects.exists()


def test_a_part_is_released_with_its_reason(ready: Tranche, as_client: Client) -> None:
    assert send(as_client, release_page(ready), amount="800", reason="Il manque l’accueil. ")[0] == 302
    assert [(r.cents, r.reason) for r in Release.objects.all()] == [(80_000, "Il manque l’accueil.")]


@pytest.mark.parametrize("amount", ["0", "-1", "0.001", "abc", "", "1200,01", "800"])
def test_a_bad_release_keeps_what_was_typed_and_moves_nothing(ready: Tranche, as_client: Client, amount: str) -> None:
    status, text = send(as_client, release_page(ready), amount=amount)
    assert status == 200
    assert 'aria-invalid="true"' in text
    assert not Release.objects.exists()


def test_the_same_page_sent_twice_releases_once(ready: Tranche, as_client: Client) -> None:
    key = str(uuid.uuid4())
    assert [send(as_client, release_page(ready), amount="1200", key=key)[0] for _n in range(2)] == [302, 302]
    assert Release.objects.count() == 1


def test_a_stale_page_releases_nothing_more(ready: Tranche, as_client: Client) -> None:
    send(as_client, release_page(ready), amount="1200")
    status, text = send(as_client, release_page(ready), amount="1200")
    assert status == 200
    assert "Il n’y a rien à libérer sur cette tranche pour l’instant" in text
    assert Release.objects.count() == 1


@pytest.mark.parametrize("key", ["", "abc"])
def test_a_release_without_its_key_is_refused(ready: Tranche, as_client: Client, key: str) -> None:
    assert send(as_client, release_page(ready), amount="1200", key=key)[0] == 200
    assert not Release.objects.exists()


def test_the_password_is_asked_again_before_a_release(ready: Tranche, as_client: Client) -> None:
    reauthenticate(as_client, ready.account.agreement.client, ago=3600)
    assert "/compte/confirmation/" in as_client.get(release_page(ready))["Location"]
    assert send(as_client, release_page(ready), amount="1200")[0] == 302
    assert not Release.objects.exists()


def queries(client: Client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        client.get(path)
    return len(captured)


def test_the_page_asks_as_many_queries_for_many_tranches_as_for_one(account: EscrowAccount, as_client: Client) -> None:
    parties = account.agreement.client, account.agreement.provider
    few, many = way.opened(*parties, [50_000]), way.opened(*parties, [10_000] * 12)
    for each in (few, many):
        for tranche in way.funded(each):
            way.released(way.delivered(tranche, "Voici.", intake.clean(way.png())), 5_000, "Une partie.")
    assert queries(as_client, address(few)) == queries(as_client, address(many))
    assert queries(as_client, address(few, "releve.csv")) == queries(as_client, address(many, "releve.csv"))


@pytest.mark.parametrize("reader", ["as_client", "as_provider"])
def test_the_report_shows_the_account_and_what_to_do(
    ready: Tranche, reader: str, request: pytest.FixtureRequest
) -> None:
    text = page(request.getfixturevalue(reader), f"/projets/{ready.account.project.key}/rapport/")
    assert "Ouvrir la gestion paiements" in text
    assert "3 600,00 € déposés" in text
    wanted = {
        "as_client": "Vous : accepter la tranche 1 et libérer 1 200,00 €",
        "as_provider": "Vous : livrer la tranche 2",
    }
    assert wanted[reader] in text


def test_before_the_activation_the_report_knows_no_account(client_user: User, as_client: Client) -> None:
    project = way.published(client_user)
    assert "Gestion paiements" not in page(as_client, f"/projets/{project.key}/rapport/")


def test_the_report_of_a_losing_provider_shows_nothing_of_the_account(
    client_user: User, provider_user: User, rival_user: User, as_rival: Client
) -> None:
    project = way.published(client_user)
    way.with_credits(rival_user, project)
    agreement = way.activated(way.chosen(project, provider_user))
    way.funded(EscrowAccount.objects.get(agreement=agreement))
    text = page(as_rival, f"/projets/{project.key}/rapport/")
    assert "Gestion paiements" not in text
    assert "3 600,00 €" not in text


def test_a_rest_that_no_card_pays_is_asked_for_nowhere(
    account: EscrowAccount, as_client: Client, as_provider: Client
) -> None:
    first, *others = account.tranches.all()
    small_rest(first)
    assert "Tout ce qui manque" in page(as_client, address(account, f"depot/?tranche={first.pk}"))
    for tranche in others:
        notice = way.noticed(tranche, account.agreement.client)
        notice.carry_out(at=notice.ends_at + timedelta(seconds=1))
    assert "Déposer 0,20" not in page(as_client, address(account))
    assert "Demander 0,20" not in page(as_provider, address(account))
    assert "Le client : déposer" not in page(as_provider, address(account))
