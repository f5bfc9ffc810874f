"""Who the trial's providers are for everybody, and what former clients say of them: profiles, past projects, reviews."""

# ruff: noqa: E501  (sentences as people type them)

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from credits.models import CreditPack, Kind
from marketplace.demo import till
from marketplace.locking import locked
from projects.models import (
    Completion,
    Content,
    Formula,
    Jotting,
    Offer,
    OfferTerms,
    Opinion,
    Place,
    Portrait,
    Profile,
    Project,
    Review,
    Selection,
    Survey,
    closing_on,
)

if TYPE_CHECKING:
    from marketplace.accounts.models import User
    from marketplace.demo.story import Story


class Face(NamedTuple):
    """What a provider writes of themselves; `rate` in euros a day, 0 for none."""

    headline: str
    presentation: str
    skills: tuple[str, ...]
    categories: tuple[str, ...]
    rate: int
    place: Place
    city: str
    past_work: str = ""


FACES = {
    "nadia": Face(
        "Sites et applications sur mesure, lisibles par tous",
        "Un atelier de trois personnes : une au dessin, deux au code. Nous commençons par une demi-journée avec ceux qui se serviront de l’outil, puis quelque chose marche chaque vendredi.\n\nChaque écran est vérifié au clavier et au lecteur d’écran avant d’être remis. Le code est à vous dès la première livraison.",
        ("Django", "Accessibilité", "PostgreSQL", "JavaScript"),
        ("web", "mobile"),
        520,
        Place.MIXED,
        "Nantes",
        "La prise de rendez-vous d’un réseau de centres de santé : trois mois, douze sites, ouverte depuis deux ans.\n\nLe suivi des tournées d’une laiterie : hors ligne sur les quais, à jour dès que le réseau revient.",
    ),
    "yann": Face(
        "Programmes simples, essais automatiques, deux pages pour les reprendre",
        "Je travaille seul, et longtemps avec les mêmes clients. Je relie des sources qui ne se parlent pas, et j’écris les cas particuliers avec vous la première semaine, sur de vraies données.",
        ("Python", "API", "Linux", "PostgreSQL"),
        ("web", "donnees-ia", "systemes"),
        480,
        Place.REMOTE,
        "",
        "L’échange nocturne entre une caisse, une comptabilité et un site marchand : aucune reprise à la main depuis dix-huit mois.",
    ),
    "ines": Face(
        "Identités et signalétiques pour des lieux, des associations, des petites maisons",
        "Trois pistes franches d’abord, puis une seule que nous menons au bout, fichiers prêts pour le fabricant. Je viens une journée regarder comment les choses se passent vraiment.",
        ("Identité visuelle", "Signalétique", "Illustration"),
        ("design", "image-son"),
        430,
        Place.MIXED,
        "Lyon",
        "La signalétique d’une médiathèque : quarante panneaux, lus à hauteur d’enfant.",
    ),
    "marc": Face(
        "Notes de calcul, diagnostics, avis techniques qu’un confrère peut vérifier",
        "Bureau d’études de deux ingénieurs. Hypothèses en tête, calculs lisibles, réserves écrites noir sur blanc. Vous recevez un avis, pas un catalogue.",
        ("Structure bois", "Thermique", "Diagnostic"),
        ("ingenierie", "conseil"),
        0,
        Place.MIXED,
        "Toulouse",
    ),
    "lea": Face(
        "Textes clairs pour ceux qui n’ont pas le temps de lire",
        "J’écris des guides, des rapports et des lettres que l’on comprend à la première lecture. Deux relectures sont comprises, la seconde par une personne qui ne connaît pas le sujet.",
        ("Rédaction", "Relecture", "Français facile"),
        ("redaction",),
        350,
        Place.REMOTE,
        "",
        "Le guide d’accueil d’un service public, en français facile, relu par douze usagers.",
    ),
}


class Past(NamedTuple):
    """A base project that is over: whose, by whom, what about, its price in euros; then what both say, and an answer."""

    client: str
    provider: str
    category: str
    title: str
    teaser: str
    price: int
    of_provider: tuple[int, int, int, str]
    of_client: tuple[int, int, int, str]
    answer: str = ""


