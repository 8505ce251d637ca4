"""Texts of one or several templates."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..rows import Row, join_rows
from .fillers import Fillers
from .template import Template


@dataclass(slots=True)
class Family:
    """Templates that may follow each other in a text.

    name (str): Its name.
    options (dict): "genre" and "topic" of its texts, "most" for how many templates make a text,
        "weight" for its share, "join" for what is between templates.
    templates (list): The templates.
    """

    name: str
    options: dict[str, str]
    templates: list[Template] = field(default_factory=list)

    def likely(self) -> list[str]:
        """RETURNS (list): The relations and records that its templates may state."""
        return sorted(set().union(*(template.stated() for template in self.templates)))


def read_families(folder: Path) -> list[Family]:
    """Read the files of templates.

    folder (Path): The folder.
    RETURNS (list): Their families.
    """
    families: list[Family] = []
    for path in sorted(folder.glob("*.txt")):
        for line in path.read_text(encoding="utf8").split("\n"):
            if not line.strip() or line.startswith("#"):
                continue
            if line.startswith("== "):
                name, *options = line[3:].split("; ")
                families.append(Family(name, dict(o.split("=", 1) for o in options)))
            else:
                families[-1].templates.append(Template(line))
    return families


def write_stories(
    families: list[Family], fillers: Fillers, rng: random.Random, count: int
) -> Iterator[Row]:
    """Make texts.

    families (list): The templates.
    fillers (Fillers): What fills them.
    rng (Random): The source of chance.
    count (int): How many texts.
    YIELDS (Row): A text.
    """
    weights = [float(f.options.get("weight", len(f.templates) ** 0.5)) for f in families]
    for family in rng.choices(families, weights, k=count):
        most = int(family.options.get("most", 3))
        size = rng.choices(range(1, most + 1), [1 / i**0.6 for i in range(1, most + 1)])[0]
        chosen = rng.sample(family.templates, min(size, len(family.templates)))
        bound: dict[str, str] = {}
        parts = []
        for template in chosen:
            if rng.random() < 0.55:
                bound = {}  # about somebody else
            parts.append(template.render(fillers, rng, bound))
        join = family.options.get("join", " ").replace("\\n", "\n")
        yield finish(join_rows(parts, join), family)


def finish(row: Row, family: Family) -> Row:
    """Add the classes of a family; two sentiments in one text make a mixed one.

    row (Row): The text.
    family (Family): The family.
    RETURNS (Row): The text.
    """
    for option in ("genre", "topic"):
        if option in family.options and option not in row.classes:
            row.classes[option] = [family.options[option]]
    row.likely = family.likely()
    sentiment = set(row.classes.get("sentiment", ()))
    if len(sentiment - {"neutral"}) > 1:
        row.classes["sentiment"] = ["mixed"]
    elif len(sentiment) > 1:
        row.classes["sentiment"] = sorted(sentiment - {"neutral"})
    for label_set in ("urgency", "ticket topic", "topic", "recommendation"):
        if len(row.classes.get(label_set, ())) > 1:
            del row.classes[label_set]
    return row
