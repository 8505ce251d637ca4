"""Prodigy: tasks for its views of spans, relations and choices, and the answers to them."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc, Span

from ..annotate import relation_spans
from ..files import write_text
from ..reading import extension_value
from ..row_check import RowError
from ..rows import (
    ANNOTATIONS,
    DEFAULT_PLACES,
    Places,
    Row,
    doc_to_row,
)
from .common import (
    ARGUMENT,
    chosen_labels,
    gold_doc,
    lookup,
    own_fields,
    read_json,
    report_left_out,
    split_arguments,
    spot,
)

OWN_KEYS = ("spans", "tokens", "options", "accept", "answer", "label")
"""Keys of a task that are read here, or made anew by Prodigy; so are those that begin with "_"."""


def write_prodigy(docs: Iterable[Doc], path: Path, places: Places = DEFAULT_PLACES[0]) -> int:
    """Write tasks in which people correct what the model proposes.

    The spans are those of `doc.ents`, since Prodigy's views take none that overlap, and what
    relations end at; the options are the class labels, accepted where their probability is 0.5 or
    more. Tokens are those of the Docs. A task has the fields of its document too, and its records
    unchanged.

    docs (Iterable): The Docs.
    path (Path): The file, JSONL.
    places (Places): Where the Docs have their annotations.
    RETURNS (int): The number of tasks.
    """
    lines = [json.dumps(_task(doc, places), ensure_ascii=False) for doc in docs]
    write_text(path, "".join(f"{line}\n" for line in lines))
    return len(lines)


def _task(doc: Doc, places: Places) -> Row:
    row = doc_to_row(doc, [places])
    spans = {(ent.start, ent.end): _span(ent, ent.label_, places) for ent in doc.ents}
    relations = [_relation(doc, relation, spans, places) for relation in row["relations"]]
    task = {
        **{key: value for key, value in row.items() if key not in ANNOTATIONS},
        "tokens": [_token(token) for token in doc],
        "spans": sorted(spans.values(), key=lambda span: int(span["start"])),
        "relations": relations,
    }
    if row["cats"]:
        task["options"] = [{"id": label, "text": label} for label in row["cats"]]
        task["accept"] = chosen_labels(row["cats"])
    if row["structures"]:
        task["structures"] = row["structures"]
    return task


def _token(token: Any) -> Row:
    return {
        "text": token.text,
        "start": token.idx,
        "end": token.idx + len(token),
        "id": token.i,
        "ws": bool(token.whitespace_),
    }


def _span(span: Span, label: str, places: Places) -> Row:
    found = {
        "start": span.start_char,
        "end": span.end_char,
        "token_start": span.start,
        "token_end": span.end - 1,
        "label": label,
    }
    score = extension_value(span, places.score_attr)
    return found if score is None else {**found, "score": score}


def _relation(doc: Doc, relation: Row, spans: dict[tuple[int, int], Row], places: Places) -> Row:
    """RETURNS (dict): The relation as Prodigy has it; its ends are among the spans afterwards."""
    head, tail = (_end(span, spans, places) for span in relation_spans(doc, relation))
    return {
        "head": head["token_end"],
        "child": tail["token_end"],
        "head_span": head,
        "child_span": tail,
        "label": relation["label"],
    }


def _end(span: Span, spans: dict[tuple[int, int], Row], places: Places) -> Row:
    found = _span(span, span.label_ or ARGUMENT, places)
    if all(end <= span.start or span.end <= start for start, end in spans):
        spans[span.start, span.end] = found
    found = spans.get((span.start, span.end), found)
    return {key: value for key, value in found.items() if key != "score"}


def read_prodigy(
    path: Path,
    nlp: Language,
    places: Places = DEFAULT_PLACES[0],
    *,
    keep_structures: bool = False,
) -> Iterator[Doc]:
    """Read the answers that people gave, as `prodigy db-out` writes them.

    Answers that were rejected or ignored are left out, with one warning; only where the question
    was a single label does a rejection say something, namely that it does not hold. A task without
    "spans" says nothing of entities, and one without "relations" nothing of relations.

    path (Path): The file, JSONL.
    nlp (Language): The pipeline whose tokenizer makes the Docs.
    places (Places): Where the Docs get their annotations.
    keep_structures (bool): Whether to read the records too, which nobody could correct.
    YIELDS (Doc): Docs that say what is right.
    RAISES (RowError): If a line is no task; names the file and the line.
    """
    left_out: Counter[str] = Counter()
    for number, line in enumerate(path.read_text(encoding="utf8").split("\n"), 1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        task = read_json(line, where)
        text = lookup(task, "text", str, where)
        answer = task.get("answer", "accept")
        if answer == "accept" or (answer == "reject" and _is_binary(task)):
            yield gold_doc(_row(task, text, where, keep_structures), where, nlp, places)
        else:
            left_out[f"tasks with the answer {answer!r}"] += 1
    report_left_out(path, left_out)


def _is_binary(task: Row) -> bool:
    return isinstance(task.get("label"), str) and not task.get("spans")


def _row(task: Row, text: str, where: str, keep_structures: bool) -> Row:
    spans = [_read_span(span, text, where) for span in task.get("spans") or ()]
    relations = [_read_relation(r, task, text, where) for r in task.get("relations") or ()]
    own = own_fields(task, keep_structures).items()
    row = {key: value for key, value in own if key not in OWN_KEYS and not key.startswith("_")}
    entities = split_arguments(spans, relations)
    if task.get("spans") is not None:
        row["entities"] = entities
    if task.get("relations") is not None:
        row["relations"] = relations
    return {**row, "cats": _read_cats(task, where)}


def _read_span(span: Any, text: str, where: str) -> Row:
    start, end = (lookup(span, key, int, f"{where}: a span") for key in ("start", "end"))
    return spot(text, start, end, lookup(span, "label", str, f"{where}: a span"))


def _read_relation(relation: Any, task: Row, text: str, where: str) -> Row:
    return {
        "label": lookup(relation, "label", str, f"{where}: a relation"),
        "head": _read_end(relation, "head", task, text, where),
        "tail": _read_end(relation, "child", task, text, where),
    }


def _read_end(relation: Row, role: str, task: Row, text: str, where: str) -> Row:
    """Find what a relation ends at: its own span, the span of its token, or the token."""
    found = relation.get(f"{role}_span")
    if found is None:
        index = lookup(relation, role, int, f"{where}: a relation")
        around = (s for s in task.get("spans") or () if _covers(s, index))
        found = next(around, None) or _token_at(task, index, where)
    start, end = (lookup(found, key, int, f"{where}: a relation's end") for key in ("start", "end"))
    return spot(text, start, end, found.get("label"))


def _covers(span: Any, token: int) -> bool:
    return isinstance(span, dict) and bool(
        span.get("token_start", token + 1) <= token <= span.get("token_end", -1)
    )


def _token_at(task: Row, index: int, where: str) -> Row:
    for token in task.get("tokens") or ():
        if token.get("id") == index:
            return dict(token)
    raise RowError(
        f"{where}: a relation ends at the token {index}, and the task has no such token and no "
        "span there; export the tasks with their tokens"
    )


def _read_cats(task: Row, where: str) -> dict[str, float]:
    if _is_binary(task):
        return {task["label"]: float(task.get("answer", "accept") == "accept")}
    accepted = task.get("accept") or []
    labels = [
        lookup(option, "id", str, f"{where}: an option") for option in task.get("options") or ()
    ]
    return {label: float(label in accepted) for label in dict.fromkeys([*labels, *accepted])}
