"""From the model's scores for one window to what it found there.

Decisions: section 3 of the reference, with the faults that its section 10 names mended.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..extraction import Argument, FieldValue, FieldValues, Record, RelationMention
from ..schema import FrozenSchema, Relation, StructureField, Validator
from .overlap import Candidate, best_per_span, rank, resolve_overlaps
from .patterns import Patterns
from .prompt import Group, Kind, Prompt
from .scores import FloatArray, GroupScores, SequenceScores
from .settings import OverlapPolicy, Settings
from .values import parse_value
from .words import Offsets


@dataclass(frozen=True, slots=True)
class Findings:
    """What the model found in one window, overlaps between entities unresolved.

    candidates (dict): By entity label, the candidates that meet threshold and validators.
    relations (list): The relations.
    records (dict): By structure, its records.
    logits (dict): By classification task, the logit of each label.
    weight (int): Number of words that it saw.
    """

    candidates: dict[str, list[Candidate]] = field(default_factory=dict)
    relations: list[RelationMention] = field(default_factory=list)
    records: dict[str, list[Record]] = field(default_factory=dict)
    logits: dict[str, FloatArray] = field(default_factory=dict)
    weight: int = 0


class WindowDecoder:
    """Reads the scores of one window.

    text (str): The whole text.
    offsets (Sequence): Start and end, in the text, of each word of the window.
    schema (FrozenSchema): The schema.
    prompt (Prompt): The schema's prompt.
    settings (Settings): How to extract.
    patterns (Patterns): Runs the validators; one for all windows of a text.
    """

    def __init__(
        self,
        text: str,
        offsets: Sequence[Offsets],
        schema: FrozenSchema,
        prompt: Prompt,
        settings: Settings,
        patterns: Patterns,
    ) -> None:
        self._text = text
        self._offsets = offsets
        self._schema = schema
        self._prompt = prompt
        self._settings = settings
        self._patterns = patterns

    def decode(self, scores: SequenceScores) -> Findings:
        """Read the scores.

        scores (tuple): The scores for each group of the prompt.
        RETURNS (Findings): What was found.
        """
        findings = Findings(weight=len(self._offsets))
        pairs = sorted(zip(self._prompt.groups, scores, strict=True), key=_entities_first)
        for group, found in pairs:
            if found.values is None:
                continue
            if group.kind is Kind.CLASSIFICATION:
                task = self._schema.classifications[group.index]
                findings.logits[task.task] = found.values
            elif group.kind is Kind.ENTITIES:
                self._entities(found.values[0], findings)
            elif group.kind is Kind.RELATION:
                relation = self._schema.relations[group.index]
                self._relations(relation, found.values, findings)
            else:
                records = self._records(group.index, found.values)
                findings.records[self._schema.structures[group.index].name] = records
        return findings

    def _candidates(
        self, scores: FloatArray, threshold: float | None, validators: Sequence[Validator] = ()
    ) -> list[Candidate]:
        """Find the spans that meet a threshold and validators.

        scores (ndarray): *Shape:* (rows, max_width)
        RETURNS (list): The candidates, in the order of the text.
        """
        if threshold is None:
            threshold = self._settings.threshold
        words = scores[len(self._prompt.prefix) :]
        found = []
        for start, width in np.argwhere(words >= np.float32(threshold)).tolist():
            if start + width >= len(self._offsets):
                continue
            # The end of the last word that the user wrote: a full stop that was added is empty.
            first, last = self._offsets[start][0], self._offsets[start + width][1]
            surface = self._text[first:last].strip()
            if surface and self._patterns.satisfied(validators, surface):
                found.append(Candidate(-float(words[start, width]), first, last))
        return found

    def _entities(self, scores: FloatArray, findings: Findings) -> None:
        for entity, own in zip(self._schema.entities, scores, strict=True):
            found = self._candidates(own, entity.threshold, entity.validators)
            if found:
                findings.candidates[entity.label] = best_per_span(found)

    def _relations(self, relation: Relation, scores: FloatArray, findings: Findings) -> None:
        for slot in scores:
            head = self._argument(relation, slot[0], relation.head, findings)
            tail = self._argument(relation, slot[1], relation.tail, findings)
            if head is not None and tail is not None:
                findings.relations.append(RelationMention(relation.label, head, tail))

    def _argument(
        self, relation: Relation, scores: FloatArray, types: Sequence[str], findings: Findings
    ) -> Argument | None:
        candidates = self._candidates(scores, relation.threshold)
        for found in rank(candidates, self._settings.overlap_policy):
            label = entity_at(found, types, findings.candidates) if types else None
            if label is not None or not types:
                text = self._text[found.start : found.end]
                return Argument(found.start, found.end, text, found.score, label)
        return None

    def _records(self, index: int, scores: FloatArray) -> list[Record]:
        structure = self._schema.structures[index]
        records = []
        for slot in scores:
            fields = {
                part.name: self._field((index, j), part, slot[j])
                for j, part in enumerate(structure.fields)
            }
            if any(fields.values()):
                records.append(Record(structure.name, fields))
        return records

    def _field(self, key: tuple[int, int], part: StructureField, scores: FloatArray) -> FieldValues:
        if part.choices:
            return self._choice(part, scores[list(self._prompt.choices[key]), 0])
        found = self._candidates(scores, part.threshold, part.validators)
        return choose_values(self._text, part, found, self._settings.overlap_policy)

    def _choice(self, part: StructureField, scores: FloatArray) -> FieldValues:
        """Pick among a field's choices.

        scores (ndarray): *Shape:* (choices,)
        """
        values = [
            FieldValue(choice, float(score))
            for choice, score in zip(part.choices or (), scores, strict=True)
        ]
        return choose_choices(part, values, self._settings.threshold)


def choose_values(
    text: str, part: StructureField, candidates: Sequence[Candidate], policy: OverlapPolicy
) -> FieldValues:
    """Pick the values of a field that are in the text.

    text (str): The whole text.
    part (StructureField): The field.
    candidates (Sequence): The candidates that meet its threshold and validators.
    policy (str): Which of several overlapping candidates stay.
    RETURNS (FieldValues): All that stay for a list, else the best.
    """
    if part.dtype == "list":
        kept = resolve_overlaps(candidates, policy)
        return tuple(_value(text, candidate, part) for candidate in kept)
    return _value(text, rank(candidates, policy)[0], part) if candidates else None


def choose_choices(
    part: StructureField, values: Sequence[FieldValue], threshold: float
) -> FieldValues:
    """Pick among a field's choices.

    part (StructureField): The field.
    values (Sequence): Its choices with their scores.
    threshold (float): Smallest score where the field sets none.
    RETURNS (FieldValues): All that meet the threshold for a list, else the best of them.
    """
    threshold = threshold if part.threshold is None else part.threshold
    kept = [value for value in values if value.score >= np.float32(threshold)]
    if part.dtype == "list":
        return tuple(kept)
    return max(kept, key=lambda value: value.score, default=None)


def _value(text: str, candidate: Candidate, part: StructureField) -> FieldValue:
    words = text[candidate.start : candidate.end]
    typed = part.dtype not in ("list", "str")
    value = parse_value(words, part.dtype) if typed else None
    return FieldValue(words, candidate.score, candidate.start, candidate.end, value, typed)


def _entities_first(pair: tuple[Group, GroupScores]) -> bool:
    return pair[0].kind is not Kind.ENTITIES


def entity_at(
    found: Candidate, types: Sequence[str], candidates: dict[str, list[Candidate]]
) -> str | None:
    """Tell which of some types an argument is: the best entity that it holds or that holds it.

    found (Candidate): The argument.
    types (Sequence): The labels that it may have.
    candidates (dict): By entity label, the candidates.
    RETURNS (str): The label; None if it is no entity with one of them.
    """
    best: tuple[float, str] | None = None
    for label in types:
        for other in candidates.get(label, ()):
            if _holds(other, found) or _holds(found, other):
                best = min(best or (other.rank, label), (other.rank, label))
                break
    return best[1] if best else None


def _holds(a: Candidate, b: Candidate) -> bool:
    return a.start <= b.start and b.end <= a.end
