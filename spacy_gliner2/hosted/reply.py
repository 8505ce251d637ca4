"""From the reply of the service to what was found in one window.

The offsets are those of the text that was sent; the text of an item decides where they are of
another one, such as the lower-cased text that an older service counts in.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic import ValidationError as PydanticError

from ..extraction import Argument, FieldValue, FieldValues, Record, RelationMention
from ..inference.decode import Findings, choose_choices, choose_values, entity_at
from ..inference.overlap import Candidate, best_per_span
from ..inference.patterns import Patterns
from ..inference.scores import FloatArray
from ..inference.settings import Settings
from ..schema import Classification, FrozenSchema, Relation, Structure, StructureField, Validator
from .errors import ReplyError

SMALLEST = 1e-9
"""Distance of a probability from 0 and 1 beyond which it is not told from them."""

Probability = Field(ge=0.0, le=1.0, allow_inf_nan=False)


class _Item(BaseModel):
    model_config = ConfigDict(extra="ignore")

    text: str
    confidence: float = Probability


class _Span(_Item):
    start: int
    end: int


class _Pair(BaseModel):
    head: _Span
    tail: _Span


class _Label(BaseModel):
    label: str
    confidence: float = Probability


_SPANS = TypeAdapter(list[_Span])
_ITEMS = TypeAdapter(list[_Item])
_PAIRS = TypeAdapter(list[_Pair])
_LABELS = TypeAdapter(list[_Label])
_RECORDS = TypeAdapter(list[dict[str, Any]])


class ReplyReader:
    """Reads what the service found in one window.

    text (str): The whole text.
    start (int): Offset of the window's first character in it.
    end (int): Offset after its last.
    schema (FrozenSchema): The schema.
    settings (Settings): How to extract.
    patterns (Patterns): Runs the validators; one for all windows of a text.
    """

    def __init__(
        self,
        text: str,
        start: int,
        end: int,
        schema: FrozenSchema,
        settings: Settings,
        patterns: Patterns,
    ) -> None:
        self._text = text
        self._start = start
        self._sent = text[start:end]
        self._schema = schema
        self._settings = settings
        self._patterns = patterns

    def read(self, reply: Any, weight: int) -> Findings:
        """Read a reply.

        reply (Any): What the service wrote for this text.
        weight (int): Number of words of the window.
        RETURNS (Findings): What was found.
        RAISES (ReplyError): If it is not what the protocol says.
        """
        if not isinstance(reply, Mapping):
            raise ReplyError(
                f"the service replied with a {type(reply).__name__} for a text, where a mapping "
                "was expected",
                200,
                reply,
            )
        try:
            return self._read(reply, weight)
        except PydanticError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise ReplyError(
                f"the service replied with {first['input']!r:.80}{' at ' if place else ''}{place}, "
                f"which the protocol does not allow: {first['msg']}",
                200,
                reply,
            ) from None

    def _read(self, reply: Mapping[str, Any], weight: int) -> Findings:
        schema = self._schema
        findings = Findings(weight=weight)
        found = _mapping(reply.get("entities"))
        for entity in schema.entities:
            candidates = self._candidates(
                found.get(entity.label), entity.threshold, entity.validators
            )
            if candidates:
                findings.candidates[entity.label] = best_per_span(candidates)
        pairs = _mapping(reply.get("relation_extraction"))
        for relation in schema.relations:
            # An older service takes the description for a part of the name.
            own = pairs.get(relation.label) or pairs.get(
                f"{relation.label}: {relation.description}"
            )
            findings.relations.extend(self._relations(relation, own, findings))
        for structure in schema.structures:
            records = _RECORDS.validate_python(_or_empty(reply.get(structure.name)))
            findings.records[structure.name] = list(self._records(structure, records))
        for task in schema.classifications:
            findings.logits[task.task] = _logits(task, reply)
        return findings

    def _candidates(
        self, items: Any, threshold: float | None, validators: tuple[Validator, ...] = ()
    ) -> list[Candidate]:
        found = []
        for item in _SPANS.validate_python(_or_empty(items)):
            place = self._place(item, threshold)
            if place is not None and self._patterns.satisfied(validators, self._words(place)):
                found.append(place)
        return found

    def _place(self, item: _Span, threshold: float | None) -> Candidate | None:
        """Find an item in the text.

        RETURNS (Candidate): Where it is; None if it is nowhere or below the threshold.
        """
        least = self._settings.threshold if threshold is None else threshold
        start, end = item.start, min(item.end, len(self._sent))
        if self._sent[max(start, 0) : end] != item.text:
            # The full stop that the service adds to a text is in no text of the user.
            words = item.text if item.text in self._sent else item.text.rstrip(".").rstrip()
            start = _nearest(self._sent, words, item.start)
            end = start + len(words)
        if start < 0 or start >= end or np.float32(item.confidence) < np.float32(least):
            return None
        return Candidate(-item.confidence, self._start + start, self._start + end)

    def _words(self, place: Candidate) -> str:
        return self._text[place.start : place.end]

    def _relations(
        self, relation: Relation, pairs: Any, findings: Findings
    ) -> Iterable[RelationMention]:
        for pair in _PAIRS.validate_python(_or_empty(pairs)):
            head = self._argument(relation, pair.head, relation.head, findings)
            tail = self._argument(relation, pair.tail, relation.tail, findings)
            if head is not None and tail is not None:
                yield RelationMention(relation.label, head, tail)

    def _argument(
        self, relation: Relation, item: _Span, types: tuple[str, ...], findings: Findings
    ) -> Argument | None:
        place = self._place(item, relation.threshold)
        if place is None:
            return None
        label = entity_at(place, types, findings.candidates) if types else None
        if types and label is None:
            return None
        return Argument(place.start, place.end, self._words(place), place.score, label)

    def _records(self, structure: Structure, records: list[dict[str, Any]]) -> Iterable[Record]:
        for record in records:
            fields = {
                part.name: self._field(part, record.get(part.name)) for part in structure.fields
            }
            if any(fields.values()):
                yield Record(structure.name, fields)

    def _field(self, part: StructureField, items: Any) -> FieldValues:
        if part.choices:
            found = {one.text: one.confidence for one in _ITEMS.validate_python(_or_empty(items))}
            values = [FieldValue(one, found[one]) for one in part.choices if one in found]
            return choose_choices(part, values, self._settings.threshold)
        candidates = self._candidates(items, part.threshold, part.validators)
        return choose_values(self._text, part, candidates, self._settings.overlap_policy)


def _mapping(value: Any) -> Mapping[str, Any]:
    found: Mapping[str, Any] = _MAPPING.validate_python({} if value is None else value)
    return found


_MAPPING = TypeAdapter(dict[str, Any])


def _or_empty(value: Any) -> Any:
    """Bring what stands for nothing, or for one thing, into a list."""
    if value is None or value == {} or value == "":
        return []
    return [value] if isinstance(value, Mapping) else value


def _nearest(text: str, words: str, start: int) -> int:
    """RETURNS (int): Where the words are in the text, as near as possible to an offset, or -1."""
    before, after = (
        text.rfind(words, 0, max(start, 0) + len(words)),
        text.find(words, max(start, 0)),
    )
    places = [place for place in (before, after) if place >= 0]
    return min(places, key=lambda place: abs(place - start), default=-1)


def _logits(task: Classification, reply: Mapping[str, Any]) -> FloatArray:
    """Read the logits of a task's labels; one that the service does not name has none to speak of.

    RETURNS (ndarray): *Shape:* (labels,)
    """
    items = _LABELS.validate_python(_or_empty(reply.get(task.task)))
    if not items:
        raise ReplyError(f"the service did not classify for the task {task.task!r}", 200, reply)
    scores = {item.label: item.confidence for item in items}
    found = np.array([scores.get(part.label, 0.0) for part in task.labels], dtype=np.float64)
    found = found.clip(SMALLEST, 1.0 - SMALLEST)
    return np.asarray(np.log(found) - np.log1p(-found), dtype=np.float32)
