"""Label Studio: tasks with predictions, the labelling interface for them, and its JSON export."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from spacy.language import Language
from spacy.tokens import Doc

from ..about import __version__
from ..files import write_text
from ..row_check import RowError
from ..rows import DEFAULT_PLACES, Places, Row, doc_to_row
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

UNNAMED = "related"
"""Label of a relation to which nobody gave one."""

PARTS = {"labels": "entities", "relation": "relations", "choices": "cats"}
"""By type of a result, the part of a row that it is for."""


def write_label_studio(docs: Iterable[Doc], path: Path, places: Places = DEFAULT_PLACES[0]) -> int:
    """Write tasks whose predictions people correct, and the labelling interface beside them.

    All mentions become regions, overlapping ones too; class labels are chosen where their
    probability is 0.5 or more. The data of a task are the fields of its document, its text, and,
    for `read_label_studio` to find again, its records and all class labels.

    docs (Iterable): The Docs.
    path (Path): The file, JSON; the interface gets the same name with the ending .xml.
    places (Places): Where the Docs have their annotations.
    RETURNS (int): The number of tasks.
    """
    rows = [doc_to_row(doc, [places]) for doc in docs]
    tasks = [_task(row) for row in rows]
    write_text(path, json.dumps(tasks, ensure_ascii=False, indent=1))
    write_text(path.with_suffix(".xml"), labelling_interface(rows))
    return len(tasks)


def labelling_interface(rows: Iterable[Row]) -> str:
    """Write the interface in which rows can be corrected.

    rows (Iterable): The rows.
    RETURNS (str): XML, for the project's settings.
    """
    entities: dict[str, None] = {}
    relations: dict[str, None] = {}
    cats: dict[str, None] = {}
    for row in rows:
        spans, links = _regions(row)
        entities.update(dict.fromkeys(span["value"]["labels"][0] for span in spans))
        relations.update(dict.fromkeys(link["labels"][0] for link in links))
        cats.update(dict.fromkeys(row["cats"]))
    view = ElementTree.Element("View")
    if relations:
        _choices(view, "Relations", "Relation", relations)
    if entities:
        _choices(view, "Labels", "Label", entities, name="label", toName="text")
    ElementTree.SubElement(view, "Text", name="text", value="$text")
    if cats:
        _choices(view, "Choices", "Choice", cats, name="class", toName="text", choice="multiple")
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode") + "\n"


def _choices(
    view: ElementTree.Element, tag: str, item: str, values: Iterable[str], **attributes: str
) -> None:
    parent = ElementTree.SubElement(view, tag, attributes)
    for value in values:
        ElementTree.SubElement(parent, item, value=value)


def _task(row: Row) -> Row:
    spans, links = _regions(row)
    results = [*spans, *links]
    chosen = chosen_labels(row["cats"])
    if chosen:
        results.append(
            {
                "id": "class",
                "from_name": "class",
                "to_name": "text",
                "type": "choices",
                "value": {"choices": chosen},
            }
        )
    data = {key: value for key, value in row.items() if key not in ("entities", "relations")}
    prediction = {"model_version": f"spacy-gliner2 {__version__}", "result": results}
    return {"data": data, "predictions": [prediction]}


def _regions(row: Row) -> tuple[list[Row], list[Row]]:
    """RETURNS (tuple): The regions of the text, and the relations between them."""
    regions: dict[tuple[int, int, str], Row] = {}
    for entity in row["entities"]:
        _region(regions, entity)
    links = [
        {
            "type": "relation",
            "from_id": _region(regions, relation["head"]),
            "to_id": _region(regions, relation["tail"]),
            "direction": "right",
            "labels": [relation["label"]],
        }
        for relation in row["relations"]
    ]
    return list(regions.values()), links


def _region(regions: dict[tuple[int, int, str], Row], part: Row) -> str:
    """RETURNS (str): The id of a region, which is there afterwards."""
    key = (part["start"], part["end"], part["label"] or ARGUMENT)
    if key not in regions:
        value = {"start": key[0], "end": key[1], "text": part["text"], "labels": [key[2]]}
        regions[key] = {
            "id": f"region-{len(regions)}",
            "from_name": "label",
            "to_name": "text",
            "type": "labels",
            "value": value,
        }
        if part.get("score") is not None:
            regions[key]["score"] = part["score"]
    return str(regions[key]["id"])


def read_label_studio(
    path: Path,
    nlp: Language,
    places: Places = DEFAULT_PLACES[0],
    *,
    keep_structures: bool = False,
) -> Iterator[Doc]:
    """Read what people made of the tasks, from an export in the format JSON.

    Of several annotations of a task the first counts that was not cancelled, or the one that is
    marked as ground truth. Tasks without one, and results of a kind that is not known here, are
    left out, with one warning. An export does not tell what people were asked for: a kind of result
    that no task has was not, so that nothing is said of it.

    path (Path): The file, JSON.
    nlp (Language): The pipeline whose tokenizer makes the Docs.
    places (Places): Where the Docs get their annotations.
    keep_structures (bool): Whether to read the records too, which nobody could correct.
    YIELDS (Doc): Docs that say what is right.
    RAISES (RowError): If a task is none; names the file and the task.
    """
    tasks = read_json(path.read_text(encoding="utf8"), str(path))
    if not isinstance(tasks, list):
        raise RowError(f"{path}: is no list of tasks; export the project as JSON")
    left_out: Counter[str] = Counter()
    rows: list[tuple[Row, str]] = []
    asked: set[str | None] = set()
    for number, task in enumerate(tasks, 1):
        where = f"{path}, task {number}"
        data = lookup(task, "data", dict, f"{where} (which only the export 'JSON' has)")
        text = lookup(data, "text", str, where)
        annotation = _annotation(task)
        if annotation is None:
            left_out["tasks without an annotation"] += 1
            continue
        results = lookup(annotation, "result", list, where)
        row = _row(data, text, results, where, left_out)
        asked.update(PARTS.get(result["type"]) for result in results)
        rows.append(({**own_fields(data, keep_structures), **row}, where))
    for row, where in rows:
        known = {key: row[key] for key in row if key not in PARTS.values() or key in asked}
        yield gold_doc(known, where, nlp, places)
    report_left_out(path, left_out)


def _annotation(task: Row) -> Row | None:
    found = [a for a in task.get("annotations") or () if not a.get("was_cancelled")]
    truth = [a for a in found if a.get("ground_truth")]
    return next(iter([*truth, *found]), None)


def _row(data: Row, text: str, results: list[Any], where: str, left_out: "Counter[str]") -> Row:
    kinds: dict[str, list[Row]] = {"labels": [], "relation": [], "choices": []}
    for result in results:
        kind = lookup(result, "type", str, f"{where}: a result")
        if kind in kinds:
            kinds[kind].append(result)
        else:
            left_out[f"results of the type {kind!r}"] += 1
    regions = {result["id"]: _read_region(result, text, where) for result in kinds["labels"]}
    relations = [r for link in kinds["relation"] for r in _read_relation(link, regions, where)]
    spans = [span for region in regions.values() for span in region]
    cats = dict.fromkeys(data.get("cats") or {}, 0.0)
    for result in kinds["choices"]:
        value = lookup(result, "value", dict, f"{where}: a choice")
        cats.update(dict.fromkeys(lookup(value, "choices", list, f"{where}: a choice"), 1.0))
    entities = split_arguments(spans, relations)
    return {"entities": entities, "relations": relations, "cats": cats}


def _read_region(result: Row, text: str, where: str) -> list[Row]:
    """RETURNS (list): The spans of a region, one for each of its labels."""
    value = lookup(result, "value", dict, f"{where}: a region")
    start, end = (lookup(value, key, int, f"{where}: a region") for key in ("start", "end"))
    covered = value.get("text")
    if isinstance(covered, str) and text[start:end] != covered:
        # Older versions count as JavaScript does, a character beyond U+FFFF twice.
        start, end = (_from_utf16(text, offset) for offset in (start, end))
        if text[start:end] != covered:
            raise RowError(
                f"{where}: the region {result.get('id')!r} has the text {covered!r:.80}, which is "
                f"not at its offsets {value['start']} to {value['end']}; correct one of them"
            )
    labels = lookup(value, "labels", list, f"{where}: a region")
    return [spot(text, start, end, label) for label in labels]


def _from_utf16(text: str, offset: int) -> int:
    return len(text.encode("utf-16-le")[: 2 * offset].decode("utf-16-le", "ignore"))


def _read_relation(link: Row, regions: dict[str, list[Row]], where: str) -> Iterator[Row]:
    """YIELDS (dict): The relation, both ways if it has no direction."""
    ends = []
    for key in ("from_id", "to_id"):
        region = regions.get(link.get(key, ""))
        if not region:
            raise RowError(
                f"{where}: a relation ends at {link.get(key)!r}, which is no region; export the "
                "project again"
            )
        ends.append(region[0])
    ways = {"left": [ends[::-1]], "bi": [ends, ends[::-1]]}.get(link.get("direction", ""), [ends])
    for label in link.get("labels") or [UNNAMED]:
        for head, tail in ways:
            yield {"label": label, "head": dict(head), "tail": dict(tail)}
