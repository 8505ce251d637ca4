"""Which of the relations and records that were found are right, exactly or leniently.

A value is the words at some offsets. One without offsets stands for every occurrence of its words
if the other side has offsets, and else for its words alone, as a choice does.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from .inference.occurrences import Occurrences
from .inference.words import Offsets

T = TypeVar("T")
Json = Mapping[str, Any]
Value = tuple[str, Json]
"""A field and one of its values."""


@dataclass(slots=True)
class Outcome:
    """How much of what was found is right.

    right (int): How many were found and are in the gold.
    found (int): How many were found.
    gold (int): How many are in the gold.
    """

    right: int = 0
    found: int = 0
    gold: int = 0


class Matcher:
    """Compares what was found in a text with what is right for it.

    places (Occurrences): Finds words in the text.
    lenient (bool): Whether it is enough that the words of two values overlap.
    """

    def __init__(self, places: Occurrences, *, lenient: bool) -> None:
        self._places = places
        self._lenient = lenient

    def relations(self, found: Iterable[Json], gold: Iterable[Json]) -> dict[str, Outcome]:
        """Compare relations: each pairs with one at most that has its label, head and tail.

        found (Iterable): The relations that were found.
        gold (Iterable): Those that are right.
        RETURNS (dict): The outcome by label.
        """
        ours, theirs = _by_label(found), _by_label(gold)
        outcomes = {}
        for label in {**ours, **theirs}:
            left, right = ours.get(label, []), theirs.get(label, [])
            pairs = most_pairs(left, right, self._same_relation)
            outcomes[label] = Outcome(pairs, len(left), len(right))
        return outcomes

    def records(
        self, found: Mapping[str, Sequence[Json]], gold: Mapping[str, Sequence[Json]]
    ) -> dict[str, Outcome]:
        """Compare records, value by value.

        Records of one structure are paired, those with the most values in common first; a value
        is right if the record's partner has it in the same field.

        found (Mapping): By structure, the records that were found.
        gold (Mapping): By structure, those that are right.
        RETURNS (dict): The outcome by structure.
        """
        outcomes = {}
        for name in {**found, **gold}:
            ours = [_record_values(record) for record in found.get(name, ())]
            theirs = [_record_values(record) for record in gold.get(name, ())]
            right = self._shared(ours, theirs)
            outcomes[name] = Outcome(right, sum(map(len, ours)), sum(map(len, theirs)))
        return outcomes

    def _shared(self, ours: list[list[Value]], theirs: list[list[Value]]) -> int:
        """RETURNS (int): Values that paired records have in common."""
        common = [
            (-most_pairs(a, b, self._same_value), i, j)
            for i, a in enumerate(ours)
            for j, b in enumerate(theirs)
        ]
        taken: set[tuple[str, int]] = set()
        total = 0
        for number, i, j in sorted(common):
            if taken.isdisjoint({("ours", i), ("theirs", j)}):
                taken.update({("ours", i), ("theirs", j)})
                total -= number
        return total

    def _same_relation(self, a: Json, b: Json) -> bool:
        return self._same(a["head"], b["head"]) and self._same(a["tail"], b["tail"])

    def _same_value(self, a: Value, b: Value) -> bool:
        return a[0] == b[0] and self._same(a[1], b[1])

    def _same(self, a: Json, b: Json) -> bool:
        if a.get("start") is None and b.get("start") is None:
            return bool(a["text"].lower() == b["text"].lower())
        ours, theirs = self._offsets(a), self._offsets(b)
        if not self._lenient:
            return not ours.isdisjoint(theirs)
        return any(i < d and c < j for i, j in ours for c, d in theirs)

    def _offsets(self, value: Json) -> set[Offsets]:
        if value.get("start") is None:
            return set(self._places.find(value["text"]))
        return {(value["start"], value["end"])}


def most_pairs(left: Sequence[T], right: Sequence[T], same: Callable[[T, T], bool]) -> int:
    """Count the pairs that can be made of equal things, each thing in one pair at most.

    left (Sequence): Some things.
    right (Sequence): Others.
    same (Callable): Whether two are equal.
    RETURNS (int): The largest possible number of pairs.
    """
    options = [[j for j, b in enumerate(right) if same(a, b)] for a in left]
    partner: dict[int, int] = {}

    def pair(i: int, seen: set[int]) -> bool:
        for j in options[i]:
            if j not in seen:
                seen.add(j)
                if j not in partner or pair(partner[j], seen):
                    partner[j] = i
                    return True
        return False

    return sum(pair(i, set()) for i in range(len(left)))


def _by_label(relations: Iterable[Json]) -> dict[str, list[Json]]:
    """RETURNS (dict): By label, the relations, each once."""
    found: dict[str, dict[tuple[object, ...], Json]] = {}
    for relation in relations:
        key = (_key(relation["head"]), _key(relation["tail"]))
        found.setdefault(relation["label"], {})[key] = relation
    return {label: list(group.values()) for label, group in found.items()}


def _record_values(record: Json) -> list[Value]:
    """RETURNS (list): Fields and values of a record, each once."""
    found: dict[tuple[object, ...], Value] = {}
    for field, values in record.items():
        for value in values if isinstance(values, list | tuple) else [values]:
            if value is not None:
                found[field, _key(value)] = (field, value)
    return list(found.values())


def _key(value: Json) -> tuple[object, ...]:
    if value.get("start") is None:
        return (value["text"].lower(),)
    return (value["start"], value["end"])
