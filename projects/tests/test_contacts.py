"""What counts as a contact detail in a text that others read, and what only looks like one."""

import time

import pytest

from projects.contacts import MASK, masked, reachable, telling

REACHED = """
paul@atelier-mercier.example
paul.mercier+site@acme.fr
paul (at) acme (dot) com
paul [at] acme.fr
paul(arobase)acme(point)fr
paul at acme point fr
paul arobase acme point fr
paul arobase acme.com
paul chez acme point fr
06 12 34 56 78
06.12.34.56.78
06-12-34-56-78
06/12/34/56/78
06_12_34_56_78
06 - 12 - 34 - 56 - 78
0612345678
0 6 1 2 3 4 5 6 7 8
0.6.1.2.3.4.5.6.7.8
07 20 26 10 00
+33 6 12 34 56 78
+33 (0)6 12 34 56 78
0033612345678
+32 470 12 34 56
zéro six douze trente-quatre cinquante-six soixante-dix-huit
Zero sept vingt un trente quarante deux cinquante
Telegram @paul_mercier
telegram : @paul
Instagram, @atelier.mercier
skype: live:paul.mercier
Skype : paul.mercier
Signal : paul.42
Discord paul#1234
discord : paul_m
"""
PLACES = """
12 rue de la Paix
12 bis, rue Victor Hugo, 44000 Nantes
4 quai de la Fosse
3 place du Marché, 35500 Vitré
8 allée des Tilleuls 49000 Angers
https://acme.example/contact
www.acme.com
acme.fr
linkedin.com/in/paul
wa.me/33612345678
t.me/paul
"""
PLAIN = """
1 200,00 €
10 000 000 €
0,50 € par page
00 12
de 1 200 à 1 450,00 € HT
SIREN 914 505 565
SIRET 914 505 565 00012
SIRET 91450556500012
FR12914505565
01/02/2026
01/02/2026 10:00
01-02-2026 10:30
01.02.2026 10h30
01 02 2026 10 h
du 01/02/2026 au 03/04/2026
2026-01-02 10:30:00
Python 3.11.4 et Django 5.2
v2.10.14.3
192.168.0.12
EN 16931, ISO 27001:2022
lot 0001 à 0450
FR76 3000 6000 0112 3456 7890 189
@media (min-width: 40rem)
ASP.NET et Node.js
rendez-vous at home, point final
un œil at the point of sale
regardez chez un confrère
WhatsApp : intégration prévue
Telegram: v2.3
Signal : 2.14
Skype for business
Discord et Slack
Teams : oui
zéro défaut, six livraisons
zéro six mois après
une rue de 12 maisons
2 places de marché
3 cours du soir, 12 personnes
2 routes départementales
1 route de livraison par jour
5 avenues possibles
12 rue
x@y
"""


def lines(text: str) -> list[str]:
    return text.strip().splitlines()


@pytest.mark.parametrize("text", lines(REACHED))
def test_way_to_be_reached_is_masked_and_refused(text: str) -> None:
    told = f"Bonjour, {text} pour en parler."
    assert reachable(told)
    assert telling(told)
    assert masked(told).startswith(f"Bonjour, {MASK}")
    assert masked(told, addresses=False) == masked(told)


@pytest.mark.parametrize("text", lines(PLACES))
def test_place_or_site_is_masked_and_not_refused(text: str) -> None:
    told = f"Voir {text} pour en parler."
    assert not reachable(told)
    assert telling(told)
    assert masked(told) == f"Voir {MASK} pour en parler."
    assert masked(told, addresses=False) == told


@pytest.mark.parametrize("text", lines(PLAIN))
def test_what_only_looks_like_a_detail_stays(text: str) -> None:
    told = f"Voyez : {text}, puis la suite."
    assert masked(told) == told
    assert not reachable(told)
    assert not telling(told)


@pytest.mark.parametrize("run", ["0 ", "zéro six ", "a.", "-", "12 rue de ", "x at y ", "skype ", "01/02/", "a" * 50])
def test_long_runs_are_read_in_no_time(run: str) -> None:
    start = time.process_time()
    masked(run * (20_000 // len(run)))
    assert time.process_time() - start < 1
