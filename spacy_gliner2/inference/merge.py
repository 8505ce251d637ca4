"""The findings of a text's windows as one extraction."""

from collections.abc import Iterable, Sequence

import numpy as np

from ..extraction import (
    Argument,
    Decision,
    Extraction,
    FieldValue,
    FieldValues,
    Mention,
    Record,
    RelationMention,
)
from ..schema import Classification, FrozenSchema
from .decode import Findings
from .overlap import Candidate, rank, resolve_overlaps
from .scores import FloatArray
from .settings import OverlapPolicy


def merge(
    text: str, schema: FrozenSchema, findings: Sequence[Findings], policy: OverlapPolicy
) -> Extraction:
    """Bring what was found in a text's windows together; a single window is no special case.

    text (str): The whole text.
    schema (FrozenSchema): The schema.
    findings (Sequence): What was found in each window, with offsets in the whole text.
    policy (str): Which of several overlapping mentions with one label stay.
    RETURNS (Extraction): The extraction: everything once, with its best score.
    """
    mentions = tuple(_mentions(text, schema, findings, policy))
    by_span = _labels_by_span(mentions)
    return Extraction(
        mentions=mentions,
        relations=tuple(_relations(schema, findings, by_span)),
        records={
            part.name: tuple(_records([found.records.get(part.name, []) for found in findings]))
            for part in schema.structures
        },
        decisions=tuple(_decide(task, findings) for task in schema.classifications),
    )


def _mentions(
    text: str, schema: FrozenSchema, findings: Sequence[Findings], policy: OverlapPolicy
) -> Iterable[Mention]:
    for entity in schema.entities:
        found: list[Candidate] = []
        for part in findings:
            found += part.candidates.get(entity.label, ())
        kept = rank(found, policy)[:1] if entity.dtype == "str" else resolve_overlaps(found, policy)
        for one in kept:
            yield Mention(entity.label, one.start, one.end, text[one.start : one.end], one.score)


def _labels_by_span(mentions: Iterable[Mention]) -> dict[tuple[int, int], str]:
    best: dict[tuple[int, int], Mention] = {}
    for mention in mentions:
        span = (mention.start, mention.end)
        if span not in best or mention.score > best[span].score:
            best[span] = mention
    return {span: mention.label for span, mention in best.items()}


def _relations(
    schema: FrozenSchema, findings: Sequence[Findings], labels: dict[tuple[int, int], str]
) -> Iterable[RelationMention]:
    found = sorted(
        (relation for part in findings for relation in part.relations),
        key=lambda relation: -relation.score,
    )
    once: dict[tuple[str, int, int, int, int], RelationMention] = {}
    for relation in found:
        head, tail = relation.head, relation.tail
        once.setdefault((relation.label, head.start, head.end, tail.start, tail.end), relation)
    for part in schema.relations:
        for relation in once.values():
            if relation.label == part.label:
                head, tail = _labelled(relation.head, labels), _labelled(relation.tail, labels)
                yield RelationMention(relation.label, head, tail)


def _labelled(argument: Argument, labels: dict[tuple[int, int], str]) -> Argument:
    if argument.label is not None:
        return argument
    label = labels.get((argument.start, argument.end))
    return Argument(argument.start, argument.end, argument.text, argument.score, label)


def _records(windows: Sequence[list[Record]]) -> Iterable[Record]:
    """Drop records that another one holds: equal ones, and those that a window saw a part of."""
    records = [(i, record, _spans(record)) for i, found in enumerate(windows) for record in found]
    dropped = _repeated_choices(records)
    by_span: dict[tuple[str, int, int], list[int]] = {}
    for n, (_, _, spans) in enumerate(records):
        for span in spans:
            by_span.setdefault(span, []).append(n)
    for n, (window, record, spans) in enumerate(records):
        for m in {m for span in spans for m in by_span[span]} - {n}:
            other_window, other, other_spans = records[m]
            equal = spans == other_spans and _choices(record) == _choices(other)
            better = (_total(other), -m) > (_total(record), -n)
            part = spans < other_spans and _choices(record) <= _choices(other)
            if (equal and better) or (window != other_window and part):
                dropped.add(n)
    return [record for n, (_, record, _) in enumerate(records) if n not in dropped]


def _repeated_choices(
    records: Sequence[tuple[int, Record, frozenset[tuple[str, int, int]]]],
) -> set[int]:
    """Find records of nothing but choices that an earlier window has, too.

    Within one window they stay: nothing tells that they are not two of a kind.
    """
    first: dict[frozenset[tuple[str, str]], int] = {}
    repeated = set()
    for n, (window, record, spans) in enumerate(records):
        if not spans and first.setdefault(_choices(record), window) != window:
            repeated.add(n)
    return repeated


def _values(record: Record) -> Iterable[tuple[str, FieldValue]]:
    for name, values in record.fields.items():
        yield from ((name, value) for value in _as_tuple(values))


def _as_tuple(values: FieldValues) -> tuple[FieldValue, ...]:
    if values is None:
        return ()
    return values if isinstance(values, tuple) else (values,)


def _spans(record: Record) -> frozenset[tuple[str, int, int]]:
    return frozenset(
        (name, value.start, value.end)
        for name, value in _values(record)
        if value.start is not None and value.end is not None
    )


def _choices(record: Record) -> frozenset[tuple[str, str]]:
    return frozenset((name, value.text) for name, value in _values(record) if value.start is None)


def _total(record: Record) -> float:
    return sum(value.score for _, value in _values(record))


def _decide(task: Classification, findings: Sequence[Findings]) -> Decision:
    logits = np.stack([found.logits[task.task] for found in findings])
    weights = np.array([found.weight for found in findings], dtype=np.float32)
    names = [part.label for part in task.labels]
    scores = dict(zip(names, _probabilities(task, logits, weights).tolist(), strict=True))
    return Decision(task.task, scores, _chosen(task, scores))


def _probabilities(task: Classification, logits: FloatArray, weights: FloatArray) -> FloatArray:
    """Weigh what each window says of a text's labels.

    A label that may hold beside others holds for the text if it does for a part of it. Labels
    that exclude each other are weighed by the words that speak for them.

    logits (ndarray): *Shape:* (windows, labels)
    weights (ndarray): Words of each window. *Shape:* (windows,)
    RETURNS (ndarray): Probability of each label. *Shape:* (labels,)
    """
    if not task.softmax:
        return sigmoid(logits.max(axis=0))
    mean = logits[0] if len(logits) == 1 else np.average(logits, axis=0, weights=weights)
    powers = np.exp(mean - mean.max())
    return np.asarray(powers / powers.sum(), dtype=np.float32)


def sigmoid(logits: FloatArray) -> FloatArray:
    """RETURNS (ndarray): The logistic function of each value, without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * logits)), dtype=np.float32)


def _chosen(task: Classification, scores: dict[str, float]) -> tuple[str, ...]:
    best = max(scores, key=lambda name: scores[name])
    if not task.multi_label:
        return (best,)
    chosen = [name for name in scores if scores[name] >= np.float32(task.cls_threshold)] or [best]
    if task.top_k is not None:
        chosen = sorted(chosen, key=lambda name: -scores[name])[: task.top_k]
    return tuple(chosen)
