"""A training example in the making."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .labels import Entry, draw_style, write
from .rows import Row

MOST_INSTANCES = 12
"""A relation or a structure with more instances is not asked for."""

Output = dict[str, Any]


@dataclass(slots=True)
class Example:
    """A training example in the making.

    row (Row): The text and its gold annotation.
    rng (Random): The source of chance.
    style (str): How labels are written.
    described (bool): Whether labels get descriptions.
    output (dict): The annotation in the reference's form.
    taken (dict): By task, the names that are in use, in lower case.
    """

    row: Row
    rng: random.Random
    style: str = ""
    described: bool = False
    output: Output = field(default_factory=dict)
    taken: dict[str, set[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, row: Row, rng: random.Random) -> "Example":
        """RETURNS (Example): An example whose style is drawn."""
        return cls(row, rng, draw_style(rng), rng.random() < 0.25)

    def name(self, entry: Entry, task: str, inverse: bool = False) -> str | None:
        """Draw a name that no other label of the task has.

        entry (Entry): What is named.
        task (str): The task.
        inverse (bool): Whether a relation is read from tail to head.
        RETURNS (str): The name; None if all are taken.
        """
        taken = self.taken.setdefault(task, set())
        names = entry.inverse if inverse else entry.names
        for _ in range(6):
            name = write(Entry(entry.key, names).name(self.rng), self.style)
            if name.lower() not in taken:
                taken.add(name.lower())
                return name
        return None

    def value(self, span: Sequence[int]) -> dict[str, Any]:
        """RETURNS (dict): A piece of the text with its offsets."""
        start, end = span
        return {"text": self.row.text[start:end], "start": start, "end": end}

    def values(self, spans: Iterable[Sequence[int]]) -> list[dict[str, Any]]:
        """RETURNS (list): Pieces of the text with their offsets."""
        return [self.value(span) for span in spans]
