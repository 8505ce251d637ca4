"""What of a text is not annotated is not known: it is neither learned nor written as if it were."""

import numpy as np
import pytest
import spacy
from spacy.training import Example

from spacy_gliner2.inference.windows import Window
from spacy_gliner2.schema import FrozenSchema
from spacy_gliner2.training.corpus import CorpusOptions, RecordWriter
from spacy_gliner2.training.corpus.parse import parse_record
from spacy_gliner2.training.corpus.to_doc import DocMaker
from spacy_gliner2.training.problems import Problem

from .support.annotated import Annotated
from .support.training import make_nlp

TASK = {"task": "t", "labels": ["a", "b", "c"]}


def there_and_back(cats, multi_label):
    nlp = spacy.blank("en")
    schema = {"classifications": [{**TASK, "multi_label": multi_label}]}
    options = CorpusOptions(schema="record", cats_prefix=True)
    doc = nlp.make_doc("Nobody works here.")
    doc.cats = cats
    record = RecordWriter(nlp, options, schema=FrozenSchema.from_dict(schema)).record(doc)
    again, _ = DocMaker(nlp, options).gold(parse_record(record))
    return dict(again.cats)


@pytest.mark.parametrize(
    ("multi_label", "cats", "known"),
    [
        (True, {"t:a": 1.0, "t:b": 0.0}, {"t:a": 1.0, "t:b": 0.0}),
        (False, {"t:a": 0.0, "t:b": 0.0}, {"t:a": 0.0, "t:b": 0.0}),
        (False, {"t:a": 1.0}, {"t:a": 1.0, "t:b": 0.0, "t:c": 0.0}),
    ],
)
def test_class_labels_that_are_not_annotated_are_not_written(multi_label, cats, known):
    assert there_and_back(cats, multi_label) == known


def test_what_a_record_cannot_hold_is_left_out_with_a_warning():
    with pytest.warns(UserWarning, match="'t' a Doc is annotated for one alone"):
        assert there_and_back({"t:a": 1.0}, multi_label=True) == {}
    nlp = spacy.blank("en")
    doc = nlp.make_doc("Ann knows Bob well.")
    doc.set_ents([doc.char_span(0, 3, "person")], missing=[doc[2:3]], default="outside")
    writer = RecordWriter(nlp, schema=FrozenSchema.from_dict({"entities": ["person"]}))
    with pytest.warns(UserWarning, match="entities of a part of its text"):
        assert "entities" not in writer.record(doc)["output"]


@pytest.mark.parametrize(
    ("cats", "many"),
    [
        ([{"a": 1.0, "b": 0.0}, {"a": 0.0}], False),
        ([{"a": 1.0, "b": 0.0}, {"a": 0.0, "b": 0.0}], True),
        ([{"a": 1.0, "b": 1.0}], True),
        ([{"a": 1.0}, {"b": 1.0}], False),
    ],
)
def test_a_task_has_any_number_of_right_labels_if_a_text_says_so(untrained, cats, many):
    nlp = make_nlp(untrained, schema={}, cats_prefix=False)
    examples = [Example.from_dict(nlp.make_doc("x y"), {"cats": own}) for own in cats]
    nlp.get_pipe("gliner2").initialize(lambda: examples)
    (task,) = nlp.get_pipe("gliner2").schema.classifications
    assert task.multi_label == many


def test_a_relation_whose_ends_share_no_window_is_reported_and_not_learned_as_absent(
    untrained, monkeypatch
):
    nlp = make_nlp(untrained)
    pipe = nlp.get_pipe("gliner2")
    schema = {"entities": ["city"], "relations": ["r"]}
    text = "We all saw Paris then . Oslo is now far away . Nobody was there again ."

    def cut(lengths, **_):
        return [Window(start, start + 6) for start in range(0, len(lengths), 6)]

    monkeypatch.setattr("spacy_gliner2.training.texts.make_windows", cut)

    def losses(relations):
        return pipe.get_loss([Annotated(text, schema, {}, relations).example(nlp)])[1]

    nothing = losses([])
    with pytest.warns(UserWarning, match=r"no common window.*r \(1\)"):
        apart = losses([("r", "Paris", "Oslo")])
    assert pipe.problems.found[Problem.APART] == {"r": 1}
    # Of the three windows only the last one says that there is none.
    assert 0 < apart["relations"] < nothing["relations"]
    assert apart["entities"] == pytest.approx(nothing["entities"], rel=1e-5)
    monkeypatch.undo()
    pipe.problems.found.clear()
    losses([("r", "Paris", "Oslo")])
    assert Problem.APART not in pipe.problems.found


