"""What a loser can learn: each rule, always three findings, ranks with ties, whole sentences in both languages."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from django.utils import translation

from marketplace.templatetags.page import euros
from projects import lessons
from projects.lessons import Field, Lesson, delay_of, middle, price_of, sentence

MORNING = datetime(2026, 11, 23, 9, tzinfo=UTC)


@dataclass
class Rows:
    count: int

    def all(self) -> list[int]:
        return list(range(self.count))


@dataclass
class Bid:
    """An offer as far as the findings look at it."""

    price_cents: int = 300_000
    delay_days: int = 30
    cut: int = 1
    assumptions: str = ""
    hours: float = 0
    provider_id: int = 1
    project_version: int = 0
    tranches: Rows = field(init=False)

    def __post_init__(self) -> None:
        self.tranches = Rows(self.cut)

    @property
    def placed_at(self) -> datetime:
        return MORNING + timedelta(hours=self.hours)


def lost(own: Bid, winner: Bid, *others: Bid, askers: tuple[int, ...] = ()) -> Field:
    return Field(cast("Any", own), cast("Any", winner), cast("Any", [own, winner, *others]), frozenset(askers))


def found(own: Bid, winner: Bid, *others: Bid, askers: tuple[int, ...] = ()) -> list[Lesson]:
    return lessons.lessons(lost(own, winner, *others, askers=askers))


def test_median_of_an_even_number_rounds_up() -> None:
    assert [middle([3]), middle([1, 2]), middle([1, 2, 9]), middle([5, 1, 2, 4])] == [3, 2, 2, 3]


def test_equals_share_a_rank() -> None:
    bids = [Bid(price_cents=cents, delay_days=days) for cents, days in [(1, 9), (1, 9), (2, 5), (3, 9)]]
    fields = [Field(cast("Any", own), cast("Any", bids[0]), cast("Any", bids), frozenset()) for own in bids]
    assert [f.rank(price_of) for f in fields] == [1, 1, 3, 4]
    assert [f.rank(delay_of) for f in fields] == [2, 2, 1, 2]


@pytest.mark.parametrize(
    ("own", "others", "code", "percent"),
    [
        (400_000, [300_000, 300_000], "price_above", 33),
        (300_000, [300_000, 400_000], "price_at_median", 0),
        (150_000, [300_000, 400_000], "price_below", 50),
        (301_000, [300_000, 300_000], "price_above", 0),
        (299_000, [300_000, 300_000], "price_below", 0),
    ],
)
def test_price_against_the_median(own: int, others: list[int], code: str, percent: int) -> None:
    lesson = lessons.price(lost(Bid(own), *(Bid(cents) for cents in others)))
    assert (lesson.code, lesson.facts["percent"]) == (code, percent)
    words = sentence(lesson.code, lesson.facts, euros)
    assert ("moins de 1" in words) == (not percent and code != "price_at_median")


@pytest.mark.parametrize(
    ("own", "others", "words"),
    [
        (400_000, [300_000], "L’autre offre était moins chère que la vôtre, 4\u202f000,00\xa0€."),
        (400_000, [300_000, 500_000], "1 autre offre sur 2 était moins chère"),
        (400_000, [300_000, 300_000], "2 autres offres sur 2 étaient moins chères"),
        (300_000, [300_000, 400_000], "Aucune offre n’était moins chère que la vôtre"),
    ],
)
def test_sealed_prices_are_counted_not_told(own: int, others: list[int], words: str) -> None:
    field = lost(Bid(own), *(Bid(cents) for cents in others))._replace(sealed=True)
    lesson = lessons.price(field)
    assert words in sentence(lesson.code, lesson.facts, euros)
    assert not {"median_cents", "percent"} & set(lesson.facts)


def test_longer_delay_counts_the_shorter_ones() -> None:
    lesson = lessons.delay(lost(Bid(delay_days=60), Bid(delay_days=20), Bid(delay_days=60), Bid(delay_days=30)))
    assert (lesson.code, lesson.facts) == ("delay_longer", {"shorter": 2, "others": 3, "days": 60})
    assert "2 autres offres sur 3" in sentence(lesson.code, lesson.facts, euros)
    assert lessons.delay(lost(Bid(delay_days=20), Bid(delay_days=20))).code == "delay_shortest"
    lesson = lessons.delay(lost(Bid(delay_days=60), Bid(delay_days=20)))
    assert sentence(lesson.code, lesson.facts, euros).startswith("L’autre offre annonçait")


@pytest.mark.parametrize(("own", "chosen", "says"), [(1, 3, True), (1, 1, False), (2, 3, False), (2, 1, False)])
def test_one_block_is_told_when_the_chosen_offer_was_cut(own: int, chosen: int, says: bool) -> None:
    lesson = lessons.tranches(lost(Bid(cut=own), Bid(cut=chosen)))
    assert (lesson is not None) == says
    if lesson:
        assert f"{chosen} tranches" in sentence(lesson.code, lesson.facts, euros)


@pytest.mark.parametrize(
    ("own", "others", "wrote"), [("", ["x", ""], 1), (" \n", ["x", "y"], 2), ("x", ["y", ""], 0), ("", ["", " "], 0)]
)
def test_assumptions_are_missed_when_others_wrote_theirs(own: str, others: list[str], wrote: int) -> None:
    lesson = lessons.assumptions(lost(Bid(assumptions=own), *(Bid(assumptions=text) for text in others)))
    assert (lesson.facts["wrote"] if lesson else 0) == wrote


@pytest.mark.parametrize(
    ("hours", "words"),
    [(0, ""), (0.9, ""), (-30, ""), (1, "1 heure"), (47, "47 heures"), (48, "2 jours"), (240, "10 jours")],
)
def test_late_offers_are_told_by_how_much(hours: float, words: str) -> None:
    lesson = lessons.haste(lost(Bid(hours=hours), Bid()))
    assert (lesson is not None) == bool(words)
    if lesson:
        assert f" {words} " in sentence(lesson.code, lesson.facts, euros)


def test_question_is_praised_or_advised() -> None:
    own, winner = Bid(provider_id=1), Bid(provider_id=2)
    assert lessons.question(lost(own, winner, askers=(1,))).code == "asked"
    alone = lessons.question(lost(own, winner))
    amid = lessons.question(lost(own, winner, askers=(2, 3)))
    assert "2 candidats l’ont fait" in sentence(amid.code, amid.facts, euros)
    assert "avant de déposer" in sentence(alone.code, alone.facts, euros)
    assert amid.weight > alone.weight


FIELDS = {
    "best of all": (Bid(100_000, 5, 3, "x", -10), Bid(200_000, 30), ()),
    "worst of all": (Bid(900_000, 90, 1, "", 99), Bid(200_000, 30, 3, "x"), ()),
    "same as the winner": (Bid(), Bid(), ()),
    "asked": (Bid(), Bid(), (1,)),
    "two offers": (Bid(300_100), Bid(300_000), (2,)),
}


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_there_are_always_three_whole_sentences(name: str, language: str) -> None:
    own, winner, askers = FIELDS[name]
    three = found(own, winner, askers=askers)
    assert len({lesson.code for lesson in three}) == 3
    assert [lesson.weight for lesson in three] == sorted((lesson.weight for lesson in three), reverse=True)
    with translation.override(language):
        for lesson in three:
            words = sentence(lesson.code, lesson.facts, euros)
            assert words.endswith(".")
            assert "%(" not in words
            assert "%%" not in words


def test_what_weighs_most_comes_first() -> None:
    codes = [lesson.code for lesson in found(Bid(900_000, 90, 1, "", 99), Bid(200_000, 30, 3, "x"))]
    assert codes == ["price_above", "delay_longer", "no_tranches"]


def test_every_finding_has_its_words() -> None:
    assert set(lessons.SENTENCES) >= {
        lesson.code
        for own, winner, askers in FIELDS.values()
        for rule in (
            lessons.price,
            lessons.delay,
            lessons.tranches,
            lessons.assumptions,
            lessons.haste,
            lessons.question,
        )
        if (lesson := rule(lost(own, winner, askers=askers)))
    }
