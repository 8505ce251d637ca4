"""What several windows found of one text, brought together."""

from spacy_gliner2.extraction import FieldValue, Record
from spacy_gliner2.inference.decode import Findings
from spacy_gliner2.inference.merge import merge
from spacy_gliner2.schema import FrozenSchema

SCHEMA = FrozenSchema.from_dict(
    {
        "structures": {
            "item": {
                "fields": ["name::str", "maker::str", {"name": "size", "choices": ["S", "L"]}],
            }
        }
    }
)
TEXT = "aa bb cc"


def span(start, end):
    return FieldValue(TEXT[start:end], 0.9, start, end)


def item(name=None, maker=None, size=()):
    return Record("item", {"name": name, "maker": maker, "size": size})


def merged(*windows):
    findings = [Findings(records={"item": list(records)}) for records in windows]
    return merge(TEXT, SCHEMA, findings, "flat").records["item"]


def test_a_record_that_another_window_saw_more_of_comes_once():
    whole = item(span(0, 2), span(3, 5))
    assert merged([item(span(0, 2))], [whole]) == (whole,)


def test_a_choice_that_only_one_window_saw_is_not_lost():
    part, whole = item(span(0, 2), size=(FieldValue("L", 0.8),)), item(span(0, 2), span(3, 5))
    assert merged([part], [whole]) == (part, whole)


def test_two_records_of_one_window_stay_two():
    part, whole = item(span(0, 2)), item(span(0, 2), span(3, 5))
    assert merged([part, whole]) == (part, whole)
