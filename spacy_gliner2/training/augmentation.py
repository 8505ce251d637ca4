"""The same text, another schema: `spacy-gliner2.augmentation.v1` (section 5.5 of the reference).

What a model is asked changes from step to step, so that it learns to read the schema and not to
know it by heart. All choices come from Python's `random`, which `[training] seed` sets.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

from ..checks import check_count, check_share
from ..inference.prompt import Layout
from ..schema import Classification, ClassLabel, Entity, FrozenSchema, Relation, Structure
from .gold import Gold
from .texts import TrainingText

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How a schema changes from step to step. All numbers but the last three are
    probabilities.

    shuffle_tasks (bool): Whether the tasks come in any order.
    shuffle_labels (bool): Whether labels, fields and choices come in any order.
    drop_entities (float): Of an entity type to be left out.
    drop_relations (float): Of a relation to be left out.
    drop_structures (float): Of a structure to be left out.
    drop_fields (float): Of a field to be left out.
    drop_tasks (float): Of a classification task to be left out.
    drop_labels (float): Largest share of a classification's labels that is left out; how much of
        it, is drawn evenly.
    keep_right_labels (float): Of right labels not to be left out.
    hide_descriptions (float): Of the descriptions of a group of labels to be left out.
    hide_examples (float): Of the examples of a classification to be left out.
    synthetic_entities (float): Of entity types to be called "entity 1" and so on, so that only
        their descriptions, or without these their true names in their place, say what they are.
    synthetic_fields (float): Of fields to be called "field 1" and so on.
    synthetic_labels (float): Of class labels to be called "label 1" and so on.
    swap_arguments (float): Of a relation to have its tail before its head.
    foreign_labels (int): Most entity types and most relations of other texts of the batch that
        are asked of a text, too, which has none of them.
    most_absent (int): Most relations and most structures that a text has none of to be asked of
        it. They are many, so that asking of all teaches a model that there is never any.
        Without an augmentation all are asked.
    most_labels (int): Most labels of a classification; right ones are kept.
    RAISES (ValueError): If a value is not usable.

    The reference's choice is:

    ```ini
    [components.gliner2.augmentation]
    @misc = "spacy-gliner2.augmentation.v1"
    drop_relations = 0.2
    drop_structures = 0.2
    drop_fields = 0.2
    drop_labels = 0.5
    hide_descriptions = 0.5
    hide_examples = 0.5
    synthetic_entities = 0.2
    synthetic_fields = 0.2
    synthetic_labels = 0.5
    swap_arguments = 0.2
    ```
    """

    shuffle_tasks: bool = True
    shuffle_labels: bool = True
    drop_entities: float = 0.0
    drop_relations: float = 0.0
    drop_structures: float = 0.0
    drop_fields: float = 0.0
    drop_tasks: float = 0.0
    drop_labels: float = 0.0
    keep_right_labels: float = 0.5
    hide_descriptions: float = 0.0
    hide_examples: float = 0.0
    synthetic_entities: float = 0.0
    synthetic_fields: float = 0.0
    synthetic_labels: float = 0.0
    swap_arguments: float = 0.0
    foreign_labels: int = 0
    most_absent: int = 2
    most_labels: int = 1000

    def __post_init__(self) -> None:
        for part in fields(self):
            key, value = f"augmentation.{part.name}", getattr(self, part.name)
            if part.type is float:
                check_share(key, value)
            elif part.type is bool and not isinstance(value, bool):
                raise ValueError(f"{key}: {value!r} is not true or false; give one of them")
            elif part.type is int:
                check_count(key, value, 2 if part.name == "most_labels" else 0)

    def apply(self, items: Sequence[TrainingText]) -> list[TrainingText]:
        """Change the schemas and the gold of a batch.

        items (Sequence): The texts.
        RETURNS (list): The same texts, each with another schema and what is right by that.
        """
        schemas = [item.schema for item in items]
        return [_Draw(self, item, schemas).make() for item in items]


