"""Records to ask of a text, under names that users may give."""

import random
from typing import Any

from .example import MOST_INSTANCES, Example
from .labels import Entry, Labels
from .rows import Row


def ask_records(example: Example, labels: Labels, absent: int = 0) -> None:
    """Ask for the records that a text has, and for others that it has not.

    example (Example): The example; its output is added to.
    labels (Labels): The tables.
    absent (int): How many structures to ask for that are not there.
    """
    row, rng = example.row, example.rng
    here: dict[str, list[dict[str, Any]]] = {}
    for key, fields in row.records:
        here.setdefault(structure_key(key, labels), []).append(fields)
    asked = [key for key in here if key in labels.structures and len(here[key]) <= MOST_INSTANCES]
    rng.shuffle(asked)
    keys = asked[: rng.choice((1, 1, 2))]
    keys += draw_absent_structures(row, labels, set(here), rng)[:absent]
    rng.shuffle(keys)
    items, about = [], {}
    for key in keys:
        name = example.name(labels.structures[key], "structures")
        if name is None:
            continue
        found = here.get(key, [])
        fields = _choose_fields(example, labels, key, found)
        names = _name_fields(example, labels, fields, key)
        items += [{name: record} for record in _write(example, names, found, fields)]
        if example.described:
            about[name] = {names[f]: text for f, text in _describe(labels, names, rng)}
    if items:
        example.output["json_structures"] = items
        about = {name: texts for name, texts in about.items() if texts}
        if about:
            example.output["json_descriptions"] = about


def structure_key(key: str, labels: Labels) -> str:
    """RETURNS (str): The structure that the tables know a corpus' intent under."""
    return key if key in labels.structures else key.split("_")[0]


def draw_absent_structures(
    row: Row, labels: Labels, here: set[str], rng: random.Random
) -> list[str]:
    """Draw structures of other fields than the text is about.

    row (Row): The text.
    labels (Labels): The tables.
    here (set): Those that it has.
    rng (Random): The source of chance.
    RETURNS (list): Structures, shuffled.
    """
    groups = {labels.structures[key].group for key in here if key in labels.structures}
    domains = {domain for key in row.classes for domain in row.classes[key]}
    near = set().union(*(NEAR_GROUPS.get(group, {group}) for group in groups))
    foreign = labels.foreign(row.source)
    kinds = _kinds(row, labels)
    drawn = [
        key
        for key, entry in labels.structures.items()
        if FIELDS.get(key)
        and key not in here
        and (entry.group not in near or key in row.likely)
        and (groups or entry.group in foreign or row.synthetic)
        and key.split("_")[0] not in domains
        and not kinds & set(ABOUT.get(key.split("_")[0], ()))
    ]
    rng.shuffle(drawn)
    likely = [key for key in drawn if key in row.likely]
    if likely and rng.random() < 0.6:  # those that one would look for in such a text
        drawn = [*likely, *(key for key in drawn if key not in row.likely)]
    return drawn


def _kinds(row: Row, labels: Labels) -> set[str]:
    """RETURNS (set): The kinds of entities that a text mentions, wider ones included."""
    found: set[str] = set()
    for _, _, label in row.entities:
        kind = label if row.synthetic else labels.kind_of(row.source, label)
        found |= labels.wider(kind) if kind else set()
    return found


ABOUT = {
    **dict.fromkeys(("product", "order", "launch", "vehicle offer"), ("product",)),
    **dict.fromkeys(("invoice", "receipt"), ("money", "invoice number")),
    **dict.fromkeys(("employee", "biography"), ("person",)),
    **dict.fromkeys(("prescription", "case"), ("drug", "disease", "patient", "symptom")),
    **dict.fromkeys(("Restaurants", "BookRestaurant", "reservation"), ("restaurant", "food")),
    **dict.fromkeys(("Media", "Movies", "movie record", "SearchScreeningEvent"), ("film",)),
    **dict.fromkeys(("Music", "PlayMusic", "AddToPlaylist"), ("song", "album", "band", "musician")),
    **dict.fromkeys(("flight", "Flights"), ("airline", "airport", "flight number")),
    **dict.fromkeys(("Events", "event", "Calendar"), ("event", "occasion")),
    "job": ("job title",),
    "contact": ("person", "email", "phone"),
    "company": ("company", "organization"),
    "ingredient": ("food",),
    "experiment": ("research method", "dataset"),
    "Banks": ("money",),
    "Hotels": ("hotel",),
    "Services": ("doctor",),
    "Travel": ("facility", "point of interest"),
    "SearchCreativeWork": ("creative work",),
    "match": ("sports team",),
}
"""By structure, kinds of which each mention may make a record, however little is said of it."""

