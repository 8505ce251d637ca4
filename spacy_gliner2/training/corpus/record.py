"""A record of a corpus: a text, what was asked of it, and what is right."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from ...schema import FrozenSchema


@dataclass(frozen=True, slots=True)
class GoldValue:
    """Words of the text that are right somewhere, or a choice.

    text (str): The words or the choice.
    start (int): Offset of the first character; None where every occurrence is right.
    end (int): Offset after the last character; None where `start` is.
    choice (bool): Whether it is a choice, which need not be in the text.
    key (str): Where in the record it was, for errors.
    """

    text: str
    start: int | None = None
    end: int | None = None
    choice: bool = False
    key: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class GoldRelation:
    """A relation that the text states.

    label (str): The relation.
    head (GoldValue): What it holds of.
    tail (GoldValue): What it relates to.
    """

    label: str
    head: GoldValue
    tail: GoldValue


GoldValues: TypeAlias = tuple[GoldValue, ...]

GoldField: TypeAlias = GoldValue | GoldValues | None
"""Of a field with dtype "list" a tuple, of any other one value or None."""

GoldInstance: TypeAlias = Mapping[str, GoldField]


@dataclass(frozen=True, slots=True)
class CorpusRecord:
    """A record of a corpus.

    text (str): The text.
    schema (FrozenSchema): Everything that the record says something of; what it names without
        a value is not in the text.
    entities (Mapping): By label, the mentions; None if the record says nothing of entities.
    labels (Mapping): By classification task, the labels that hold.
    relations (tuple): The relations; None if the record says nothing of relations.
    structures (Mapping): By structure, its instances: by field, what is there; None if the record
        says nothing of structures.
    """

    text: str
    schema: FrozenSchema
    entities: Mapping[str, GoldValues] | None = None
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    relations: tuple[GoldRelation, ...] | None = None
    structures: Mapping[str, tuple[GoldInstance, ...]] | None = None

    def values(self) -> GoldValues:
        """RETURNS (tuple): Every value that must be in the text."""
        found = [value for values in (self.entities or {}).values() for value in values]
        for relation in self.relations or ():
            found += [relation.head, relation.tail]
        for instances in (self.structures or {}).values():
            for instance in instances:
                for part in instance.values():
                    found += field_values(part)
        return tuple(value for value in found if not value.choice)


def field_values(part: GoldField) -> GoldValues:
    """RETURNS (tuple): The values of a field, however many they are."""
    if part is None:
        return ()
    return part if isinstance(part, tuple) else (part,)
