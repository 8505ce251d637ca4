"""Real texts of three lengths, from the corpora that the repository ships."""

import json
import random
from pathlib import Path

ASSETS = Path(__file__).parent.parent / "assets"

WORDS = {"short": (5, 25), "mixed": (10, 140), "long": (600, 1200)}
"""Fewest and most words of a text of each kind."""


def load_passages() -> list[str]:
    """RETURNS (list): The texts of all JSONL files under `assets/`, each once, in their order.

    Those in other scripts than Latin are left out: their words are of many tokens, and the
    reference's windows, which are of words, would be too long for the embedded encoder.
    """
    passages: dict[str, None] = {}
    for path in sorted(ASSETS.rglob("*.jsonl")):
        with path.open(encoding="utf8") as lines:
            for line in lines:
                row = json.loads(line)
                text = " ".join((row.get("input") or row["text"]).split())
                if sum(map(str.isascii, text)) > 0.95 * len(text):
                    passages.setdefault(text)
    return list(passages)


def make_texts(kind: str, count: int, seed: int = 0) -> list[str]:
    """Make texts of a kind by joining whole passages until each has its number of words.

    kind (str): A key of `WORDS`.
    count (int): How many.
    seed (int): Decides which passages.
    RETURNS (list): The texts.
    """
    low, high = WORDS[kind]
    rng = random.Random(seed)
    passages = load_passages()
    return [join(passages, rng.randint(low, high), rng) for _ in range(count)]


def join(passages: list[str], words: int, rng: random.Random) -> str:
    """Join passages, beginning anywhere, and cut after some words.

    passages (list): The passages.
    words (int): How many words.
    rng (Random): Decides where to begin.
    RETURNS (str): The text.
    """
    start = rng.randrange(len(passages))
    found: list[str] = []
    while len(found) < words:
        found += passages[start % len(passages)].split()
        start += 1
    return " ".join(found[:words])
