"""The stretches that both journeys have in common, from sign-up to an active agreement."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.testing.cast import PASSWORD
from marketplace.tests.journeys.visitor import Visitor, a_pdf

PHONE = "+33 2 40 00 11 22"


@dataclass(frozen=True)
class Call:
    """A call for offers as its client types it."""

    title: str
    teaser: str
    description: str
    category: str
    low: str
    high: str
    formula: str = "BASE"
    file: str = "cahier-des-charges"


def sign_up(visitor: Visitor, name: str, hat: str, company: str, siren: str) -> None:
    """A new account: its address confirmed from the mail, then the company."""
    visitor.go("/")
    visitor.press("Créer un compte")
    visitor.types(name=name, email=visitor.email, password1=PASSWORD)
    visitor.chooses("hats", hat)
    visitor.press("Créer mon compte")
    visitor.sees("Confirmez votre adresse e-mail")
    visitor.gets("Confirmez votre adresse")
    visitor.follows("/compte/adresse/")
    visitor.press("Confirmer cette adresse")
    visitor.go("/mon-compte/")
    visitor.press("Renseigner mon entreprise")
    visitor.types(name=company, siren=siren, street="18 rue Kervégan", postcode="44000", city="Nantes", phone=PHONE)
    visitor.types(phone="02 40 00 18 40")
    visitor.chooses("vat_status", "REGISTERED")
    visitor.press("Enregistrer mon entreprise")
    visitor.sees(company, siren)


def publish(client: Visitor, call: Call) -> None:
    """Write a call with its specification, see it as providers will, and hand it in."""
    client.go("/")
    client.press("Publier un projet")
    client.types(title=call.title, teaser=call.teaser, description=call.description, skills="Django, accessibilité")
    client.chooses("category", call.category)
    client.press("Continuer")
    client.types(budget_min_cents=call.low, budget_max_cents=call.high)
    client.press("Continuer")
    client.chooses("formula_wanted", call.formula)
    client.attaches("specification", a_pdf(call.file))
    client.press("Vérifier et déposer")
    client.sees(call.title, call.teaser, f"{call.file}.pdf", "Ce que voit un visiteur")
    client.press("Déposer le projet")
    client.sees("Votre projet est déposé")


def approve(moderator: Visitor, call: Call) -> None:
    """From the mail to the administration, where a second factor is asked for."""
    assert call.title in moderator.gets("À approuver")
    moderator.follows("/mes-avis/")
    moderator.signs_in()
    moderator.sees(call.title, call.teaser)
    assert moderator.downloads(f"{call.file}.pdf").startswith(b"%PDF")
    moderator.press("Approuver et publier")
    moderator.press("Approuver et publier")


def buy_pack(provider: Visitor, pack: str, amount: str, *, refused_first: bool = False) -> None:
    """A pack of credits, paid on the stand-in's page."""
    provider.go("/credits/")
    provider.press(f"Acheter pour {amount} ({pack})")
    provider.pays(amount, refused_first=refused_first)
    provider.press("Continuer")


def open_dossier(provider: Visitor, call: Call) -> None:
    """From the call's public page, spend the credit that opens its dossier."""
    provider.never_sees(call.description)
    provider.press("Ouvrir le dossier : 1 crédit consultation")
    provider.sees("Dépenser 1 crédit consultation et ouvrir le dossier", "Ce qui reste fermé")
    provider.press("Dépenser 1 crédit consultation et ouvrir le dossier")
    provider.sees(call.description)
    provider.press("Cahier des charges")
    assert provider.downloads(f"{call.file}.pdf").startswith(b"%PDF")


def ask_and_answer(provider: Visitor, client: Visitor) -> None:
    """A written question of the provider's, answered by the client."""
    provider.press("Poser une question")
    provider.types(text="Le fichier des titres est-il tenu dans un logiciel ?")
    provider.press("Envoyer la question")
    assert "Le fichier des titres" in client.gets("question")
    client.follows("/mes-avis/")
    client.types(text="Oui, dans un tableur, une ligne par titre.")
    client.press("Publier la réponse")
    assert "une ligne par titre" in provider.gets("répon")
    provider.follows("/mes-avis/")
    provider.sees("Oui, dans un tableur, une ligne par titre.")


def bid(provider: Visitor, price: str, days: str, pitch: str, tranches: list[tuple[str, str]]) -> None:
    """From the dossier: an offer credit, then the offer itself."""
    if provider.find("Répondre ou questionner : 1 crédit offre").count():
        provider.press("Répondre ou questionner : 1 crédit offre")
        provider.press("Dépenser 1 crédit offre et répondre")
    else:
        provider.press("Déposer une offre")
    provider.types(price_cents=price, delay_days=days, pitch=pitch, assumptions="Les textes et les photos sont prêts.")
    for n, (title, amount) in enumerate(tranches):
        provider.types(**{f"tranche-{n}-title": title, f"tranche-{n}-cents": amount})
    provider.press("Déposer l’offre")
    provider.sees("Votre offre")


def choose(client: Visitor, name: str, price: str, reason: str) -> None:
    """Read the offer of `name` and choose it, with the reason that the others are told."""
    client.press(f"Lire l’offre {name}")
    client.press(f"Choisir {name} pour {price} HT")
    if reason:
        client.types(reason=reason)
    client.press(f"Choisir {name} pour {price} HT")
    client.sees("Version 1 des termes, à confirmer")


def accept(party: Visitor, number: int, price: str) -> None:
    """Accept a version of the terms on the agreement's page."""
    party.ticks("read")
    party.press(f"Accepter la version {number}, {price} HT")
