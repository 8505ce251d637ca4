"""What the network should say of a sequence, group by group."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from ..inference.occurrences import WordSpan
from ..inference.prompt import Group, Kind, Prompt
from ..inference.sequences import TokenSequence
from ..inference.windows import Window
from ..inference.words import Offsets
from ..model.counting import MAX_COUNT
from ..schema import FrozenSchema
from .gold import Gold, GoldRecord, Pair
from .loss_options import LossOptions
from .piece_finder import PieceFinder
from .problems import Problem, Problems

MOST_INSTANCES = MAX_COUNT - 1
"""The largest number that the network can say."""

Cell: TypeAlias = tuple[int, int, int, int]
"""A span that is right: instance, label, first row, and width index."""


@dataclass(frozen=True, slots=True)
class GroupTarget:
    """What the network should say of one group of a prompt.

    count (int): Number of instances; None if nothing is learned of it.
    slots (int): Number of instances whose spans are learned.
    cells (tuple): The spans that are right; all others of these instances are wrong.
    labels (tuple): For a classification, how true each label is; None if that is not known.
    weight (float): Weight of a classification.
    unknown (tuple): First and last row of stretches of whose spans nothing is learned unless
        they are right.
    """

    count: int | None = None
    slots: int = 0
    cells: tuple[Cell, ...] = ()
    labels: tuple[float | None, ...] = ()
    weight: float = 1.0
    unknown: tuple[WordSpan, ...] = ()


@dataclass(frozen=True, slots=True)
class TrainingSequence:
    """A sequence and what the network should say of it.

    sequence (TokenSequence): The sequence.
    targets (tuple): One for each group of its prompt.
    """

    sequence: TokenSequence
    targets: tuple[GroupTarget, ...]

    def __len__(self) -> int:
        return len(self.sequence)


@dataclass(frozen=True, slots=True)
class PlacedRecord:
    """An instance of a relation or a structure, as words.

    spans (tuple): For each label of the group, the places of its values.
    choices (tuple): Rows of the prompt's prefix that are right: label and row.
    """

    spans: tuple[tuple[WordSpan, ...], ...]
    choices: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """The gold of a text as words.

    entities (tuple): For each label, its places.
    relations (Mapping): By index of the relation, its instances.
    records (Mapping): By index of the structure, its instances.
    labels (Mapping): By classification task, for each label how true it is.
    unknown (tuple): Stretches of whose entities nothing is known.
    """

    entities: tuple[tuple[WordSpan, ...], ...]
    relations: Mapping[int, tuple[PlacedRecord, ...]]
    records: Mapping[int, tuple[PlacedRecord, ...]]
    labels: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    unknown: tuple[WordSpan, ...] = ()


class Placer:
    """Finds the words of the gold of a text.

    schema (FrozenSchema): The schema, all of whose tasks the gold knows.
    prompt (Prompt): Its prompt.
    swapped (frozenset): Relations, by index, that have the tail before the head in it.
    finder (PieceFinder): Finds pieces of the text.
    problems (Problems): Counts choices that the schema does not have.
    """

    def __init__(
        self,
        schema: FrozenSchema,
        prompt: Prompt,
        swapped: frozenset[int],
        finder: PieceFinder,
        problems: Problems,
    ) -> None:
        self._schema = schema
        self._prompt = prompt
        self._swapped = swapped
        self._finder = finder
        self._problems = problems

    def place(self, gold: Gold) -> Placed:
        """Find the words of the gold.

        gold (Gold): What is right.
        RETURNS (Placed): The same as words.
        """
        schema, find = self._schema, self._finder.find
        entities, relations, records = gold.entities or {}, gold.relations or {}, gold.records or {}

        def touched(stretch: Offsets) -> WordSpan | None:
            return self._finder.touched(*stretch)

        return Placed(
            entities=tuple(
                find(entities.get(part.label, ()), part.label) for part in schema.entities
            ),
            relations={
                i: _once(self._pair(i, pair) for pair in relations.get(part.label, ()))
                for i, part in enumerate(schema.relations)
            },
            records={
                i: _once(self._record(i, record) for record in records.get(part.name, ()))
                for i, part in enumerate(schema.structures)
            },
            labels=gold.labels,
            unknown=tuple(span for span in map(touched, gold.unknown) if span),
        )

    def _pair(self, index: int, pair: Pair) -> PlacedRecord:
        label = self._schema.relations[index].label
        head, tail = (self._finder.find((piece,), label) for piece in pair)
        return PlacedRecord((tail, head) if index in self._swapped else (head, tail))

    def _record(self, index: int, record: GoldRecord) -> PlacedRecord:
        structure = self._schema.structures[index]
        spans: list[tuple[WordSpan, ...]] = []
        choices: list[tuple[int, int]] = []
        for j, part in enumerate(structure.fields):
            pieces, label = record.get(part.name, ()), f"{structure.name}.{part.name}"
            spans.append(() if part.choices else self._finder.find(pieces, label))
            if part.choices:
                names = [choice.lower() for choice in part.choices]
                rows = self._prompt.choices[index, j]
                for piece in pieces:
                    if piece.text.lower() in names:
                        choices.append((j, rows[names.index(piece.text.lower())]))
                    else:
                        self._problems.add(Problem.UNKNOWN, f"choice {piece.text!r} of {label!r}")
        return PlacedRecord(tuple(spans), tuple(choices))


def _once(records: Iterable[PlacedRecord]) -> tuple[PlacedRecord, ...]:
    return tuple(dict.fromkeys(records))


class TargetMaker:
    """Tells what the network should say of the windows of a text.

    schema (FrozenSchema): The schema.
    prompt (Prompt): Its prompt.
    placed (Placed): The gold as words.
    windows (Sequence): All windows of the text.
    options (LossOptions): What is learned.
    problems (Problems): Counts instances beyond the last that the network can tell apart, and
        relations that no window has both ends of.
    """

    def __init__(
        self,
        schema: FrozenSchema,
        prompt: Prompt,
        placed: Placed,
        windows: Sequence[Window],
        options: LossOptions,
        problems: Problems,
    ) -> None:
        self._schema = schema
        self._prompt = prompt
        self._placed = placed
        self._options = options
        self._problems = problems
        self._apart = {
            i: [record for record in records if self._is_apart(record, windows)]
            for i, records in placed.relations.items()
        }
        for i, records in self._apart.items():
            if records:
                problems.add(Problem.APART, schema.relations[i].label, len(records))

    def _is_apart(self, record: PlacedRecord, windows: Sequence[Window]) -> bool:
        """Tell whether a record is in the text, but not whole in any window."""
        clipped = (self._clip(record, window).spans for window in windows)
        return all(record.spans) and not any(map(all, clipped))

    def make(self, window: Window, share: float) -> tuple[GroupTarget, ...]:
        """Tell what the network should say of a window.

        window (Window): The window.
        share (float): Its share of the text, which is the weight of classifications.
        RETURNS (tuple): The targets of the prompt's groups.
        """
        return tuple(self._group(group, window, share) for group in self._prompt.groups)

    def _group(self, group: Group, window: Window, share: float) -> GroupTarget:
        if group.kind is Kind.CLASSIFICATION:
            task = self._schema.classifications[group.index]
            truth = self._placed.labels[task.task]
            return GroupTarget(
                labels=tuple(truth.get(part.label) for part in task.labels), weight=share
            )
        if group.kind is Kind.ENTITIES:
            return self._entities(window)
        if group.kind is Kind.RELATION:
            name = self._schema.relations[group.index].label
            found = [self._clip(record, window) for record in self._placed.relations[group.index]]
            whole = [record for record in found if all(record.spans)]
            apart = (self._clip(record, window) for record in self._apart[group.index])
            if not whole and any(any(record.spans) for record in apart):
                return GroupTarget()  # it is neither stated here nor absent
            return self._instances(whole, window, name)
        name = self._schema.structures[group.index].name
        records = self._placed.records[group.index]
        kept = [
            clipped
            for record, clipped in ((record, self._clip(record, window)) for record in records)
            if any(clipped.spans) or (clipped.choices and not any(record.spans))
        ]
        return self._instances(kept, window, name)

    def _entities(self, window: Window) -> GroupTarget:
        record = self._clip(PlacedRecord(self._placed.entities), window)
        unknown, shift = self._placed.unknown, self._shift(window)
        some = 1 if any(record.spans) else None if unknown else 0
        known = {"one": 1, "any": some, "none": None}
        return GroupTarget(
            known[self._options.entity_count],
            1,
            self._cells([record], window),
            unknown=tuple((first + shift, last + shift) for first, last in unknown),
        )

    def _clip(self, record: PlacedRecord, window: Window) -> PlacedRecord:
        """Keep what lies in a window."""
        spans = tuple(
            tuple(span for span in places if window.start <= span[0] and span[1] < window.end)
            for places in record.spans
        )
        return PlacedRecord(spans, record.choices)

    def _instances(self, records: Sequence[PlacedRecord], window: Window, name: str) -> GroupTarget:
        if not records:
            negatives = self._options.negatives
            return GroupTarget(None if negatives == "none" else 0, 1 if negatives == "spans" else 0)
        if self._options.order == "text":
            records = sorted(records, key=_position)
        if len(records) > MOST_INSTANCES:
            self._problems.add(Problem.TOO_MANY, name, len(records) - MOST_INSTANCES)
            records = records[:MOST_INSTANCES]
        return GroupTarget(len(records), len(records), self._cells(records, window))

    def _shift(self, window: Window) -> int:
        """RETURNS (int): From the number of a word to its row."""
        return len(self._prompt.prefix) - window.start

    def _cells(self, records: Sequence[PlacedRecord], window: Window) -> tuple[Cell, ...]:
        shift = self._shift(window)
        cells = []
        for slot, record in enumerate(records):
            for label, places in enumerate(record.spans):
                cells += [(slot, label, shift + low, high - low) for low, high in places]
            cells += [(slot, label, row, 0) for label, row in record.choices]
        return tuple(cells)


def _position(record: PlacedRecord) -> tuple[WordSpan, ...]:
    """RETURNS (tuple): First place of each label, the earliest ones first."""
    return tuple(sorted(places[0] for places in record.spans if places))
