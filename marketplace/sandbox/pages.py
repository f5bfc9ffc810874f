"""The hosted page of the stand-in, in French and English: pay, be refused, confirm with one's bank, give up."""

from __future__ import annotations

from html import escape
from typing import Any

from marketplace.sandbox.store import Thing

WORDS: dict[str, dict[str, str]] = {
    "fr": {
        "title": "Paiement d’essai",
        "banner": "Essai : aucune carte n’est débitée. Cette page tient lieu de celle de Stripe.",
        "order": "Votre commande",
        "total": "Total à payer",
        "pay": "Payer {amount}",
        "challenge": "Payer avec confirmation de la banque (3-D Secure)",
        "refuse": "Essayer une carte qui sera refusée",
        "abandon": "Abandonner et revenir au site",
        "confirm_title": "Votre banque vous demande de confirmer",
        "confirm_text": "3-D Secure : confirmez-vous le paiement de {amount} ?",
        "confirm": "Confirmer le paiement de {amount}",
        "deny": "Ne pas confirmer",
        "refused": "Votre carte a été refusée. Rien n’a été débité ; essayez une autre carte.",
        "complete": "Ce paiement est déjà fait : rien ne sera débité une seconde fois.",
        "expired": "Cette page de paiement a expiré. Rien n’a été débité.",
        "canceled": "Ce virement n’est plus attendu.",
        "missing": "Cette page de paiement n’existe pas.",
        "back": "Revenir au site",
        "transfer": "Payer {amount} par virement",
        "transfer_title": "Virement à faire",
        "transfer_text": "Envoyez ce virement depuis votre banque. Pour l’essai, dites ici ce qui arrive.",
        "holder": "Titulaire",
        "reference": "Référence",
        "left": "Reste à recevoir",
        "arrive": "Le virement de {amount} est arrivé",
        "part": "La moitié seulement est arrivée",
        "fail": "Le virement n’arrivera pas",
    },
    "en": {
        "title": "Trial payment",
        "banner": "Trial: no card is charged. This page stands in for Stripe’s.",
        "order": "Your order",
        "total": "Total to pay",
        "pay": "Pay {amount}",
        "challenge": "Pay with your bank’s confirmation (3-D Secure)",
        "refuse": "Try a card that will be refused",
        "abandon": "Give up and go back to the site",
        "confirm_title": "Your bank asks you to confirm",
        "confirm_text": "3-D Secure: do you confirm the payment of {amount}?",
        "confirm": "Confirm the payment of {amount}",
        "deny": "Do not confirm",
        "refused": "Your card was refused. Nothing was charged; try another card.",
        "complete": "This payment is already made: nothing will be charged twice.",
        "expired": "This payment page has expired. Nothing was charged.",
        "canceled": "This transfer is awaited no longer.",
        "missing": "This payment page does not exist.",
        "back": "Go back to the site",
        "transfer": "Pay {amount} by bank transfer",
        "transfer_title": "Transfer to make",
        "transfer_text": "Send this transfer from your bank. For the trial, say here what happens.",
        "holder": "Account holder",
        "reference": "Reference",
        "left": "Still to come",
        "arrive": "The transfer of {amount} has arrived",
        "part": "Only half of it has arrived",
        "fail": "The transfer will not come",
    },
}

PAGE = """<!DOCTYPE html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<header class="banner">{banner}</header>
<main>
{body}
</main>
</body>
</html>
"""

STYLE = """
:root { color-scheme: light dark; --paper: light-dark(#fbfaf7, #11141a); --sheet: light-dark(#fff, #191d26);
  --line: light-dark(#e0dcd2, #2c323e); --text: light-dark(#14171e, #ebe9e4); --ink: light-dark(#1b3282, #b3c3fa);
  --on-ink: light-dark(#fff, #0e1638); --soon: light-dark(#774700, #f2c46d); --soon-wash: light-dark(#fdf4e0, #2d2310);
  --stop: light-dark(#a31919, #ffa39a); --stop-wash: light-dark(#fcefed, #321917); }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--text); line-height: 1.5;
  font-family: -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", Arial, sans-serif; }
h1, h2, dd { font-family: "Iowan Old Style", Charter, "Noto Serif", "Liberation Serif", Georgia, serif; }
.banner { margin: 0; padding: .75rem 1rem; background: var(--soon-wash); color: var(--soon); text-align: center; }
main { max-inline-size: 34rem; margin: 2.5rem auto; padding: 1.5rem; background: var(--sheet);
  border: 1px solid var(--line); border-radius: 3px; }
h1 { margin: 0 0 1rem; font-size: 1.6rem; line-height: 1.2; }
h2 { margin: 0 0 .5rem; font-size: 1.2rem; }
dt { overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: 1fr auto; gap: .5rem 1.5rem; margin: 0 0 1.5rem; padding-block: .75rem;
  border-block: 2px solid currentcolor; }
dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; text-align: end; font-weight: 600; }
form { display: grid; gap: .75rem; margin-block-end: 1.5rem; }
select { min-block-size: 2.75rem; padding: .55rem; font: inherit; color: inherit; background: transparent;
  border: 1px solid currentcolor; border-radius: 3px; }
button, .button { min-block-size: 2.75rem; padding: .55rem 1.15rem; border: 1px solid var(--ink); border-radius: 3px;
  background: transparent; color: var(--ink); font: inherit; font-weight: 600; cursor: pointer; text-align: center; }
button.first { background: var(--ink); color: var(--on-ink); }
:focus-visible { outline: 3px solid var(--ink); outline-offset: 2px; }
.stop { padding: .75rem 1rem; border-inline-start: 4px solid var(--stop); background: var(--stop-wash);
  color: var(--stop); }
.button { display: inline-block; text-decoration: none; }
"""


