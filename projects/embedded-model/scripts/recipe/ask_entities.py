"""Kinds of entities to ask of a text, under names that users may give."""

import random

from .example import Example
from .labels import Labels, plain
from .rows import Row, Span

USUAL = frozenset(
    {
        *("person", "company", "organization", "location", "city", "country", "date", "time"),
        *("product", "event", "money", "price", "job title", "number"),
    }
)
"""Kinds that people ask of any text."""
MOST_MENTIONS = 60
"""A kind with more mentions is not asked for."""


def count_negatives(rng: random.Random) -> int:
    """RETURNS (int): How many labels to ask for that are not in the text."""
    low, high = rng.choices(
        [(0, 0), (1, 1), (2, 2), (3, 3), (4, 6), (7, 12), (14, 34)], [14, 17, 20, 18, 18, 9, 4]
    )[0]
    return rng.randint(low, high)


def ask_entities(example: Example, labels: Labels) -> None:
    """Ask for kinds of entities, some of which the text mentions.

    example (Example): The example; its output is added to.
    labels (Labels): The tables.
    """
    row, rng = example.row, example.rng
    mentions = _mentions_by_kind(row, labels)
    known = _annotated(row, labels)
    here = [kind for kind in known if mentions.get(kind)]
    asked = [kind for kind in here if rng.random() < (0.92 if len(here) < 8 else 0.8)]
    asked = asked or here[:1]
    if asked and rng.random() < 0.03:
        asked = []
    missing = draw_absent_kinds(row, labels, mentions, rng, count_negatives(rng) or not asked)
    _write_entities(example, labels, [*asked, *missing], mentions)


def _annotated(row: Row, labels: Labels) -> list[str]:
    if row.annotated is None:
        return sorted(labels.inventory(row.source))
    if row.synthetic:
        return sorted(row.annotated)
    kinds = {labels.kind_of(row.source, label) for label in row.annotated}
    return sorted(kind for kind in kinds if kind)


def _mentions_by_kind(row: Row, labels: Labels) -> dict[str, list[Span]]:
    """RETURNS (dict): By kind, its mentions, those of narrower kinds included."""
    mentions: dict[str, list[Span]] = {}
    for start, end, label in row.entities:
        kind = label if row.synthetic else labels.kind_of(row.source, label)
        for wider in labels.wider(kind) if kind else ():
            mentions.setdefault(wider, []).append((start, end))
    return {kind: sorted(set(spans)) for kind, spans in mentions.items()}


def draw_absent_kinds(
    row: Row, labels: Labels, mentions: dict[str, list[Span]], rng: random.Random, count: int
) -> list[str]:
    """Draw kinds that the text does not mention.

    row (Row): The text.
    labels (Labels): The tables.
    mentions (dict): What it mentions.
    rng (Random): The source of chance.
    count (int): How many.
    RETURNS (list): The kinds.
    """
    known = _annotated(row, labels)
    own = [kind for kind in known if kind not in mentions]
    # Without any person in the text there is no politician in it either.
    own += [
        kind
        for kind in labels.kinds
        if kind not in known and labels.wider(kind) & set(own) and row.source != "fewnerd"
    ]
    # A first name is a person's; where persons are not annotated, nothing is known of it.
    foreign_groups = labels.foreign(row.source)
    foreign = [
        kind
        for kind, entry in labels.kinds.items()
        if entry.group in foreign_groups
        and kind not in own
        and labels.wider(kind) - {kind} <= {*known, *_narrow(labels, foreign_groups)}
        and not any(labels.may_coincide(kind, other) for other in {*mentions, *known})
    ]
    rng.shuffle(own)
    rng.shuffle(foreign)
    if row.synthetic and rng.random() < 0.5:
        own.sort(key=lambda kind: kind in USUAL)  # the last ones are drawn first
    drawn: list[str] = []
    for _ in range(count):
        pool = own if own and (not foreign or rng.random() < 0.6) else foreign
        if pool:
            drawn.append(pool.pop())
    return drawn


def _narrow(labels: Labels, groups: frozenset[str]) -> set[str]:
    """RETURNS (set): The kinds of some groups."""
    return {kind for kind, entry in labels.kinds.items() if entry.group in groups}


def _write_entities(
    example: Example, labels: Labels, kinds: list[str], mentions: dict[str, list[Span]]
) -> None:
    example.rng.shuffle(kinds)
    entities, about = {}, {}
    here = {name.lower() for kind in mentions for name in labels.kinds[kind].names}
    for kind in kinds:
        entry = labels.kinds[kind]
        name = example.name(entry, "entities")
        if name is None or len(mentions.get(kind, ())) > MOST_MENTIONS:
            continue
        if kind not in mentions and plain(name) in here:  # some names stand for several kinds
            continue
        entities[name] = example.values(mentions.get(kind, ()))
        if example.described and entry.about and example.rng.random() < 0.85:
            about[name] = example.rng.choice(entry.about)
    if entities:
        example.output["entities"] = entities
        if about:
            example.output["entity_descriptions"] = about