NEAR_GROUPS = {
    "travel": {"travel", "places", "events"},
    "media": {"media", "music", "events"},
    "music": {"media", "music", "events"},
    "events": {"travel", "places", "events", "media", "music", "office", "sports"},
    "dining": {"dining", "places", "travel"},
    "services": {"services", "office", "contact", "people"},
    "office": {"office", "time", "events", "services", "contact"},
    "commerce": {"commerce", "business", "finance"},
    "business": {"business", "commerce", "finance", "people", "events", "office"},
    "finance": {"finance", "business", "commerce"},
    "people": {"people", "business", "contact", "services"},
    "contact": {"contact", "people", "business", "office"},
    "support": {"support", "commerce"},
    "places": {"places", "travel", "dining"},
    "time": {"time", "office"},
}
"""Groups whose structures a text of a group may have too."""

FIELDS: dict[str, list[str]] = {}
"""By structure, the fields that it has anywhere; see `collect_fields`."""


def collect_fields(rows: list[Row], labels: Labels) -> None:
    """Learn which fields each structure has, so that absent ones can be asked for.

    rows (list): Rows.
    labels (Labels): The tables.
    """
    for row in rows:
        for key, fields in row.records:
            known = FIELDS.setdefault(structure_key(key, labels), [])
            known += [name for name in fields if name not in known]


def _choose_fields(
    example: Example, labels: Labels, key: str, found: list[dict[str, Any]]
) -> list[str]:
    """RETURNS (list): The fields to ask for: those with values, and some without."""
    rng = example.rng
    present = list(dict.fromkeys(name for fields in found for name in fields))
    rest = [name for name in FIELDS.get(key, []) if name not in present]
    rng.shuffle(present)
    rng.shuffle(rest)
    if len(present) > 1 and rng.random() < 0.35:
        present = present[: rng.randint(1, len(present))]
    chosen = present + rest[: rng.choice((0, 1, 1, 2, 3)) if present else rng.randint(1, 6)]
    rng.shuffle(chosen)
    if rng.random() < 0.5:  # the order in which people write a schema
        order = {name: i for i, name in enumerate(FIELDS.get(key, []))}
        chosen.sort(key=lambda name: order.get(name, 99))
    return chosen


def _name_fields(example: Example, labels: Labels, fields: list[str], key: str) -> dict[str, str]:
    names: dict[str, str] = {}
    example.taken["fields"] = set()
    for field in fields:
        entry = labels.fields.get(field) or _kind_entry(labels, field, example.row.source)
        name = example.name(entry, "fields")
        if name is not None:
            names[field] = name
    return names


def _kind_entry(labels: Labels, field: str, source: str) -> Entry:
    kind = labels.kind_of(source, field) or labels.kind_of("snips", field)
    if kind is None:
        kind = labels.kind_of("hwu64", field) or field
    if kind in labels.kinds:
        return labels.kinds[kind]
    return Entry(field, (field.replace("_", " "),))


def _write(
    example: Example, names: dict[str, str], found: list[dict[str, Any]], fields: list[str]
) -> list[dict[str, Any]]:
    """RETURNS (list): The instances, one without any value if there is none."""
    kept = [record for record in found if any(record.get(field) for field in names)]
    kept.sort(key=lambda record: _first(record, names))
    choices = {
        field: record[field]["choices"]
        for record in found
        for field in names
        if isinstance(record.get(field), dict)
    }
    several = {field for field in names for record in kept if _count(record.get(field)) > 1}
    written = []
    for record in kept or [{}]:
        instance: dict[str, Any] = {}
        for field, name in names.items():
            value = record.get(field)
            if field in choices:
                chosen = value["value"] if isinstance(value, dict) else ""
                instance[name] = {"value": chosen, "choices": choices[field]}
            elif field in several:
                instance[name] = example.values(value or [])
            else:
                instance[name] = example.value(value[0]) if value else ""
        written.append(instance)
    return written


def _first(record: dict[str, Any], names: dict[str, str]) -> int:
    starts = [span[0] for field in names for span in _spans(record.get(field))]
    return min(starts, default=10**9)


def _spans(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _count(value: Any) -> int:
    return len(_spans(value))


def _describe(labels: Labels, names: dict[str, str], rng: random.Random) -> list[tuple[str, str]]:
    described = []
    for field in names:
        kind = labels.kind_of("sgd", field) or field
        entry = labels.kinds.get(kind)
        if entry is not None and entry.about and rng.random() < 0.6:
            described.append((field, rng.choice(entry.about)))
    return described
