"""The result: what was found in one text, with offsets and scores, and nothing of spaCy."""

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from .sharing.encoding import TextEncoding

ParsedValue: TypeAlias = float | int | bool | date


@dataclass(frozen=True, slots=True)
class Mention:
    """A labelled piece of the text.

    label (str): The entity type, or the role in a relation.
    start (int): Offset of its first character in the text.
    end (int): Offset after its last character.
    text (str): `text[start:end]`.
    score (float): Its probability, from 0 to 1.
    """

    label: str
    start: int
    end: int
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class Argument:
    """The head or the tail of a relation.

    start (int): Offset of its first character in the text.
    end (int): Offset after its last character.
    text (str): `text[start:end]`.
    score (float): Its probability, from 0 to 1.
    label (str): Label of the entity that it is, None where it is no entity.
    """

    start: int
    end: int
    text: str
    score: float
    label: str | None = None


@dataclass(frozen=True, slots=True)
class RelationMention:
    """A relation that the text states.

    label (str): The relation.
    head (Argument): What it holds of.
    tail (Argument): What it relates to.
    """

    label: str
    head: Argument
    tail: Argument

    @property
    def score(self) -> float:
        """RETURNS (float): The smaller score of its arguments, which is what the threshold met."""
        return min(self.head.score, self.tail.score)


@dataclass(frozen=True, slots=True)
class FieldValue:
    """One value of a record's field.

    text (str): The words in the text, or the choice.
    score (float): Its probability, from 0 to 1.
    start (int): Offset of its first character; None for a choice, which is not in the text.
    end (int): Offset after its last character; None for a choice.
    value (ParsedValue): What a typed field was parsed to; None where that was not possible.
    typed (bool): Whether the field is a typed one.
    """

    text: str
    score: float
    start: int | None = None
    end: int | None = None
    value: ParsedValue | None = None
    typed: bool = False


FieldValues: TypeAlias = FieldValue | tuple[FieldValue, ...] | None
"""A field with dtype "list" has a tuple of values, any other one value or None."""


@dataclass(frozen=True, slots=True)
class Record:
    """One instance of a structure.

    name (str): The structure.
    fields (dict): Every field of the structure, in its order, with what was found.
    """

    name: str
    fields: dict[str, FieldValues]


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome of one classification task.

    task (str): The task.
    scores (dict): Probability of every label, in the task's order.
    chosen (tuple): The chosen labels: one, or with a multi-label task any number from one on.
    """

    task: str
    scores: dict[str, float]
    chosen: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Extraction:
    """Everything found in one text.

    mentions (tuple): The entities, by label in the order of the schema, best first.
    relations (tuple): The relations, by label in the order of the schema, best first.
    records (dict): For every structure of the schema, its records in the order in
        which the model counts them, window by window.
    decisions (tuple): One for every classification task of the schema.
    encoding (tuple): What the encoder made of the text, where that is shared.
    """

    mentions: tuple[Mention, ...] = ()
    relations: tuple[RelationMention, ...] = ()
    records: dict[str, tuple[Record, ...]] = field(default_factory=dict)
    decisions: tuple[Decision, ...] = ()
    encoding: "TextEncoding | None" = field(default=None, compare=False, repr=False)
