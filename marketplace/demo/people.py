"""The trial's fifteen people: who they are, and how they sign in. Nobody of them exists, nor do their companies."""

from __future__ import annotations

from typing import NamedTuple

from allauth.account.models import EmailAddress
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.utils import timezone

from marketplace.accounts.models import BankAccount, Company, User
from marketplace.accounts.staff import FINANCE, MODERATION, SMA

PASSWORD = "encre-bleue-2026"  # noqa: S105  (printed for everybody: nothing but the trial takes it)
TOTP_SECRET = "PARAPHEDEMOTOTPSECRET234567ABCDE"  # noqa: S105  (the same)
NO_VAT = ""


class Firm(NamedTuple):
    """A French company; one without a VAT number works under art. 293 B of the tax code."""

    name: str
    siren: str
    vat_number: str
    street: str
    postcode: str
    city: str
    iban: str = ""


class Person(NamedTuple):
    """`role` is a hat (client, provider) or a staff group; `todo` is what waits for them, in words."""

    email: str
    name: str
    phone: str
    role: str
    todo: str
    firm: Firm | None = None


PEOPLE = {
    "helene": Person(
        "helene@deux-rives.example",
        "Hélène Marsac",
        "+33 6 39 98 10 01",
        "client",
        "accept and release a delivery, confirm terms",
        Firm("Mutuelle des Deux Rives", "954330122", "FR70954330122", "18 quai des Tisserands", "69002", "Lyon"),
    ),
    "bertrand": Person(
        "bertrand@pays-ancre.example",
        "Bertrand Kervella",
        "+33 6 39 98 10 02",
        "client",
        "make a first deposit, choose an offer among four",
        Firm("Pays d’Ancre Communauté", "908101116", "FR63908101116", "2 place du Marché-Neuf", "35500", "Vitré"),
    ),
    "sophie": Person(
        "sophie@terres-dici.example",
        "Sophie Delmas",
        "+33 6 39 98 10 03",
        "client",
        "pay an introduction, complete a deposit, answer questions",
        Firm("Coopérative Terres d’Ici", "915792402", "FR46915792402", "45 route de Lorient", "35000", "Rennes"),
    ),
    "karim": Person(
        "karim@ateliers-reunis.example",
        "Karim Benali",
        "+33 6 39 98 10 04",
        "client",
        "correct a rejected call, compare sealed offers, answer a split in a dispute",
        Firm("Les Ateliers réunis", "985133586", "FR17985133586", "9 rue des Olivettes", "44000", "Nantes"),
    ),
    "nadia": Person(
        "nadia@atelier-cherif.example",
        "Nadia Chérif",
        "+33 6 39 98 10 05",
        "provider",
        "invoice again after a refusal, follow a delivery, answer a split in a dispute",
        Firm(
            "Atelier Chérif",
            "972753677",
            "FR38972753677",
            "31 rue de la Juiverie",
            "44000",
            "Nantes",
            "FR7699999197728759509991822",
        ),
    ),
    "yann": Person(
        "yann@legoff-numerique.example",
        "Yann Le Goff",
        "+33 6 39 98 10 06",
        "provider",
        "deliver, work within a partial deposit, claim a returned transfer again",
        Firm(
            "Le Goff Numérique",
            "915219117",
            "FR01915219117",
            "7 rue de Saint-Malo",
            "35000",
            "Rennes",
            "FR7699999094947654179024495",
        ),
    ),
    "ines": Person(
        "ines@studio-faure.example",
        "Inès Faure",
        "+33 6 39 98 10 07",
        "provider",
        "deliver a funded tranche, accept an amendment to R0, read why offers lost",
        Firm(
            "Studio Faure",
            "994867380",
            "FR34994867380",
            "64 montée de la Grande-Côte",
            "69001",
            "Lyon",
            "FR7699999479310679802274907",
        ),
    ),
    "marc": Person(
        "marc@oliveira-ingenierie.example",
        "Marc Oliveira",
        "+33 6 39 98 10 08",
        "provider",
        "confirm version 2 of the terms, wait for a deposit that was asked for",
        Firm(
            "Oliveira Ingénierie et Conseil",
            "997810643",
            "FR10997810643",
            "12 allée Jean-Jaurès",
            "31000",
            "Toulouse",
            "FR7699999281400875097724017",
        ),
    ),
    "lea": Person(
        "lea@brunet-redaction.example",
        "Léa Brunet",
        "+33 6 39 98 10 09",
        "provider",
        "no VAT (art. 293 B): payments made, asked for and approved",
        Firm(
            "Léa Brunet Rédaction",
            "966551947",
            NO_VAT,
            "5 rue Saint-Aubin",
            "49100",
            "Angers",
            "FR7699999548103036479783961",
        ),
    ),
    "maud": Person(
        "maud@paraphe.example",
        "Maud Vasseur",
        "+33 6 39 98 10 10",
        MODERATION,
        "approve or reject two calls for offers",
    ),
    "fanny": Person(
        "fanny@paraphe.example",
        "Fanny Besson",
        "+33 6 39 98 10 11",
        FINANCE,
        "decide on a payment request, batch an approved one",
    ),
    "felix": Person(
        "felix@paraphe.example",
        "Félix Aubry",
        "+33 6 39 98 10 12",
        FINANCE,
        "send a batch to the bank, import the bank’s answer",
    ),
    "solene": Person(
        "solene@paraphe.example",
        "Solène Rivoal",
        "+33 6 39 98 10 13",
        SMA,
        "mediate a case: write, propose a split, hand over to an arbitrator",
    ),
    "anselme": Person(
        "anselme@paraphe.example",
        "Anselme Guérin",
        "+33 6 39 98 10 14",
        SMA,
        "write the decision of the case once it is handed over",
    ),
    "odile": Person(
        "odile@paraphe.example",
        "Odile Tanguy",
        "+33 6 39 98 10 15",
        SMA,
        "approve the decision of a case above 5,000 €, or send it back",
    ),
}


