"""Corpora of utterances with one label or several."""

import csv
from collections.abc import Iterator
from pathlib import Path

import srsly

from .rows import Row


def read_clinc(path: Path, domains: Path, part: str) -> Iterator[Row]:
    """Read CLINC150: an intent and the domain that it belongs to.

    path (Path): The file of utterances.
    domains (Path): The file of domains.
    part (str): "train" or "val".
    YIELDS (Row): An utterance.
    """
    domain = {i: name for name, intents in srsly.read_json(domains).items() for i in intents}
    for text, intent in srsly.read_json(path)[part]:
        classes = {"clinc150_intent": [intent], "clinc150_domain": [domain[intent]]}
        yield Row(text.strip(), "clinc150", classes=classes)


def read_banking(path: Path) -> Iterator[Row]:
    """Read BANKING77.

    path (Path): The file.
    YIELDS (Row): An utterance.
    """
    with path.open(encoding="utf8", newline="") as file:
        for item in csv.DictReader(file):
            classes = {"banking77_intent": [item["category"]]}
            yield Row(" ".join(item["text"].split()), "banking77", classes=classes)


def read_nlupp(folder: Path) -> Iterator[Row]:
    """Read NLU++: several intents an utterance.

    folder (Path): One of its domains.
    YIELDS (Row): An utterance.
    """
    for path in sorted(folder.glob("fold*.json")):
        for item in srsly.read_json(path):
            classes = {f"nlupp_{folder.name}": item.get("intents", [])}
            yield Row(item["text"].strip(), "nlupp", classes=classes)


def read_goemotions(path: Path, labels: Path) -> Iterator[Row]:
    """Read GoEmotions: one emotion or several, and the sentiment that they amount to.

    path (Path): The file.
    labels (Path): The file of labels.
    YIELDS (Row): A comment.
    """
    names = labels.read_text(encoding="utf8").split()
    for line in path.read_text(encoding="utf8").split("\n"):
        columns = line.split("\t")
        if len(columns) < 2:
            continue
        emotions = [names[int(number)] for number in columns[1].split(",")]
        text = columns[0].replace("[NAME]", "Alex").replace("[RELIGION]", "Christian").strip()
        classes = {"goemotions": emotions}
        sentiment = {SENTIMENT.get(emotion) for emotion in emotions}
        if len(sentiment) == 1 and None not in sentiment:
            classes["sentiment"] = [str(*sentiment)]
        yield Row(text, "goemotions", classes=classes)


POSITIVE = (
    *("admiration", "amusement", "approval", "excitement", "gratitude"),
    *("joy", "love", "optimism", "pride", "relief"),
)
NEGATIVE = (
    *("anger", "annoyance", "disappointment", "disapproval", "disgust", "embarrassment"),
    *("fear", "grief", "nervousness", "remorse", "sadness"),
)
SENTIMENT = {
    **dict.fromkeys(POSITIVE, "positive"),
    **dict.fromkeys(NEGATIVE, "negative"),
    "neutral": "neutral",
}
"""Emotions by the sentiment that they show; those that show either are left out."""
