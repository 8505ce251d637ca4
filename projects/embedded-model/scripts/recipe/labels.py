"""The label tables: what users may call each thing, and what excludes what."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import srsly


@dataclass(frozen=True, slots=True)
class Entry:
    """A kind of entity, a relation, a structure, a field or a class label.

    key (str): What the tables call it.
    names (tuple): What users may call it, the commonest first.
    about (tuple): Descriptions.
    group (str): The field that it belongs to.
    inverse (tuple): Names of a relation read from tail to head.
    """

    key: str
    names: tuple[str, ...]
    about: tuple[str, ...] = ()
    group: str = ""
    inverse: tuple[str, ...] = ()

    def name(self, rng: random.Random) -> str:
        """Draw a name; those in front are likelier.

        rng (Random): The source of chance.
        RETURNS (str): The name.
        """
        return pick_early(rng, self.names)


def pick_early(rng: random.Random, values: Sequence[str]) -> str:
    """RETURNS (str): One of the values; those in front are likelier."""
    return rng.choices(values, [1 / (i + 1.5) ** 0.6 for i in range(len(values))])[0]


class Labels:
    """The tables of a folder.

    folder (Path): The folder.
    """

    def __init__(self, folder: Path) -> None:
        self._tables = {path.stem: srsly.read_yaml(path) for path in folder.glob("*.yaml")}
        self.kinds = self._entries("entities")
        self.relations = self._entries("relations")
        records = self._tables["records"]
        self.structures = {
            key: Entry(key, tuple(data["names"]), group=data["group"])
            for key, data in records["structures"].items()
        }
        self.fields = {key: Entry(key, tuple(names)) for key, names in records["fields"].items()}
        self.classes: dict[str, Any] = self._tables["classes"]
        self._kin = {key: self._closure(key) for key in self.kinds}

    def _entries(self, table: str) -> dict[str, Entry]:
        return {
            key: Entry(
                key,
                tuple(map(str, data["names"])),
                tuple(data.get("about", ())),
                data["group"],
                tuple(data.get("inverse", ())),
            )
            for key, data in self._tables[table].items()
        }

    def _closure(self, key: str) -> frozenset[str]:
        wider = self._tables["entities"][key].get("is", ())
        return frozenset({key}.union(*map(self._closure, wider)))

    def wider(self, kind: str) -> frozenset[str]:
        """RETURNS (frozenset): A kind and all kinds that it is one of."""
        return self._kin[kind]

    @cache  # noqa: B019  (the tables live as long as the program)
    def may_coincide(self, a: str, b: str) -> bool:
        """RETURNS (bool): Whether a mention of one kind may be one of the other too."""
        if self._kin[a] & self._kin[b]:
            return True
        pairs = ((x, y) for x in self._kin[a] for y in self._kin[b])
        return any(y in self._near(x) or x in self._near(y) for x, y in pairs)

    def _near(self, key: str) -> Sequence[str]:
        near: Sequence[str] = self._tables["entities"][key].get("near", ())
        return near

    def relations_may_coincide(self, a: str, b: str) -> bool:
        """RETURNS (bool): Whether two relations may hold of the same pair."""
        table = self._tables["relations"]
        near = (table[key].get("near", ()) if key in table else () for key in (a, b))
        return a == b or any({a, b} & {*keys} for keys in near)

    def kind_of(self, source: str, label: str) -> str | None:
        """RETURNS (str): What we call a corpus' label; None if it is not asked for."""
        kinds: dict[str, str] = self._tables["corpora"].get(source, {}).get("entities", {})
        return kinds.get(label.rpartition(".")[2] if source == "sgd" else label)

    def inventory(self, source: str) -> frozenset[str]:
        """RETURNS (frozenset): The kinds that a corpus annotates wherever they occur."""
        corpus = self._tables["corpora"].get(source, {})
        return frozenset(corpus.get("entities", {}).values())

    def foreign(self, source: str) -> frozenset[str]:
        """RETURNS (frozenset): Groups of which a corpus' texts mention nothing."""
        return frozenset(self._tables["corpora"].get(source, {}).get("foreign", ()))

    def relation_ids(self, source: str) -> dict[str, str]:
        """RETURNS (dict): What we call the relations of a corpus."""
        ids: dict[str, str] = self._tables["relation_ids"].get(source, {})
        return ids

    def held_out_relations(self, source: str) -> list[str]:
        """RETURNS (list): The relations of a corpus that are for evaluation only."""
        ids: list[str] = self._tables["relation_ids"]["held_out"].get(source, [])
        return ids

    @cached_property
    def groups(self) -> dict[str, list[str]]:
        """RETURNS (dict): By group, its kinds."""
        groups: dict[str, list[str]] = {}
        for key, entry in self.kinds.items():
            groups.setdefault(entry.group, []).append(key)
        return groups


STYLES = ("plain", "title", "upper", "snake", "upper_snake", "pascal", "kebab")
WEIGHTS = (62, 9, 5, 13, 5, 3, 3)


def draw_style(rng: random.Random) -> str:
    """RETURNS (str): How the labels of a schema are written."""
    return rng.choices(STYLES, WEIGHTS)[0]


def write(name: str, style: str) -> str:
    """Write a label in a style.

    name (str): The label.
    style (str): One of `STYLES`.
    RETURNS (str): The label as a user may write it.
    """
    words = name.replace("_", " ").split()
    if style == "plain" or any(mark in name for mark in ",()/"):
        return name
    if style == "title":
        return " ".join(word[:1].upper() + word[1:] for word in words)
    if style == "upper":
        return " ".join(words).upper()
    if style == "snake":
        return "_".join(words).lower()
    if style == "upper_snake":
        return "_".join(words).upper()
    if style == "kebab":
        return "-".join(words).lower()
    return "".join(word[:1].upper() + word[1:] for word in words)


def plain(name: str) -> str:
    """RETURNS (str): A label as the tables have it, whatever style it is written in."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[_-]", " ", name).lower()
