"""Corpora that ship whole texts with offsets."""

import csv
import gzip
import json
import re
from ast import literal_eval
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import srsly

from .detokenise import join
from .rows import Row


def trim(text: str, start: int, end: int, label: str) -> tuple[int, int, str] | None:
    """Leave out blanks and closing marks at the ends of a mention.

    text (str): The text.
    start (int): Its start.
    end (int): Its end.
    label (str): Its label.
    RETURNS (tuple): The mention, None if nothing is left.
    """
    end = min(end, len(text))
    while start < end and text[start].isspace():
        start += 1
    if text[start:end].endswith(("'s", "’s")):
        end -= 2
    while start < end and (text[end - 1].isspace() or text[end - 1] in ",;:?!"):
        end -= 1
    if re.search(r"(?:\d|\d ?[ap]m|^[^.]*[a-z]{4})\.$", text[start:end]):
        end -= 1
    return (start, end, label) if start < end else None


def trim_all(text: str, spans: Iterable[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Trim all mentions of a text and put them in its order.

    text (str): The text.
    spans (Iterable): The mentions.
    RETURNS (list): Those with anything left.
    """
    trimmed = (trim(text, *span) for span in spans)
    return sorted({span for span in trimmed if span is not None})


def read_pii(path: Path) -> Iterator[Row]:
    """Read pii-anon's synthetic documents; texts made to mislead by their code points are left out.

    path (Path): The file.
    YIELDS (Row): A document.
    """
    genre = {"legal": "legal document", "technology": "technical log"}
    domain = path.name.removeprefix("test_").removesuffix(".jsonl.gz")
    with gzip.open(path, "rt", encoding="utf8") as file:
        for line in file:
            data = json.loads(line)
            text = data["text"]
            if re.search(r"[\u0080-\u009f\u200b-\u206f\ufeff]", text) or "base64" in text:
                continue
            spans = [(a["start"], a["end"], a["entity_type"]) for a in data["annotations"]]
            classes = {"genre": [genre[domain]]} if domain in genre else {}
            yield Row(text, "pii_anon", trim_all(text, spans), classes=classes)


def read_presidio(path: Path) -> Iterator[Row]:
    """Read presidio-research's synthetic sentences.

    path (Path): The file.
    YIELDS (Row): A sentence.
    """
    for data in srsly.read_json(path):
        text = data["full_text"]
        spans = [
            (span["start_position"], span["end_position"], span["entity_type"])
            for span in data["spans"]
        ]
        if not re.search(r"[{\ufffd]|\bnan\b", text):
            yield Row(text, "presidio_synth", trim_all(text, spans))


def read_snips(folder: Path) -> Iterator[Row]:
    """Read SNIPS: an intent and its slots, which make a record too.

    folder (Path): The corpus.
    YIELDS (Row): A command.
    """
    for path in sorted(folder.glob("*/train_*_full.json")):
        content = json.loads(path.read_bytes().decode("utf8", errors="replace"))
        for intent, items in content.items():
            for item in items:
                text, spans = "", []
                for part in item["data"]:
                    if "entity" in part:
                        spans.append((len(text), len(text) + len(part["text"]), part["entity"]))
                    text += part["text"]
                yield _command(text, "snips", spans, intent)


def read_hwu(path: Path) -> Iterator[Row]:
    """Read HWU64: an intent, its scenario, and slots.

    path (Path): The file.
    YIELDS (Row): A command.
    """
    for item in srsly.read_json(path)["rasa_nlu_data"]["common_examples"]:
        spans = [(e["start"], e["end"], e["entity"]) for e in item["entities"]]
        row = _command(item["text"], "hwu64", spans, item["intent"])
        row.classes["hwu64_scenario"] = [item["intent"].split("_")[0]]
        yield row


def _command(text: str, source: str, spans: list[tuple[int, int, str]], intent: str) -> Row:
    lead = len(text) - len(text.lstrip())
    text = text.strip()
    spans = trim_all(text, ((max(a - lead, 0), b - lead, label) for a, b, label in spans))
    classes = {f"{source}_intent": [intent], "genre": ["voice command"]}
    return Row(text, source, spans, records=_slots_record(intent, spans), classes=classes)


def _slots_record(name: str, spans: list[tuple[int, int, str]]) -> list[tuple[str, dict[str, Any]]]:
    fields: dict[str, Any] = {}
    for start, end, label in spans:
        fields.setdefault(label, []).append((start, end))
    return [(name, fields)] if fields else []


def read_restaurant(path: Path) -> Iterator[Row]:
    """Read Restaurant-8k: what people say to book a table.

    path (Path): The file.
    YIELDS (Row): A turn.
    """
    for item in srsly.read_json(path):
        text = item["userInput"]["text"]
        spans = [
            (label["valueSpan"].get("startIndex", 0), label["valueSpan"]["endIndex"], label["slot"])
            for label in item.get("labels", [])
            if "valueSpan" in label
        ]
        spans = trim_all(text, spans)
        if len(text.split()) > 2:
            yield Row(text, "restaurant8k", spans, records=_slots_record("reservation", spans))


def read_recipes(path: Path) -> Iterator[Row]:
    """Read TASTEset: lists of ingredients.

    path (Path): The file.
    YIELDS (Row): A list.
    """
    with path.open(encoding="utf8", newline="") as file:
        for item in csv.DictReader(file):
            raw = item["ingredients_entities"]
            entities = json.loads(raw) if raw.startswith('[{"') else literal_eval(raw)
            text = item["ingredients"].rstrip()
            spans = [(e["start"], e["end"], e["type"]) for e in entities]
            yield Row(text, "tasteset", trim_all(text, spans), classes={"genre": ["recipe"]})


def read_gum(path: Path) -> Iterator[Row]:
    """Read a document of GUM, for its genre: its mentions are phrases of every kind, not names.

    path (Path): The file.
    YIELDS (Row): Some sentences in sequence.
    """
    genre = path.stem.split("_")[1]
    lines = path.read_text(encoding="utf8").split("\n")
    sentences = [line.removeprefix("#Text=").strip() for line in lines if line.startswith("#Text=")]
    sizes = (2, 4, 3, 8, 2, 12)
    start = turn = 0
    while start < len(sentences):
        size = sizes[turn % len(sizes)]
        text, _ = join(" ".join(sentences[start : start + size]).split(), split_hyphens=True)
        if len(text.split()) > 8:
            yield Row(text, "gum_open", classes={"genre": [genre]})
        start += size
        turn += 1
