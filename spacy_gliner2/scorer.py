"""How good the annotations are, task by task: `spacy-gliner2.scorer.v1`."""

import json
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from spacy.scorer import PRFScore, Scorer, get_ner_prf
from spacy.tokens import Doc
from spacy.training import Example

from .annotate import SCHEMA_ATTR
from .gold_tokens import in_predicted_tokens
from .inference.occurrences import Occurrences
from .inference.words import split_words
from .matching import Matcher, Outcome
from .schema import Classification, FrozenSchema
from .schema.merge import merge_schemas

Scores = dict[str, Any]


def make_scorer() -> Callable[..., Scores]:
    """Make the component's scorer.

    RETURNS (Callable): The scorer.
    """
    return score


def score(
    examples: Iterable[Example],
    *,
    schema: FrozenSchema | None = None,
    spans_key: str = "gliner2",
    relations_attr: str = "relations",
    structures_attr: str = "structures",
    cats_prefix: bool = False,
    alignment_mode: str = "expand",
    word_splitter: str = "gliner2",
    **kwargs: Any,
) -> Scores:
    """Score each task that there is a schema for; None for what the examples do not tell.

    Entities and spans count as `ner` and `spancat` have it, once the gold stands in the tokens of
    the prediction; labels count as `textcat` has it. A relation is right if its label and the
    offsets of head and tail are. Of records, each value counts by itself: it is right if a record
    of the same structure has the same value in the same field, records being paired so that those
    with the most in common come first. Lenient scores are content with offsets that overlap.

    examples (Iterable): The examples.
    schema (FrozenSchema): The component's schema, to which those of single Docs are added; None to
        score every task.
    spans_key (str): Key of `doc.spans`.
    relations_attr (str): Extension of Doc for the relations.
    structures_attr (str): Extension of Doc for the records.
    cats_prefix (bool): Whether keys of `doc.cats` begin with the task.
    alignment_mode (str): What becomes of gold that ends inside a token of the prediction.
    word_splitter (str): What words are, for gold without offsets.
    **kwargs (Any): Not used.
    RETURNS (dict): The scores.
    """
    examples = list(examples)
    whole = merge_schemas([schema or FrozenSchema(), *_own_schemas(examples)])
    scores: Scores = {}
    if schema is None or whole.entities:
        aligned = [in_predicted_tokens(example, spans_key, alignment_mode) for example in examples]
        scores.update(get_ner_prf(aligned))
        scores.update(_score_spans(aligned, spans_key))
    if whole.classifications:
        scores.update(_score_cats(examples, whole, cats_prefix))
    for prefix, lenient in (("", False), ("lenient_", True)):
        compare = partial(_compare, examples, lenient=lenient, splitter=word_splitter)
        if schema is None or whole.relations:
            outcomes = compare(relations_attr, Matcher.relations)
            scores.update(_prf(outcomes, f"rel_{prefix or 'micro_'}", f"rel_{prefix}f_per_type"))
        if schema is None or whole.structures:
            outcomes = compare(structures_attr, Matcher.records)
            name = f"structures_{prefix}"
            scores.update(_prf(outcomes, name, f"{name}f_per_type"))
    return scores


def _own_schemas(examples: Iterable[Example]) -> list[FrozenSchema]:
    """RETURNS (list): The schemas that single Docs have, each once."""
    seen: dict[str, None] = {}
    for example in examples:
        own = _annotation(example.predicted, SCHEMA_ATTR)
        if own is not None:
            seen[json.dumps(own, default=repr)] = None
    return [FrozenSchema.from_json(text) for text in seen]


def _score_spans(examples: list[Example], key: str) -> Scores:
    scores: Scores = Scorer.score_spans(
        examples,
        f"spans_{key}",
        getter=lambda doc, _: doc.spans.get(key, []),
        has_annotation=lambda doc: key in doc.spans,
        allow_overlap=True,
    )
    return scores


def _score_cats(examples: list[Example], schema: FrozenSchema, prefix: bool) -> Scores:
    """Score all tasks; where there are several, also each under its own name."""
    results = {
        task.task: _score_task(examples, task, f"{task.task}:" if prefix else "")
        for task in schema.classifications
    }
    if len(results) == 1:
        return next(iter(results.values()))
    means = [result["cats_score"] for result in results.values()]
    if all(mean is None for mean in means):
        return {"cats_score": None}
    scores: Scores = {"cats_score": _mean(means), "cats_score_desc": "mean over tasks"}
    for name, result in results.items():
        scores[f"cats_{name}_score"] = result["cats_score"]
        scores[f"cats_{name}_f_per_type"] = result.get("cats_f_per_type")
    return scores


def _score_task(examples: Iterable[Example], task: Classification, prefix: str) -> Scores:
    """Score a task by the examples that have annotation of it."""
    labels = [prefix + part.label for part in task.labels]
    # Where labels exclude one another, spaCy takes the first for the gold of a text that has none.
    needed = (lambda score: True) if task.multi_label else bool
    gold = [
        example
        for example in examples
        if any(
            needed(example.reference.cats[key]) for key in labels if key in example.reference.cats
        )
    ]
    if not gold:
        return {"cats_score": None}
    return dict(
        Scorer.score_cats(
            gold,
            "cats",
            labels=labels,
            multi_label=task.multi_label,
            threshold=task.cls_threshold if task.multi_label else None,
        )
    )


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _compare(
    examples: Iterable[Example],
    attr: str,
    match: Callable[[Matcher, Any, Any], dict[str, Outcome]],
    *,
    lenient: bool,
    splitter: str,
) -> dict[str, Outcome] | None:
    """RETURNS (dict): The outcome by label; None if no example has annotation of it."""
    # Tokens are not words of a text by itself; single characters are as fine as any.
    splitter = "char" if splitter == "spacy" else splitter
    totals: dict[str, Outcome] | None = None
    for example in examples:
        gold = _annotation(example.reference, attr)
        if gold is None:
            continue
        totals = {} if totals is None else totals
        places = Occurrences(example.reference.text, partial(split_words, splitter=splitter))
        matcher = Matcher(places, lenient=lenient)
        found = _annotation(example.predicted, attr) or type(gold)()
        for label, outcome in match(matcher, found, gold).items():
            total = totals.setdefault(label, Outcome())
            total.right += outcome.right
            total.found += outcome.found
            total.gold += outcome.gold
    return totals


def _prf(outcomes: dict[str, Outcome] | None, prefix: str, per_type: str) -> Scores:
    if outcomes is None:
        return dict.fromkeys((f"{prefix}p", f"{prefix}r", f"{prefix}f", per_type))
    total = _prf_score(outcomes.values())
    return {
        f"{prefix}p": total.precision,
        f"{prefix}r": total.recall,
        f"{prefix}f": total.fscore,
        per_type: {label: _prf_score([outcomes[label]]).to_dict() for label in sorted(outcomes)},
    }


def _prf_score(outcomes: Iterable[Outcome]) -> PRFScore:
    total = PRFScore()
    for outcome in outcomes:
        total.tp += outcome.right
        total.fp += outcome.found - outcome.right
        total.fn += outcome.gold - outcome.right
    return total


def _annotation(doc: Doc, attr: str) -> Any:
    return doc._.get(attr) if Doc.has_extension(attr) else None
