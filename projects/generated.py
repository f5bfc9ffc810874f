"""Calls for offers made by a machine, to see the list and the search at their size (`manage.py generate_projects`).

Words are drawn as people use them, a few very often and most of them seldom; the same seed gives the same calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from itertools import accumulate
from random import Random
from typing import TYPE_CHECKING, TypeVar

from marketplace.accounts.models import User
from projects.models import Category, Content, Formula, Place, closing_on

if TYPE_CHECKING:
    from collections.abc import Mapping

Picked = TypeVar("Picked")
DOMAIN = "engendre.example"  # of the clients of generated calls: by it they are told apart, and removed
CALLS_OF_ONE_CLIENT = 20
MOST_OFFERS, RARE_NAMES = 25, 4000
DEEDS = """Refonte Création Développement Audit Migration Maintenance Conception Rédaction Optimisation Traduction
    Intégration Automatisation Accompagnement Formation Animation Sécurisation Cartographie Numérisation Étude
    Accessibilité Reprise Déploiement Modélisation Relecture""".split()  # noqa: SIM905
THINGS: Mapping[str, str] = {
    "web": "site vitrine|boutique en ligne|application métier|intranet|portail client|blog|extranet|plateforme",
    "mobile": "application mobile|application de terrain|application de livraison|carnet de visite|borne tactile",
    "donnees-ia": "tableau de bord|entrepôt de données|modèle de prévision|moteur de recommandation|chiffres fiables",
    "design": "identité visuelle|charte graphique|logo|maquettes|emballage|parcours utilisateur|plaquette",
    "redaction": "fiches produit|livre blanc|catalogue|lettre d’information|notice technique|articles|rapport annuel",
    "marketing": "référencement naturel|campagne d’annonces|stratégie éditoriale|réseaux sociaux|étude de marché",
    "image-son": "film d’entreprise|reportage photo|bande sonore|montage vidéo|podcast|visite virtuelle",
    "systemes": "serveurs|sauvegardes|réseau|hébergement|annuaire|téléphonie|plan de reprise|pare-feu",
    "conseil": "cahier des charges|feuille de route|gestion de projet|organisation|appel d’offres|transition numérique",
    "ingenierie": "plans d’exécution|note de calcul|maquette numérique|relevé topographique|prototype|métrés",
    "formation": "module de formation|atelier bureautique|parcours en ligne|tutoriels|support de cours",
    "gestion": "contrats|bulletins de paie|comptabilité analytique|conditions générales|registre des traitements",
}
SKILLS: Mapping[str, str] = {
    "web": "WordPress|PHP|JavaScript|Python|React|Django|Accessibilité|Symfony|PrestaShop|Vue.js|Drupal|TypeScript",
    "mobile": "Flutter|React Native|Swift|Kotlin|Hors ligne|Ergonomie|Firebase|Cartographie",
    "donnees-ia": "SQL|Python|Power BI|Apprentissage automatique|dbt|Statistiques|PostgreSQL|Traitement du langage",
    "design": "Figma|Illustrator|InDesign|Typographie|Photoshop|Ergonomie|Recherche utilisateur|Packaging",
    "redaction": "Rédaction web|Anglais|Allemand|Relecture|Vulgarisation|Espagnol|Italien|Sous-titrage",
    "marketing": "Référencement|Google Ads|Réseaux sociaux|Analytics|Emailing|Stratégie|Marque",
    "image-son": "Montage|Drone|Étalonnage|Motion design|Prise de son|Photographie|Voix off",
    "systemes": "Linux|Docker|Kubernetes|Sécurité|Ansible|Windows Server|Réseaux|Supervision",
    "conseil": "Gestion de projet|Agilité|Conduite du changement|Marchés publics|Qualité|Analyse métier",
    "ingenierie": "AutoCAD|Revit|SolidWorks|Structure|Électricité|Thermique|Topographie|BIM",
    "formation": "Pédagogie|Moodle|Excel|Animation|Ingénierie pédagogique|Classe virtuelle",
    "gestion": "Droit des contrats|RGPD|Paie|Comptabilité|Fiscalité|Droit du travail",
}
WHO = """boulangerie|cabinet médical|coopérative agricole|agence immobilière|association sportive|cabinet d’avocats|
    restaurant|commune|menuiserie|école de musique|domaine viticole|garage|pharmacie|transporteur|librairie|musée|
    fabricant de meubles|exploitation maraîchère|clinique vétérinaire|hôtel|camping|office de tourisme|imprimerie|
    laiterie|théâtre|brasserie artisanale|bureau d’études|fonderie|mutuelle|réseau de gîtes|savonnerie|
    entreprise de couverture|apiculteur|chantier naval|centre équestre|galerie d’art|fromagerie|horlogerie|
    cristallerie|conserverie|tannerie|scierie|pépinière|maréchalerie|luthier|orfèvre|campanaire""".split("|")  # noqa: SIM905
AIMS = """gagner du temps chaque semaine|remplacer des tableurs devenus illisibles|être trouvés par de nouveaux clients|
    répondre à une obligation légale|préparer l’ouverture d’un second lieu|vendre aussi à l’étranger|
    mieux suivre les stocks|accueillir les demandes sans téléphone|réduire les erreurs de saisie|
    former les équipes avant la rentrée|rendre le service accessible à tous|passer à une facturation électronique|
    reprendre un travail laissé inachevé|unifier trois outils qui ne se parlent pas|mesurer ce qui marche""".split("|")  # noqa: SIM905
DETAILS = """L’existant est documenté|Nos contenus sont prêts|Deux personnes répondront à vos questions|
    Une première version suffit pour commencer|Les accès seront donnés dès la signature|Le budget est voté|
    Nous attendons une proposition par étapes|Une visite sur place est possible|La maquette est validée|
    Le prestataire précédent transmet ses fichiers|Une réunion par semaine, à distance|Le calendrier est serré|
    Les textes existent en français seulement|Un comité se réunit chaque mois|Le suivi continuera un an""".split("|")  # noqa: SIM905
TOWNS = """Paris Lyon Marseille Nantes Toulouse Lille Bordeaux Rennes Strasbourg Montpellier Nice Grenoble Angers Brest
    Dijon Tours Rouen Metz Reims Caen Limoges Poitiers Annecy Vannes Quimper Vitré Laval Niort Albi Auch Gap Digne
    Mende Aurillac Figeac Sarlat Dinan Redon Fougères Morlaix Honfleur Étampes Beaune Autun Colmar""".split()  # noqa: SIM905
SYLLABLES = """bar vel mor ten lu cas dri gno fla ber ric sau pel tor mi nes cha van gui lo ser quen bri dol mar tis
    pon fer rou gal""".split()  # noqa: SIM905
BUDGETS = ((30_000, 90_000, 22), (100_000, 480_000, 41), (500_000, 1_400_000, 26), (1_500_000, 6_000_000, 11))
PLACES = ((Place.REMOTE, 62), (Place.MIXED, 23), (Place.ON_SITE, 15))


def pick(random: Random, choices: Sequence[Picked]) -> Picked:
    """One of `choices`, the first ones far more often than the last (Zipf)."""
    return random.choices(choices, cum_weights=zipf(len(choices)))[0]


def drawn(random: Random, choices: Sequence[str]) -> str:
    """One word or phrase of `choices`."""
    return pick(random, choices).strip()


@cache
def zipf(many: int) -> list[float]:
    """The first is drawn twice as often as the second, three times as often as the third."""
    return list(accumulate(1 / rank for rank in range(1, many + 1)))


@cache
def names() -> list[str]:
    """Names of businesses that no dictionary has, so that some words are rare."""
    random = Random(1715)  # noqa: S311  (no secret)
    return ["".join(random.choices(SYLLABLES, k=random.choice((2, 3, 3, 4)))).capitalize() for _ in range(RARE_NAMES)]


def clients(many: int, first: int) -> Iterator[User]:
    """Enough clients for `many` calls, from number `first` on. Nobody can log in as one of them."""
    for number in range(first, first + (many - 1) // CALLS_OF_ONE_CLIENT + 1):
        user = User(
            email=f"client-{number}@{DOMAIN}", name=f"Client engendré {number}", is_client=True, is_active=False
        )
        user.set_unusable_password()
        yield user


def call(random: Random, category: Category, now: datetime) -> Content:
    """What a client might write."""
    thing = drawn(random, THINGS.get(category.slug, THINGS["conseil"]).split("|"))
    who, name, town = drawn(random, WHO), drawn(random, names()), drawn(random, TOWNS)
    skills = SKILLS.get(category.slug, SKILLS["conseil"]).split("|")
    low, high = budget(random)
    place = random.choices([p for p, _ in PLACES], [weight for _, weight in PLACES])[0]
    details = " ".join(f"{drawn(random, DETAILS)}." for _ in range(random.randint(1, 2)))
    return Content(
        title=f"{drawn(random, DEEDS)}\xa0: {thing} pour {who} {name}",
        category=category,
        teaser=f"À {town}, {who} cherche de l’aide ({thing}) pour {drawn(random, AIMS)}. {details}"[:300],
        description=f"Appel d’offres engendré par une machine, pour la mesure.\n\n{details}",
        skills=list(dict.fromkeys(drawn(random, skills) for _ in range(random.randint(1, 6)))),
        budget_min_cents=low,
        budget_max_cents=high,
        place=place,
        city="" if place == Place.REMOTE else town,
        urgent=random.random() < 0.07,
        formula_wanted=Formula.R0 if random.random() < 0.7 else Formula.BASE,
        sealed=random.random() < 0.2,
        closes_at=closing_on(now.date() + timedelta(days=random.randint(1, 60))),
    )


def budget(random: Random) -> tuple[int, int]:
    """Both ends in cents, by whole hundreds of euros."""
    lowest, highest, _weight = random.choices(BUDGETS, [weight for *_ends, weight in BUDGETS])[0]
    ends = sorted(random.randrange(lowest, highest, 10_000) for _ in range(2))
    return ends[0], ends[1]


def offers(random: Random) -> int:
    """How many offers a call has had: few as a rule."""
    return min(int(random.expovariate(0.3)), MOST_OFFERS)


def opened_at(random: Random, share: float, now: datetime) -> datetime:
    """When a call was opened: one after the other over the last ninety days, at `share` of them or within a day."""
    return min(now - timedelta(days=90 * (1 - share)) + timedelta(seconds=random.randint(0, 86_400)), now)
