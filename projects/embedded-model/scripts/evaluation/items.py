"""What is asked of a text in an evaluation, and what is right."""

import random
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from recipe.rows import Row

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Item:
    """A text, what is asked of it, and what is right.

    text (str): The text.
    task (str): "entities", "relations", "records" or "classes".
    schema (dict): What is asked.
    gold (frozenset): What is right: label and offsets of an entity; label and offsets of head and
        tail of a relation; structure, field and offsets of a value; or a class label.
    multi (bool): Whether several class labels can hold.
    labels (tuple): The class labels.
    """

    text: str
    task: str
    schema: Schema
    gold: frozenset[Hashable]
    multi: bool = False
    labels: tuple[str, ...] = ()


def make_items(rows: Iterable[Row], options: dict[str, Any]) -> list[Item]:
    """Draw the items of a set.

    rows (Iterable): Its rows.
    options (dict): Its entry in evaluation.yaml.
    RETURNS (list): The items.
    """
    make = {
        "entities": _entities,
        "relations": _relations,
        "records": _records,
        "classes": _classes,
    }[options["task"]]
    rng = random.Random(17)
    known = list(rows)
    rng.shuffle(known)
    fit = [row for row in known if 2 < len(row.text.split()) <= options.get("most_words", 350)]
    items = list(make(fit, options, rng))
    count, empty = options["count"], options.get("empty", 1.0)
    full = [item for item in items if item.gold]
    bare = [item for item in items if not item.gold][: int(count * empty)]
    if empty == 1.0:  # as they come
        return items[:count]
    return full[: count - len(bare)] + bare


def _entities(rows: list[Row], options: dict[str, Any], rng: random.Random) -> Iterator[Item]:
    names = options["labels"]
    for row in rows:
        gold = {(names[label], a, b) for a, b, label in row.entities if label in names}
        yield Item(row.text, "entities", {"entities": list(names.values())}, frozenset(gold))


def _relations(rows: list[Row], options: dict[str, Any], rng: random.Random) -> Iterator[Item]:
    names = options["labels"]
    for row in rows:
        gold = {(names[r], tuple(h), tuple(t)) for r, h, t in row.relations if r in names}
        yield Item(row.text, "relations", {"relations": list(names.values())}, frozenset(gold))


def _records(rows: list[Row], options: dict[str, Any], rng: random.Random) -> Iterator[Item]:
    names = options["labels"]
    for row in rows:
        slots = [label.split(".") for label in row.annotated or ()]
        if not slots or slots[0][0] not in names:
            continue
        name = names[slots[0][0]]
        fields = {slot: slot.replace("_", " ") for _, slot in slots}
        gold = {
            (name, fields[slot], tuple(span))
            for _, record in row.records
            for slot, spans in record.items()
            if slot in fields and isinstance(spans, list)
            for span in spans
        }
        structure = {"fields": [{"name": field} for field in fields.values()]}
        yield Item(row.text, "records", {"structures": {name: structure}}, frozenset(gold))


def _classes(rows: list[Row], options: dict[str, Any], rng: random.Random) -> Iterator[Item]:
    label_set, multi = options["of"], options.get("multi", False)
    seen = sorted({label for row in rows for label in row.classes.get(label_set, ())})
    for row in rows:
        gold = row.classes.get(label_set, [])
        if not gold or (len(gold) > 1 and not multi):
            continue
        offered = list(seen)
        if "offer" in options:
            others = [label for label in seen if label not in gold]
            offered = [*gold, *rng.sample(others, options["offer"] - len(gold))]
            rng.shuffle(offered)
        task = {
            "task": options["name"],
            "labels": list(dict.fromkeys(map(label_name, offered))),
            "multi_label": multi,
        }
        names = frozenset(label_name(label) for label in gold)
        labels = tuple(task["labels"])
        yield Item(row.text, "classes", {"classifications": [task]}, names, multi, labels)


def label_name(label: str) -> str:
    """Write a class label as a user would.

    label (str): The corpus' label, such as "card_arrival" or "Homes_1.FindApartment".
    RETURNS (str): The label, such as "card arrival" or "find apartment".
    """
    name = label.rpartition(".")[2]
    spaced = "".join(f" {c.lower()}" if c.isupper() else c for c in name)
    return " ".join(spaced.replace("_", " ").replace("?", "").split())


def items_of_record(record: dict[str, Any], together: bool = False) -> Iterator[Item]:
    """Make items of a training example, one for each task that it asks.

    record (dict): A record of the reference's JSONL.
    together (bool): Whether each item asks for everything that the example asks, as users do.
    YIELDS (Item): The items.
    """
    items = list(_items(record["input"], record["output"]))
    whole: Schema = {}
    for item in items:
        for key, asked in item.schema.items():
            whole[key] = [*whole.get(key, ()), *asked] if isinstance(asked, list) else asked
    for item in items:
        yield replace(item, schema=whole) if together else item


def _items(text: str, output: dict[str, Any]) -> Iterator[Item]:
    if "entities" in output:
        about = output.get("entity_descriptions", {})
        asked = [{"label": k, "description": about.get(k)} for k in output["entities"]]
        gold: set[Any] = {(k, *_span(v)) for k, vs in output["entities"].items() for v in vs}
        yield Item(text, "entities", {"entities": asked}, frozenset(gold))
    if "relations" in output:
        about = output.get("relation_descriptions", {})
        labels = dict.fromkeys(label for item in output["relations"] for label in item)
        asked = [{"label": label, "description": about.get(label)} for label in labels]
        gold = {
            (label, _span(ends["head"]), _span(ends["tail"]))
            for item in output["relations"]
            for label, ends in item.items()
            if ends["head"]
        }
        yield Item(text, "relations", {"relations": asked}, frozenset(gold))
    if "json_structures" in output:
        yield _record_item(text, output)
    for task in output.get("classifications", ()):
        keys = ("task", "labels", "multi_label")
        schema = {key: task[key] for key in keys if key in task}
        right = frozenset(task["true_label"])
        multi = bool(task.get("multi_label"))
        labels = tuple(task["labels"])
        yield Item(text, "classes", {"classifications": [schema]}, right, multi, labels)


def _span(value: dict[str, Any]) -> tuple[int, int]:
    return value["start"], value["end"]


def _record_item(text: str, output: dict[str, Any]) -> Item:
    fields: dict[str, dict[str, Any]] = {}
    gold = set()
    for item in output["json_structures"]:
        for name, record in item.items():
            known = fields.setdefault(name, {})
            for field, value in record.items():
                known.setdefault(field, {"name": field, "dtype": "list"})
                if isinstance(value, dict) and "choices" in value:
                    known[field]["choices"] = value["choices"]
                    gold |= {(name, field, value["value"])} if value["value"] else set()
                else:
                    values = value if isinstance(value, list) else [value] if value else []
                    gold |= {(name, field, _span(part)) for part in values}
    schema = {name: {"fields": list(parts.values())} for name, parts in fields.items()}
    return Item(text, "records", {"structures": schema}, frozenset(gold))
