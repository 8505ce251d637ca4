"""The schema that an annotated Doc speaks of."""

from collections.abc import Iterable, Mapping
from typing import Any

from spacy.tokens import Doc

from ...annotate import SCHEMA_ATTR
from ...reading import class_keys, entity_spans, split_class_key
from ...schema import FrozenSchema
from .options import CorpusOptions

Json = dict[str, Any]


def doc_schema(
    doc: Doc,
    options: CorpusOptions,
    schema: FrozenSchema | None,
    task: str,
    cats: Mapping[str, float] | None = None,
) -> FrozenSchema:
    """Find the schema of a Doc, to which all belongs that is annotated.

    doc (Doc): The Doc.
    options (CorpusOptions): How the annotation stands in it.
    schema (FrozenSchema): The schema, if the Doc has none of its own.
    task (str): Name of the classification task for labels that belong to no task.
    cats (Mapping): Which of its class labels to add; None for all.
    RETURNS (FrozenSchema): The Doc's own schema or the given one, with everything added that is
        annotated and not in it.
    RAISES (SchemaError): If what is annotated makes no schema.
    """
    own = doc._.get(SCHEMA_ATTR)
    known = FrozenSchema() if schema is None else schema
    known = known if own is None else FrozenSchema.from_dict(own)
    data = known.to_dict()
    spans = entity_spans(doc, options.spans_key) or ()
    _add(data, "entities", "label", (span.label_ for span in spans))
    relations = doc._.get(options.relations_attr) or ()
    _add(data, "relations", "label", (relation["label"] for relation in relations))
    _add_structures(data, doc._.get(options.structures_attr) or {})
    cats = doc.cats if cats is None else cats
    _add_tasks(data, known, cats, options.cats_prefix, task)
    return FrozenSchema.from_dict(data)


def _add(data: Json, part: str, key: str, names: Iterable[str]) -> list[Json]:
    items: list[Json] = data.setdefault(part, [])
    known = {item[key] for item in items}
    items.extend({key: name} for name in dict.fromkeys(names) if name not in known)
    return items


def _add_structures(data: Json, structures: Mapping[str, Any]) -> None:
    for item in _add(data, "structures", "name", structures):
        fields = item.setdefault("fields", [])
        known = {part["name"] for part in fields}
        for record in structures.get(item["name"], ()):
            for name, values in record.items():
                if name not in known:
                    dtype = "list" if isinstance(values, list | tuple) else "str"
                    fields.append({"name": name, "dtype": dtype})
                    known.add(name)
    # A structure without schema or records has no fields, and nothing can be said of it.
    data["structures"] = [item for item in data["structures"] if item["fields"]]


def _add_tasks(
    data: Json, known: FrozenSchema, cats: Mapping[str, float], prefix: bool, task: str
) -> None:
    used = {
        key
        for part in known.classifications
        for key in class_keys(part.task, (p.label for p in part.labels), prefix).values()
    }
    tasks: dict[str, dict[str, float]] = {}
    for key, score in cats.items():
        if key not in used:
            name, label = split_class_key(key, prefix, task)
            tasks.setdefault(name, {})[label] = score
    for name, labels in tasks.items():
        true = sum(score >= 0.5 for score in labels.values())
        item = {"task": name, "labels": list(labels), "multi_label": true != 1}
        data.setdefault("classifications", []).append(item)