def lang_of(accepted: str) -> str:
    """French, unless the browser asks for English before it."""
    wanted = [part.strip()[:2].lower() for part in accepted.split(",")]
    return next((lang for lang in wanted if lang in WORDS), "fr")


def money(cents: int, lang: str) -> str:
    """`1 200,00 €` in French, `€1,200.00` in English."""
    if lang == "en":
        return f"€{cents / 100:,.2f}"
    euros, rest = divmod(cents, 100)
    return f"{euros:,}".replace(",", "\u202f") + f",{rest:02d}\u00a0€"


class Pages:
    """Draws the page of one session in one language."""

    def __init__(self, lang: str) -> None:
        self.lang, self.words = lang, WORDS[lang]

    def draw(self, body: str) -> str:
        """A whole page."""
        return PAGE.format(lang=self.lang, title=self.words["title"], banner=self.words["banner"], body=body)

    def checkout(self, session: Thing, intent: Thing, name: str) -> str:
        """What the payer may do with this session now."""
        told = (intent.get("next_action") or {}).get("display_bank_transfer_instructions")
        if told:
            return self.transfer(session, told)
        if intent.get("status") == "canceled" and session["status"] == "complete":
            return self.too_late(session)
        if session["status"] != "open":
            return self.closed(session)
        amount = money(session["amount_total"], self.lang)
        if intent["status"] == "requires_action":
            return self.draw(self.challenge(amount))
        said = {key: text.format(amount=amount) for key, text in self.words.items()}
        refused = f'<p class="stop" role="alert">{said["refused"]}</p>' if intent["last_payment_error"] else ""
        order = f"<dl><dt>{escape(name)}</dt><dd>{amount}</dd><dt>{said['total']}</dt><dd>{amount}</dd></dl>"
        card = ("pay", "challenge", "refuse", "abandon")
        names = ("transfer", "abandon") if "customer_balance" in session["payment_method_types"] else card
        deeds = self.buttons({deed: said[deed] for deed in names})
        return self.draw(f"<h1>{said['order']}</h1>\n{refused}\n{order}\n{deeds}")

    def challenge(self, amount: str) -> str:
        """The bank's question."""
        said = {key: text.format(amount=amount) for key, text in self.words.items()}
        buttons = self.buttons({"pay": said["confirm"], "refuse": said["deny"]})
        return f"<h1>{said['confirm_title']}</h1>\n<p>{said['confirm_text']}</p>\n{buttons}"

    def transfer(self, session: Thing, told: Thing) -> str:
        """Where a transfer is to be sent, and what may become of it."""
        amount, account = money(told["amount_remaining"], self.lang), told["financial_addresses"][0]["iban"]
        facts = {
            self.words["holder"]: account["account_holder_name"],
            "IBAN": account["iban"],
            "BIC": account["bic"],
            self.words["reference"]: told["reference"],
            self.words["left"]: amount,
        }
        rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts.items())
        deeds = {name: self.words[name].format(amount=amount) for name in ("arrive", "part", "fail")}
        link = f'<p><a class="button" href="{escape(session["success_url"])}">{self.words["back"]}</a></p>'
        title, text = self.words["transfer_title"], self.words["transfer_text"]
        return self.draw(f"<h1>{title}</h1>\n<p>{text}</p>\n<dl>{rows}</dl>\n{self.buttons(deeds)}\n{link}")

    def too_late(self, session: Thing) -> str:
        """A transfer that is awaited no longer and may come all the same."""
        amount = money(session["amount_total"], self.lang)
        deeds = {name: self.words[name].format(amount=amount) for name in ("arrive", "part")}
        return self.draw(f"<h1>{self.words['canceled']}</h1>\n{self.buttons(deeds)}")

    def closed(self, session: Thing) -> str:
        """A session that can no longer be paid, with the way back."""
        back = session["success_url"] if session["status"] == "complete" else session["cancel_url"]
        link = f'<p><a class="button" href="{escape(back or "/")}">{self.words["back"]}</a></p>'
        return self.draw(f"<h1>{self.words[session['status']]}</h1>\n{link}")

    def missing(self) -> str:
        """No such session."""
        return self.draw(f"<h1>{self.words['missing']}</h1>")

    def buttons(self, deeds: dict[str, str], hidden: str = "") -> str:
        """One form whose buttons each name a deed; the first is the main one."""
        marks: list[Any] = [' class="first"', *[""] * (len(deeds) - 1)]
        lines = [
            f'<button{mark} name="deed" value="{deed}">{escape(label)}</button>'
            for mark, (deed, label) in zip(marks, deeds.items(), strict=True)
        ]
        return '<form method="post">\n' + hidden + "\n".join(lines) + "\n</form>"
