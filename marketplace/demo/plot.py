"""What becomes of each of the forty-one calls, in their order, and the words that people write along the way."""

# ruff: noqa: E501  (sentences as people type them)

from __future__ import annotations

from typing import NamedTuple

from projects.models import Asked


class Bid(NamedTuple):
    """An offer: price in euros excluding VAT, delay in days, number of tranches, and what became of it at once."""

    by: str
    price: int
    days: int
    tranches: int = 3
    then: str = ""


class Plot(NamedTuple):
    """One call: whose it is, how far it goes, when it closes, who bids (the first one wins) and who only looks."""

    client: str
    stage: str
    closes_in: int = 21
    bids: tuple[Bid, ...] = ()
    visits: tuple[str, ...] = ()
    contact: str = ""


PLOTS = [
    Plot("sophie", "open", 9, (Bid("yann", 9600, 45), Bid("nadia", 10800, 40), Bid("marc", 11900, 60, 2)), ("ines",), "nadia"),
    Plot("bertrand", "part released", 12, (Bid("nadia", 7800, 60), Bid("yann", 7200, 75), Bid("marc", 8900, 55, 2))),
    Plot("sophie", "open", 16, (Bid("nadia", 6400, 35), Bid("yann", 5900, 42, 2))),
    Plot("sophie", "paid in part", 10, (Bid("yann", 3300, 30), Bid("nadia", 3600, 28, 2))),
    Plot("karim", "open", 25, (Bid("nadia", 13200, 60), Bid("yann", 11800, 75), Bid("marc", 14500, 50, 2))),
    Plot("bertrand", "open", 5, (Bid("yann", 7400, 40), Bid("marc", 8200, 35), Bid("nadia", 6900, 50, 2, "revised"), Bid("ines", 8800, 45, 1))),
    Plot("helene", "open", 3, (Bid("nadia", 3900, 21, 1), Bid("ines", 4400, 18, 2))),
    Plot("sophie", "agreed", 14, (Bid("yann", 5600, 45), Bid("marc", 6100, 40, 2))),
    Plot("helene", "one accepted", 11, (Bid("nadia", 3200, 30, 2), Bid("yann", 2900, 45, 1))),
    Plot("karim", "open", 30, (Bid("ines", 3600, 30, 2),), ("nadia",)),
    Plot("bertrand", "completed", 8, (Bid("lea", 3600, 45, 2),)),
    Plot("helene", "base", 9, (Bid("ines", 2600, 30, 2), Bid("lea", 2400, 40, 1))),
    Plot("karim", "open", 18, (Bid("ines", 5200, 25, 2),)),
    Plot("helene", "open", 13, (Bid("marc", 3400, 20, 2), Bid("yann", 2950, 25, 2))),
    Plot("karim", "open", 34, (Bid("marc", 4800, 40, 2),)),
    Plot("bertrand", "counter-proposal", 7, (Bid("marc", 6200, 40, 2),)),
    Plot("bertrand", "open", 20, (Bid("yann", 2100, 15, 1), Bid("marc", 2500, 20, 1))),
    Plot("karim", "open", 27, (), ("marc",)),
    Plot("sophie", "part deposited", 15, (Bid("yann", 4400, 60), Bid("nadia", 4900, 50))),
    Plot("helene", "delivered", 12, (Bid("nadia", 14400, 70), Bid("yann", 13800, 90, 2), Bid("ines", 16900, 75))),
    Plot("helene", "open", 28, (Bid("yann", 11200, 60), Bid("marc", 12500, 75))),
    Plot("sophie", "open", 11, (Bid("ines", 4200, 30), Bid("nadia", 4900, 28, 2))),
    Plot("karim", "invoiced", 9, (Bid("lea", 3000, 40), Bid("ines", 3700, 35, 2))),
    Plot("sophie", "withdrawn", 19, (Bid("lea", 1800, 30, 1),), ("ines",)),
    Plot("karim", "open", 22, (Bid("ines", 2800, 14, 2),)),
    Plot("sophie", "open", 2, (Bid("yann", 5200, 15, 2),), ("marc",)),
    Plot("bertrand", "open", 40, (Bid("marc", 7400, 60),), (), "marc"),
    Plot("karim", "rejected"),
    Plot("bertrand", "submitted", 24),
    Plot("helene", "open", 26, (Bid("lea", 3400, 30, 2),)),
    Plot("sophie", "open", 17, (Bid("nadia", 5200, 45), Bid("ines", 4600, 40, 2), Bid("yann", 5600, 38, 2))),
    Plot("bertrand", "open", 32, (Bid("yann", 6600, 60), Bid("nadia", 7200, 50)), (), "yann"),
    Plot("karim", "open", 36, (), ("yann",)),
    Plot("bertrand", "nothing deposited", 10, (Bid("marc", 4200, 30, 2), Bid("yann", 3900, 35, 2))),
    Plot("helene", "funded", 8, (Bid("ines", 4800, 45), Bid("marc", 5300, 50, 2))),
    Plot("helene", "draft", 30),
    Plot("karim", "draft"),
    Plot("helene", "open", 1),
    Plot("sophie", "corrected", 30, (Bid("marc", 5600, 40, 2),)),
    Plot("karim", "open", 45, (Bid("marc", 3200, 40, 2), Bid("lea", 2900, 35, 1, "withdrawn"))),
    Plot("karim", "disputed", 6, (Bid("nadia", 13500, 70), Bid("yann", 14200, 80))),
]  # fmt: skip

