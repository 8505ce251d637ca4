"""Schema-guided dialogues: intents, slots and records of services."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .offsets import trim_all
from .rows import Row

HELD_OUT = (
    *("Alarm_1", "Homes_1", "Homes_2", "Messaging_1", "Payment_1"),
    *("RentalCars_1", "RentalCars_2", "RentalCars_3", "Trains_1"),
)
"""Services that are for evaluation only."""


def read_dialogues(folder: Path, held_out: bool) -> Iterator[Row]:
    """Read turns, single and a few in sequence.

    folder (Path): The corpus.
    held_out (bool): Whether to read those of the services held out, or those of the others.
    YIELDS (Row): A turn, or some turns of one service in sequence.
    """
    services = _services(folder)
    for part in ("train", "dev", "test"):
        with gzip.open(folder / f"{part}.jsonl.gz", "rt", encoding="utf8") as file:
            for number, line in enumerate(file):
                turns = json.loads(line)["turns"]
                yield from _turns(turns, services, number, held_out)


def _services(folder: Path) -> dict[str, Any]:
    services = {}
    for part in ("train", "dev", "test"):
        for service in json.loads((folder / f"schema_{part}.json").read_text(encoding="utf8")):
            services[service["service_name"]] = service
    return services


def _turns(
    turns: list[Any], services: dict[str, Any], number: int, held_out: bool
) -> Iterator[Row]:
    _mark_new_intents(turns)
    sizes = (1, 1, 2, 1, 3, 1, 5)
    start, step = 0, number
    while start < len(turns):
        size = sizes[step % len(sizes)]
        window = turns[start : start + size]
        names = {turn["svc"] for turn in window}
        if len(names) == 1 and (window[0]["svc"] in HELD_OUT) is held_out:
            row = _window(window, services[window[0]["svc"]])
            if len(row.text.split()) > 3:
                yield row
        start += size
        step += 1


def _mark_new_intents(turns: list[Any]) -> None:
    """Keep the intent of a turn only where it is first said."""
    last = None
    for turn in turns:
        intent = turn.get("intent")
        turn["new_intent"] = intent if intent not in (None, "NONE", last) else None
        last = intent or last


def _window(window: list[Any], service: Any) -> Row:
    name = service["service_name"]
    many = len(window) > 1
    text, spans, choices, intents = "", [], {}, []
    categorical = {s["name"]: s["possible_values"] for s in service["slots"] if s["is_categorical"]}
    for turn in window:
        text += "\n" if text else ""
        if many:
            text += "User: " if turn["s"] == "U" else "Agent: "
        spans += [(a + len(text), b + len(text), slot) for slot, a, b in turn["slots"]]
        said = turn["t"]
        text += said
        if turn["s"] == "U":
            intents += [turn["new_intent"]] if turn["new_intent"] else []
            for slot, values in turn.get("state", {}).items():
                value = values[0].lower()
                if slot in categorical and _says(said, value) and value in categorical[slot]:
                    choices[slot] = {"value": value, "choices": categorical[slot]}
    spans = trim_all(text, spans)
    entities = [(a, b, f"{name}.{slot}") for a, b, slot in spans]
    fields: dict[str, Any] = {}
    for a, b, slot in spans:
        fields.setdefault(slot, []).append((a, b))
    fields.update(choices)
    classes: dict[str, list[str]] = {}
    if len(set(intents)) == 1 and window[0]["s"] == "U" and len(text.split()) > 7:
        classes["sgd_intent"] = [f"{name}.{intents[0]}"]
    if intents or fields:
        classes["sgd_domain"] = [name.split("_")[0]]
    records = [(name, fields)] if fields else []
    slots = [slot["name"] for slot in service["slots"] if not slot["is_categorical"]]
    annotated = [f"{name}.{slot}" for slot in slots]
    return Row(text, "sgd", entities, records=records, classes=classes, annotated=annotated)


def _says(text: str, value: str) -> bool:
    words = {"true": (), "false": (), "dontcare": ()}
    if value in words:
        return False
    return f" {value} " in f" {''.join(c if c.isalnum() else ' ' for c in text.lower())} "
