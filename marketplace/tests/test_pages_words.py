from datetime import UTC, date, datetime

import pytest
from django.template import engines
from django.utils.translation import override

from marketplace.icons import ICONS
from marketplace.templatetags import page


def drawn(source: str, **context: object) -> str:
    return engines["django"].from_string(source).render(context)


@pytest.mark.parametrize(
    ("cents", "long", "short"),
    [
        (120000, "1\u202f200,00\xa0€", "1\u202f200\xa0€"),
        (5, "0,05\xa0€", "0,05\xa0€"),
        (0, "0,00\xa0€", "0\xa0€"),
        (-400, "−4,00\xa0€", "−4\xa0€"),
        (-5, "−0,05\xa0€", "−0,05\xa0€"),
        (123456789, "1\u202f234\u202f567,89\xa0€", "1\u202f234\u202f567,89\xa0€"),
        (None, "", ""),
    ],
)
def test_amounts_are_written_as_french_people_write_them(cents: int | None, long: str, short: str) -> None:
    assert page.euros(cents) == long
    assert page.euros_short(cents) == short


def test_amounts_follow_the_language_of_the_reader() -> None:
    with override("en"):
        assert page.euros(-120050) == "€−1,200.50"
        assert page.percent(1250) == "12.5%"


def test_rates_counts_and_sizes_have_their_french_marks() -> None:
    assert page.percent(1500) == "15\xa0%"
    assert page.percent(1250) == "12,5\xa0%"
    assert page.percent(None) == ""
    assert page.number(1786) == "1\u202f786"
    assert page.number(None) == ""
    sizes = [page.filesize_fr(size) for size in (None, 999, 184_000, 1_234_567, 5_000_000_000)]
    assert sizes == ["0\xa0octets", "999\xa0octets", "184\xa0Ko", "1,2\xa0Mo", "5,0\xa0Go"]


def test_siren_numbers_are_grouped_and_others_left_as_they_are() -> None:
    assert [page.siren(digits) for digits in ("552100554", "DE123456788", "", None)] == [
        "552\xa0100\xa0554",
        "DE123456788",
        "",
        "",
    ]


def test_instants_are_told_in_words_and_in_paris() -> None:
    winter, summer = datetime(2026, 12, 4, 17, 0, tzinfo=UTC), datetime(2026, 7, 31, 22, 5, tzinfo=UTC)
    assert page.paris(winter) == "vendredi 4\xa0décembre\xa02026, 18\xa0h\xa000"
    assert page.paris_short(winter) == "4\xa0déc.\xa02026, 18\xa0h\xa000"
    assert page.paris(summer) == "samedi 1er\xa0août\xa02026, 0\xa0h\xa005"
    assert page.day(summer) == "1er\xa0août\xa02026"
    assert page.hour(winter) == "18\xa0h\xa000"
    assert page.paris(None) == ""


def test_instants_are_told_in_english_too() -> None:
    with override("en"):
        assert page.paris(datetime(2026, 12, 1, 17, 0, tzinfo=UTC)) == "Tuesday 1\xa0December\xa02026, 18:00"


def test_when_gives_machines_the_hour_and_people_the_words() -> None:
    instant = datetime(2026, 12, 4, 17, 0, tzinfo=UTC)
    assert 'datetime="2026-12-04T18:00+01:00">vendredi 4' in drawn("{% when at %}", at=instant)
    assert drawn("{% when on %}", on=date(2026, 12, 1)) == (
        '<time datetime="2026-12-01">mardi 1er\xa0décembre\xa02026</time>'
    )
    assert ">4\xa0décembre\xa02026<" in drawn("{% when at 'day' %}", at=instant)
    assert drawn("{% when at %}", at=None) == ""


@pytest.mark.parametrize("name", ICONS)
def test_icons_are_hidden_from_screen_readers(name: str) -> None:
    assert 'aria-hidden="true"' in page.icon(name)
    assert 'class="icon big"' in page.icon(name, "big")


def test_nav_link_is_left_out_while_its_page_does_not_exist() -> None:
    assert drawn("{% nav_link 'projects:nowhere' 'X' %}") == ""
    assert drawn("{% nav_link 'home' 'A < B' 'bell' %}").startswith('<li><a href="/"><svg')
    assert "A &lt; B" in drawn("{% nav_link 'home' words %}", words="A < B")


def test_money_bar_draws_each_part_after_the_one_before() -> None:
    parts = [("paid", "versé", 150000), ("held", "bloqué", 90000), ("frozen", "gelé", 60000)]
    html = drawn("{% money_bar 600000 parts label='TTC' %}", parts=parts)
    assert 'viewBox="0 0 600000 100"' in html
    assert '<rect class="fill-held" x="150000" width="90000"' in html
    assert "fill-hatch" in html
    assert "gelé 600,00\xa0€" in html


def test_odds_say_when_they_do_not_know() -> None:
    assert "Pas assez de données" in drawn("{% odds None %}")
    html = drawn("{% odds 31.2 26 37 268 %}")
    assert html.replace("\xa0", " ").index("26 à 37 %") < html.replace("\xa0", " ").index("environ 31 %, n = 268")
    assert 'x="26.0"' in html
    assert "environ 31 %, n = 268" in drawn("{% odds 31.2 26 37 268 hint=True %}").replace("\xa0", " ")


def test_stacked_tables_stay_tables_for_screen_readers() -> None:
    html = drawn(
        '{% stack_table %}<table class="t"><thead><tr><th scope="col">A</th></tr></thead>'
        '<tbody><tr><th scope="row">B</th><td role="cell">C</td><td>D</td></tr></tbody></table>{% endstack_table %}'
    )
    for role in ("table", "rowgroup", "row", "columnheader", "rowheader", "cell"):
        assert f'role="{role}"' in html
    assert html.count('role="cell"') == 2