# How many packs of which name each provider buys.
SHOPPING = {
    "nadia": ("Intensif", "Régulier"),
    "yann": ("Intensif", "Régulier", "Régulier"),
    "ines": ("Intensif",),
    "marc": ("Intensif", "Régulier"),
    "lea": ("Régulier", "Régulier", "Contact direct"),
}

INTERESTS = {
    "nadia": ("web", "mobile"),
    "yann": ("web", "mobile", "donnees-ia", "systemes"),
    "ines": ("design", "image-son", "marketing"),
    "marc": ("conseil", "ingenierie", "donnees-ia"),
    "lea": ("redaction",),
}
# Searches that providers keep, by name: their newsletter brings what these find as well.
SEARCHES = {
    "ines": {
        "Associations": Asked(text="association"),
        "À distance, moins de 5 000 €": Asked(bands=("1", "2"), places=("REMOTE",)),
    },
    "lea": {"Textes et traductions": Asked(text="traduction OR textes")},
}

# What clients mark for themselves while they compare: the call, whose offer, whether it is on the shortlist, a note.
MARKS = (
    (5, "nadia", True, "Le meilleur prix, mais dix jours de plus. Demander ce que couvre la seconde tranche."),
    (5, "marc", True, "Livre avant l’assemblée du syndicat. À rappeler jeudi."),
    (5, "ines", False, "Hors budget."),
    (4, "yann", True, "Seul à chiffrer la reprise des anciens devis."),
)

# How each provider writes: one text after the other.
VOICES = {
    "nadia": (
        "Notre atelier réunit trois personnes : une au dessin, deux au code. Nous commençons par une demi-journée avec ceux qui se serviront de l’outil, puis vous voyez quelque chose qui marche chaque vendredi.",
        "Nous avons mené quatre chantiers voisins ces deux dernières années, deux pour des collectivités. Vous parlerez toujours à la personne qui écrit le code, et le code est à vous dès la première livraison.",
        "Nous proposons une première étape courte, utile seule : si elle ne vous convient pas, vous vous arrêtez là. Chaque écran est vérifié au clavier et au lecteur d’écran avant de vous être remis.",
    ),
    "yann": (
        "Je travaille seul, et longtemps avec les mêmes clients. Je livre un programme simple, ses essais automatiques et deux pages qui expliquent comment le reprendre sans moi.",
        "J’ai déjà relié ce genre de sources. Le plus long n’est pas le code : ce sont les cas particuliers. Je propose de les écrire ensemble la première semaine, avec de vraies données.",
        "Le prix comprend trois mois de corrections après la mise en service, et une matinée de prise en main avec votre équipe, sur place si vous êtes en Bretagne.",
    ),
    "ines": (
        "Je dessine pour des lieux et des gens, pas pour des concours. Trois pistes franches d’abord, puis une seule que nous menons au bout, fichiers prêts pour le fabricant.",
        "Je viendrai une journée regarder comment les choses se passent vraiment. Le dessin vient après, et se décide devant des épreuves à la taille réelle.",
        "Le studio fournit les fichiers sources, un guide de deux pages et une heure d’explication à la personne qui s’en servira.",
    ),
    "marc": (
        "Bureau d’études de deux ingénieurs. Nous remettons des documents qu’un confrère peut vérifier : hypothèses en tête, calculs lisibles, réserves écrites noir sur blanc.",
        "J’ai conduit ce type de mission pour trois structures de votre taille. Je vous remettrai un avis, pas un catalogue : ce qu’il faut faire, dans quel ordre et à quel prix.",
        "Une première visite, une note intermédiaire à mi-parcours, une restitution devant votre équipe. Je n’ai aucun lien avec les fournisseurs que je comparerai.",
    ),
    "lea": (
        "Rédactrice et traductrice depuis douze ans, j’écris pour être lue une seule fois et comprise. Je relis toujours sur papier, à un jour d’intervalle.",
        "Je commence par un échantillon de deux pages, offert : nous réglons le ton ensemble, puis le reste suit sans surprise. Deux relectures sont comprises.",
        "Je travaille avec un relecteur de langue maternelle anglaise. Le glossaire tenu pendant la mission vous reste.",
    ),
}

