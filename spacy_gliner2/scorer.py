"""How good the annotations are, task by task: `spacy-gliner2.scorer.v1`."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from spacy.scorer import PRFScore, Scorer, get_ner_prf
from spacy.training import Example

from .annotate import SCHEMA_ATTR
from .gold_tokens import in_predicted_tokens
from .inference.occurrences import Occurrences
from .inference.words import split_words
from .matching import Matcher, Outcome
from .reading import class_keys, extension_value
from .schema import Classification, FrozenSchema, freeze
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
    """Score each task that there is a schema for; None where there is nothing to score.

    An example counts for what its reference has annotation of. Entities and spans count as `ner`
    and `spancat` have it, once the gold stands in the tokens of the prediction, the labels of each
    classification as `textcat` has it. A relation is right if its label and the offsets of head
    and tail are. Of records, each value counts by itself: it is right if a record of the same
    structure has the same value in the same field, records being paired so that those with the
    most in common come first. Lenient scores are content with offsets that overlap.

    examples (Iterable): The examples.
    schema (FrozenSchema): The component's schema, to which those of single Docs are added; None to
        score all but classifications, whose labels it alone knows.
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
    stated = schema is None or whole.relations or whole.structures
    places = _places(examples, word_splitter) if stated else []
    for prefix, lenient in (("", False), ("lenient_", True)):
        compare = partial(_compare, examples, [Matcher(own, lenient=lenient) for own in places])
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
    own = (extension_value(example.predicted, SCHEMA_ATTR) for example in examples)
    return list(dict.fromkeys(freeze(schema) for schema in own if schema is not None))


def _score_spans(examples: list[Example], key: str) -> Scores:
    scores: Scores = Scorer.score_spans(
        examples,
        f"spans_{key}",
        getter=lambda doc, _: doc.spans.get(key, []),
        has_annotation=lambda doc: key in doc.spans,
        allow_overlap=True,
    )
    return scores


CATS_NUMBERS = ("micro_p", "micro_r", "micro_f", "macro_p", "macro_r", "macro_f", "macro_auc")
CATS_BY_LABEL = ("cats_f_per_type", "cats_auc_per_type")


def _score_cats(examples: list[Example], schema: FrozenSchema, prefix: bool) -> Scores:
    """Score each task as `textcat` does; several tasks count as their mean."""
    by_task = {
        task.task: found
        for task in schema.classifications
        if (found := _score_task(examples, task, prefix)) is not None
    }
    results = list(by_task.values())
    scores: Scores = {
        key: _mean([result[key] for result in results])
        for key in ("cats_score", *(f"cats_{name}" for name in CATS_NUMBERS))
    }
    scores["cats_score_desc"] = _describe(results)
    for key in CATS_BY_LABEL:
        merged = {label: one for result in results for label, one in result[key].items()}
        scores[key] = merged or None
    scores["cats_score_per_task"] = {t: r["cats_score"] for t, r in by_task.items()} or None
    return scores


def _score_task(examples: list[Example], task: Classification, prefix: bool) -> Scores | None:
    """Score a task on the examples that have one of its labels; None if there are none."""
    labels = [*class_keys(task.task, (part.label for part in task.labels), prefix).values()]
    annotated = [eg for eg in examples if any(label in eg.reference.cats for label in labels)]
    if not task.multi_label:
        # spaCy takes the first label for right where none is, as one label must be.
        annotated = [eg for eg in annotated if any(eg.reference.cats.get(key) for key in labels)]
    if not annotated:
        return None
    scores: Scores = Scorer.score_cats(
        annotated,
        "cats",
        labels=labels,
        multi_label=task.multi_label,
        threshold=task.cls_threshold if task.multi_label else None,
    )
    return scores


def _describe(results: Sequence[Scores]) -> str:
    """RETURNS (str): What `cats_score` is; never None, which `spacy evaluate` cannot print."""
    if len(results) > 1:
        return f"mean of {len(results)} tasks"
    return results[0]["cats_score_desc"] if results else "nothing annotated"


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _places(examples: Iterable[Example], splitter: str) -> list[Occurrences]:
    """RETURNS (list): What finds words in each gold text."""
    # Tokens are not words of a text by itself; single characters are as fine as any.
    split = partial(split_words, splitter="char" if splitter == "spacy" else splitter)
    return [Occurrences(example.reference.text, split) for example in examples]


def _compare(
    examples: Iterable[Example],
    matchers: Iterable[Matcher],
    attr: str,
    match: Callable[[Matcher, Any, Any], dict[str, Outcome]],
) -> dict[str, Outcome]:
    """RETURNS (dict): The outcome by label, over the examples that have annotation of it."""
    totals: dict[str, Outcome] = {}
    for example, matcher in zip(examples, matchers, strict=True):
        gold = extension_value(example.reference, attr)
        if gold is None:
            continue
        found = extension_value(example.predicted, attr) or type(gold)()
        for label, outcome in match(matcher, found, gold).items():
            total = totals.setdefault(label, Outcome())
            total.right += outcome.right
            total.found += outcome.found
            total.gold += outcome.gold
    return totals


def _prf(outcomes: dict[str, Outcome], prefix: str, per_type: str) -> Scores:
    total = _prf_score(outcomes.values())
    if len(total) == 0:
        return dict.fromkeys((f"{prefix}p", f"{prefix}r", f"{prefix}f", per_type))
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
