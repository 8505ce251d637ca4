"""One form for what either implementation finds, and how two of them are compared."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from spacy_gliner2.extraction import Extraction, FieldValue, FieldValues, Record

TOLERANCE = 1e-4

Span = tuple[int, int]
Value = tuple[str, int | None, int | None, str]
"""Field, start, end and text; a choice has neither start nor end."""


@dataclass
class Found:
    """What was found in a text.

    entities (dict): Score by label and span.
    relations (dict): Scores of head and tail by label and the two spans.
    records (dict): By structure, a pair for each record: its values, and their scores.
    decisions (dict): By task, the chosen labels and the probability of every label.
    """

    entities: dict[tuple[str, Span], float] = field(default_factory=dict)
    relations: dict[tuple[str, Span, Span], tuple[float, float]] = field(default_factory=dict)
    records: dict[str, list[tuple[tuple[Value, ...], tuple[float, ...]]]] = field(
        default_factory=dict
    )
    decisions: dict[str, tuple[tuple[str, ...], dict[str, float]]] = field(default_factory=dict)

    def decided(self) -> tuple[object, ...]:
        """RETURNS (tuple): All that was decided, without scores."""
        return (
            set(self.entities),
            set(self.relations),
            {name: [values for values, _ in records] for name, records in self.records.items()},
            {task: chosen for task, (chosen, _) in self.decisions.items()},
        )

    def scores(self) -> list[float]:
        """RETURNS (list): All scores, in an order that depends on nothing but what was decided."""
        found = [self.entities[key] for key in sorted(self.entities)]
        for key in sorted(self.relations):
            found += self.relations[key]
        for name in sorted(self.records):
            found += [score for _, scores in self.records[name] for score in scores]
        for task in sorted(self.decisions):
            probabilities = self.decisions[task][1]
            found += [probabilities[label] for label in sorted(probabilities)]
        return found

    def count(self) -> int:
        """RETURNS (int): How many entities, relations and records there are."""
        return len(self.entities) + len(self.relations) + sum(map(len, self.records.values()))


def record_form(
    values: Iterable[tuple[Value, float]],
) -> tuple[tuple[Value, ...], tuple[float, ...]]:
    """Order a record's values, so that equal records look alike."""
    ordered = sorted(values, key=lambda pair: [str(part) for part in pair[0]])
    return tuple(value for value, _ in ordered), tuple(score for _, score in ordered)


def records_form(
    records: Iterable[Iterable[tuple[Value, float]]],
) -> list[tuple[tuple[Value, ...], tuple[float, ...]]]:
    """Order records, so that equal lists look alike."""
    formed = [record_form(record) for record in records]
    return sorted(formed, key=lambda pair: ([str(value) for value in pair[0]], pair[1]))


def from_extraction(extraction: Extraction) -> Found:
    """Bring an extraction of ours into the common form.

    RAISES (AssertionError): If anything is there twice.
    """
    found = Found()
    for mention in extraction.mentions:
        key = (mention.label, (mention.start, mention.end))
        assert key not in found.entities, f"{key} is there twice"
        found.entities[key] = mention.score
    for relation in extraction.relations:
        head, tail = relation.head, relation.tail
        spans = (relation.label, (head.start, head.end), (tail.start, tail.end))
        assert spans not in found.relations, f"{spans} is there twice"
        found.relations[spans] = (head.score, tail.score)
    for name, records in extraction.records.items():
        found.records[name] = records_form(map(_record_values, records))
    for decision in extraction.decisions:
        found.decisions[decision.task] = (decision.chosen, decision.scores)
    return found


def _record_values(record: Record) -> Iterable[tuple[Value, float]]:
    for name, values in record.fields.items():
        for value in _as_tuple(values):
            yield (name, value.start, value.end, value.text), value.score


def _as_tuple(values: FieldValues) -> tuple[FieldValue, ...]:
    if values is None:
        return ()
    return values if isinstance(values, tuple) else (values,)


def difference(ours: Found, theirs: Found) -> str | None:
    """Say how two results differ.

    RETURNS (str | None): The difference in decisions, or the largest in scores if it is above
        `TOLERANCE`; None if there is none.
    """
    for a, b in zip(ours.decided(), theirs.decided(), strict=True):
        if a != b:
            return f"ours {a} theirs {b}"
    gap = score_gap(ours, theirs)
    return f"scores differ by {gap}" if gap > TOLERANCE else None


def score_gap(ours: Found, theirs: Found) -> float:
    """RETURNS (float): The largest difference of two scores, where the decisions are the same."""
    pairs = zip(ours.scores(), theirs.scores(), strict=True)
    return max((abs(a - b) for a, b in pairs), default=0.0)
