"""A schema of what examples are annotated with."""

from collections.abc import Iterable
from typing import Any

from spacy.tokens import Doc
from spacy.training import Example

from ..annotate import SCHEMA_ATTR
from ..reading import entity_spans, extension_value, split_class_key
from ..schema import FrozenSchema
from .gold import GoldKeys, check_annotation
from .problems import Problem, Problems

TASK = "category"
"""Name of the classification task whose labels are plain keys of `doc.cats`."""


class SchemaCollector:
    """Collects the labels of all tasks, in the order in which they come.

    A Doc that has a schema of its own adds nothing. A task becomes one with any number of labels if
    a text has several right ones, or none of those that any text has. A field that ever has several
    values becomes one with the dtype "list". Which values are choices cannot be seen in examples.

    keys (GoldKeys): Where in a Doc the annotation is.
    problems (Problems): Counts class labels that are the only one of their task.
    """

    def __init__(self, keys: GoldKeys, problems: Problems) -> None:
        self._keys = keys
        self._problems = problems
        self._entities: dict[str, None] = {}
        self._relations: dict[str, None] = {}
        self._structures: dict[str, dict[str, str]] = {}
        self._tasks: dict[str, dict[str, None]] = {}
        self._multi: set[str] = set()
        self._without: dict[str, set[frozenset[str]]] = {}

    def collect(self, examples: Iterable[Example]) -> FrozenSchema:
        """Collect the labels of examples.

        examples (Iterable): The examples.
        RETURNS (FrozenSchema): The schema; empty if there is no annotation.
        RAISES (SchemaError): If a label is not usable in a schema.
        """
        for example in examples:
            if own_schema(example) is None:
                self._add(example.reference)
        self._report_alone()
        return FrozenSchema.from_dict(
            {
                "entities": [{"label": label} for label in self._entities],
                "relations": [{"label": label} for label in self._relations],
                "structures": [
                    {"name": name, "fields": [{"name": n, "dtype": d} for n, d in fields.items()]}
                    for name, fields in self._structures.items()
                    if fields
                ],
                "classifications": [
                    {"task": task, "labels": list(labels), "multi_label": self._has_many(task)}
                    for task, labels in self._tasks.items()
                    if len(labels) > 1
                ],
            }
        )

    def _report_alone(self) -> None:
        for labels in self._tasks.values():
            if len(labels) == 1:
                self._problems.add(Problem.ALONE, f"class label {next(iter(labels))!r}")

    def _add(self, doc: Doc) -> None:
        keys = self._keys
        check_annotation(doc, keys)
        for span in entity_spans(doc, keys.spans_key) or ():
            self._entities[span.label_] = None
        for relation in extension_value(doc, keys.relations_attr) or ():
            self._relations[relation["label"]] = None
        for name, records in (extension_value(doc, keys.structures_attr) or {}).items():
            for record in records:
                self._add_record(self._structures.setdefault(name, {}), record)
        self._add_cats(doc)

    def _add_record(self, fields: dict[str, str], record: dict[str, Any]) -> None:
        for name, values in record.items():
            several = isinstance(values, list | tuple)
            fields[name] = "list" if several or fields.get(name) == "list" else "str"

    def _add_cats(self, doc: Doc) -> None:
        said: dict[str, dict[str, bool]] = {}
        for key, value in doc.cats.items():
            task, label = split_class_key(key, self._keys.cats_prefix, TASK)
            self._tasks.setdefault(task, {})[label] = None
            said.setdefault(task, {})[label] = value >= 0.5
        for task, labels in said.items():
            if sum(labels.values()) > 1:
                self._multi.add(task)
            elif not any(labels.values()):
                self._without.setdefault(task, set()).add(frozenset(labels))

    def _has_many(self, task: str) -> bool:
        # A text that is not annotated for all labels may have its right one among the others.
        return task in self._multi or frozenset(self._tasks[task]) in self._without.get(task, ())


def own_schema(example: Example) -> Any:
    """RETURNS (Any): The schema that an example's Doc has for itself; None if it has none."""
    own = example.reference._.get(SCHEMA_ATTR)
    return example.predicted._.get(SCHEMA_ATTR) if own is None else own
