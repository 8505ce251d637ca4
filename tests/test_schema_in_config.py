"""What config.cfg can hold of a schema, and what it makes of one."""

import pytest

from spacy_gliner2.schema import SchemaError
from spacy_gliner2.schema.config import check_config_schema, same_in_config


@pytest.mark.parametrize(
    "key", ["a:b", "a=b", "US$", "a\nb", "a\rb", "#a", "[a", ";a", " a", "a ", "", 3]
)
def test_a_key_that_config_would_read_as_something_else_is_refused_with_its_place(key):
    with pytest.raises(SchemaError) as caught:
        check_config_schema({"entities": {key: "what"}})
    assert str(caught.value).startswith(f"schema.entities: the label {key!r} is a key that")
    check_config_schema({"entities": [{"label": str(key), key: "what"}]})


@pytest.mark.parametrize("key", ["a b", "a#b", "a[b]", "é", "a-b", "a.b"])
def test_other_keys_may_be(key):
    check_config_schema({"entities": {key: "what"}})


def test_a_dot_is_a_level_where_a_mapping_follows():
    with pytest.raises(SchemaError, match=r"^schema\.entities: the label 'a\.b'"):
        check_config_schema({"entities": {"a.b": {"threshold": 0.5}}})


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"entities": "${x}"}, "schema.entities: "),
        ({"entities": ["a", "cost ${x}"]}, r"schema.entities\[1\]: "),
        ({"entities": [{"label": "${x}"}]}, r"schema.entities\[0\].label: "),
        ({"entities": [{"${x}": 1}]}, r"schema.entities\[0\]: "),
        ({"entities": {"a": {"description": "${x}"}}}, "schema.entities.a.description: "),
        ({"entities": ("a", "${x}")}, r"schema.entities\[1\]: "),
    ],
)
def test_what_config_takes_for_a_variable_is_refused_with_its_place(schema, place):
    with pytest.raises(SchemaError, match=f"^{place}.*variable; reword it"):
        check_config_schema(schema)


def test_a_dollar_or_a_brace_alone_may_be_in_a_text():
    check_config_schema({"entities": ["$", "{x}", "$ {x}", 3, None]})


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("US$", "US$$$$"),
        (["a", "$"], ("a", "$$")),
        ({"a$": 1, "b": 2}, {"b": 2, "a$$": 1}),
        ({"a": [{"b": "$"}]}, {"a": [{"b": "$$"}]}),
        (1, 1),
        (None, None),
    ],
)
def test_what_saving_doubles_and_reorders_is_the_same(a, b):
    assert same_in_config(a, b)
    assert same_in_config(b, a)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("US$", "US"),
        ("a", "b"),
        (["a", "b"], ["b", "a"]),
        (["a"], ["a", "b"]),
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"a": 1, "b": 1}),
        ({"a": 1}, ["a"]),
        (["a"], {"a": 1}),
        ("a", ["a"]),
        (1, True),
        (1, 1.0),
        (None, ""),
    ],
)
def test_anything_else_is_a_change(a, b):
    assert not same_in_config(a, b)
    assert not same_in_config(b, a)