def test_several_right_labels_of_a_task_that_has_one_are_reported(untrained):
    nlp = make_nlp(untrained, schema={"classifications": [TASK]})
    example = Example.from_dict(nlp.make_doc("x y"), {"cats": {"t:a": 1.0, "t:b": 1.0, "t:c": 0.0}})
    with pytest.warns(UserWarning, match=r"1 texts have several right labels.*task 't'"):
        nlp.get_pipe("gliner2").update([example])


@pytest.mark.parametrize("kind", [np.float32, np.int64, np.bool_, bool, int])
def test_class_labels_may_be_numbers_of_any_kind(untrained, kind):
    nlp = make_nlp(untrained, schema={"classifications": [TASK]})
    cats = {"t:a": kind(1), "t:b": kind(0), "t:c": kind(0)}
    plain = {key: float(value) for key, value in cats.items()}
    losses = [
        nlp.get_pipe("gliner2").get_loss([Example.from_dict(nlp.make_doc("x y"), {"cats": own})])
        for own in (cats, plain)
    ]
    assert losses[0] == losses[1]


def test_a_component_that_would_extract_nothing_is_reported(untrained):
    nlp = make_nlp(untrained, schema={})
    example = Annotated("Ann left.", {"entities": ["person"]}, {"person": ["Ann"]}).example(nlp)
    with pytest.warns(UserWarning, match=r"'gliner2': its schema is empty"):
        nlp.get_pipe("gliner2").initialize(lambda: [example])


HEAD = {"text": "Ann", "start": 0, "end": 3}


@pytest.mark.parametrize(
    ("part", "value", "message"),
    [
        ("relations", [{"head": HEAD, "tail": HEAD}], r"doc\._\.relations: .*no text as its 'lab"),
        ("relations", {"knows": []}, r"doc\._\.relations: .*give a list"),
        ("relations", ["knows"], r"doc\._\.relations: .*'knows'; give a mapping"),
        ("relations", [{"label": "r", "head": HEAD}], r"doc\._\.relations: 'tail' is None"),
        ("structures", [HEAD], r"doc\._\.structures: .*give a mapping"),
        ("structures", {"job": {"who": HEAD}}, r"structures\['job'\]: .*give a list"),
        ("structures", {"job": [HEAD["text"]]}, r"structures\['job'\]: .*give a mapping"),
        ("structures", {"job": [{"who": "Ann"}]}, r"structures\['job'\]: 'who' is 'Ann'"),
        ("cats", {"a": "yes"}, r"doc\.cats\['a'\]: 'yes' is no number from 0 to 1"),
        ("cats", {"a": float("nan")}, r"doc\.cats\['a'\]: nan"),
        ("cats", {"a": 5.0}, r"doc\.cats\['a'\]: 5\.0"),
        ("cats", {"a": None}, r"doc\.cats\['a'\]: None.*leave the label out"),
    ],
)
@pytest.mark.parametrize("schema", [{}, {"relations": ["r"], "structures": {"job": ["who"]}}])
def test_annotation_of_another_form_is_an_error_that_names_it(
    untrained, part, value, message, schema
):
    nlp = make_nlp(untrained, schema=schema, cats_prefix=False)
    doc = nlp.make_doc("Ann works.")
    if part == "cats":
        doc.cats = value
    else:
        doc._.set(part, value)
    example = Example(nlp.make_doc("Ann works."), doc)
    with pytest.raises(ValueError, match=message):
        nlp.get_pipe("gliner2").initialize(lambda: [example])
    with pytest.raises(ValueError, match=message):
        nlp.update([example])
