"""Corpora of relations."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import srsly

from .demonyms import DEMONYMS, PLURALS
from .detokenise import detokenise, join
from .offsets import trim
from .rows import Row, Span
from .tagged import read_tags

MARKED = re.compile(r"<(e[12])>(.*?)</\1>")


def read_semeval(path: Path) -> Iterator[Row]:
    """Read SemEval-2010 task 8: one pair of nominals a sentence, and their relation or none.

    path (Path): The file.
    YIELDS (Row): A sentence.
    """
    content = path.read_text(encoding="utf8", errors="replace").strip()
    for block in re.split(r"\r?\n\s*\r?\n", content):
        lines = block.split("\n")
        if "\t" not in lines[0]:
            continue
        marked = lines[0].split("\t", 1)[1].strip().strip('"')
        text, ends = "", {}
        last = 0
        for match in MARKED.finditer(marked):
            text += marked[last : match.start()]
            ends[match[1]] = (len(text), len(text) + len(match[2]))
            text += match[2]
            last = match.end()
        text += marked[last:]
        label, _, order = lines[1].strip().partition("(")
        head, tail = ("e2", "e1") if order.startswith("e2") else ("e1", "e2")
        relations = [] if label == "Other" else [(label, ends[head], ends[tail])]
        yield Row(text, "semeval2010_t8", relations=relations)


def read_conll04(path: Path) -> Iterator[Row]:
    """Read CoNLL04: entities and the relations between them.

    path (Path): The file.
    YIELDS (Row): A sentence.
    """
    for item in srsly.read_json(path):
        text, entities = detokenise(item["tokens"], read_tags(item["tags"]))
        relations = [
            (relation["type"], entities[relation["head"]][:2], entities[relation["tail"]][:2])
            for relation in item["relations"]
        ]
        yield Row(text, "conll04", entities, relations)


def read_fewrel(path: Path, source: str) -> Iterator[Row]:
    """Read FewRel: a sentence with one pair and its relation.

    path (Path): The file.
    source (str): The corpus.
    YIELDS (Row): A sentence.
    """
    for label, items in srsly.read_json(path).items():
        for item in items:
            text, offsets = join(item["tokens"])
            head, tail = (_first_mention(item[end], offsets) for end in ("h", "t"))
            if text.strip() and not _cross(head, tail):
                yield Row(text, source, relations=[(label, head, tail)])


def _first_mention(end: Any, offsets: list[Span]) -> Span:
    tokens = end[2][0]
    return offsets[tokens[0]][0], offsets[tokens[-1]][1]


def _cross(a: Span, b: Span) -> bool:
    return a[0] < b[1] and b[0] < a[1]


def read_redocred(path: Path, documents: slice = slice(None)) -> Iterator[Row]:
    """Read Re-DocRED in windows of sentences, with the relations that these sentences show.

    path (Path): The file.
    documents (slice): Which documents.
    YIELDS (Row): Some sentences in sequence.
    """
    for number, document in enumerate(srsly.read_json(path)[documents]):
        for sizes in ((1, 2, 1, 3), (4, 99)):
            start = turn = 0
            while start < len(document["sents"]):
                size = sizes[(number + turn) % len(sizes)]
                row = _document_window(document, range(start, start + size))
                if row is not None:
                    yield row
                start += size
                turn += 1


def _document_window(document: Any, wanted: range) -> Row | None:
    numbers = [number for number in wanted if number < len(document["sents"])]
    tokens, place = [], {}
    for number in numbers:
        place[number] = len(tokens)
        tokens += [token.strip() for token in document["sents"][number]]
    text, offsets = join(tokens, split_hyphens=True)
    if len(text) > 2500:
        return None
    mentions = [_mentions(entity, place, offsets, text) for entity in document["vertexSet"]]
    entities = sorted({mention for found in mentions for mention in found})
    relations, unsure = [], []
    for label in document["labels"]:
        heads, tails = mentions[label["h"]], mentions[label["t"]]
        if not heads or not tails:
            continue
        head, tail = _closest(heads, tails)
        shown = all(number in place for number in label.get("evidence") or [])
        national = NATIONS & {text[slice(*head)], text[slice(*tail)]}
        if shown and not _cross(head, tail) and (not national or label["r"] in OF_NATIONS):
            relations.append((label["r"], head, tail))
        else:
            unsure.append(label["r"])
    relations = sorted(set(relations), key=lambda relation: (relation[1], relation[2]))
    return Row(text, "redocred", entities, relations, unsure=sorted(set(unsure)))


def _mentions(
    entity: Any, place: dict[int, int], offsets: list[Span], text: str
) -> list[tuple[int, int, str]]:
    found = set()
    for mention in entity:
        if mention["sent_id"] in place:
            first = place[mention["sent_id"]] + mention["pos"][0]
            last = place[mention["sent_id"]] + mention["pos"][1] - 1
            start, end = offsets[first][0], offsets[last][1]
            label = mention["type"]
            if label == "LOC" and text[start:end] in NATIONS:
                label = "NORP"
            trimmed = trim(text, start, end, label)
            found.update([trimmed] if trimmed else [])
    return sorted(found)


NATIONS = PLURALS.union(DEMONYMS)
OF_NATIONS = ("P27", "P172", "P495")
"""Relations that a word such as "Danish" can be an argument of: citizenship, people, origin."""


def _closest(
    heads: list[tuple[int, int, str]], tails: list[tuple[int, int, str]]
) -> tuple[Span, Span]:
    pairs = ((abs(h[0] - t[0]), h[:2], t[:2]) for h in heads for t in tails)
    _, head, tail = min(pairs)
    return head, tail
