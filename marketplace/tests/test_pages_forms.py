from datetime import timedelta

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.utils import timezone
from django.utils.datastructures import MultiValueDict

from marketplace.fields import ChoiceCards, DayField, EurosField
from marketplace.forms import Deed, Performing
from marketplace.templatetags.page import PARIS


class Sample(forms.Form):
    title = forms.CharField(label="Titre", help_text="80 signes au plus.")
    note = forms.CharField(label="Note", required=False, widget=forms.Textarea)
    price = EurosField(label="Prix", unit="€ HT", min_cents=100, max_cents=100000)
    closes = DayField(label="Clôture")
    formula = forms.ChoiceField(
        label="Formule", choices=[("R0", "R0"), ("BASE", "De base")], widget=ChoiceCards(hints={"R0": "Argent gardé."})
    )
    urgent = forms.BooleanField(label="Urgent", required=False)
    file = forms.FileField(label="Fichier")
    key = forms.CharField(widget=forms.HiddenInput)


@pytest.mark.parametrize(
    ("typed", "cents"),
    [
        ("1200", 120000),
        ("1 200,5", 120050),
        ("1\u202f200,50\xa0€", 120050),
        ("1200.05", 120005),
        ("1.200,50", 120050),
        ("1,200.50", 120050),
        ("0,01", 1),
    ],
)
def test_an_amount_is_read_as_it_is_typed(typed: str, cents: int) -> None:
    assert EurosField().clean(typed) == cents


@pytest.mark.parametrize("typed", ["1,200", "1.200", "-5", "douze", "1e3", "٣", "1,2,3", "٣٤,٥٠", "+4"])
def test_an_amount_that_could_be_misread_is_refused(typed: str) -> None:
    with pytest.raises(forms.ValidationError, match="Écrivez une somme en euros"):
        EurosField().clean(typed)


@pytest.mark.parametrize("typed", ["9" * 13, "9" * 400 + ",50"])
def test_an_amount_beyond_any_is_told_so_where_there_is_no_limit(typed: str) -> None:
    with pytest.raises(forms.ValidationError, match="aussi élevée"):
        EurosField().clean(typed)


@pytest.mark.parametrize("typed", ["0,001", "12.345", "1,200", "9" * 20 + ".999"])
def test_an_amount_cut_finer_than_a_cent_is_told_so(typed: str) -> None:
    with pytest.raises(forms.ValidationError, match="deux décimales au plus"):
        EurosField(max_cents=100).clean(typed)


def test_an_amount_keeps_its_limits_and_says_them() -> None:
    field = EurosField(min_cents=100, max_cents=100000)
    with pytest.raises(forms.ValidationError) as low:
        field.clean("0,99")
    with pytest.raises(forms.ValidationError) as high:
        field.clean("1000,01")
    assert low.value.messages + high.value.messages == [
        "Écrivez 1,00\xa0€ au moins.",
        "Écrivez 1\u202f000,00\xa0€ au plus.",
    ]
    assert EurosField(required=False).clean("") is None


def test_a_form_labels_helps_and_corrects_each_field() -> None:
    html = str(Sample({"price": "12,345", "note": "gardée"}))
    assert '<label for="id_title">Titre</label>' in html
    assert 'aria-describedby="id_title_helptext id_title_error"' in html
    assert 'id="id_title_error"' in html
    assert 'value="12,345"' in html
    assert "gardée</textarea>" in html
    assert 'class="input input--amount"' in html
    assert "<span>€ HT</span>" in html
    assert "(facultatif)" in html
    assert '<input type="hidden" name="key"' in html


def test_the_summary_of_errors_leads_to_each_field() -> None:
    html = str(Sample({}))
    assert "6 réponses à reprendre" in html
    for target in ("id_title", "id_price", "id_closes", "id_formula_0", "id_file"):
        assert f'href="#{target}"' in html
        assert f'id="{target}"' in html
    assert "réponse" not in str(Sample())


def test_boxes_are_drawn_for_text_alone() -> None:
    html = str(Sample({"formula": "R0"}))
    radio = html[html.index('<input type="radio"') :].partition(">")[0]
    assert "checked" in radio
    assert "class" not in radio
    assert "<small>Argent gardé.</small>" in html
    assert 'choice--box" for="id_formula_0"' in html
    assert '<input type="checkbox" name="urgent" id="id_urgent"' in html
    assert '<input type="date" name="closes" class="input input--short"' in html


def test_a_text_keeps_its_line_breaks_and_gains_none() -> None:
    html = str(Sample({"note": "\n  deux\nlignes"}))
    text = html[html.index("<textarea") : html.index("</textarea>")].partition(">")[2]
    assert text == "\n\n  deux\nlignes"


def test_what_is_typed_is_escaped() -> None:
    assert "<script>" not in str(Sample({"title": "<script>", "note": "</textarea><script>"}))


@pytest.mark.parametrize("typed", ["1900-01-01", "9999-12-31", "01/01/0001"])
def test_a_day_that_is_a_slip_is_refused_with_its_limits(typed: str) -> None:
    with pytest.raises(forms.ValidationError, match="Choisissez un jour entre le"):
        DayField().clean(typed)


def test_a_day_near_enough_is_taken() -> None:
    today = timezone.localdate(timezone=PARIS)
    for days in (-365, 0, 5 * 365):
        day = today + timedelta(days=days)
        assert DayField().clean(day.isoformat()) == day
    assert DayField(required=False).clean("") is None


class Said(Performing):
    words = forms.CharField()
    more = forms.CharField(required=False)


@pytest.mark.parametrize("typed", ["\u200b\u200b", "\u3164", "\u2800 \u2800", "\u2060\u0301", "\ufeff"])
def test_a_text_without_a_sign_to_read_is_refused(typed: str) -> None:
    form = Said({"words": typed, "more": typed})
    assert set(form.errors) == {"words", "more"}
    assert "Il n’y a rien à lire dans ce texte" in str(form)
    assert Said({"words": f"É{typed}"}).is_valid()


@pytest.mark.parametrize("key", ["", "forged"])
def test_a_form_without_its_own_key_says_that_the_page_has_expired(key: str) -> None:
    assert Deed(QueryDict(f"key={key}")).errors["key"] == ["Cette page a expiré : rechargez-la."]


class WithFile(Performing):
    words = forms.CharField()
    file = forms.FileField(required=False, help_text="PDF.")


def with_files(words: str, *names: str) -> WithFile:
    files = [SimpleUploadedFile(name, b"%PDF-") for name in names]
    return WithFile({"words": words}, MultiValueDict({"file": files}))


def test_a_refused_form_says_which_files_to_choose_again() -> None:
    one, two = str(with_files("", "devis.pdf")), str(with_files("", "a.pdf", "\u202efdp.b<"))
    assert "Choisissez à nouveau votre fichier\xa0: devis.pdf. Le navigateur ne le garde pas." in one
    assert "Choisissez à nouveau vos fichiers\xa0: a.pdf, fdp.b&lt;. Le navigateur ne les garde pas." in two
    assert 'aria-describedby="id_file_helptext id_file_lost"' in one
    assert 'id="id_file_lost"' in one


def test_a_form_that_stands_or_had_no_file_speaks_of_none() -> None:
    for form in (with_files("oui", "devis.pdf"), with_files(""), WithFile({"words": ""}), WithFile()):
        assert "à nouveau" not in str(form)


def test_a_refusal_of_the_deed_loses_the_files_too() -> None:
    form = with_files("oui", "devis.pdf")
    assert form.is_valid()
    form.add_error(None, "Trop tard.")
    assert "devis.pdf" in str(form)