ASSUMPTIONS = (
    "Une personne de votre équipe répond à nos questions sous deux jours ouvrés.",
    "Les textes et les données sont fournis au démarrage. Les déplacements sont compris.",
    "",
    "Un seul tour de corrections par étape est compris ; les suivants se chiffrent à l’avance.",
    "L’hébergement et les licences éventuelles restent à votre charge.",
)

# What the first bidder says of the very call.
ANGLES = {
    0: "Le point dur est la synchronisation au dépôt : deux chauffeurs peuvent corriger la même collecte. Je propose que la tablette garde tout, numérote chaque saisie, et que le dépôt tranche à l’écran.",
    1: "La caution est le vrai sujet : une empreinte de carte tient sept jours, vos locations durent jusqu’à trois mois. Nous proposons une autorisation la veille, et l’état des lieux signé sur téléphone.",
    2: "Nous laissons votre site en place et ajoutons un sous-domaine : calendrier iCalendar dans les deux sens, tarifs par saison, acompte de 30 %.",
    3: "Le programme lit les tickets Z à trois heures, écrit le FEC, et s’arrête en prévenant dès que la somme des taux ne retombe pas sur le total.",
    4: "Nous reprenons d’abord vingt devis de chaque année, calculés côte à côte avec l’ancien outil, jusqu’à retrouver le même prix au centime.",
    5: "Les vallées sans réseau commandent tout : la carte et les fiches tiennent dans la tablette, les photos partent le soir.",
    6: "Sur les 62 critères, 41 tombent avec le thème et les formulaires. Je propose de livrer ceux-là en dix jours, pour que la contre-visite porte sur le reste.",
    7: "Les six sondes parlent déjà MQTT : une petite machine dans la salle recueille, affiche, et garde trente jours si le réseau tombe.",
    8: "Un dossier stagiaire, quatre modèles, et un numéro de session qui retrouve tout : nous repartons de vos documents Word actuels.",
    9: "Je partirais de la lettre de 1974, redessinée pour une façade classée : lettres découpées en laiton, sans caisson.",
    10: "Je tiendrai le glossaire de 140 termes à jour et signalerai chaque choix de datation ou d’attribution à la conservatrice, en marge.",
    11: "D’abord l’inventaire des fiches en double, ensuite une page par agence, enfin une méthode d’une page que vos assistantes tiendront seules.",
    12: "Deux caméras, filtres et lumière du jour : la coulée se tourne en une prise, répétée la veille à froid.",
    13: "Une sauvegarde chiffrée chaque nuit, chez deux hébergeurs français, et un essai de restauration dont vous recevez le compte rendu.",
    14: "Trois éditeurs suffisent si le cahier des charges est bon : le stock à la craie tient en neuf règles, que nous écrirons avec le chef de parc.",
    15: "Portée de 14 mètres en mélèze : je vérifie le fléau des vibrations piétonnes, que l’avant-projet ne traite pas, et la fatigue des assemblages.",
    16: "Deux jours avec vos propres relevés : d’abord nettoyer, puis croiser, puis raconter. Chacun repart avec son classeur.",
    18: "Un code par vendangeur, lu par le téléphone du chef d’équipe ; tout fonctionne sans réseau et part le soir, en français et en portugais.",
    19: "Onze écrans, livrés par parcours complet : attestations, remboursements, dépôt de justificatifs. Chacun est essayé avec cinq adhérents, dont deux sur un vieux téléphone.",
    20: "Tout tourne sur vos serveurs, sans carte graphique. Nous mesurons la précision sur vos 500 pièces avant d’écrire la première ligne d’interface.",
    21: "Dix commandes suivies du premier clic à la porte, six essais avec de vrais clients, et des maquettes annotées pour votre développeur.",
    22: "Chaque fiche répond à trois questions : qu’est-ce que cela chauffe, qu’est-ce que cela coûte, qu’est-ce que l’installateur doit respecter.",
    23: "Douze lettres au rythme des saisons, écrites après un appel d’une demi-heure chaque mois.",
    24: "Fond neutre mobile, polarisation pour le vernis, et une planche d’essai sur trois meubles dès le premier soir.",
    25: "Test en deux temps : la boutique, puis l’interface. Toute faille grave vous est dite le jour même, par téléphone.",
    26: "Douze entretiens, et surtout vingt dossiers suivis du dépôt à la signature : c’est là que les jours se perdent.",
    29: "Trois contrats courts plutôt qu’un long, en français et en anglais, chacun relu avec deux de vos traducteurs.",
    30: "Le prix particulier et le prix caviste vivent sur la même fiche ; le stock baisse au carton de six, et l’âge se vérifie avant le panier.",
    31: "Les artisans tiennent leur fiche d’un lien reçu par courriel ; le parc valide, et le fichier d’imprimeur sort d’un bouton.",
    33: "Une prévision à dix jours avec sa fourchette, recalculée chaque matin, et un onglet qui dit combien de fois elle s’est trompée.",
    34: "Pictogrammes vérifiés avec des patients de plus de 75 ans, contrastes mesurés, hauteurs reportées sur vos plans.",
    38: "Le mois en double est le bon moment pour comparer les deux circuits facture par facture ; je propose de commencer par vos vingt plus gros clients.",
    39: "J’ai fait aboutir deux dossiers régionaux d’ateliers partagés ; le plan de financement commence par les lettres d’engagement.",
    40: "Le tableur devient la seule source : une fiche se corrige là, et la boutique suit dans l’heure. Les devis d’architectes partent du même panier.",
}  # fmt: skip

