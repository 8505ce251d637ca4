"""What stands in an annotated Doc, and under which keys."""

from collections.abc import Iterable, Sequence
from typing import Any

from spacy.tokens import Doc, Span


def extension_value(owner: Doc | Span, name: str) -> Any:
    """Read an extension, also where nobody has registered it yet: in a Doc from a file.

    owner (Doc | Span): The Doc, or a span of it.
    name (str): The name of the extension.
    RETURNS (Any): The value; None if there is none.
    """
    if owner.has_extension(name):
        return owner._.get(name)
    place = (None, None) if isinstance(owner, Doc) else (owner.start_char, owner.end_char)
    data: dict[Any, Any] = owner.doc.user_data
    return data.get(("._.", name, *place))


def scored_spans(doc: Doc, spans_key: str) -> list[tuple[Span, float | None]]:
    """Read a group of spans with their scores.

    doc (Doc): The Doc.
    spans_key (str): Key of `doc.spans`.
    RETURNS (list): Each span with its score, None where something else wrote it without; empty if
        there is no such group.
    """
    if spans_key not in doc.spans:
        return []
    group = doc.spans[spans_key]
    scores = group.attrs.get("scores", ())
    known = list(scores) if len(scores) == len(group) else [None] * len(group)
    return list(zip(group, known, strict=True))


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
