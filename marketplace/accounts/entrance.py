"""allauth's pages under French addresses: /compte/connexion/, /compte/inscription/, …"""

from __future__ import annotations

from collections.abc import Iterator

from allauth.urls import urlpatterns as theirs
from django.urls import URLPattern, URLResolver, path, re_path
from django.urls.resolvers import RegexPattern

WORDS = {
    "login": "connexion",
    "logout": "deconnexion",
    "inactive": "inactif",
    "signup": "inscription",
    "reauthenticate": "confirmation",
    "email": "adresses",
    "confirm-email": "adresse",
    "password": "mot-de-passe",
    "change": "changer",
    "set": "choisir",
    "reset": "oubli",
    "done": "fait",
    "key": "lien",
    "confirm": "confirmer",
    "2fa": "double-authentification",
    "authenticate": "code",
    "totp": "application",
    "activate": "activer",
    "deactivate": "desactiver",
    "recovery-codes": "codes-de-secours",
    "generate": "renouveler",
    "download": "telecharger",
    "webauthn": "cles",
    "add": "ajouter",
    "keys": "cle",
    "remove": "retirer",
    "edit": "modifier",
}


def in_french(route: str) -> str:
    """A route or a regular expression with its English words put in French; its parameters stay."""
    start = "^" if route.startswith("^") else ""
    return start + "/".join(WORDS.get(part, part) for part in route.removeprefix("^").split("/"))


def patterns(tree: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[URLPattern]:
    """Every page of `tree`, its address in French, its view and its name as they were."""
    for node in tree:
        route = prefix + str(node.pattern).removeprefix("^") if prefix else str(node.pattern)
        if isinstance(node, URLResolver):
            yield from patterns(node.url_patterns, route)
        else:
            make = re_path if isinstance(node.pattern, RegexPattern) else path
            yield make(in_french(route), node.callback, name=node.name)


urlpatterns = list(patterns(theirs))
