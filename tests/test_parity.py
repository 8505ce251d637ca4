"""The reference package and ours find the same, on the same checkpoint.

Where we differ by intention, `support.reference.Reference` does as we do; what the reference does
without that is held by `test_differences.py`.
"""

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from gliner2 import GLiNER2 as TheirFace

from spacy_gliner2 import GLiNER2 as OurFace
from spacy_gliner2.inference.extractor import Extractor, Request
from spacy_gliner2.inference.settings import Settings
from spacy_gliner2.inference.subwords import Subwords
from spacy_gliner2.inference.words import read_words
from spacy_gliner2.model.architecture import build_gliner2_model
from spacy_gliner2.model.checkpoint import load_checkpoint, save_checkpoint
from spacy_gliner2.model.source import find_checkpoint
from spacy_gliner2.schema import FrozenSchema

from .support.cases import COMBINATIONS, Case, spread
from .support.checkpoints import COUNTING_LAYERS, ENCODERS
from .support.normal import TOLERANCE, Found, difference, from_extraction, score_gap
from .support.reference import is_marginal, load_reference, reference_schema, run_reference

SEED = Path(__file__).parents[2] / "shared" / "models" / "seed"
CASES = {"embedded": 90, "seed as float16": 20, "seed as float32": 20}
SMALL = [f"{kind} {layer}" for kind in ENCODERS for layer in COUNTING_LAYERS]
SMALL_CASES = 90
MARGINAL = 0.02
"""Largest share of cases that may fall out otherwise because a score is next to a threshold."""

pytestmark = pytest.mark.usefixtures("one_thread")


@dataclass(frozen=True)
class Comparison:
    """What both found in the same cases, how near each was to another outcome, and of how many of
    the cases of each kind there should be something."""

    cases: list[Case]
    ours: list[Found]
    theirs: list[Found]
    margins: list[float]
    share: float = 1 / 8

    def differences(self) -> dict[int, str]:
        """RETURNS (dict): By case, how the two differ."""
        pairs = enumerate(zip(self.ours, self.theirs, strict=True))
        found = {i: difference(ours, theirs) for i, (ours, theirs) in pairs}
        return {i: text for i, text in found.items() if text is not None}


def compare(path: Path, cases: list[Case], **settings) -> Comparison:
    theirs = run_reference(
        load_reference(path, settings.get("word_splitter")), cases, settings.get("overlap_policy")
    )
    extractor = Extractor(build_gliner2_model(str(path)))
    requests = [
        Request(
            case.text,
            FrozenSchema.from_dict(case.schema),
            Settings(threshold=case.threshold, **settings),
        )
        for case in cases
    ]
    ours = [from_extraction(found) for found in extractor.extract(requests)]
    return Comparison(cases, ours, [found for found, _ in theirs], [m for _, m in theirs])


def check(comparison: Comparison) -> None:
    """Assert that both are the same but for a few marginal cases."""
    differences = comparison.differences()
    for i, text in differences.items():
        assert is_marginal(comparison.margins[i]), f"{comparison.cases[i]}: {text}"
    assert len(differences) <= MARGINAL * len(comparison.cases), differences
    for i, (ours, theirs) in enumerate(zip(comparison.ours, comparison.theirs, strict=True)):
        assert i in differences or score_gap(ours, theirs) <= TOLERANCE


@pytest.fixture(scope="module", params=[*CASES, *SMALL])
def comparison(request, small_checkpoint, tmp_path_factory) -> Comparison:
    name = request.param
    if name in SMALL:
        return compare(small_checkpoint(*name.split()), spread(SMALL_CASES, seed=2))
    if name == "embedded":
        # It was taught to find nothing where there is nothing, as most drawn labels have it.
        cases = spread(CASES[name], seed=4)
        return replace(compare(find_checkpoint("embedded"), cases), share=1 / CASES[name])
    if not SEED.is_dir():
        pytest.skip("the seed checkpoint is not there")
    path = SEED
    if name == "seed as float32":
        path = tmp_path_factory.mktemp("seed")
        save_checkpoint(replace(load_checkpoint(SEED), dtype=torch.float32), path)
    return compare(path, spread(CASES[name], seed=4))


def test_both_find_the_same_with_the_same_scores(comparison):
    check(comparison)


