"""CoNLL04 as a corpus, and sentences without any relation, to count false ones on."""

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from spacy_gliner2.training.convert.conll import decode_tags, read_conll
from spacy_gliner2.training.convert.detokenise import detokenise

ENTITIES = {"Peop": "person", "Org": "organization", "Loc": "location", "Other": "other"}
RELATIONS = {
    "Work_For": "works for",
    "Kill": "killed",
    "OrgBased_In": "organization based in",
    "Live_In": "lives in",
    "Located_In": "located in",
}
SCHEMA = {"entities": list(ENTITIES.values()), "relations": list(RELATIONS.values())}

NEWS_NAMES = 1
"""Names of a sentence that cannot state a relation between two."""

PER_FILE = 4
"""Most sentences of an article."""


def write_corpus(source: Path, target: Path, limit: int = 0) -> int:
    """Write a part of CoNLL04 as JSONL.

    source (Path): The part, as JSON with tokens, tags and relations.
    target (Path): The file to write.
    limit (int): Most sentences, 0 for all.
    RETURNS (int): Number of sentences.
    """
    rows = json.loads(source.read_text(encoding="utf8"))
    rows = rows[:limit] if limit else rows
    target.write_text("".join(map(_line, rows)), encoding="utf8")
    return len(rows)


def _line(row: dict[str, list[dict[str, object]]]) -> str:
    text, offsets = detokenise(row["tokens"])
    found: dict[str, list[dict[str, object]]] = {label: [] for label in ENTITIES.values()}
    values: list[dict[str, object]] = []
    for first, after, label in decode_tags(row["tags"]):
        start, end = offsets[first][0], offsets[after - 1][1]
        values.append({"text": text[start:end], "start": start, "end": end})
        found[ENTITIES[label]].append(values[-1])
    relations = [
        {RELATIONS[one["type"]]: {"head": values[one["head"]], "tail": values[one["tail"]]}}
        for one in row["relations"]
    ]
    output = {"entities": found, "relations": relations}
    return json.dumps({"input": text, "output": output}, ensure_ascii=False) + "\n"


def sentences_without(folder: Path, count: int) -> list[str]:
    """Read sentences that name one thing, and so cannot state a relation between two.

    folder (Path): CoNLL files with two columns.
    count (int): How many.
    RETURNS (list): The sentences, `PER_FILE` of a file.
    """
    found: list[str] = []
    for file in sorted(folder.rglob("*.tsv")):
        found += islice(_without(file), PER_FILE)
        if len(found) >= count:
            return found[:count]
    raise ValueError(f"{folder}: has {len(found)} such sentences in .tsv files, not {count}")


def _without(file: Path) -> Iterator[str]:
    for record in read_conll(file):
        names: Sequence[object] = [v for values in record.entities.values() for v in values]
        if len(names) == NEWS_NAMES and 5 <= len(record.text.split()) <= 60:
            yield record.text