PASTS = [
    Past(
        "sophie",
        "nadia",
        "web",
        "Formulaire de commande pour neuf points de retrait",
        "Remplacer un bon de commande en papier par une page que l’on remplit d’un pouce.",
        4200,
        (5, 5, 4, "Chaque vendredi quelque chose marchait, et nos bénévoles l’ont pris en main sans notice. Une semaine de retard, annoncée et expliquée."),
        (5, 4, 5, "Un besoin écrit, une personne qui décide, des factures payées à l’heure."),
        "La semaine de retard vient d’un point de retrait ajouté en route : merci de l’avoir dit. Ce fut un chantier agréable.",
    ),
    Past(
        "karim",
        "nadia",
        "web",
        "Catalogue en ligne d’un atelier de menuiserie",
        "Cent vingt modèles, leurs mesures et leurs essences, sans système de paiement.",
        3600,
        (5, 4, 5, "Travail net, et des questions auxquelles nous n’avions pas pensé. Nous recommencerons."),
        (4, 4, 5, "Les photos sont venues tard, tout le reste à temps."),
    ),
    Past(
        "bertrand",
        "yann",
        "donnees-ia",
        "Reprise de dix ans de délibérations",
        "Rendre cherchables deux mille documents numérisés, avec leurs dates et leurs objets.",
        5100,
        (5, 3, 5, "Très solide. On aimerait des nouvelles un peu plus souvent entre deux livraisons."),
        (4, 5, 4, "Un service attentif, des règles administratives qu’il faut apprendre."),
        "C’est juste : j’écris désormais un point chaque lundi.",
    ),
    Past(
        "helene",
        "ines",
        "design",
        "Plaquette d’accueil des adhérents",
        "Huit pages que l’on garde, pour un public de tous les âges.",
        1900,
        (4, 5, 5, "Trois pistes vraiment différentes, et la bonne menée au bout. L’imprimeur n’a rien eu à demander."),
        (5, 5, 5, "Une cliente qui tranche, et qui explique pourquoi."),
    ),
]  # fmt: skip
DONE_WITH_R0, UNDER_WAY = 10, 11  # calls of the plot: one completed under R0, one under way under the base formula


def look_back(story: Story) -> None:
    """Providers show themselves; past projects are told, and both sides of each say what they think."""
    for short, face in FACES.items():
        show(story, story.people[short], face)
    pack = CreditPack.objects.get(name="Intensif")
    for short in {past.provider for past in PASTS}:
        till.pay(pack.buy(by=story.people[short], key=story.key()))
    for past in PASTS:
        tell(story, past)
    done = story.projects[DONE_WITH_R0]
    text = "Des textes que nos agents citent. Une relecture de plus aurait été utile."
    say(story, Project.objects.get(pk=done.pk), (4, 5, 5, text), (5, 5, 5, "Des réponses précises, le jour même."))
    with locked(project := story.projects[UNDER_WAY]):
        Survey.objects.ask(project, 1)


def show(story: Story, provider: User, face: Face) -> None:
    """One published profile."""
    categories = [story.categories[slug] for slug in face.categories]
    words = {name: getattr(face, name) for name in ("headline", "presentation", "place", "city", "past_work")}
    portrait = Portrait(**words, skills=face.skills, categories=categories, day_rate_cents=face.rate * 100 or None)
    Profile.write(portrait, by=provider, published=True)


def tell(story: Story, past: Past) -> None:
    """A base project from its call to its end, then what both sides say of it."""
    client, provider = story.people[past.client], story.people[past.provider]
    project = call(story, past, client)
    for kind in (Kind.CONSULTATION, Kind.OFFER):
        project.spend(kind, by=provider)
    terms = OfferTerms(past.price * 100, 40, "Je reprends vos mots : voici comment je m’y prendrais, étape par étape.")
    offer = Offer.place(project, by=provider, terms=terms, key=story.key())
    offer.mark_read()
    agreement = Selection(offer, reason="").carry_out(by=client)
    for party in (provider, client):
        agreement.accept(agreement.version.number, by=party)
    till.pay(agreement.pay(by=client, key=story.key()))
    Completion(project).carry_out(by=client)
    say(story, project, past.of_provider, past.of_client, past.answer)


def call(story: Story, past: Past, client: User) -> Project:
    """The call for offers of a past project, open."""
    content = Content(
        title=past.title,
        category=story.categories[past.category],
        teaser=past.teaser,
        description=past.teaser,
        skills=[],
        budget_min_cents=past.price * 80,
        budget_max_cents=past.price * 120,
        formula_wanted=Formula.BASE,
        closes_at=closing_on(story.in_days(10)),
    )
    project = Project.begin(Jotting.whole(content), by=client, key=story.key())
    project.submit(by=client)
    project.approve(by=story.people["maud"])
    return project


def say(
    story: Story,
    project: Project,
    of_provider: tuple[int, int, int, str],
    of_client: tuple[int, int, int, str],
    answer: str = "",
) -> None:
    """Both reviews, which publishes them, and the provider's answer if there is one."""
    if project.winner:
        review = Review.write(project, Opinion(*of_provider), by=project.client, key=story.key())
        Review.write(project, Opinion(*of_client), by=project.winner, key=story.key())
        review.refresh_from_db()
        if answer:
            review.answer_with(answer, by=project.winner)