def arrive() -> dict[str, User]:
    """Everybody signs up, confirms their address, declares their company and their IBAN; by short name."""
    password = make_password(PASSWORD)  # a slow hash, made once: all share it
    return {short: settle(person, password) for short, person in PEOPLE.items()}


def settle(person: Person, password: str) -> User:
    """One person, ready to sign in; a member of the staff has a second factor too."""
    is_staff = person.firm is None
    user = User.objects.create_user(
        person.email, name=person.name, phone=person.phone, is_staff=is_staff, email_verified_at=timezone.now()
    )
    user.password = password
    user.save(update_fields=["password"])
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    if person.firm:
        declare(user, person.role, person.firm)
    else:
        user.groups.add(Group.objects.get(name=person.role))
        TOTP.activate(user, TOTP_SECRET)
        RecoveryCodes.activate(user)
    return User.objects.get(pk=user.pk)


def declare(user: User, hat: str, firm: Firm) -> None:
    """The company that `user` acts for, and the account that it is paid on."""
    status = Company.VatStatus.REGISTERED if firm.vat_number else Company.VatStatus.FRANCHISE
    details = {name: value for name, value in firm._asdict().items() if name != "iban"}
    Company.declare(user=user, hats=[hat], details={**details, "country": "FR", "vat_status": status})
    if firm.iban:
        BankAccount.change(user=User.objects.get(pk=user.pk), holder=firm.name, iban=firm.iban)


def accounts_text() -> str:
    """Who may sign in and what waits for them: printed by `make run`, kept in var/demo-accounts.txt."""
    rows = [f"  {person.role:<11} {person.email:<34} {person.name}: {person.todo}" for person in PEOPLE.values()]
    lines = [
        f"  Demo accounts; the password of all is {PASSWORD}",
        *rows,
        f"  Staff give a one-time code too. Secret of all six, for any authenticator: {TOTP_SECRET}",
        "  The code of this minute: .venv/bin/python manage.py demo_code",
        f"  The bank’s answer to the batch sent, for Finance to import: {settings.VAR_DIR}/demo-bank-answer.xml",
    ]
    return "\n".join(lines) + "\n"
