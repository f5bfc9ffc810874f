"""The trial's case before the SMA: opened by a client, answered, mediated, with a split that waits for both sides."""

# ruff: noqa: E501  (sentences as people type them)

from __future__ import annotations

from typing import TYPE_CHECKING

from escrow.models import EscrowAccount, Shares
from marketplace.demo import papers
from mediation.exhibits import Exhibit
from mediation.models import Dispute, Plea, SplitProposal

if TYPE_CHECKING:
    from marketplace.demo.story import Story

IN_MEDIATION = 40  # the call
GRIEVANCE = "412 fiches sur 1 960 n’ont pas leurs photographies : ces lampes ne peuvent pas être mises en vente. Le lot était dû le 3 du mois, avant le salon."
CLAIM = 260_000
COUNT = papers.Part(
    "Relevé du catalogue",
    "1 960 fiches, dont 412 sans photographie.\nSuspensions : 188. Appliques : 131. Lampes de table : 93.",
)
ANSWER = "Les photographies de ces 412 lampes ne m’ont jamais été remises : le cahier des charges les met à votre charge. Tout le reste est en ligne sur le serveur d’essai depuis la livraison."
LETTER = papers.Part(
    "Courriel du 12",
    "Il me manque toujours les photographies des suspensions, des appliques et des lampes de table. Sans elles, les fiches resteront vides.",
)
OFFERED, WHY_OFFERED = (
    560_000,
    "Je retire le prix de la mise en page des 412 fiches, que je terminerai quand les photographies arriveront.",
)
WELCOME = "Bonjour à tous deux. Dites-moi, chacun, ce que le cahier des charges prévoit pour les photographies, page à l’appui ; je vous proposerai ensuite un partage."
REPLY = "L’article 4 dit « photographies fournies par le client ». Nous en avons remis 1 548 ; le photographe a pris du retard pour les autres."
MIDDLE, WHY_MIDDLE = 504_000, "Les photographies étaient à la charge du client, mais les fiches vides n’ont demandé qu’une part du travail."  # fmt: skip


def dispute(story: Story) -> None:
    """A large tranche in dispute: above the amount for which a decision needs a second person."""
    account = EscrowAccount.objects.with_parties().get(project=story.projects[IN_MEDIATION])
    client, provider, mediator = account.agreement.client, account.agreement.provider, story.people["solene"]
    plea = Plea(GRIEVANCE, CLAIM, [exhibit("Relevé des fiches sans photographie", COUNT)])
    case = Dispute.open(account, account.tranches.filter(position=2), plea=plea, by=client, key=story.key())
    case.assign(mediator, by=mediator)
    case.answer(ANSWER, by=provider, key=story.key(), exhibits=[exhibit("Courriel au client", LETTER)])
    case.say(WELCOME, by=mediator, key=story.key())
    own = Shares(OFFERED, case.cents - OFFERED)
    SplitProposal.propose(case, own, reason=WHY_OFFERED, by=provider, key=story.key())
    case.say(REPLY, by=client, key=story.key())
    middle = Shares(MIDDLE, case.cents - MIDDLE)
    SplitProposal.propose(case, middle, reason=WHY_MIDDLE, by=mediator, key=story.key())


def exhibit(title: str, part: papers.Part) -> Exhibit:
    """A piece of evidence: a page that says one thing."""
    copy = papers.paper(f"{title}.pdf", title, "", [part])
    return Exhibit(copy, copy.content, title)
