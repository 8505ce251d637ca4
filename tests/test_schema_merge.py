"""Several schemas as one: everything of each, once, with the options of the first."""

from spacy_gliner2.schema import FrozenSchema, freeze
from spacy_gliner2.schema.merge import merge_schemas


def merged(*schemas):
    return merge_schemas([freeze(schema) for schema in schemas]).to_dict()


def test_entities_and_relations_of_all_come_once_with_the_options_of_the_first():
    first = {"entities": ["a", {"label": "b", "threshold": 0.2}], "relations": ["r"]}
    second = {"entities": [{"label": "b", "threshold": 0.9}, "c"], "relations": ["s", "r"]}
    assert merged(first, second) == {
        "entities": [{"label": "a"}, {"label": "b", "threshold": 0.2}, {"label": "c"}],
        "relations": [{"label": "r"}, {"label": "s"}],
    }


def test_a_structure_has_the_fields_of_all():
    first, second = {"structures": {"s": ["a::str", "b"]}}, {"structures": {"s": ["a", "c"]}}
    assert merged(first, second, {"structures": {"t": ["d"]}}) == {
        "structures": [
            {"name": "s", "fields": [{"name": "a", "dtype": "str"}, {"name": "b"}, {"name": "c"}]},
            {"name": "t", "fields": [{"name": "d"}]},
        ]
    }


def test_a_task_has_the_labels_of_all_and_several_hold_if_they_do_in_one():
    first = {"classifications": [{"task": "t", "labels": ["x", "y"], "prompt": "p"}]}
    second = {"classifications": [{"task": "t", "labels": ["y", "z"], "multi_label": True}]}
    (task,) = merged(first, second)["classifications"]
    assert [label["label"] for label in task["labels"]] == ["x", "y", "z"]
    assert (task["prompt"], task["multi_label"]) == ("p", True)
    (task,) = merged(first, first | {"entities": ["a"]})["classifications"]
    assert "multi_label" not in task


def test_one_schema_is_itself_and_none_is_empty():
    schema = freeze({"entities": ["a"]})
    assert merge_schemas([schema, schema]) is schema
    assert merge_schemas([]) == FrozenSchema()