STEPS = {
    "web": (("Maquettes et parcours", "Maquettes cliquables, validées ensemble"), ("Développement", "Version complète sur un serveur d’essai"), ("Recette et mise en ligne", "Mise en ligne, reprise des données, prise en main")),
    "mobile": (("Maquettes et essai sur le terrain", "Prototype essayé par trois utilisateurs"), ("Application hors ligne", "Application installée sur vos appareils"), ("Synchronisation et formation", "Mise en service et matinée de formation")),
    "donnees-ia": (("Lecture des données", "Programme de lecture et rapport sur leur qualité"), ("Calcul et contrôles", "Programme complet, essais compris"), ("Mise en service", "Installation, documentation, prise en main")),
    "design": (("Pistes", "Trois pistes présentées sur planches"), ("Projet", "Piste retenue, mise au net"), ("Fichiers définitifs", "Fichiers de fabrication et guide d’emploi")),
    "redaction": (("Première moitié", "Moitié des textes, relue"), ("Seconde moitié", "Reste des textes, relu"), ("Relecture finale", "Ensemble relu et glossaire")),
    "marketing": (("État des lieux", "Rapport et plan d’action"), ("Réalisation", "Textes et pages publiés"), ("Méthode", "Guide d’une page et passation")),
    "image-son": (("Repérage et tournage", "Prises de vue"), ("Montage", "Version définitive"), ("Livraison des fichiers", "Fichiers pour l’écran et l’impression")),
    "systemes": (("Audit", "Rapport d’audit"), ("Mise en place", "Installation en service"), ("Essai et procédure", "Compte rendu d’essai et procédure écrite")),
    "conseil": (("Entretiens", "Note intermédiaire"), ("Recommandation", "Rapport et restitution"), ("Accompagnement", "Suivi de deux mois")),
    "ingenierie": (("Modèle et calculs", "Note de calcul"), ("Plans", "Plans d’exécution et nomenclature"), ("Suivi", "Réponses au fabricant")),
    "formation": (("Préparation", "Programme et exercices"), ("Journées", "Formation donnée, support remis"), ("Retour", "Demi-journée de questions")),
    "gestion": (("Analyse", "Note et liste des pièces"), ("Rédaction", "Documents définitifs"), ("Mise en service", "Passation et mois d’essai")),
}  # fmt: skip

