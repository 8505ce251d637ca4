"""From scores to findings: thresholds, types of arguments, choices, the added full stop."""

import numpy as np
import pytest

from spacy_gliner2.extraction import FieldValue
from spacy_gliner2.inference.decode import (
    WindowDecoder,
    choose_choices,
    choose_values,
    entity_at,
)
from spacy_gliner2.inference.overlap import Candidate
from spacy_gliner2.inference.patterns import Patterns
from spacy_gliner2.inference.prompt import Group, Kind, Prompt
from spacy_gliner2.inference.scores import GroupScores
from spacy_gliner2.inference.settings import Settings
from spacy_gliner2.schema import FrozenSchema, StructureField

TEXT = "Ada met Bob"
WORDS = [(0, 3), (4, 7), (8, 11)]
WIDTH = 2


def spans(*labels, rows=3):
    """Scores of one instance: for each label, the score of each span by row and width."""
    scores = np.zeros((1, len(labels), rows, WIDTH), np.float32)
    for i, found in enumerate(labels):
        for (row, width), score in found.items():
            scores[0, i, row, width] = score
    return GroupScores(1, scores)


def decode(schema, *scores, kinds, words=WORDS, choices=None, prefix=0, text=TEXT, **settings):
    schema = FrozenSchema.from_dict(schema)
    groups = tuple(Group(kind, index, 0, ()) for kind, index in kinds)
    prompt = Prompt((), groups, ((0, 1),) * prefix, choices or {})
    decoder = WindowDecoder(text, words, schema, prompt, Settings(**settings), Patterns())
    return decoder.decode(scores)


def entities(found, **options):
    schema = {"entities": [{"label": "person", **options.pop("entity", {})}]}
    findings = decode(schema, spans(found), kinds=[(Kind.ENTITIES, 0)], **options)
    return [(c.start, c.end) for c in findings.candidates.get("person", [])]


def test_a_span_reaches_from_its_first_word_to_its_last():
    assert entities({(0, 0): 0.9, (1, 1): 0.8}) == [(0, 3), (4, 11)]


def test_a_score_equal_to_the_threshold_is_enough():
    assert entities({(0, 0): 0.7}, threshold=0.7) == [(0, 3)]
    assert entities({(0, 0): 0.69}, threshold=0.7) == []


def test_the_threshold_of_a_label_goes_before_that_of_all():
    assert entities({(0, 0): 0.3}, entity={"threshold": 0.2}) == [(0, 3)]
    assert entities({(0, 0): 0.3}, entity={"threshold": 0.0})[:1] == [(0, 3)]
    assert entities({(0, 0): 0.8}, entity={"threshold": 0.9}) == []


def test_a_span_beyond_the_last_word_is_none():
    assert entities({(2, 1): 0.9}) == []


def test_the_full_stop_that_was_added_is_no_mention_and_no_part_of_one():
    with_stop = [*WORDS, (11, 11)]
    scores = spans({(3, 0): 0.9, (2, 1): 0.9}, rows=4)
    schema = {"entities": ["person"]}
    found = decode(schema, scores, kinds=[(Kind.ENTITIES, 0)], words=with_stop)
    assert [(c.start, c.end) for c in found.candidates["person"]] == [(8, 11)]


def test_rows_before_the_words_are_no_words():
    scores = spans({(0, 0): 0.9, (1, 0): 0.8}, rows=4)
    found = decode({"entities": ["person"]}, scores, kinds=[(Kind.ENTITIES, 0)], prefix=1)
    assert [(c.start, c.end, round(c.score, 2)) for c in found.candidates["person"]] == [
        (0, 3, 0.8)
    ]


def test_a_mention_that_a_validator_refuses_is_none():
    entity = {"validators": [{"pattern": "a.*"}]}
    assert entities({(0, 0): 0.9, (2, 0): 0.9}, entity=entity) == [(0, 3)]


def test_candidates_are_the_best_first():
    assert entities({(0, 0): 0.6, (2, 0): 0.9}) == [(8, 11), (0, 3)]


