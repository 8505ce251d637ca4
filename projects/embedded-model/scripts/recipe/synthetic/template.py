"""Templates: one line of text with slots, alternatives and the facts that it states.

A line is `TEXT => FACTS`. In the text, `[a|b|]` is one of several alternatives, which may be
nested and empty; `{p:person}` is a slot that is filled by a person and called p, `{p}` repeats it,
`{p.last}` repeats its last word, and `{city}` is a slot without a name, filled anew each time.
Facts, separated by ";", are relations, `works for(p, c)`, records, `order(item=g, quantity=n)`, and
classes, `sentiment: positive`. A field whose slot was not drawn is left empty, and a relation with
such an end is not stated.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..rows import Row, Span
from .fillers import Fillers

SLOT = re.compile(r"\{([^{}]+)\}")
INNERMOST = re.compile(r"\[([^\[\]]*)\]")
TOO_MANY_BLANKS = re.compile(r" +((?: |[.,;:!?]|$))")
CALL = re.compile(r"([\w' ()-]+?)\((.*)\)$")

KINDS: dict[str, tuple[str, str | None]] = {
    "executive": ("person", "executive"),
    "politician": ("person", "politician"),
    "scientist": ("person", "scientist"),
    "musician": ("person", "musician"),
    "director": ("person", "director"),
    "customer": ("person", "customer"),
    "patient": ("person", "patient"),
    "first name": ("first name", "person"),
    "last name": ("last name", "person"),
    "full date": ("full date", "date"),
    "relative day": ("relative day", "date"),
    "weekday": ("weekday", "date"),
    "quarter": ("quarter", "date"),
    "device": ("device", "device"),
    "goods": ("goods", "product"),
    "plural goods": ("plural goods", "product"),
    "product noun": ("product noun", "product"),
    "model name": ("model name", "product"),
    "dish": ("dish", "food"),
    "ingredient": ("ingredient", "food"),
    "salary": ("salary", "money"),
    "method": ("method", "research method"),
    "research method": ("research method", "research method"),
    "count": ("count", "quantity"),
    "quantity": ("quantity", "quantity"),
    "number": ("number", "number"),
    "disease": ("disease", "disease"),
    "instrument": ("instrument", "musical instrument"),
}
"""Slots whose filler or kind of entity has another name: filler and kind."""


@dataclass(slots=True)
class Piece:
    """A piece of text that grows, with what it mentions.

    text (str): The text.
    mentions (list): Name of the slot, start, end, and kind of entity or None.
    """

    text: str = ""
    mentions: list[tuple[str, int, int, str | None]] = field(default_factory=list)

    def add(self, text: str) -> None:
        """Add words, with "an" for "a" and no doubled full stop or article."""
        self.text += text

    def fill(self, name: str, filler: str, kind: str | None) -> None:
        """Add a filler as a mention."""
        before = self.text.rstrip().rpartition(" ")[2].lower()
        article, _, rest = filler.partition(" ")
        if article in ("the", "a", "an") and rest:
            if before in ("the", "a", "an", "its", "their", "new", "our", "my", "his", "her"):
                filler = rest
        elif before == "a" and filler[:1].lower() in "aeiou":
            self.text = self.text.rstrip() + "n "
        start = len(self.text)
        self.text += filler
        article, _, rest = filler.partition(" ")
        lead = len(article) + 1 if article in ("the", "a", "an") and rest else 0
        self.mentions.append((name, start + lead, len(self.text), kind))


class Template:
    """A line with its facts.

    line (str): The line.
    """

    def __init__(self, line: str) -> None:
        text, _, facts = line.partition(" => ")
        self.text = text.strip()
        self.facts = [part.strip() for part in facts.split(";") if part.strip()]

    def stated(self) -> set[str]:
        """RETURNS (set): The relations and records that it may state."""
        calls = (CALL.match(fact) for fact in self.facts)
        return {call[1].strip() for call in calls if call is not None}

    def render(self, fillers: Fillers, rng: random.Random, bound: dict[str, str]) -> Row:
        """Fill the slots.

        fillers (Fillers): What fills them.
        rng (Random): The source of chance.
        bound (dict): Names of slots that are filled already; those of this template are added.
        RETURNS (Row): The text with its facts.
        """
        text = TOO_MANY_BLANKS.sub(r"\1", choose(self.text, rng)).replace("\\n", "\n")
        piece = Piece()
        last = 0
        for match in SLOT.finditer(text):
            piece.add(text[last : match.start()])
            name, filler, kind = self._fill(match[1], fillers, bound)
            if filler.endswith(".") and text[match.end() :].startswith("."):
                filler = filler[:-1]
            piece.fill(name, filler, kind)
            last = match.end()
        piece.add(text[last:])
        piece.text = piece.text[:1].upper() + piece.text[1:]
        return self._row(piece)

    def _fill(
        self, slot: str, fillers: Fillers, bound: dict[str, str]
    ) -> tuple[str, str, str | None]:
        name, colon, what = slot.partition(":")
        base, _, part = name.partition(".")
        if not colon and base in bound and not fillers.knows(base):
            filler, what = bound[base], bound[f"{base}:slot"]
            return base, filler.split()[-1] if part == "last" else filler, kind_of(what)
        what = what or name
        filler = fillers.draw(KINDS.get(what, (what, None))[0])
        for _ in range(5):  # two slots of one kind hold different things
            if filler not in bound.values():
                break
            filler = fillers.draw(KINDS.get(what, (what, None))[0])
        bound[name], bound[f"{name}:slot"] = filler, what
        return name, filler, kind_of(what)

    def _row(self, piece: Piece) -> Row:
        place: dict[str, list[Span]] = {}
        for name, start, end, _ in piece.mentions:
            place.setdefault(name, []).append((start, end))
        row = Row(piece.text, "synthetic", synthetic=True)
        row.entities = [(start, end, kind) for _, start, end, kind in piece.mentions if kind]
        for fact in self.facts:
            _state(row, fact, place)
        return row


def choose(text: str, rng: random.Random) -> str:
    """RETURNS (str): The text with one alternative of each bracket."""
    while match := INNERMOST.search(text):
        option = rng.choice(match[1].split("|"))
        text = text[: match.start()] + option + text[match.end() :]
    return text


def kind_of(slot: str) -> str | None:
    """RETURNS (str): The kind of entity that a slot is; None if it is none."""
    if slot in KINDS:
        return KINDS[slot][1]
    return None if slot in NO_KINDS or slot.endswith(" word") else slot


NO_KINDS = frozenset(
    {
        *("adjective", "area", "contract type", "crime", "department", "feature", "gate"),
        *("industry", "mileage", "preparation", "property feature"),
        *("property type", "room", "route", "score", "seat", "size", "storage", "topic", "unit"),
        *("ward", "warranty", "weight", "aspect noun", "good adjective", "bad adjective"),
        *("liked verb", "hated verb"),
    }
)
"""Slots that are no kind of entity; they are values of fields."""


def _state(row: Row, fact: str, place: dict[str, list[Span]]) -> None:
    if ":" in fact and "(" not in fact.partition(":")[0]:
        label_set, _, label = fact.partition(":")
        row.classes.setdefault(label_set.strip(), []).append(label.strip())
        return
    match = CALL.match(fact)
    if match is None:
        raise ValueError(f"fact {fact!r}: is no relation, record or class; correct it")
    name, arguments = match[1].strip(), [part.strip() for part in match[2].split(",")]
    if any("=" in argument for argument in arguments):
        fields = dict(_fields(arguments, place))
        if fields:
            row.records.append((name, fields))
    elif all(argument in place for argument in arguments):
        head, tail = (place[argument][0] for argument in arguments)
        row.relations.append((name, head, tail))


def _fields(arguments: list[str], place: dict[str, list[Span]]) -> Iterator[tuple[str, Any]]:
    """YIELDS (tuple): Fields with their spans; "a/b" is a choice, a value that no text has."""
    for argument in arguments:
        field_name, _, value = argument.partition("=")
        if "/" in value:
            chosen, *others = value.split("/")
            yield field_name.strip(), {"value": chosen, "choices": sorted([chosen, *others])}
            continue
        spans = [span for name in value.split("+") for span in place.get(name, ())[:1]]
        if spans:
            yield field_name.strip(), spans