# call, who asks, the question, the client's answer if there is one yet
QUESTIONS = [
    (0, "yann", "Les tablettes ont-elles une carte SIM, ou seulement le Wi-Fi du dépôt ?", "Wi-Fi du dépôt seulement, à Guer et à Ploërmel. Les chauffeurs y passent deux fois par jour."),
    (0, "nadia", "La signature au doigt doit-elle avoir une valeur de preuve, ou vaut-elle bon de passage ?", ""),
    (1, "nadia", "Le quotient familial vient-il d’un fichier de la CAF ou d’une pièce que la famille dépose ?", "La famille dépose son attestation ; le service vérifie une fois par an."),
    (2, "nadia", "Qui encaisse l’acompte : le réseau ou chaque propriétaire ?", "Le réseau, qui reverse le 5 du mois."),
    (4, "yann", "Les 1 900 devis sont-ils tous dans la même base Access ?", "Dans trois : une par changement de version, en 2013, 2016 et 2021."),
    (5, "marc", "Le contrôle annuel suit-il l’arrêté du département ? Pouvez-vous le joindre ?", "Oui, son texte est repris dans l’annexe jointe au dossier."),
    (5, "yann", "Quel format attend le service d’incendie pour l’export annuel ?", ""),
    (6, "nadia", "Avez-vous accès au dépôt du thème, ou seulement au serveur ?", "Au serveur seulement. Nous pouvons vous ouvrir un accès SFTP."),
    (10, "lea", "Les notices sont-elles définitives, ou la conservatrice peut-elle encore les modifier ?", "Définitives pour soixante ; vingt sont en relecture jusqu’au 15."),
    (13, "marc", "Quel volume d’images médicales faut-il sauvegarder chaque jour ?", ""),
    (19, "nadia", "L’environnement d’essai contient-il des adhérents fictifs avec des cas d’impayé ?", "Oui, quarante profils, dont six en impayé."),
    (19, "ines", "La charte prévoit-elle un mode sombre ?", "Non, et nous n’en demandons pas."),
    (20, "yann", "Les 500 pièces classées couvrent-elles tous les types de courrier ?", "Quarante types sur quarante-six ; les six autres sont rares."),
    (22, "lea", "Les rendements à citer sont-ils ceux du laboratoire ou ceux de la notice ?", "Ceux du procès-verbal du laboratoire, joint au dossier."),
    (25, "yann", "L’hébergeur doit-il être prévenu du test ?", "C’est fait : il demande seulement les adresses d’où vous partez."),
    (30, "ines", "Les photographies des bouteilles existent-elles déjà ?", ""),
    (31, "yann", "Combien de métiers différents pour les trois cents artisans ?", "Trente-quatre, d’après la chambre des métiers."),
]  # fmt: skip

# call, who writes ("" is the client), the message, the title of a sheet that comes with it if any
MESSAGES = [
    (0, "", "Le dépôt de Ploërmel change de fournisseur d’accès en janvier : comptez sur un débit plus faible ce mois-là. Le plan des deux dépôts est joint.", "Plan des dépôts"),
    (0, "nadia", "Une visite d’un dépôt au moment de la synchronisation, vers treize heures, serait-elle possible avant la clôture ?", ""),
    (2, "", "La taxe de séjour change au 1er janvier : l’export devra suivre le nouveau barème.", ""),
    (5, "", "Le syndicat ajoute 120 points relevés cet été ; le fichier GeoJSON sera complété au démarrage.", ""),
    (5, "marc", "Les fiches de contrôle papier de l’an dernier peuvent-elles être consultées sur place ?", ""),
]  # fmt: skip

# call, who has begun an offer without placing it, and what they have written so far
DRAFTS = [(0, "ines", "Je dessinerais d’abord l’écran du chauffeur, lisible en plein soleil et avec des gants.")]

