"""What stands in an annotated Doc, and under which keys."""

from collections.abc import Iterable, Sequence
from typing import Any

from spacy.tokens import Doc


def extension(doc: Doc, attr: str) -> Any:
    """RETURNS (Any): Value of a Doc's extension; None if there is no such extension."""
    return doc._.get(attr) if Doc.has_extension(attr) else None


def entity_spans(doc: Doc, spans_key: str) -> Sequence[Any] | None:
    """Find the entities of a Doc.

    doc (Doc): The Doc.
    spans_key (str): Key of `doc.spans`, which wins over `doc.ents` where it is there.
    RETURNS (Sequence): The spans; None if the Doc has no annotation of entities.
    """
    if spans_key in doc.spans:
        return list(doc.spans[spans_key])
    return list(doc.ents) if doc.has_annotation("ENT_IOB") else None


def class_keys(task: str, labels: Iterable[str], prefix: bool) -> dict[str, str]:
    """Tell under which keys of `doc.cats` the labels of a task stand.

    task (str): The task.
    labels (Iterable): Its labels.
    prefix (bool): Whether keys begin with the task.
    RETURNS (dict): By label, its key.
    """
    lead = f"{task}:" if prefix else ""
    return {label: lead + label for label in labels}


def split_class_key(key: str, prefix: bool, task: str) -> tuple[str, str]:
    """Tell what a key of `doc.cats` stands for.

    key (str): The key.
    prefix (bool): Whether keys begin with the task.
    task (str): The task of those that do not.
    RETURNS (tuple): The task and the label.
    """
    name, colon, label = key.partition(":")
    return (name, label) if prefix and colon else (task, key)