def test_each_label_has_its_own_scores_and_one_without_mentions_has_no_key():
    schema = {"entities": ["person", "place", "day"]}
    scores = spans({}, {(0, 0): 0.9}, {(1, 0): 0.9})
    found = decode(schema, scores, kinds=[(Kind.ENTITIES, 0)]).candidates
    assert {label: [(c.start, c.end) for c in part] for label, part in found.items()} == {
        "place": [(0, 3)],
        "day": [(4, 7)],
    }


def test_a_window_weighs_its_words():
    assert decode({"entities": ["a"]}, spans({}), kinds=[(Kind.ENTITIES, 0)]).weight == 3


def test_the_logits_of_each_task_come_under_its_name():
    tasks = [{"task": name, "labels": ["yes", "no"]} for name in ("first", "second")]
    scores = [GroupScores(0, np.array(logits, np.float32)) for logits in ([1, 2], [3, 4])]
    found = decode(
        {"classifications": tasks},
        *scores,
        kinds=[(Kind.CLASSIFICATION, 0), (Kind.CLASSIFICATION, 1)],
    )
    assert {task: logits.tolist() for task, logits in found.logits.items()} == {
        "first": [1, 2],
        "second": [3, 4],
    }


def test_a_group_of_which_there_is_no_instance_finds_nothing_and_stops_no_other():
    schema = {"relations": ["knows"], "structures": {"s": ["f"]}}
    found = decode(
        schema,
        GroupScores(0, None),
        spans({(0, 0): 0.9}),
        kinds=[(Kind.RELATION, 0), (Kind.STRUCTURE, 0)],
    )
    assert found.relations == []
    assert [r.name for r in found.records["s"]] == ["s"]


def relations(head, tail, entity=None, relation=None, **settings):
    schema = {
        "entities": ["person", "city"],
        "relations": [{"label": "knows", **(relation or {})}],
    }
    person, city = entity or ({}, {})
    # The relation comes first here: its arguments need the entities all the same.
    found = decode(
        schema,
        spans(head, tail),
        spans(person, city),
        kinds=[(Kind.RELATION, 0), (Kind.ENTITIES, 0)],
        **settings,
    )
    return [
        (r.label, r.head.text, r.head.label, r.tail.text, r.tail.label) for r in found.relations
    ]


def test_the_arguments_of_a_relation_are_the_best_of_each_role():
    found = relations({(0, 0): 0.9, (1, 0): 0.8}, {(1, 0): 0.6, (2, 0): 0.9})
    assert found == [("knows", "Ada", None, "Bob", None)]


@pytest.mark.parametrize(("head", "tail"), [({}, {(0, 0): 0.9}), ({(0, 0): 0.9}, {})])
def test_a_relation_without_one_of_its_arguments_is_none(head, tail):
    assert relations(head, tail) == []


def test_a_relation_has_a_threshold_of_its_own():
    assert relations({(0, 0): 0.4}, {(2, 0): 0.4}) == []
    assert len(relations({(0, 0): 0.4}, {(2, 0): 0.4}, relation={"threshold": 0.3})) == 1


def test_an_argument_with_types_is_the_best_that_is_of_one_of_them():
    found = relations(
        {(1, 0): 0.9, (0, 0): 0.6},
        {(2, 0): 0.9},
        entity=({(0, 0): 0.8}, {(2, 0): 0.9}),
        relation={"head": ["person"], "tail": ["person", "city"]},
    )
    assert found == [("knows", "Ada", "person", "Bob", "city")]


def test_an_argument_of_no_type_that_may_be_leaves_no_relation():
    scores = {(0, 0): 0.9}, {(2, 0): 0.9}
    city = ({}, {(0, 0): 0.9})
    assert relations(*scores, entity=city, relation={"head": ["person"]}) == []


def test_with_longest_an_argument_is_not_within_another_one():
    found = relations({(0, 0): 0.9, (0, 1): 0.8}, {(2, 0): 0.9}, overlap_policy="longest")
    assert found == [("knows", "Ada met", None, "Bob", None)]


def record(*slots, fields, choices=None, prefix=0, **settings):
    values = np.concatenate([spans(*slot, rows=3 + prefix).values for slot in slots])
    found = decode(
        {"structures": {"s": fields}},
        GroupScores(len(slots), values),
        kinds=[(Kind.STRUCTURE, 0)],
        choices=choices,
        prefix=prefix,
        **settings,
    )
    return [r.fields for r in found.records["s"]]