class _Draw:
    """One text's changes."""

    def __init__(
        self, options: Augmentation, item: TrainingText, schemas: Sequence[FrozenSchema]
    ) -> None:
        self._options = options
        self._item = item
        self._schemas = schemas
        self._entities = dict(item.gold.entities or {})
        self._relations = dict(item.gold.relations or {})
        self._records: dict[str, Any] = dict(item.gold.records or {})
        self._labels = dict(item.gold.labels)

    def make(self) -> TrainingText:
        """RETURNS (TrainingText): The text with its changes."""
        gold, options, schema = self._item.gold, self._options, self._item.schema
        tasks = [self._task(task) for task in _drop(schema.classifications, options.drop_tasks)]
        structures = self._some_absent(
            _drop(schema.structures, options.drop_structures), "name", self._records
        )
        changed = {
            "entities": self._make_entities(),
            "relations": self._make_relations(),
            "structures": tuple(part for part in map(self._structure, structures) if part.fields),
            "classifications": tuple(tasks),
        }
        made = schema.model_copy(update=changed)
        return replace(
            self._item,
            schema=made,
            gold=Gold(
                None if gold.entities is None else self._entities,
                None if gold.relations is None else self._relations,
                None if gold.records is None else self._records,
                self._labels,
                gold.unknown,
            ),
            layout=self._layout(made),
        )

    def _layout(self, schema: FrozenSchema) -> Layout:
        count = len(schema.structures) + len(schema.relations) + len(schema.classifications)
        order = list(range(count + bool(schema.entities)))
        if self._options.shuffle_tasks:
            random.shuffle(order)
        relations = range(len(schema.relations))
        return Layout(
            tuple(order), frozenset(i for i in relations if _draw(self._options.swap_arguments))
        )

    def _make_entities(self) -> tuple[Entity, ...]:
        if not self._item.schema.entities:
            return ()
        parts = self._shuffled(_drop(self._item.schema.entities, self._options.drop_entities))
        foreign = [part for schema in self._schemas for part in schema.entities]
        parts += self._foreign(foreign, self._item.schema.entities, self._entities)
        if _draw(self._options.synthetic_entities):
            parts, self._entities = _rename(parts, "label", "entity", self._entities)
        else:
            parts = self._described(parts)
        return tuple(parts)

    def _make_relations(self) -> tuple[Relation, ...]:
        if self._item.gold.relations is None:
            return ()
        parts = _drop(self._item.schema.relations, self._options.drop_relations)
        foreign = [part for schema in self._schemas for part in schema.relations]
        parts += self._foreign(foreign, self._item.schema.relations, self._relations)
        asked = self._some_absent(parts, "label", self._relations)
        return tuple(self._described(self._shuffled(asked)))

    def _some_absent(self, parts: Sequence[T], key: str, gold: Mapping[str, Any]) -> list[T]:
        """Leave some of those out that the text has none of."""
        absent = [part for part in parts if not gold[getattr(part, key)]]
        most = min(self._options.most_absent, len(absent))
        kept = {getattr(part, key) for part in random.sample(absent, most)}
        return [part for part in parts if gold[getattr(part, key)] or getattr(part, key) in kept]

    def _foreign(self, pool: Sequence[T], own: Sequence[T], gold: dict[str, Any]) -> list[T]:
        """Draw labels of other texts, and note that this text has none of them."""
        known = {part.label for part in own}  # type: ignore[attr-defined]
        others = {p.label: p for p in pool if p.label not in known}  # type: ignore[attr-defined]
        count = random.randint(0, min(self._options.foreign_labels, len(others)))
        drawn = random.sample(sorted(others), count)
        gold.update(dict.fromkeys(drawn, ()))
        return [others[label] for label in drawn]

    def _structure(self, structure: Structure) -> Structure:
        parts = self._shuffled(_drop(structure.fields, self._options.drop_fields))
        parts = [
            part.model_copy(update={"choices": tuple(self._shuffled(part.choices))})
            if part.choices
            else part
            for part in parts
        ]
        records = self._records[structure.name]
        if _draw(self._options.synthetic_fields):
            parts, rename = _renamed(parts, "name", "field")
            records = tuple({rename(key): v for key, v in record.items()} for record in records)
        else:
            parts = self._described(parts)
        names = {part.name for part in parts}
        left = [{key: v for key, v in record.items() if key in names} for record in records]
        self._records[structure.name] = tuple(record for record in left if any(record.values()))
        return structure.model_copy(update={"fields": tuple(parts)})

    def _task(self, task: Classification) -> Classification:
        options, truth = self._options, self._labels[task.task]
        labels = self._some_labels(task.labels, truth)
        examples = () if _draw(options.hide_examples) else task.examples
        if _draw(options.synthetic_labels):
            labels, rename = _renamed(labels, "label", "label")
            self._labels[task.task] = {rename(key): value for key, value in truth.items()}
            examples = tuple((text, rename(label)) for text, label in examples)
        else:
            labels = self._described(labels)
        names = {part.label for part in labels}
        kept = tuple(pair for pair in examples if pair[1] in names)
        return task.model_copy(update={"labels": tuple(labels), "examples": kept})

    def _some_labels(
        self, labels: Sequence[ClassLabel], truth: Mapping[str, float]
    ) -> list[ClassLabel]:
        options = self._options
        keep = len(labels) - int(len(labels) * random.random() * options.drop_labels)
        drawn = random.sample(list(labels), min(keep, options.most_labels))
        kept = {part.label for part in drawn}
        if len(labels) > options.most_labels or _draw(options.keep_right_labels):
            kept.update(label for label, value in truth.items() if value >= 0.5)
        return self._shuffled([part for part in labels if part.label in kept])

    def _shuffled(self, parts: Sequence[T]) -> list[T]:
        return random.sample(parts, len(parts)) if self._options.shuffle_labels else list(parts)

    def _described(self, parts: Sequence[Any]) -> list[Any]:
        if any(part.description for part in parts) and _draw(self._options.hide_descriptions):
            return [part.model_copy(update={"description": None}) for part in parts]
        return list(parts)


def _draw(probability: float) -> bool:
    return probability > 0 and random.random() < probability


def _drop(parts: Sequence[T], probability: float) -> list[T]:
    return [part for part in parts if not _draw(probability)]


def _rename(
    parts: Sequence[Any], key: str, kind: str, gold: Mapping[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    renamed, rename = _renamed(parts, key, kind)
    return renamed, {rename(label): value for label, value in gold.items()}


def _renamed(parts: Sequence[Any], key: str, kind: str) -> tuple[list[Any], Callable[[str], str]]:
    """Number parts instead of naming them; what has no description gets its name as one."""
    names = {getattr(part, key): f"{kind} {n}" for n, part in enumerate(parts, 1)}
    renamed = [
        part.model_copy(update={key: names[name], "description": part.description or name})
        for part in parts
        for name in [getattr(part, key)]
    ]
    return renamed, lambda name: names.get(name, name)