def test_there_is_much_of_everything_to_find(comparison):
    found = Counter()
    for case, ours in zip(comparison.cases, comparison.ours, strict=True):
        found["entities"] += len(ours.entities)
        found["relations"] += len(ours.relations)
        found["decisions"] += len(ours.decisions)
        for records in ours.records.values():
            found["records"] += len(records)
            values = [value for values, _ in records for value in values]
            found["choices"] += sum(start is None for _, start, _, _ in values)
            found["values"] += sum(start is not None for _, start, _, _ in values)
        found["nothing"] += ours.count() == 0 and case.schema.keys() != {"classifications"}
    count = len(comparison.cases)
    kinds = ("entities", "relations", "records", "values", "decisions")
    assert all(found[kind] >= count * comparison.share for kind in kinds), found
    assert found["choices"] >= count / 20, found
    assert 0 < found["nothing"] < count * 2 / 3, found


def test_the_cases_are_hundreds_and_have_all_combinations_of_tasks():
    assert CASES["embedded"] + len(SMALL) * SMALL_CASES >= 500
    for cases in (spread(CASES["embedded"], seed=4), spread(SMALL_CASES, seed=2)):
        assert {tuple(case.schema) for case in cases} == set(COMBINATIONS)


def shape_of(result, requested):
    """A result with what the reference leaves out, without the order of instances and scores."""
    shape = {}
    for key, value in result.items():
        if key == "entities":
            value = requested | value
        elif key == "relation_extraction":
            value = {name: {repr(_hide(pair)) for pair in pairs} for name, pairs in value.items()}
        elif value == {}:
            value = []
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            value = {repr(_unordered(_hide(record))) for record in value}
        shape[key] = _hide(value)
    return list(shape), shape


def _unordered(record):
    return {
        name: sorted(value, key=repr) if isinstance(value, list) else value
        for name, value in record.items()
    }


def _hide(value):
    """Put a word in the place of scores, which are compared elsewhere."""
    if isinstance(value, float):
        return "score"
    if isinstance(value, dict):
        return {key: _hide(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_hide(part) for part in value)
    return value


@pytest.mark.parametrize("spans", [False, True])
@pytest.mark.parametrize("confidence", [False, True])
def test_results_have_the_shape_of_the_reference(confidence, spans, small_checkpoint):
    path = small_checkpoint("deberta", "count_lstm_v2")
    ours, theirs = OurFace.from_pretrained(path), TheirFace.from_pretrained(str(path))
    options = {"include_confidence": confidence, "include_spans": spans}
    found = 0
    for case in spread(200, seed=16):
        schema = FrozenSchema.from_dict(case.schema)
        roles = {"head", "tail"}
        names = {part.label for part in schema.entities} | {
            field.name for part in schema.structures for field in part.fields
        }
        # See test_differences: texts without an end mark, described relations, heads and tails.
        if (
            not case.text.endswith((".", "!", "?"))
            or any(part.description for part in schema.relations)
            or roles <= names
        ):
            continue
        one = ours.extract(case.text, schema, case.threshold, **options)
        other = theirs.extract(case.text, reference_schema(case.schema), case.threshold, **options)
        complete = {part.label: None if part.dtype == "str" else [] for part in schema.entities}
        assert shape_of(one, complete) == shape_of(other, complete)
        found += 1
    assert found >= 50


@pytest.mark.parametrize("pooling", ["mean", "max"])
@pytest.mark.parametrize("kind", ENCODERS)
def test_words_of_several_tokens_are_pooled_as_the_checkpoint_says(kind, pooling, small_checkpoint):
    path = small_checkpoint(kind, token_pooling=pooling)
    ids = Subwords(load_checkpoint(path).tokenizer)
    # Where it pools, the reference has no row for a word without tokens: see test_differences.
    cases = [
        case
        for case in spread(80, seed=5)
        if all(map(ids.ids, read_words(case.text, "gliner2").forms))
    ]
    assert len(cases) >= 60
    check(compare(path, cases))


@pytest.mark.parametrize("max_width", [1, 12])
def test_spans_are_as_wide_as_the_checkpoint_says(max_width, small_checkpoint):
    check(compare(small_checkpoint(max_width=max_width), spread(60, seed=6)))


@pytest.mark.parametrize("policy", ["allow", "nested", "longest"])
def test_overlaps_are_resolved_alike(policy, small_checkpoint):
    check(compare(small_checkpoint("deberta"), spread(90, seed=7), overlap_policy=policy))


def test_characters_are_words_for_both(small_checkpoint):
    check(compare(small_checkpoint("deberta"), spread(90, seed=8), word_splitter="char"))