def test_an_instance_without_any_value_is_no_record():
    found = record(({(0, 0): 0.9},), ({},), ({(2, 0): 0.9},), fields=["f::str"])
    assert [fields["f"].text for fields in found] == ["Ada", "Bob"]


def test_a_field_of_several_values_has_all_and_one_of_a_single_value_the_best():
    scores = {(0, 0): 0.6, (2, 0): 0.9}
    (found,) = record((scores, scores, {}), fields=["many", "one::str", "none::str"])
    assert [value.text for value in found["many"]] == ["Bob", "Ada"]
    assert found["one"].text == "Bob"
    assert found["none"] is None


def test_a_choice_is_read_from_its_own_row_and_not_from_the_words():
    fields = [{"name": "size", "choices": ["S", "L"], "dtype": "str"}]
    scores = {(0, 0): 0.6, (2, 0): 0.9, (3, 0): 0.99, (1, 0): 0.95}
    (found,) = record((scores,), fields=fields, choices={(0, 0): (0, 2)}, prefix=3)
    assert (found["size"].text, found["size"].start) == ("L", None)


def test_a_choice_that_does_not_meet_the_threshold_is_none():
    values = [FieldValue("S", 0.5), FieldValue("L", 0.7)]
    one, many = (
        StructureField(name="f", dtype=dtype, choices=("S", "L")) for dtype in ("str", "list")
    )
    assert choose_choices(one, values, 0.5) == values[1]
    assert choose_choices(many, values, 0.5) == tuple(values)
    assert choose_choices(many, values, 0.6) == (values[1],)
    assert choose_choices(one, values, 0.8) is None
    assert choose_choices(many, values, 0.8) == ()
    own = one.model_copy(update={"threshold": 0.0})
    assert choose_choices(own, values[:1], 0.9) == values[0]


@pytest.mark.parametrize(
    ("dtype", "value", "typed"), [("str", None, False), ("list", None, False), ("int", 12, True)]
)
def test_only_a_typed_field_has_a_parsed_value(dtype, value, typed):
    part = StructureField(name="f", dtype=dtype)
    found = choose_values("12 of", part, [Candidate(-0.75, 0, 2)], "flat")
    (found,) = found if dtype == "list" else (found,)
    assert found == FieldValue("12", 0.75, 0, 2, value, typed)


def test_values_of_a_list_do_not_overlap_unless_the_policy_says_so():
    part = StructureField(name="f")
    given = [Candidate(-0.9, 0, 3), Candidate(-0.8, 0, 7)]
    assert [v.text for v in choose_values(TEXT, part, given, "flat")] == ["Ada"]
    assert [v.text for v in choose_values(TEXT, part, given, "allow")] == ["Ada", "Ada met"]


def test_an_argument_is_the_best_entity_that_holds_it_or_that_it_holds():
    found = Candidate(-0.9, 4, 7)
    candidates = {
        "whole": [Candidate(-0.6, 0, 11)],
        "inner": [Candidate(-0.7, 5, 6)],
        "same": [Candidate(-0.5, 4, 7)],
        "left": [Candidate(-0.9, 0, 5)],
        "right": [Candidate(-0.9, 6, 11)],
        "beside": [Candidate(-0.9, 8, 11), Candidate(-0.95, 0, 3)],
    }
    assert entity_at(found, ["whole", "inner", "same"], candidates) == "inner"
    assert entity_at(found, ["same", "whole"], candidates) == "whole"
    assert entity_at(found, ["same"], candidates) == "same"
    assert entity_at(found, ["left", "right", "beside", "nowhere"], candidates) is None


def test_of_several_entities_of_one_type_a_later_one_may_hold_the_argument():
    candidates = {"a": [Candidate(-0.9, 8, 11), Candidate(-0.6, 4, 7), Candidate(-0.55, 0, 11)]}
    assert entity_at(Candidate(-0.9, 4, 7), ["a"], candidates) == "a"
    candidates["b"] = [Candidate(-0.58, 4, 7)]
    assert entity_at(Candidate(-0.9, 4, 7), ["a", "b"], candidates) == "a"
