"""How good the annotations are, task by task: `spacy-gliner2.scorer.v1`."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any

from spacy.scorer import PRFScore, Scorer, get_ner_prf
from spacy.tokens import Doc
from spacy.training import Example

from .schema import Classification, FrozenSchema

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
    **kwargs: Any,
) -> Scores:
    """Score each task that the schema has; None where there is nothing to score.

    An example counts for what its reference has annotation of. Entities and spans count as `ner`
    and `spancat` have it, the labels of each classification as `textcat` has it. A relation
    is right if its label and the offsets of head and tail are. Of records, each value counts by
    itself: it is right if a record of the same structure has the same value in the same field,
    records being paired so that those with the most in common come first. Values are the same if
    their offsets are, or for those without offsets their texts.

    examples (Iterable): The examples.
    schema (FrozenSchema): The component's schema; None to score every task.
    spans_key (str): Key of `doc.spans`.
    relations_attr (str): Extension of Doc for the relations.
    structures_attr (str): Extension of Doc for the records.
    cats_prefix (bool): Whether keys of `doc.cats` begin with the task.
    **kwargs (Any): Not used.
    RETURNS (dict): The scores.
    """
    examples = list(examples)
    scores: Scores = {}
    if schema is None or schema.entities:
        scores.update(get_ner_prf(examples))
        scores.update(_score_spans(examples, spans_key))
    if schema is not None and schema.classifications:
        scores.update(_score_cats(examples, schema, cats_prefix))
    if schema is None or schema.relations:
        scores.update(_score_items(examples, "rel_micro", "rel", relations_attr, _relations))
    if schema is None or schema.structures:
        name = "structures"
        scores.update(_score_items(examples, name, name, structures_attr, _values))
    return scores


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
    lead = f"{task.task}:" if prefix else ""
    labels = [lead + part.label for part in task.labels]
    annotated = [eg for eg in examples if any(label in eg.reference.cats for label in labels)]
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


Item = tuple[str, Hashable]
"""A thing that is right or wrong: its type, and what must be equal."""


def _score_items(
    examples: list[Example],
    prefix: str,
    type_prefix: str,
    attr: str,
    read: Callable[[Any, Any], tuple["Counter[Item]", "Counter[Item]"]],
) -> Scores:
    """Count what both sides have, for the examples that have annotation of it."""
    total = PRFScore()
    by_type: dict[str, PRFScore] = {}
    for example in examples:
        gold = _annotation(example.reference, attr)
        if gold is None:
            continue
        found, expected = read(_annotation(example.predicted, attr) or (), gold)
        for kind in {item[0] for item in (*found, *expected)}:
            own = by_type.setdefault(kind, PRFScore())
            _count(own, _of(kind, found), _of(kind, expected))
        _count(total, found, expected)
    keys = (f"{prefix}_p", f"{prefix}_r", f"{prefix}_f", f"{type_prefix}_f_per_type")
    if len(total) == 0:
        return dict.fromkeys(keys)
    values = (total.precision, total.recall, total.fscore)
    per_type = {kind: by_type[kind].to_dict() for kind in sorted(by_type)}
    return dict(zip(keys, (*values, per_type), strict=True))


def _annotation(doc: Doc, attr: str) -> Any:
    return doc._.get(attr) if Doc.has_extension(attr) else None


def _of(kind: str, items: "Counter[Item]") -> "Counter[Item]":
    return Counter({item: count for item, count in items.items() if item[0] == kind})


def _count(prf: PRFScore, found: "Counter[Item]", expected: "Counter[Item]") -> None:
    right = (found & expected).total()
    prf.tp += right
    prf.fp += found.total() - right
    prf.fn += expected.total() - right


def _relations(found: Any, gold: Any) -> tuple["Counter[Item]", "Counter[Item]"]:
    return Counter(set(_relation_items(found))), Counter(set(_relation_items(gold)))


def _relation_items(relations: Any) -> Iterator[Item]:
    for relation in relations:
        head, tail = relation["head"], relation["tail"]
        yield relation["label"], (head["start"], head["end"], tail["start"], tail["end"])


def _values(found: Any, gold: Any) -> tuple["Counter[Item]", "Counter[Item]"]:
    """Pair records, then name each value by its pair, so that values of other records differ."""
    found, gold = dict(found), dict(gold)
    left: Counter[Item] = Counter()
    right: Counter[Item] = Counter()
    for name in {*found, *gold}:
        ours = [_record_items(record) for record in found.get(name, ())]
        theirs = [_record_items(record) for record in gold.get(name, ())]
        pairs = _pair(ours, theirs)
        for i, items in enumerate(ours):
            left.update((name, (pairs.get(i, f"found {i}"), item)) for item in items)
        for j, items in enumerate(theirs):
            right.update((name, (j, item)) for item in items)
    return left, right


def _record_items(record: Any) -> set[Hashable]:
    items: set[Hashable] = set()
    for field, values in record.items():
        for value in values if isinstance(values, list | tuple) else [values]:
            if value is not None:
                start = value.get("start")
                span = value["text"] if start is None else (start, value["end"])
                items.add((field, span))
    return items


def _pair(ours: list[set[Hashable]], theirs: list[set[Hashable]]) -> dict[int, int]:
    """Pair records greedily: those with the most in common first, then in their order."""
    shared = sorted(
        (-len(a & b), i, j) for i, a in enumerate(ours) for j, b in enumerate(theirs) if a & b
    )
    pairs: dict[int, int] = {}
    for _, i, j in shared:
        if i not in pairs and j not in pairs.values():
            pairs[i] = j
    return pairs
