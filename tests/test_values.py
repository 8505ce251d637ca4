"""Values of typed fields: what a text says plainly is read, and nothing is made up."""

from datetime import date

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_gliner2 import value_span
from spacy_gliner2.inference.values import parse_value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$1,299.00", 1299.0),
        ("1.299,00 €", 1299.0),
        ("1'299.00 CHF", 1299.0),
        ("10 000 USD", 10000.0),
        ("1,23,456", 123456.0),
        ("1.299 €", 1299.0),
        ("2,500 kg", 2500.0),
        ("12.5 %", 12.5),
        ("1e-3", 0.001),
        ("(3.5 kg)", 3.5),
        ("१२", 12.0),
        # A fraction, although three digits follow the separator.
        ("0.125 mg", 0.125),
        ("0,125 mg", 0.125),
        (".125 mg", 0.125),
        ("3.142", 3.142),
        # A sign, a dash between words, and a hyphen.
        ("-12 °C", -12.0),
        ("−5", -5.0),
        ("$-5", -5.0),
        ("-$5", -5.0),
        ("shirt - $5", 5.0),
        ("iPhone-15", 15.0),
        # More than a number and its unit, or not plainly one number.
        ("2.500 kg", None),
        ("12 million", None),
        ("12k", None),
        ("1.5 Mio. Euro", None),
        ("1만 원", None),
        ("1/2", None),
        ("1 ½", None),
        ("5-6", None),
        ("minus 5", None),
        ("twelve", None),
        ("free", None),
        ("inf", None),
        ("1e999", None),
        ("€", None),
        (" ", None),
    ],
)
def test_a_float_is_what_the_text_says(text, value):
    assert parse_value(text, "float") == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("007", 7),
        ("50,000 students", 50000),
        ("1,000.00", 1000),
        ("5th", 5),
        ("5.5", None),
        ("1.000", None),  # one, or a thousand
        ("12345678901234567890", None),  # no float is this number
        ("five", None),
    ],
)
def test_an_int_is_what_the_text_says(text, value):
    found = parse_value(text, "int")
    assert found == value
    assert not isinstance(found, float)


@pytest.mark.parametrize(
    ("text", "value"),
    [("yes", True), ("No", False), ("TRUE", True), ("off", False), ("maybe", None), ("2", None)],
)
def test_a_bool_is_what_the_text_says(text, value):
    assert parse_value(text, "bool") is value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3rd of May 2019", date(2019, 5, 3)),
        ("May 3, 2019 at 5pm", date(2019, 5, 3)),
        ("3 mai 2019", date(2019, 5, 3)),
        ("2019년 5월 3일", date(2019, 5, 3)),
        ("2019-05-03T10:00:00Z", date(2019, 5, 3)),
        ("2019/5/3", date(2019, 5, 3)),
        ("on 03.04.2019", date(2019, 4, 3)),
        ("5. 1. 24", date(2024, 1, 5)),
        ("13/04/2019", date(2019, 4, 13)),
        ("04/13/2019", date(2019, 4, 13)),
        ("4/4/2019", date(2019, 4, 4)),
        # No such day, one of two days, not a whole date, more than a date.
        ("2024-02-30", None),
        ("2024-13-01", None),
        ("31.04.2019", None),
        ("03/04/2019", None),
        ("May 2019", None),
        ("4 June", None),
        ("yesterday", None),
        ("10:30", None),
        ("3 May 2019 to 5 May 2019", None),
    ],
)
def test_a_date_is_what_the_text_says(text, value):
    assert parse_value(text, "date") == value


@settings(max_examples=60, deadline=None)
@given(text=st.text(st.sampled_from("0123456789.,/-:' $€%kmMay年ⅷ²½٣\u2212"), max_size=12))
def test_no_text_is_an_error(text):
    for dtype, kind in {"float": float, "int": int, "bool": bool, "date": date}.items():
        value = parse_value(text, dtype)
        assert value is None or type(value) is kind


def test_a_value_keeps_its_words_and_its_place():
    nlp = spacy.blank("en")
    fields = ["item::str", "price::float", "sold::date"]
    schema = {"structures": {"sale": {"fields": fields}}}
    nlp.add_pipe("gliner2", config={"schema": schema, "threshold": 0.1})
    texts = ("The camera was sold for $1,299.00 on 3 May 2019.", "It was sold for 12 million.")
    prices = []
    for doc in nlp.pipe(texts):
        for record in doc._.structures["sale"]:
            for field in filter(None, record.values()):
                assert doc.text[field["start"] : field["end"]] == field["text"]
                assert field["text"] in value_span(doc, field).text
            prices.append(record["price"])
    values = {price["text"].lstrip("$"): price["value"] for price in filter(None, prices)}
    assert values["1,299.00"] == 1299.0
    assert values["12 million"] is None
