"""Where we do otherwise than the reference package, and by intention: what it does, what we do.

Most of these tests give both packages the same scores, so that nothing but the decision differs.
"""

import gliner2
import pytest

from spacy_gliner2 import GLiNER2, SchemaError
from spacy_gliner2.inference.prompt import make_prompt
from spacy_gliner2.inference.subwords import Subwords
from spacy_gliner2.inference.words import read_words
from spacy_gliner2.model.checkpoint import load_checkpoint
from spacy_gliner2.schema import FrozenSchema

from .support.crafted import crafted
from .support.reference import reference_schema

TEXT = "Tim Cook met Satya Nadella in Paris"
TIM_COOK, SATYA_NADELLA, PARIS = (0, 1), (3, 1), (6, 0)
"""First word and width index."""

FULL = {"include_confidence": True, "include_spans": True}

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def run(small_checkpoint):
    """Extract with both from the same scores."""
    path = str(small_checkpoint())
    ours, theirs = GLiNER2.from_pretrained(path), gliner2.GLiNER2.from_pretrained(path)

    def run(schema, scores, text=TEXT, counts=None, **options):
        with crafted(scores, counts):
            return (
                ours.extract(text, schema, **options),
                theirs.extract(text, reference_schema(schema), **options),
            )

    return run


def spans(*found, instance=0, label=0):
    """Give one label of one instance some spans: place and probability in turn."""
    return {
        (instance, label, *place): score
        for place, score in zip(found[::2], found[1::2], strict=True)
    }


