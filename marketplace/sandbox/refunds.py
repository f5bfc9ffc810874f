"""The stand-in's page of refunds: how the next ones begin, and what becomes of those that are not over."""

from __future__ import annotations

from html import escape
from typing import Any

from marketplace.sandbox.pages import Pages, money
from marketplace.sandbox.store import Thing

MODES = ("succeeded", "pending", "requires_action", "failed", "error")
NEXT = {
    "pending": ("succeeded", "failed"),
    "requires_action": ("succeeded", "failed"),
    "succeeded": ("failed",),
}
WORDS: dict[str, dict[str, Any]] = {
    "fr": {
        "heading": "Remboursements d’essai",
        "mode": "Les prochains remboursements :",
        "modes": {
            "succeeded": "réussissent aussitôt",
            "pending": "attendent",
            "requires_action": "attendent un acte du payeur",
            "failed": "échouent aussitôt",
            "error": "sont refusés par l’API",
        },
        "choose": "Choisir",
        "none": "Aucun remboursement pour l’instant.",
        "states": {
            "succeeded": "réussi",
            "pending": "en attente",
            "requires_action": "attend un acte du payeur",
            "failed": "échoué",
        },
        "deeds": {
            "succeeded": "Faire réussir {amount}",
            "failed": "Faire échouer {amount}",
        },
    },
    "en": {
        "heading": "Trial refunds",
        "mode": "The next refunds:",
        "modes": {
            "succeeded": "succeed at once",
            "pending": "wait",
            "requires_action": "wait for the payer",
            "failed": "fail at once",
            "error": "are refused by the API",
        },
        "choose": "Choose",
        "none": "No refund yet.",
        "states": {
            "succeeded": "succeeded",
            "pending": "waiting",
            "requires_action": "waits for the payer",
            "failed": "failed",
        },
        "deeds": {
            "succeeded": "Have {amount} succeed",
            "failed": "Have {amount} fail",
        },
    },
}


class RefundPages(Pages):
    """Draws the list of refunds with their buttons."""

    @property
    def said(self) -> dict[str, Any]:
        return WORDS[self.lang]

    def refunds(self, found: list[Thing], mode: str) -> str:
        """The page: the switch, then each refund with what may become of it."""
        rows = "\n".join(self.row(refund) for refund in found) or f"<p>{self.said['none']}</p>"
        return self.draw(f"<h1>{self.said['heading']}</h1>\n{self.switch(mode)}\n{rows}")

    def switch(self, mode: str) -> str:
        """How the next refunds begin."""
        options = "".join(
            f'<option value="{name}"{" selected" if name == mode else ""}>{escape(self.said["modes"][name])}</option>'
            for name in MODES
        )
        choice = f'<label for="mode">{self.said["mode"]}</label>\n<select id="mode" name="mode">{options}</select>'
        return f'<form method="post">\n{choice}\n<button>{self.said["choose"]}</button>\n</form>'

    def row(self, refund: Thing) -> str:
        """One refund: its number, its state, the buttons that end it."""
        amount = money(refund["amount"], self.lang)
        facts = f"<dl><dt>{escape(refund['id'])}</dt><dd>{amount}, {self.said['states'][refund['status']]}</dd></dl>"
        labels = {name: self.said["deeds"][name].format(amount=amount) for name in NEXT.get(refund["status"], ())}
        hidden = f'<input type="hidden" name="refund" value="{escape(refund["id"])}">\n'
        return facts + (self.buttons(labels, hidden) if labels else "")
