"""The schema: every form in, one immutable object, plain data out."""

import json
import re

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner2.schema import FrozenSchema, RegexValidator, Schema, SchemaError, freeze
from spacy_gliner2.schema.config import check_config_schema, same_in_config
from spacy_gliner2.schema.expressions import flags_of
from spacy_gliner2.schema.from_file import schema_from_file

FULL = {
    "entities": {
        "company": "Business organisations",
        "person": None,
        "code": {"dtype": "str", "threshold": 0.3, "validators": [{"pattern": "[A-Z]+"}]},
    },
    "classifications": [
        {
            "task": "topic",
            "labels": {"sport": "games", "politics": None},
            "multi_label": True,
            "cls_threshold": 0.4,
            "top_k": 1,
            "class_act": "sigmoid",
            "prompt": "What is it about?",
            "examples": [["They won.", "sport"]],
        }
    ],
    "relations": {"works_for": {"head": ["person"], "tail": "company", "threshold": 0.6}},
    "structures": {
        "product": {
            "fields": [
                {"name": "name", "dtype": "str", "description": "what it is called"},
                {"name": "kind", "choices": ["phone", "car"]},
                "price::float",
            ]
        }
    },
}


def test_the_list_form_and_the_mapping_form_are_one():
    frozen = FrozenSchema.from_dict(FULL)
    data = frozen.to_dict()
    assert [part["label"] for part in data["entities"]] == ["company", "person", "code"]
    again = FrozenSchema.from_dict(data)
    assert again == frozen
    assert hash(again) == hash(frozen)
    assert FrozenSchema.from_json(Schema.from_frozen(frozen).to_json()) == frozen


def test_the_dict_form_of_the_reference_is_understood():
    data = {
        "entities": {"a": "what it is", "b": {"dtype": "str", "threshold": 0.2}, "c": {}},
        "structures": {
            "s": {
                "fields": [
                    {"name": "f", "dtype": "str", "choices": ["x", "y"], "description": "d"},
                    {"name": "g", "threshold": 0.4},
                ]
            }
        },
        "classifications": [
            {"task": "t", "labels": ["x", "y"]},
            {"task": "u", "labels": {"x": "one", "y": "two"}, "multi_label": True, "top_k": 1},
        ],
        "relations": {"r": "what it means", "q": {"threshold": 0.1}, "p": {}},
    }
    frozen = FrozenSchema.from_dict(data)
    assert frozen == FrozenSchema.from_json(json.dumps(data))
    assert [(e.label, e.description, e.dtype, e.threshold) for e in frozen.entities] == [
        ("a", "what it is", "list", None),
        ("b", None, "str", 0.2),
        ("c", None, "list", None),
    ]
    ((f, g),) = (structure.fields for structure in frozen.structures)
    assert (f.dtype, f.choices, f.description, g.dtype, g.threshold) == (
        "str",
        ("x", "y"),
        "d",
        "list",
        0.4,
    )
    t, u = frozen.classifications
    assert (t.softmax, u.softmax, u.top_k, u.labels[1].description) == (True, False, 1, "two")
    assert [(r.label, r.description, r.threshold) for r in frozen.relations] == [
        ("r", "what it means", None),
        ("q", None, 0.1),
        ("p", None, None),
    ]
    assert FrozenSchema.from_dict({"relations": ["r"], "entities": None}).entities == ()


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("f", ("f", "list", None, None)),
        ("f::str", ("f", "str", None, None)),
        ("a::b::c", ("a", "list", None, "c")),
        ("opts::[a | b]::list::Opts", ("opts", "list", ("a", "b"), "Opts")),
        ("a::[x]::str", ("a", "str", ("x",), None)),
        ("a::str::[x]", ("a", "str", ("x",), None)),
        ("a::[x|y]", ("a", "str", ("x", "y"), None)),
        ("a::[see below", ("a", "list", None, "[see below")),
        ("a::see below]", ("a", "list", None, "see below]")),
        ("when::on which day::date", ("when", "date", None, "on which day")),
    ],
)
def test_a_field_is_a_string_too(text, field):
    (structure,) = FrozenSchema.from_dict({"structures": {"s": [text]}}).structures
    (found,) = structure.fields
    assert (found.name, found.dtype, found.choices, found.description) == field


