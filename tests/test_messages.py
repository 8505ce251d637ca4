"""What errors say: each finding on one line, its place, its value and the remedy."""

import re

import pytest
from pydantic import BaseModel

from spacy_gliner2.messages import member, said
from spacy_gliner2.row_check import RowError, check_row
from spacy_gliner2.schema import FrozenSchema, Schema, SchemaError
from spacy_gliner2.schema.from_file import schema_from_file
from spacy_gliner2.training.corpus.errors import RecordError
from spacy_gliner2.training.corpus.parse import parse_record


def refused(data):
    with pytest.raises(SchemaError) as caught:
        FrozenSchema.from_dict(data)
    return str(caught.value)


@pytest.mark.parametrize(
    ("path", "key", "name"),
    [
        ("schema", "name of it", "schema.name of it"),
        ("", "entities", "entities"),
        ("schema", "two\nlines", r"schema['two\nlines']"),
        ("schema", " ", "schema[' ']"),
        ("schema", "", "schema['']"),
        ("schema", 3, "schema[3]"),
    ],
)
def test_a_key_that_would_break_the_line_is_shown_escaped(path, key, name):
    assert member(path, key) == name


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (
            {"entities": {"a\nb": {"threshold": 3}}},
            r"schema.entities['a\nb'].threshold: 3 is above 1.0; give at most that",
        ),
        (
            {"enti\nties": []},
            r"schema['enti\nties']: [] is not a key that is known here; correct or remove it",
        ),
        (
            {"entities": ["a"], "relations": {"r": {"tail": "ghost"}}},
            "schema.relations.r.tail: 'ghost' is not among the entities; add it to them or leave "
            "it out here",
        ),
        (
            {"classifications": {"t": {"labels": ["a", "b"], "examples": [["x", "c"]]}}},
            "schema.classifications.t.examples[0][1]: 'c' is not among the task's labels; add it "
            "to them or correct it",
        ),
        (
            {"classifications": {"t": {"labels": ["a", "b"], "examples": [["[E]", "b"]]}}},
            "schema.classifications.t.examples[0][0]: '[E]' contains [E], a token of the model's "
            "prompt; reword it",
        ),
        (
            {"structures": {"s": [{"name": "f", "choices": ["a", " "]}]}},
            "schema.structures.s.fields[0].choices[1]: ' ' is blank; give it a text",
        ),
        (
            {"structures": {"s": [{"name": "f", "choices": []}]}},
            "schema.structures.s.fields[0].choices: [] is empty; name at least one choice or leave "
            "the key out",
        ),
        (
            {"structures": {"s": [{"name": "f", "choices": ["a", "A"]}]}},
            "schema.structures.s.fields[0].choices: ['a', 'A'] names the choice 'a' twice; keep "
            "one of them",
        ),
        (
            {"structures": {"s": []}},
            "schema.structures.s.fields: [] is empty; give at least one field",
        ),
        (
            {"entities": ["a", "a"]},
            "schema.entities: ['a', 'a'] names the entity 'a' twice; keep one of them",
        ),
        (
            {"classifications": {"t": "a"}},
            "schema.classifications.t.labels: 'a' has fewer than two labels; give those that it "
            "chooses among",
        ),
    ],
)
def test_a_schema_error_is_one_line_with_the_place_the_value_and_the_remedy(schema, message):
    assert refused(schema) == message


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"entities": {"a": "an [E] of"}}, "entities.a.description"),
        ({"relations": {"r": "an [R] of"}}, "relations.r.description"),
        (
            {"classifications": [{"task": "t", "labels": ["a", "b"], "prompt": "[L]"}]},
            "classifications[0].prompt",
        ),
    ],
)
def test_a_marker_of_the_prompt_in_a_text_that_the_model_reads_is_refused(schema, place):
    message = refused(schema)
    assert message.startswith(f"schema.{place}: ")
    assert message.endswith("a token of the model's prompt; reword it")


@pytest.mark.parametrize(
    ("part", "what"),
    [("entities", "entity"), ("structures", "structure"), ("relations", "relation")],
)
def test_a_name_that_comes_twice_is_refused_where_it_stands(part, what):
    twice = [{"name": "x", "fields": ["f"]}] * 2 if part == "structures" else ["x", "x"]
    assert re.match(rf"schema\.{part}: .* names the {what} 'x' twice; keep", refused({part: twice}))


def test_a_task_that_comes_twice_is_refused_where_it_stands():
    task = {"task": "x", "labels": ["a", "b"]}
    assert "names the task 'x' twice; keep" in refused({"classifications": [task, task]})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dtype": "float"}, "dtype 'float' takes no choices; use 'str' or 'list'"),
        (
            {"validators": [{"pattern": "a"}]},
            "a field with choices takes no validators; leave one of them out",
        ),
    ],
)
def test_choices_stand_beside_neither_a_typed_value_nor_validators(options, message):
    field = {"name": "f", "choices": ["a", "b"], **options}
    found = refused({"structures": {"s": [field]}})
    assert found.startswith("schema.structures.s.fields[0]: {'name': 'f'")
    assert found.endswith(message)


@pytest.mark.parametrize(("name", "content"), [("a.json", "{"), ("a.yml", "a: [")])
def test_a_schema_file_that_cannot_be_read_is_named(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    with pytest.raises(SchemaError, match=rf"path: .*{name} cannot be read .*; correct the file"):
        schema_from_file(tmp_path / name)


def test_a_schema_that_is_no_mapping_is_not_shown_whole():
    assert len(refused(["x" * 1000])) < 250
    with pytest.raises(SchemaError) as caught:
        Schema().entities(frozenset("x" * n for n in range(1, 200)))
    assert len(str(caught.value)) < 250


def test_json_that_is_none_is_shown():
    with pytest.raises(SchemaError, match=r"schema: '\{broken' is no JSON .*; correct it"):
        FrozenSchema.from_json("{broken")


def test_a_class_that_contains_itself_is_refused_with_the_remedy():
    class Node(BaseModel):
        below: "Node"

    with pytest.raises(SchemaError, match="Node contains itself; give its fields a class"):
        Schema.from_pydantic(Node)


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ({"x\ny": 1}, r"output['x\ny']: is none of entities"),
        ({"entities": {"x\ny": 1}}, r"output.entities['x\ny']: 1 is no"),
        ({"relations": [{"x\ny": 1}]}, r"output.relations[0]['x\ny']: 1 is no JSON object"),
        ({"json_structures": [{"x\ny": 1}]}, r"output.json_structures[0]['x\ny']: 1 is no"),
        (
            {"json_structures": [{"s": {"x\ny": {"a": 1}}}]},
            r"output.json_structures[0].s['x\ny'].text: None is no text",
        ),
    ],
)
def test_what_is_wrong_with_a_record_is_said_on_one_line(output, message):
    with pytest.raises(RecordError) as caught:
        parse_record({"input": "a text", "output": output})
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_wrong_with_a_row_is_said_on_one_line():
    with pytest.raises(RowError, match=r"row 3.structures\['x\\ny'\]: 1 is") as caught:
        check_row({"text": "a text", "structures": {"x\ny": 1}}, "row 3")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("length", "cut"), [(78, False), (79, True)])
def test_a_value_of_more_than_80_characters_is_cut(length, cut):
    message = refused({"entities": "x" * length, "entity": "y" * length})
    assert (f"'{'y' * length}'" in message) is not cut
    assert (f"'{'y' * 76}... is not" in message) is cut


def test_what_a_library_says_is_on_one_line():
    assert said(ValueError("unknown variant `a\n b`\n")) == "unknown variant `a b`"
