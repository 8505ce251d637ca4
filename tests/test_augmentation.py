"""Schemas change from step to step, and the gold with them."""

import random
from dataclasses import fields

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_gliner2.inference.prompt import Kind, Layout, make_prompt
from spacy_gliner2.model.architecture import build_gliner2_model, get_shim
from spacy_gliner2.schema import FrozenSchema
from spacy_gliner2.training.augmentation import Augmentation
from spacy_gliner2.training.gold import Gold, Piece
from spacy_gliner2.training.texts import TrainingText

SCHEMA = FrozenSchema.from_dict(
    {
        "entities": {"person": "a human", "city": None, "year": None},
        "relations": ["lives in", "born in"],
        "structures": {
            "trip": {"fields": ["from::str", "to::str", "mood::[good|bad|mixed]"]},
            "meal": {"fields": ["dish::str"]},
        },
        "classifications": [
            {
                "task": "tone",
                "labels": {"calm": "says it quietly", "angry": None, "sad": None, "glad": None},
                "examples": [["Go away!", "angry"]],
            }
        ],
    }
)
GOLD = Gold(
    entities={"person": (Piece("Ann", 0, 3),), "city": (Piece("Rome", 9, 13),), "year": ()},
    relations={"lives in": ((Piece("Ann", 0, 3), Piece("Rome", 9, 13)),), "born in": ()},
    records={
        "trip": ({"from": (Piece("Rome"),), "to": (), "mood": (Piece("good"),)},),
        "meal": (),
    },
    labels={"tone": {"calm": 1.0, "angry": 0.0, "sad": 0.0, "glad": 0.0}},
)
ITEM = TrainingText("Ann is in Rome.", SCHEMA, GOLD)
OTHER = TrainingText(
    "A dog.",
    FrozenSchema.from_dict({"entities": ["animal", "city"], "relations": ["owns"]}),
    Gold(entities={"animal": (Piece("dog", 2, 5),), "city": ()}, relations={"owns": ()}),
)

PROBABILITIES = [part.name for part in fields(Augmentation) if part.type is float]

shares = st.sampled_from([0.0, 0.3, 1.0])


def augment(item=ITEM, others=(), seed=0, **options):
    random.seed(seed)
    return Augmentation(**options).apply([item, *others])[0]


@settings(max_examples=100, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    options=st.fixed_dictionaries(dict.fromkeys(PROBABILITIES, shares)),
    foreign=st.integers(0, 2),
)
def test_gold_has_all_and_only_what_the_schema_asks(seed, options, foreign):
    made = augment(others=[OTHER], seed=seed, foreign_labels=foreign, **options)
    schema, gold = made.schema, made.gold
    again = FrozenSchema.from_dict(schema.to_dict()) if _valid(schema) else schema
    assert again == schema
    assert {part.label for part in schema.entities} <= gold.entities.keys()
    assert {part.label for part in schema.relations} <= gold.relations.keys()
    for part in schema.structures:
        for record in gold.records[part.name]:
            assert {field.name for field in part.fields} >= record.keys()
            assert any(record.values())
    for task in schema.classifications:
        assert {part.label for part in task.labels} <= gold.labels[task.task].keys()
    pieces = [piece for part in schema.entities for piece in gold.entities[part.label]]
    assert set(pieces) <= {Piece("Ann", 0, 3), Piece("Rome", 9, 13)}


def _valid(schema):
    return all(len(task.labels) > 1 for task in schema.classifications)


def test_one_seed_gives_one_result():
    options = {"drop_entities": 0.5, "drop_labels": 1.0, "synthetic_fields": 0.5}
    assert augment(seed=3, **options) == augment(seed=3, **options)
    assert any(augment(seed=n, **options) != augment(seed=3, **options) for n in range(10))


def test_without_anything_to_do_a_text_stays_what_it_is():
    made = augment(shuffle_tasks=False, shuffle_labels=False)
    assert (made.schema, made.gold) == (SCHEMA, GOLD)
    assert made.layout == Layout((0, 1, 2, 3, 4, 5))


def test_synthetic_names_keep_their_gold_and_tell_what_they_are():
    made = augment(synthetic_entities=1.0, synthetic_labels=1.0, synthetic_fields=1.0)
    said = {part.label: part.description for part in made.schema.entities}
    assert set(said) == {"entity 1", "entity 2", "entity 3"}
    (person,) = [label for label, text in said.items() if text == "a human"]
    assert made.gold.entities[person] == (Piece("Ann", 0, 3),)
    (task,) = made.schema.classifications
    (calm,) = [part.label for part in task.labels if part.description == "says it quietly"]
    assert made.gold.labels["tone"][calm] == 1.0
    assert {pair[1] for pair in task.examples} <= {part.label for part in task.labels}
    (trip,) = [part for part in made.schema.structures if part.name == "trip"]
    (start,) = [part.name for part in trip.fields if part.description == "from"]
    assert made.gold.records["trip"][0][start] == (Piece("Rome"),)


def test_labels_of_other_texts_are_asked_and_are_absent():
    seen = set()
    for seed in range(20):
        made = augment(others=[OTHER], seed=seed, foreign_labels=1)
        foreign = {part.label for part in made.schema.entities} - {"person", "city", "year"}
        foreign |= {part.label for part in made.schema.relations} - {"lives in", "born in"}
        seen |= foreign
        assert all(not {**made.gold.entities, **made.gold.relations}[label] for label in foreign)
    assert seen == {"animal", "owns"}


def test_a_task_that_is_not_annotated_gets_no_labels_of_other_texts():
    item = TrainingText("x", FrozenSchema(), Gold())
    assert not augment(item, others=[OTHER], foreign_labels=3).schema


def test_right_labels_outlive_the_limit():
    for seed in range(10):
        made = augment(seed=seed, most_labels=2, keep_right_labels=0.0)
        assert "calm" in {part.label for part in made.schema.classifications[0].labels}


def test_of_what_a_text_has_none_of_only_some_is_asked():
    for seed in range(10):
        made = augment(seed=seed, most_absent=0)
        assert [part.label for part in made.schema.relations] == ["lives in"]
        assert [part.name for part in made.schema.structures] == ["trip"]
    assert len(augment(most_absent=1).schema.relations) == 2


def test_swapped_arguments_stand_the_other_way_round_in_the_prompt():
    subwords = get_shim(build_gliner2_model()).subwords
    schema = FrozenSchema.from_dict({"relations": ["a", "b"], "entities": ["c"]})
    usual = make_prompt(schema, subwords)
    made = make_prompt(schema, subwords, Layout((2, 0, 1), frozenset({1})))
    assert [(g.kind, g.index) for g in made.groups] == [
        (Kind.RELATION, 1),
        (Kind.ENTITIES, 0),
        (Kind.RELATION, 0),
    ]
    head, tail = subwords.ids("head"), subwords.ids("tail")
    swapped, straight = made.groups[0], made.groups[2]
    assert made.ids[swapped.children[0] + 1 : swapped.children[0] + 2] == tail
    assert made.ids[straight.children[0] + 1 : straight.children[0] + 2] == head
    assert len(made.ids) == len(usual.ids)


@pytest.mark.parametrize(
    ("key", "value"),
    [("drop_fields", 1.5), ("shuffle_tasks", "yes"), ("foreign_labels", -1), ("most_labels", 1)],
)
def test_a_wrong_value_is_refused_by_name(key, value):
    with pytest.raises(ValueError, match=f"augmentation.{key}: "):
        Augmentation(**{key: value})


def test_no_augmentation_is_possible_in_config():
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", config={"augmentation": None})
    assert nlp.config["components"]["gliner2"]["augmentation"] is None