def test_null_is_a_key_left_out():
    data = {"label": "a", "description": None, "threshold": None, "validators": None}
    assert FrozenSchema.from_dict({"entities": [data]}).to_dict() == {"entities": [{"label": "a"}]}
    with pytest.raises(SchemaError, match=r"schema\.entities\[0\]\.colour: None is not a key"):
        FrozenSchema.from_dict({"entities": [{"label": "a", "colour": None}]})


def test_errors_name_the_keys_as_they_were_written():
    bad = {
        "entities": {"a": None, "b": {"threshold": 3}},
        "structures": {"s": {"fields": ["f", {"name": "g", "dtype": "money"}]}},
        "classifications": [{"task": "t", "labels": ["x", "y"], "examples": [["text"]]}],
        "relations": {"r": {"colour": "red"}},
    }
    with pytest.raises(SchemaError) as caught:
        FrozenSchema.from_dict(bad)
    assert str(caught.value).splitlines() == [
        "schema.entities.b.threshold: 3 is above 1.0; give at most that",
        "schema.structures.s.fields[1].dtype: 'money' is none of 'list', 'str', 'float', 'int', "
        "'bool' or 'date'; choose one of them",
        "schema.relations.r.colour: 'red' is not a key that is known here; correct or remove it",
        "schema.classifications[0].examples[0][1]: is missing in ['text']; add it",
    ]


def every_key(data):
    if isinstance(data, dict):
        yield from data
    for part in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        yield from every_key(part)


KEYS = st.sampled_from(sorted(set(every_key(FULL))))
LEAVES = st.none() | st.booleans() | st.integers(-1, 2) | st.floats() | st.sampled_from("ab(")
DATA = st.recursive(
    LEAVES,
    lambda part: st.lists(part, max_size=3) | st.dictionaries(KEYS, part, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, DATA, max_size=3))
def test_any_data_are_a_schema_or_an_error_of_one(data):
    try:
        frozen = FrozenSchema.from_dict(data)
    except SchemaError:
        return
    assert FrozenSchema.from_json(json.dumps(frozen.to_dict())) == frozen


def test_nothing_of_a_schema_can_be_changed():
    frozen = FrozenSchema.from_dict(FULL)
    with pytest.raises(ValueError, match="frozen"):
        frozen.entities = ()
    with pytest.raises(ValueError, match="frozen"):
        frozen.entities[0].label = "other"


def test_the_builder_says_the_same_as_the_dict():
    built = (
        Schema()
        .entities({"company": "Business organisations", "person": None})
        .entities("code", dtype="str", threshold=0.3)
        .regex_validator("code", "[A-Z]+")
        .classification(
            "topic",
            {"sport": "games", "politics": None},
            multi_label=True,
            cls_threshold=0.4,
            top_k=1,
            class_act="sigmoid",
            prompt="What is it about?",
            examples=[("They won.", "sport")],
        )
        .relations({"works_for": {"head": ["person"], "tail": "company", "threshold": 0.6}})
        .structure("product")
        .field("name", dtype="str", description="what it is called")
        .field("kind", choices=["phone", "car"])
        .field("price", dtype="float")
    )
    assert built.freeze() == FrozenSchema.from_dict(FULL)


def test_the_builder_works_without_its_return_values():
    schema = Schema()
    schema.entities(["a"])
    product = schema.structure("product")
    product.field("name")
    product.field("price", dtype="float")
    schema.relations("owns")
    frozen = schema.freeze()
    assert [f.name for f in frozen.structures[0].fields] == ["name", "price"]
    assert freeze(product) == frozen


def test_declaring_again_changes_the_options_and_keeps_the_place():
    schema = Schema().entities(["a", "b"]).entities({"a": {"threshold": 0.9}})
    assert [(e.label, e.threshold) for e in schema.freeze().entities] == [("a", 0.9), ("b", None)]


def test_validators_of_fields_and_of_entities():
    schema = Schema().entities(["email"]).structure("person").field("phone", dtype="str")
    schema.regex_validator("person.phone", r"\d+", mode="partial")
    schema.regex_validator("email", re.compile("@", re.ASCII), mode="partial", exclude=True)
    frozen = schema.freeze()
    assert frozen.structures[0].fields[0].validators[0].mode == "partial"
    assert frozen.entities[0].validators[0].flags == int(re.ASCII)
    with pytest.raises(SchemaError, match=r"'ghost' is neither.*add it first"):
        schema.regex_validator("ghost", "x")


