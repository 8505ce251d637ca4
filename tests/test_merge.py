"""What several windows found of one text, brought together."""

import numpy as np
import pytest

from spacy_gliner2.extraction import Argument, FieldValue, Record, RelationMention
from spacy_gliner2.inference.decode import Findings
from spacy_gliner2.inference.merge import merge
from spacy_gliner2.inference.overlap import Candidate
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


def test_equal_records_of_two_windows_come_once_with_the_better_scores():
    worse = item(FieldValue("aa", 0.6, 0, 2), span(3, 5))
    better = item(FieldValue("aa", 0.8, 0, 2), span(3, 5))
    assert merged([worse], [better]) == (better,)
    assert merged([better], [worse]) == (better,)
    assert merged([better], [better]) == (better,)


def test_records_of_choices_alone_come_once_for_several_windows_and_as_often_as_in_one():
    small, large = (item(size=(FieldValue(size, 0.8),)) for size in ("S", "L"))
    assert merged([small, small], [small, large]) == (small, small, large)


def argument(start, end, score):
    return Argument(start, end, TEXT[start:end], score)


def relations(*windows, entities=()):
    schema = FrozenSchema.from_dict({"entities": ["x", "y"], "relations": ["r", "s"]})
    findings = [Findings(relations=list(found), candidates=dict(entities)) for found in windows]
    return merge(TEXT, schema, findings, "allow").relations


def test_a_relation_of_two_windows_comes_once_with_the_better_score_by_label_and_score():
    worse = RelationMention("r", argument(0, 2, 0.9), argument(3, 5, 0.6))
    better = RelationMention("r", argument(0, 2, 0.7), argument(3, 5, 0.8))
    best = RelationMention("r", argument(0, 2, 0.9), argument(6, 8, 0.9))
    other = RelationMention("s", argument(0, 2, 0.95), argument(3, 5, 0.95))
    assert relations([other, worse], [better, best]) == (best, better, other)


def test_an_argument_has_the_label_of_the_best_mention_with_its_offsets():
    found = {"x": [Candidate(-0.6, 0, 2)], "y": [Candidate(-0.8, 0, 2), Candidate(-0.9, 3, 4)]}
    (relation,) = relations(
        [RelationMention("r", argument(0, 2, 0.9), argument(3, 5, 0.9))], entities=found
    )
    assert (relation.head.label, relation.tail.label) == ("y", None)


def test_an_argument_keeps_the_type_for_which_it_was_chosen():
    schema = FrozenSchema.from_dict(
        {"entities": ["x", "y"], "relations": [{"label": "r", "head": "x", "tail": "y"}]}
    )
    typed = RelationMention("r", Argument(0, 2, "aa", 0.9, "x"), Argument(3, 5, "bb", 0.9, "y"))
    better = {"y": [Candidate(-0.99, 0, 2)], "x": [Candidate(-0.5, 0, 2)]}
    (relation,) = merge(
        TEXT, schema, [Findings(candidates=better, relations=[typed])], "flat"
    ).relations
    assert relation == typed


def decide(*windows, **options):
    task = {"task": "t", "labels": ["a", "b", "c"], **options}
    schema = FrozenSchema.from_dict({"classifications": [task]})
    findings = [
        Findings(logits={"t": np.array(logits, dtype=np.float32)}, weight=weight)
        for weight, logits in windows
    ]
    (decision,) = merge(TEXT, schema, findings, "flat").decisions
    return decision


def test_labels_that_exclude_each_other_are_weighed_by_the_words_of_the_windows():
    decision = decide((3, [2.0, 0.0, 0.0]), (1, [-2.0, 4.0, 0.0]))  # on average 1, 1, 0
    assert decision.scores["a"] == pytest.approx(np.e / (2 * np.e + 1), abs=1e-6)
    assert sum(decision.scores.values()) == pytest.approx(1)
    assert decide((1, [0.0, 2.0, 1.0])).chosen == ("b",)


def test_labels_that_may_hold_together_hold_where_a_window_says_so():
    windows = (9, [0.0, -5.0, -5.0]), (1, [-3.0, 2.0, -5.0])
    decision = decide(*windows, multi_label=True)
    assert decision.scores["b"] == pytest.approx(1 / (1 + np.exp(-2.0)), abs=1e-6)
    assert decision.chosen == ("a", "b")  # a is at the threshold of a half exactly
    assert decide(*windows, multi_label=True, top_k=1).chosen == ("b",)
    assert decide(*windows, multi_label=True, cls_threshold=0.99).chosen == ("b",)


def test_large_logits_are_probabilities_too():
    assert list(decide((1, [100.0, 0.0, -100.0])).scores.values()) == pytest.approx([1, 0, 0])


def test_an_entity_that_comes_once_is_the_best_of_all_windows():
    schema = FrozenSchema.from_dict({"entities": {"x": {"dtype": "str"}}})
    windows = [
        Findings(candidates={"x": [Candidate(-score, n, n + 1)]})
        for n, score in ((0, 0.6), (3, 0.8))
    ]
    (mention,) = merge(TEXT, schema, windows, "flat").mentions
    assert (mention.start, mention.text, mention.score) == (3, "b", 0.8)