# What some clients join besides their specification: title, heading and text.
ANNEXES = {
    5: ("Annexe - contrôle annuel des points d’eau", "Ce que prévoit l’arrêté", "Chaque point d’eau est contrôlé une fois par an : débit, pression statique, accès, signalisation.\nLes anomalies sont classées en trois degrés ; le premier rend le point indisponible et se signale le jour même.\nLe relevé annuel est remis avant le 31 janvier."),
    6: ("Rapport d’audit - 62 critères à corriger", "Résumé de l’audit", "Formulaires : 23 critères. Étiquettes absentes, erreurs signalées par la seule couleur.\nContrastes : 18 critères. Le vert de la charte est trop clair pour du texte.\nClavier : 14 critères. Le menu et le carrousel ne s’atteignent pas.\nDivers : 7 critères."),
    22: ("Procès-verbal d’essai du laboratoire", "Rendements mesurés", "Poêles à granulés : de 87 à 92 %.\nInserts : de 76 à 80 %.\nPoêles à bûches : de 75 à 79 %.\nSeuls ces chiffres peuvent être cités."),
}  # fmt: skip

REASONS = {
    1: "Nous avons retenu l’offre qui traite la caution et l’état des lieux dans la même démarche.",
    3: "La proposition retenue prévoit le contrôle des écarts dès la première étape.",
    7: "Le prestataire retenu garde les relevés si le réseau tombe, ce que nous demandions.",
    8: "L’offre retenue repart de nos modèles et se découpe en deux étapes.",
    10: "Le soin porté au glossaire a fait la différence.",
    11: "La méthode proposée pourra être suivie par nos assistantes sans aide.",
    15: "La note sur les vibrations montre que le sujet est compris.",
    18: "Le pointage en deux langues et sans réseau est décrit précisément.",
    19: "Des essais avec de vrais adhérents à chaque parcours : c’est ce que nous cherchions.",
    22: "L’échantillon de deux fiches était juste, dans le ton comme dans les chiffres.",
    33: "Une prévision qui dit son incertitude, et le dit clairement.",
    34: "Les essais avec des patients âgés nous ont convaincus.",
    40: "Un seul tableur pour le catalogue et la boutique : nos équipes n’auront rien à saisir deux fois.",
}

DELIVERIES = {
    (1, 1): "Maquettes des onze écrans et parcours de réservation, revues avec le service de l’état civil.",
    (1, 2): "Version complète sur le serveur d’essai. L’état des lieux fonctionne sur téléphone ; les relances de caution sont prêtes.",
    (3, 1): "Lecture des tickets Z des neuf boulangeries, et le rapport sur les trois caisses mal réglées.",
    (3, 2): "Écritures FEC de septembre et d’octobre, égales au centime à celles de votre comptable.",
    (10, 1): "Quarante notices traduites et relues, avec le glossaire à jour.",
    (10, 2): "Les quarante dernières notices. Les vingt notices modifiées ont été reprises.",
    (19, 1): "Maquettes des onze écrans, essayées avec cinq adhérents. Le compte rendu des essais est joint.",
    (19, 2): "Connexion, attestations et remboursements sur l’environnement d’essai. L’accès vous a été envoyé.",
    (22, 1): "Les quinze premières fiches, relues par le bureau d’études.",
    (22, 2): "Quinze fiches de plus : poêles à granulés et inserts.",
    (40, 1): "Maquettes de la fiche, du panier et de la demande de devis, essayées par deux architectes.",
    (40, 2): "La boutique complète est sur le serveur d’essai, avec ses 1 960 fiches.",
}  # fmt: skip

REJECTION = "Le besoin ne dit pas ce qui est fourni au prestataire : joignez un plan coté de la pièce ou une photographie, et précisez qui achète l’acier du moule."
UNPAID_TRIAL = " Un premier mois d’essai non payé est attendu."  # what moderation finds once the call is open
TAKEN_DOWN = (
    "Un travail d’essai non payé ne se demande pas ici : retirez cette phrase, et déposez de nouveau le projet."
)
LETTERS = (
    "Bonjour, et bienvenue ! Pouvez-vous me proposer un calendrier, jalon par jalon ? Mon équipe est absente la semaine "
    "de Noël. Pour un appel, je suis au 04 72 00 18 40.",
    "Bonjour, merci de votre confiance. Le calendrier est joint : il évite cette semaine-là. Il me faudra vos accès et "
    "vos contenus avant le premier jalon.",
    "C’est parfait pour nous. Je réunis les contenus et je vous écris dès que tout est prêt.",
)
PART_REASON = "Les états des lieux manquent encore pour trois salles ; le reste est accepté."
REFUSED_INVOICE = "Le numéro de TVA du client manque sur la facture. Corrigez-la et déposez-la de nouveau."