@pytest.mark.parametrize(
    ("kwargs", "text", "expected"),
    [
        ({"pattern": "[a-z]+"}, "ABC", True),
        ({"pattern": "[a-z]+"}, "abc1", False),
        ({"pattern": "[a-z]+", "mode": "partial"}, "abc1", True),
        ({"pattern": "[a-z]+", "exclude": True}, "abc", False),
        ({"pattern": "[a-z]+", "flags": 0}, "ABC", False),
        ({"pattern": re.compile("[a-z]+")}, "ABC", False),
        ({"pattern": "[a-z]+  # (letters", "flags": re.VERBOSE}, "abc", True),
    ],
)
def test_a_validator_decides_as_the_reference_does(kwargs, text, expected):
    assert RegexValidator(**kwargs).validate(text) is expected


@pytest.mark.parametrize("kwargs", [{"pattern": "("}, {"pattern": "a", "mode": "some"}])
def test_a_wrong_validator_is_refused(kwargs):
    with pytest.raises(SchemaError):
        RegexValidator(**kwargs)


def test_a_schema_comes_from_a_file(tmp_path):
    path = tmp_path / "schema.yml"
    path.write_text("entities:\n  - label: 'US$: x'\n  - person\n", encoding="utf8")
    assert schema_from_file(path) == {"entities": [{"label": "US$: x"}, {"label": "person"}]}
    with pytest.raises(SchemaError, match="is no file"):
        schema_from_file(tmp_path / "other.json")
    with pytest.raises(SchemaError, match=r"neither \.json nor \.yml"):
        schema_from_file(tmp_path / "schema.toml")


LABELS = st.lists(st.text(min_size=1, max_size=12).filter(lambda t: t.strip() and "[" not in t),
                  min_size=1, max_size=5, unique=True)  # fmt: skip


@given(LABELS)
def test_any_label_text_keeps_itself_and_its_place(labels):
    frozen = FrozenSchema.from_dict({"entities": labels})
    assert [
        e.label for e in FrozenSchema.from_json(Schema.from_frozen(frozen).to_json()).entities
    ] == labels


@given(st.dictionaries(st.text("ab$:=[#; ", max_size=4), st.none() | st.text("ab$", max_size=3)))
def test_doubled_dollars_and_moved_keys_are_no_change(data):
    doubled = {
        key.replace("$", "$$"): value and value.replace("$", "$$") for key, value in data.items()
    }
    if len({re.sub(r"\$+", "$", key) for key in data}) == len(data):
        assert same_in_config(data, dict(reversed(doubled.items())))


def test_another_label_is_a_change():
    assert not same_in_config({"entities": ["US$"]}, {"entities": ["EU$"]})
    assert not same_in_config({"entities": ["a", "b"]}, {"entities": ["b", "a"]})


def test_what_config_can_hold_passes():
    check_config_schema({"entities": {"two words": "a: b = c $", "약제명": None}})


def test_a_compiled_expression_keeps_its_flags_whichever_library_compiled_it():
    assert RegexValidator(regex.compile(r"\w+", regex.V0)).validate("é")
    assert not RegexValidator(regex.compile(r"\w+", regex.ASCII)).validate("é")
    assert not RegexValidator(re.compile(r"\w+", re.ASCII)).validate("é")
    assert not RegexValidator(regex.compile("a")).validate("A")
    with pytest.raises(ValueError, match="write the flag into the pattern"):
        RegexValidator(regex.compile("a", regex.V1))


@pytest.mark.parametrize("nothing", ["", None])
def test_a_label_described_by_nothing_is_one_without_a_description(nothing):
    assert freeze({"entities": {"a": nothing}}) == freeze({"entities": ["a"]})


def test_json_of_a_schema_keeps_letters_as_they_are():
    assert "été" in Schema().entities(["été"]).to_json()


def test_an_expression_compiled_without_flags_has_none():
    assert flags_of(re.compile("a")) == flags_of(regex.compile("a")) == 0


@pytest.mark.parametrize(
    "schema",
    [
        {"entities": ["a"]},
        {"relations": ["a"]},
        {"structures": {"a": ["b"]}},
        {"classifications": {"a": ["b", "c"]}},
    ],
)
def test_a_schema_of_anything_is_true_and_one_of_nothing_is_not(schema):
    assert freeze(schema)
    assert not freeze({})
