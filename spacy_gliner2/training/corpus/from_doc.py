"""From an annotated Doc to a record in the reference's JSONL."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc, Span

from ...annotate import register_extensions
from ...inference.occurrences import Occurrences, make_split
from ...reading import class_keys, entity_spans
from ...schema import Classification, Entity, FrozenSchema, Relation, Structure, StructureField
from .doc_schema import doc_schema
from .options import CorpusOptions
from .to_doc import SCORE_ATTR

Json = dict[str, Any]


class RecordWriter:
    """Writes what Docs say as records of the reference's JSONL.

    A Doc may be gold or annotated by a component. What a record cannot hold is left out: scores,
    thresholds, validators, types of relation arguments and of typed fields.

    nlp (Language): The pipeline, whose tokenizer the splitter "spacy" uses.
    options (CorpusOptions): How the annotation stands in Docs.
    schema (FrozenSchema): The schema of Docs that have none of their own.
    task (str): Name of the classification task for labels that belong to no task of a schema.
    """

    def __init__(
        self,
        nlp: Language,
        options: CorpusOptions | None = None,
        *,
        schema: FrozenSchema | None = None,
        task: str = "label",
    ) -> None:
        self.options = options or CorpusOptions()
        self.schema = schema
        self.task = task
        self._split = make_split(nlp, self.options.word_splitter)
        register_extensions(self.options.relations_attr, self.options.structures_attr, SCORE_ATTR)

    def record(self, doc: Doc) -> Json:
        """Write a Doc.

        doc (Doc): The Doc.
        RETURNS (dict): Its record: {"input": ..., "output": ...}.
        RAISES (SchemaError): If its labels make no schema.
        """
        schema = doc_schema(doc, self.options, self.schema, self.task)
        places = Occurrences(doc.text, self._split)
        output: Json = {}
        spans = entity_spans(doc, self.options.spans_key)
        if _is_partial(doc, self.options.spans_key):
            warnings.warn(
                "a Doc is annotated for the entities of a part of its text, which JSONL cannot "
                "say: its entities are left out; put all of its mentions in doc.spans to keep them",
                stacklevel=2,
            )
        elif spans is not None:
            _write_entities(output, schema.entities, spans, places)
        tasks = [_task(task, doc.cats, self.options) for task in schema.classifications]
        if any(tasks):
            output["classifications"] = [task for task in tasks if task]
        structures = doc._.get(self.options.structures_attr)
        if structures is not None:
            _write_structures(output, schema.structures, structures, places)
        relations = doc._.get(self.options.relations_attr)
        if relations is not None:
            _write_relations(output, schema.relations, relations, places)
        return {"input": doc.text, "output": output}


def _is_partial(doc: Doc, spans_key: str) -> bool:
    if spans_key in doc.spans or not doc.has_annotation("ENT_IOB"):
        return False
    return not doc.has_annotation("ENT_IOB", require_complete=True)


def _write_entities(
    output: Json, entities: tuple[Entity, ...], spans: Iterable[Span], places: Occurrences
) -> None:
    found: dict[str, list[Span]] = {part.label: [] for part in entities}
    for span in spans:
        found[span.label_].append(span)
    output["entities"] = {label: _mentions(group, places) for label, group in found.items()}
    described = {part.label: part.description for part in entities if part.description}
    if described:
        output["entity_descriptions"] = described


def _mentions(spans: list[Span], places: Occurrences) -> list[Any]:
    """Write mentions as words where all occurrences of these are mentions, else with offsets."""
    left = {(span.start_char, span.end_char) for span in spans}
    mentions: list[Any] = []
    for span in spans:
        offsets = (span.start_char, span.end_char)
        if offsets not in left:
            continue
        found = set(places.find(span.text))
        if offsets in found and found <= left:
            mentions.append(span.text)
            left -= found
        else:
            mentions.append({"text": span.text, "start": offsets[0], "end": offsets[1]})
            left.discard(offsets)
    return mentions


def _task(task: Classification, cats: Mapping[str, float], options: CorpusOptions) -> Json | None:
    labels = [part.label for part in task.labels]
    keys = class_keys(task.task, labels, options.cats_prefix)
    scores = {label: cats[key] for label, key in keys.items() if key in cats}
    if not scores:
        return None
    true = _true_labels(task, scores)
    if task.multi_label or not true:
        labels = list(scores)  # of the others nothing is known
    if len(labels) < 2:
        warnings.warn(
            f"classifications: of the labels of {task.task!r} a Doc is annotated for one alone, "
            "and JSONL needs two: it is left out; annotate another one, too",
            stacklevel=2,
        )
        return None
    item: Json = {"task": task.task, "labels": labels, "true_label": true}
    described = {
        part.label: part.description
        for part in task.labels
        if part.description and part.label in labels
    }
    if described:
        item["label_descriptions"] = described
    item.update(task.model_dump(mode="json", exclude_defaults=True, exclude={"task", "labels"}))
    return item


def _true_labels(task: Classification, scores: Mapping[str, float]) -> list[str]:
    if task.multi_label:
        return [label for label, score in scores.items() if score >= task.cls_threshold]
    best = max(scores, key=lambda label: scores[label])
    return [best] if scores[best] > 0 else []


def _write_structures(
    output: Json, structures: tuple[Structure, ...], found: Mapping[str, Any], places: Occurrences
) -> None:
    output["json_structures"] = [
        {structure.name: instance}
        for structure in structures
        for instance in _instances(structure, found.get(structure.name) or [{}], places)
    ]
    described = {
        structure.name: {
            part.name: part.description for part in structure.fields if part.description
        }
        for structure in structures
    }
    if any(described.values()):
        output["json_descriptions"] = {name: texts for name, texts in described.items() if texts}


def _instances(
    structure: Structure, records: Sequence[Mapping[str, Any]], places: Occurrences
) -> list[Json]:
    """Write instances; one that is empty in every field says that there is none."""
    filled = {name for record in records for name, values in record.items() if values}
    return [
        {
            part.name: _field(part, record.get(part.name), part.name in filled, places)
            for part in structure.fields
        }
        for record in records
    ]


def _field(part: StructureField, values: Any, filled: bool, places: Occurrences) -> Any:
    if isinstance(values, list | tuple):
        written: Any = [_value(value, places) for value in values]
    else:
        written = "" if values is None else _value(values, places)
    # The choices are told once at least; the reference takes no empty choice for valid.
    if part.choices is None or (filled and not written):
        return written
    return {"value": written, "choices": list(part.choices)}


def _write_relations(
    output: Json, relations: tuple[Relation, ...], found: Iterable[Any], places: Occurrences
) -> None:
    items = [
        {one["label"]: {role: _value(one[role], places) for role in ("head", "tail")}}
        for one in found
    ]
    output["relations"] = items
    stated = {label for item in items for label in item}
    # A description alone says that the relation was looked for, and a blank one says no more. All
    # are described if one is, so that their order does not tell which are stated.
    if any(part.description or part.label not in stated for part in relations):
        described = {part.label: part.description or "" for part in relations}
        output["relation_descriptions"] = described


def _value(value: Mapping[str, Any], places: Occurrences) -> Any:
    start, end = value.get("start"), value.get("end")
    if start is None or places.find(value["text"]) == ((start, end),):
        return value["text"]
    return {"text": value["text"], "start": start, "end": end}