def approx(value):
    """Compare nested results, their scores to within the tolerance."""
    if isinstance(value, dict):
        return {key: approx(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(approx(part) for part in value)
    return pytest.approx(value, abs=1e-4) if isinstance(value, float) else value


@pytest.mark.parametrize(
    ("entity", "found", "expected"),
    [
        ({"dtype": "str"}, (TIM_COOK, 0.6, SATYA_NADELLA, 0.9), "Satya Nadella"),
        ({}, (TIM_COOK, 0.6, (0, 0), 0.7, SATYA_NADELLA, 0.9), ["Satya Nadella", "Tim"]),
        ({}, (TIM_COOK, 0.7, (0, 0), 0.7), ["Tim"]),
        ({"threshold": 0.9}, (TIM_COOK, 0.8), []),
        ({"threshold": 0.1}, (TIM_COOK, 0.2, PARIS, 0.05), ["Tim Cook"]),
        (
            {"dtype": "str", "validators": [{"pattern": "[a-z]+"}]},
            (TIM_COOK, 0.9, (3, 0), 0.6, (1, 0), 0.7),
            "Cook",
        ),
    ],
)
def test_the_decisions_on_entities_are_the_same(run, entity, found, expected):
    ours, theirs = run({"entities": {"p": entity}}, [spans(*found)])
    assert ours == theirs == {"entities": {"p": expected}}


def test_the_arguments_of_each_relation_are_the_best_and_not_the_first(run):
    scores = [
        {
            **spans(TIM_COOK, 0.9, instance=0),
            **spans(SATYA_NADELLA, 0.8, instance=0, label=1),
            **spans(TIM_COOK, 0.7, (1, 0), 0.6, instance=1),
            **spans(SATYA_NADELLA, 0.6, PARIS, 0.95, instance=1, label=1),
            **spans(TIM_COOK, 0.9, instance=2),
        }
    ]
    ours, theirs = run({"relations": ["r"]}, scores)
    pairs = [("Tim Cook", "Satya Nadella"), ("Tim Cook", "Paris")]
    assert ours == theirs == {"relation_extraction": {"r": pairs}}


def test_a_record_without_any_value_is_none_for_both(run):
    fields = [{"name": "f", "dtype": "str"}, {"name": "c", "choices": ["x", "y"]}]
    ours, theirs = run({"structures": {"s": {"fields": fields}}}, [{}], counts=[2])
    assert ours == theirs == {"s": []}


@pytest.mark.parametrize(
    ("text", "their_text", "their_end"),
    [("go to Paris", "Paris.", 12), ("go to Paris  ", "Paris  .", 14)],
)
def test_nothing_ends_in_the_full_stop_that_the_user_did_not_write(
    run, text, their_text, their_end
):
    ours, theirs = run({"entities": ["city"]}, [spans((2, 1), 0.9)], text, include_spans=True)
    assert theirs["entities"]["city"] == [{"text": their_text, "start": 6, "end": their_end}]
    assert ours["entities"]["city"] == [{"text": "Paris", "start": 6, "end": 11}]
    assert text[6:11] == "Paris"


def test_the_full_stop_that_the_user_did_not_write_is_not_found(run):
    ours, theirs = run({"entities": ["city"]}, [spans((3, 0), 0.9)], "go to Paris")
    assert (ours["entities"]["city"], theirs["entities"]["city"]) == ([], ["."])


def test_a_span_with_and_without_the_added_full_stop_is_one(run):
    scores = [spans((2, 0), 0.6, (2, 1), 0.9)]
    options = {"overlap_policy": "allow", **FULL}
    ours, theirs = run({"entities": ["city"]}, scores, "go to Paris", **options)
    assert [item["text"] for item in theirs["entities"]["city"]] == ["Paris.", "Paris"]
    (only,) = ours["entities"]["city"]
    assert (only["text"], only["confidence"]) == ("Paris", pytest.approx(0.9))


def test_a_relation_with_a_description_is_found_under_its_name(run):
    scores = [{**spans(TIM_COOK, 0.9), **spans(PARIS, 0.9, label=1)}]
    ours, theirs = run({"relations": {"lives in": "the home"}}, scores)
    pair = [("Tim Cook", "Paris")]
    assert theirs == {"relation_extraction": {"lives in: the home": pair, "lives in": []}}
    assert ours == {"relation_extraction": {"lives in": pair}}


def test_a_relation_with_a_description_keeps_its_threshold(run):
    scores = [{**spans(TIM_COOK, 0.9), **spans(PARIS, 0.6, label=1)}]
    schema = {"relations": {"r": {"description": "d", "threshold": 0.8}}}
    ours, theirs = run(schema, scores)
    assert theirs["relation_extraction"]["r: d"] == [("Tim Cook", "Paris")]
    assert ours == {"relation_extraction": {"r": []}}


def test_a_relation_found_in_two_instances_is_one_with_the_better_score(run):
    scores = [
        {
            **spans(TIM_COOK, 0.6, instance=0),
            **spans(PARIS, 0.7, instance=0, label=1),
            **spans(TIM_COOK, 0.9, instance=1),
            **spans(PARIS, 0.8, instance=1, label=1),
        }
    ]
    ours, theirs = run({"relations": ["r"]}, scores, include_confidence=True)
    first, second = (
        {"head": {"text": "Tim Cook", "confidence": a}, "tail": {"text": "Paris", "confidence": b}}
        for a, b in ((0.6, 0.7), (0.9, 0.8))
    )
    assert theirs["relation_extraction"]["r"] == approx([first, second])
    assert ours["relation_extraction"]["r"] == approx([second])


def test_a_record_found_in_two_instances_is_one_with_the_better_score(run):
    scores = [{**spans(PARIS, 0.6, instance=0), **spans(PARIS, 0.9, instance=1)}]
    schema = {"structures": {"s": {"fields": [{"name": "f", "dtype": "str"}]}}}
    ours, theirs = run(schema, scores, include_confidence=True)
    first, second = ({"f": {"text": "Paris", "confidence": score}} for score in (0.6, 0.9))
    assert theirs["s"] == approx([first, second])
    assert ours["s"] == approx([second])


def test_records_of_nothing_but_choices_may_be_two_of_a_kind(run):
    row = (4, 0)  # ( s: f ( x | y ) )
    scores = [{**spans(row, 0.6, instance=0), **spans(row, 0.9, instance=1)}]
    schema = {"structures": {"s": {"fields": [{"name": "f", "choices": ["x", "y"]}]}}}
    ours, theirs = run(schema, scores)
    assert ours == theirs == {"s": [{"f": ["x"]}, {"f": ["x"]}]}


def test_a_mention_is_never_dropped_for_having_the_text_of_another(run):
    text = "Paris and paris."
    scores = [spans((0, 0), 0.9, (2, 0), 0.8)]
    schema = {"entities": ["city"]}
    ours, theirs = run(schema, scores, text)
    assert ours == theirs == {"entities": {"city": ["Paris"]}}  # a list of texts, without places
    ours, theirs = run(schema, scores, text, format_results=False)
    assert [(m.start, m.end) for m in ours.mentions] == [(0, 5), (10, 15)]
    ours, theirs = run(schema, scores, text, include_spans=True)
    assert ours == theirs
    assert len(ours["entities"]["city"]) == 2


def test_a_choice_is_looked_up_among_the_choices_of_its_own_field(run):
    # ( car: paint ( red | blue ) , seats ( red | blue ) ) ( bike: blue ( red | blue ) )
    schema = {
        "structures": {
            "car": {
                "fields": [
                    {"name": name, "dtype": "str", "choices": ["red", "blue"]}
                    for name in ("paint", "seats")
                ]
            },
            "bike": {"fields": [{"name": "blue", "dtype": "str", "choices": ["red", "blue"]}]},
        }
    }
    car = {**spans((4, 0), 0.9, (6, 0), 0.1), **spans((11, 0), 0.2, (13, 0), 0.8, label=1)}
    ours, theirs = run(schema, [car, spans((20, 0), 0.1, (22, 0), 0.7)])
    assert theirs == {"car": [{"paint": "red", "seats": None}], "bike": []}
    assert ours == {"car": [{"paint": "red", "seats": "blue"}], "bike": [{"blue": "blue"}]}


def test_a_choice_that_is_the_name_of_its_field_is_looked_up_among_the_choices(run):
    # ( s: size ( size | age ) )
    schema = {"structures": {"s": {"fields": [{"name": "size", "choices": ["size", "age"]}]}}}
    ours, theirs = run(schema, [spans((4, 0), 0.9)])
    assert (ours, theirs) == ({"s": [{"size": ["size"]}]}, {"s": []})


def test_a_task_named_like_the_beginning_of_another_has_its_own_labels(run):
    tasks = [{"task": "sent", "labels": ["a", "b"]}, {"task": "sentiment", "labels": ["x", "y"]}]
    ours, theirs = run({"classifications": tasks}, [])
    assert list(ours) == list(theirs) == ["sent", "sentiment"]
    tasks = [
        {"task": "tone", "labels": ["a", "b"], "prompt": "of voice"},
        {"task": "tone: of", "labels": ["x", "y"]},
        {"task": "tone: of voice", "labels": ["v", "w"]},
    ]
    ours, theirs = run({"classifications": tasks}, [])
    assert list(theirs) == ["tone: of voice", "tone: of"]
    assert list(ours) == ["tone", "tone: of", "tone: of voice"]
    assert ours["tone"] in ("a", "b")
    assert ours["tone: of voice"] in ("v", "w")


def test_entities_and_fields_named_head_and_tail_are_no_relations(run):
    scores = [{**spans(TIM_COOK, 0.9), **spans(PARIS, 0.9, label=1)}]
    ours, theirs = run({"entities": ["head", "tail"]}, scores)
    found = {"head": ["Tim Cook"], "tail": ["Paris"]}
    assert theirs == {"relation_extraction": {"entities": [found]}}
    assert ours == {"entities": found}
    schema = {"structures": {"edge": {"fields": [{"name": "head"}, {"name": "tail"}]}}}
    ours, theirs = run(schema, scores)
    assert theirs == {"relation_extraction": {"edge": [found]}}
    assert ours == {"edge": [found]}


def test_a_structure_named_entities_is_a_structure(run):
    schema = {"structures": {"entities": {"fields": [{"name": "f", "dtype": "str"}]}}}
    scores = [{**spans(PARIS, 0.9, instance=0), **spans(TIM_COOK, 0.9, instance=1)}]
    ours, theirs = run(schema, scores, format_results=False)
    assert theirs["entities"] == []
    found = [record.fields["f"].text for record in ours.records["entities"]]
    assert found == ["Paris", "Tim Cook"]
    with pytest.raises(SchemaError, match="'entities' would be two keys"):
        run(schema, scores)


def test_everything_asked_for_has_its_key_when_nothing_is_there(run):
    schema = {
        "entities": {"p": {"dtype": "str"}, "q": {}},
        "structures": {"s": {"fields": [{"name": "f"}]}},
        "relations": ["r"],
    }
    ours, theirs = run(schema, [{}, {}, {}], counts=[0, 0, 0])
    assert theirs == {"s": {}, "entities": {}, "relation_extraction": {"r": []}}
    assert ours == {
        "s": [],
        "entities": {"p": None, "q": []},
        "relation_extraction": {"r": []},
    }


def test_flat_keeps_the_best_and_not_the_largest_sum(run):
    scores = [spans((0, 1), 0.6, (1, 1), 0.9, (2, 1), 0.6)]
    schema = {"entities": ["p"]}
    ours, theirs = run(schema, scores, overlap_policy="flat")
    assert theirs["entities"]["p"] == ["Tim Cook", "met Satya"]
    assert ours["entities"]["p"] == ["Cook met"]
    by_default = run(schema, scores)
    assert by_default == (ours, ours)


def test_a_label_without_description_is_described_by_nothing(small_checkpoint):
    path = small_checkpoint()
    tokenizer = load_checkpoint(path).tokenizer
    labels = {"good": "all is well", "bad": None}
    schema = gliner2.Schema().classification("mood", labels).build()
    theirs = gliner2.GLiNER2.from_pretrained(str(path)).processor
    prompt = theirs.collate_fn_inference([("Hm.", schema)]).schema_tokens_list[0][0][2]
    assert prompt == "mood [DESCRIPTION] good: all is well [DESCRIPTION] bad: None"
    frozen = FrozenSchema.from_dict({"classifications": [{"task": "mood", "labels": labels}]})
    subwords = Subwords(tokenizer)
    ids = subwords.ids("mood [DESCRIPTION] good: all is well")
    assert make_prompt(frozen, subwords).ids[2 : 3 + len(ids)] == (*ids, *subwords.ids("("))


def test_a_word_without_tokens_keeps_its_row_where_tokens_are_pooled(small_checkpoint):
    path = small_checkpoint("deberta", token_pooling="mean")
    text = "Marie \x07 Curie in Paris."
    words = read_words(text, "gliner2")
    model = gliner2.GLiNER2.from_pretrained(str(path))
    rows = []
    score = model.compute_span_scores_batched
    model.compute_span_scores_batched = lambda tokens, *args, **kwargs: (
        rows.extend(map(len, tokens)) or score(tokens, *args, **kwargs)
    )
    model.extract(text, gliner2.Schema().entities("p"))
    assert rows == [len(words) - 1]
    found = GLiNER2.from_pretrained(path).extract(
        text, {"entities": ["p"]}, 0.0, overlap_policy="allow", include_spans=True
    )
    starts = {(item["start"], item["end"]) for item in found["entities"]["p"]}
    assert {(0, 5), (8, 13), (14, 16), (17, 22), (22, 23)} <= starts


def test_a_text_longer_than_the_encoder_reads_is_read_to_its_end(small_checkpoint):
    path = str(small_checkpoint())
    text = "x " * 1200 + "Tim Cook."
    with pytest.raises((IndexError, RuntimeError)):
        gliner2.GLiNER2.from_pretrained(path).extract(text, gliner2.Schema().entities("p"))
    ours = GLiNER2.from_pretrained(path)
    found = ours.extract(text, {"entities": ["p"]}, 0.0, include_spans=True)
    assert max(item["end"] for item in found["entities"]["p"]) == len(text)


def test_what_is_no_text_is_refused(small_checkpoint):
    path = str(small_checkpoint())
    theirs = gliner2.GLiNER2.from_pretrained(path)
    assert "entities" in theirs.extract(None, gliner2.Schema().entities("p"))
    with pytest.raises(TypeError, match="None is a NoneType"):
        GLiNER2.from_pretrained(path).extract(None, {"entities": ["p"]})


def test_a_label_that_would_be_read_as_a_marker_is_refused():
    gliner2.Schema().entities(["a [E] b"])
    with pytest.raises(SchemaError, match=r"contains \[E\]"):
        FrozenSchema.from_dict({"entities": ["a [E] b"]})
