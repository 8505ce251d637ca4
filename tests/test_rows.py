"""Rows: a document with what was found in it, as plain data."""

import json

import pytest
import spacy
from spacy.tokens import Doc, DocBin

from spacy_gliner2.reading import extension_value
from spacy_gliner2.row_check import RowError, check_row
from spacy_gliner2.rows import Places, doc_to_row, find_places, row_to_doc

from .support.rows import PRESS, press_row
from .test_pipe import SCHEMA, TEXT


@pytest.fixture(scope="module")
def nlp():
    return spacy.blank("en")


def test_a_row_holds_all_that_the_component_wrote():
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", config={"schema": SCHEMA})
    doc = nlp(TEXT)
    row = doc_to_row(doc, find_places(nlp))
    assert list(row) == ["text", "entities", "cats", "relations", "structures"]
    assert [(e["start"], e["end"], e["label"]) for e in row["entities"]] == [
        (s.start_char, s.end_char, s.label_) for s in doc.spans["gliner2"]
    ]
    assert [e["score"] for e in row["entities"]] == list(doc.spans["gliner2"].attrs["scores"])
    assert row["cats"] == doc.cats
    assert (row["relations"], row["structures"]) == (doc._.relations, doc._.structures)
    assert json.loads(json.dumps(row)) == row


def test_two_components_are_found_where_each_writes():
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", name="people", config={"schema": {"entities": ["person"]}})
    config = {"schema": {"entities": ["location"]}, "spans_key": "places", "score_attr": "sure"}
    nlp.add_pipe("gliner2", name="places", config=config)
    assert find_places(nlp) == (Places(), Places(spans_key="places", score_attr="sure"))
    entities = doc_to_row(nlp(TEXT), find_places(nlp))["entities"]
    assert {entity["label"] for entity in entities} == {"person", "location"}
    assert all(entity["score"] is not None for entity in entities)


def test_what_two_components_wrote_to_one_place_is_in_the_row_once():
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", name="first", config={"schema": SCHEMA})
    nlp.add_pipe("gliner2", name="second", config={"schema": SCHEMA, "relations_attr": "others"})
    doc = nlp(TEXT)
    assert all((doc._.relations, doc._.others, doc._.structures))
    row = doc_to_row(doc, (*find_places(nlp), Places()))
    assert row["relations"] == [*doc._.relations, *doc._.others]
    assert row["structures"] == doc._.structures


def test_entities_of_others_are_in_the_row_without_a_score(nlp):
    doc = nlp(TEXT)
    doc.set_ents([doc.char_span(0, 11, label="NAME")])
    (entity,) = doc_to_row(doc)["entities"]
    assert entity == {"text": "Marie Curie", "start": 0, "end": 11, "label": "NAME", "score": None}


def test_a_row_becomes_a_doc_and_the_same_row_again(nlp):
    row = check_row(press_row(), "here")
    doc = row_to_doc(row, nlp)
    assert [e.text for e in doc.ents] == ["Apple", "Tim Cook", "Cupertino"]
    assert len(doc.spans["gliner2"]) == 5
    again = doc_to_row(doc)
    assert again == {
        **row,
        "entities": sorted(row["entities"], key=lambda e: (e["start"], e["end"])),
    }


def test_a_row_survives_docbin(nlp):
    row = check_row(press_row(), "here")
    content = DocBin(docs=[row_to_doc(row, nlp)], store_user_data=True).to_bytes()
    (doc,) = DocBin().from_bytes(content).get_docs(spacy.blank("en").vocab)
    assert doc_to_row(doc) == doc_to_row(row_to_doc(row, nlp))


def test_rows_and_scores_read_an_extension_by_the_same_rule(nlp):
    relation = {"label": "r", "score": 1.0, "head": {"start": 0}, "tail": {"start": 6}}
    doc = nlp(TEXT)
    doc.user_data["._.", "kept_by_nobody", None, None] = [relation]
    Doc.set_extension(
        "kept_elsewhere",
        getter=lambda doc: doc.user_data.get("elsewhere"),
        setter=lambda doc, value: doc.user_data.update(elsewhere=value),
    )
    doc._.kept_elsewhere = [relation]
    for name in ("kept_by_nobody", "kept_elsewhere"):
        assert extension_value(doc, name) == [relation]
        assert doc_to_row(doc, [Places(relations_attr=name)])["relations"] == [relation]
    Doc.remove_extension("kept_elsewhere")


def test_spans_of_others_that_have_no_scores_are_in_the_row(nlp):
    doc = nlp(TEXT)
    doc.spans["gliner2"] = [doc.char_span(0, 11, label="NAME")]
    assert [entity["score"] for entity in doc_to_row(doc)["entities"]] == [None]


def test_mentions_without_a_score_are_certain(nlp):
    row = {"text": "In Rome.", "entities": [{"start": 3, "end": 7, "label": "city"}]}
    doc = row_to_doc(check_row(row, "here"), nlp)
    assert doc.ents[0]._.score == 1.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"entities": 3}, r"row 7\.entities: 3 is not a list"),
        ({"entities": [{"start": 0, "end": 5}]}, r"row 7\.entities\[0\]\.label: .* lacks this key"),
        ({"entities": [{"start": 0, "end": 500, "label": "a"}]}, r"entities\[0\]: 0 to 500 is no"),
        (
            {"entities": [{"start": 0, "end": 3, "label": "a", "text": "Apple"}]},
            r"the text is 'Apple', and the offsets 0 to 3 cover 'App'",
        ),
        ({"relations": [{"label": "r", "head": {}}]}, r"row 7\.relations\[0\]\.head\.start"),
        ({"structures": {"s": [{"f": {"text": "x", "start": 3}}]}}, r"structures\.s\[0\]\.f: 3 to"),
        ({"cats": {"a": "b"}}, r"row 7\.cats\.a: 'b' is not a number"),
    ],
)
def test_a_wrong_row_is_refused_with_key_value_and_remedy(change, message):
    with pytest.raises(RowError, match=message):
        check_row({"text": PRESS, **change}, "row 7")


def test_a_row_without_its_text_names_the_option():
    with pytest.raises(RowError, match=r"row 7: has no text under 'body'.*--text-field"):
        check_row({"text": PRESS}, "row 7", text_field="body")


def test_checking_leaves_the_row_as_it_is():
    row = {"body": "In Rome.", "entities": [{"start": 3, "end": 7, "label": "city"}]}
    checked = check_row(row, "here", text_field="body")
    assert checked["text"] == "In Rome."
    assert checked["entities"][0]["text"] == "Rome"
    assert row["entities"] == [{"start": 3, "end": 7, "label": "city"}]
