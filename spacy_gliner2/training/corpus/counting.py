"""Counting what is in a corpus."""

from collections import Counter
from collections.abc import Iterable

from spacy.tokens import Doc

from ...reading import class_keys, entity_spans
from ...schema import FrozenSchema
from .findings import CorpusCounts, LabelCount
from .options import CorpusOptions


def count_doc(counts: CorpusCounts, doc: Doc, schema: FrozenSchema, options: CorpusOptions) -> bool:
    """Count what a Doc says of each label that it is asked for.

    counts (CorpusCounts): The counts, which are changed.
    doc (Doc): The Doc.
    schema (FrozenSchema): What it is asked for.
    options (CorpusOptions): How the annotation stands in it.
    RETURNS (bool): Whether it says anything.
    """
    said = [
        _count_entities(counts, doc, schema, options),
        _count_relations(counts, doc, schema, options),
        _count_structures(counts, doc, schema, options),
        _count_labels(counts, doc, schema, options),
    ]
    return any(said)


def _count(counts: dict[str, LabelCount], names: Iterable[str], found: Counter[str]) -> None:
    for name in names:
        counts.setdefault(name, LabelCount()).add(found[name])


def _count_entities(
    counts: CorpusCounts, doc: Doc, schema: FrozenSchema, options: CorpusOptions
) -> bool:
    spans = entity_spans(doc, options.spans_key)
    if spans is None or not schema.entities:
        return False
    found = Counter(span.label_ for span in spans)
    _count(counts.entities, (part.label for part in schema.entities), found)
    return True


def _count_relations(
    counts: CorpusCounts, doc: Doc, schema: FrozenSchema, options: CorpusOptions
) -> bool:
    relations = doc._.get(options.relations_attr)
    if relations is None or not schema.relations:
        return False
    found = Counter(relation["label"] for relation in relations)
    _count(counts.relations, (part.label for part in schema.relations), found)
    return True


def _count_structures(
    counts: CorpusCounts, doc: Doc, schema: FrozenSchema, options: CorpusOptions
) -> bool:
    structures = doc._.get(options.structures_attr)
    if structures is None or not schema.structures:
        return False
    found = Counter({name: len(records) for name, records in structures.items()})
    _count(counts.structures, (part.name for part in schema.structures), found)
    for part in schema.structures:
        for record in structures.get(part.name, ()):
            filled = Counter(f"{part.name}.{name}" for name, value in record.items() if value)
            _count(counts.fields, (f"{part.name}.{f.name}" for f in part.fields), filled)
    return True


def _count_labels(
    counts: CorpusCounts, doc: Doc, schema: FrozenSchema, options: CorpusOptions
) -> bool:
    said = False
    for task in schema.classifications:
        labels = (part.label for part in task.labels)
        keys = class_keys(task.task, labels, options.cats_prefix)
        scores = {label: doc.cats[key] for label, key in keys.items() if key in doc.cats}
        true = Counter(f"{task.task}: {label}" for label in scores if scores[label] >= 0.5)
        _count(counts.classifications, (f"{task.task}: {label}" for label in scores), true)
        said = said or bool(scores)
    return said
