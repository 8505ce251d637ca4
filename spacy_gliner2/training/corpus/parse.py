"""From a line of the reference's JSONL (its section 5.1) to a record."""

from collections.abc import Mapping
from typing import Any

from ...messages import member
from ...schema import FrozenSchema, SchemaError
from .errors import RecordError
from .parse_structures import parse_structures
from .parts import parse_value, parse_values, read_list, read_mapping, read_text
from .record import CorpusRecord, GoldRelation, GoldValues

FORMS = (("input", "output"), ("text", "schema"))
"""The keys of text and annotation; with "text", the annotation may also stand beside it."""

PARTS = (
    "entities",
    "entity_descriptions",
    "classifications",
    "json_structures",
    "json_descriptions",
    "relations",
    "relation_descriptions",
    "record_metadata",
)
"""The keys of an annotation. The last one concerns another architecture and is not read."""

ROLES = {"head", "tail"}

_TASK_OPTIONS = ("multi_label", "cls_threshold", "top_k", "class_act", "prompt", "examples")


def parse_record(data: Any) -> CorpusRecord:
    """Read a record of the reference's JSONL.

    data (Any): The record, as JSON has it.
    RETURNS (CorpusRecord): The record.
    RAISES (RecordError): If it has another form; names the key, the value and the remedy.
    """
    text, where, output = _find_parts(data)
    for key in output:
        if key not in PARTS:
            place = member(where.removesuffix("."), key)
            raise RecordError(f"{place}: is none of {', '.join(PARTS)}; correct or remove it")
    schema: dict[str, Any] = {}
    entities = _parse_entities(output, where, schema)
    relations, larger = _parse_relations(output, where, schema)
    structures = parse_structures(output, where, larger, schema)
    labels = _parse_classifications(output, where, schema)
    try:
        frozen = FrozenSchema.from_dict(schema)
    except SchemaError as error:
        raise RecordError(str(error)) from error
    return CorpusRecord(text, frozen, entities, labels, relations, structures)


def _find_parts(data: Any) -> tuple[str, str, Mapping[str, Any]]:
    """RETURNS (tuple): The text, what stands before the keys of the annotation, and that."""
    if not isinstance(data, Mapping):
        raise RecordError(f"{data!r:.80} is no JSON object; give one with 'input' and 'output'")
    for text_key, key in FORMS:
        if key in data:
            if text_key not in data:
                raise RecordError(
                    f"has the keys {', '.join(map(repr, data))}, and no {text_key!r}, which is the "
                    f"text that {key!r} is of; give it"
                )
            text = read_text(data.get(text_key), text_key)
            return text, f"{key}.", read_mapping(data[key], key)
    output = {key: data[key] for key in PARTS if key in data}
    if "text" not in data or not output:
        raise RecordError(
            f"has the keys {', '.join(map(repr, data)) or 'none'}; give 'input' and 'output', "
            "'text' and 'schema', or 'text' and the annotation's own keys, such as 'entities'"
        )
    return read_text(data["text"], "text"), "", output


def _parse_entities(
    output: Mapping[str, Any], where: str, schema: dict[str, Any]
) -> dict[str, GoldValues] | None:
    key = f"{where}entities"
    entities = output.get("entities") or {}
    if isinstance(entities, list) and isinstance(entities[0], Mapping):
        raise RecordError(
            f"{key}: is a list of mentions, as `extract` writes it; read the file with `convert "
            '--from results`, or give a mapping from labels to words, {"person": ["Ann"]}'
        )
    given = read_mapping(entities, key)
    described = _descriptions(output, "entity_descriptions", where)
    found = {label: parse_values(values, member(key, label)) for label, values in given.items()}
    found.update((label, ()) for label in described if label not in found)
    if not found:
        return None
    schema["entities"] = [_labelled(label, described) for label in found]
    return found


def _labelled(label: str, described: Mapping[str, str | None]) -> dict[str, Any]:
    return {"label": label, "description": described.get(label)}


def _descriptions(output: Mapping[str, Any], name: str, where: str) -> dict[str, str | None]:
    """Read descriptions; an empty one only names the label."""
    given = read_mapping(output.get(name) or {}, f"{where}{name}")
    return {
        label: read_text(text, member(f"{where}{name}", label)) or None
        for label, text in given.items()
    }


def _parse_relations(
    output: Mapping[str, Any], where: str, schema: dict[str, Any]
) -> tuple[tuple[GoldRelation, ...] | None, list[tuple[str, Mapping[str, Any], str]]]:
    """Read relations. One whose fields are not head and tail is a structure of its fields."""
    described = _descriptions(output, "relation_descriptions", where)
    given = read_list(output.get("relations") or [], f"{where}relations")
    stated: dict[str, None] = {}
    found: dict[GoldRelation, None] = {}
    larger = []
    for i, item in enumerate(given):
        for label, fields in read_mapping(item, f"{where}relations[{i}]").items():
            key = member(f"{where}relations[{i}]", label)
            if not ROLES.issuperset(read_mapping(fields, key)):
                larger.append((label, fields, key))
                continue
            stated[label] = None
            relation = _parse_relation(label, fields, key)
            if relation is not None:
                found[relation] = None
    names = {label for label, _, _ in larger}
    # What is described comes first, in its order: what is stated must not be told by its place.
    labels = dict.fromkeys([*(label for label in described if label not in names), *stated])
    if labels:
        schema["relations"] = [_labelled(label, described) for label in labels]
    annotated = labels or (output.get("relations") is not None and not larger)
    return (tuple(found) if annotated else None), larger


def _parse_relation(label: str, fields: Mapping[str, Any], key: str) -> GoldRelation | None:
    head = parse_value(fields.get("head"), f"{key}.head")
    tail = parse_value(fields.get("tail"), f"{key}.tail")
    if head is None and tail is None:  # names the relation, and says that it does not hold
        return None
    for role, value in (("head", head), ("tail", tail)):
        if value is None:
            raise RecordError(f"{key}.{role}: is missing; give it, or leave both empty")
    assert head is not None
    assert tail is not None
    return GoldRelation(label, head, tail)


def _parse_classifications(
    output: Mapping[str, Any], where: str, schema: dict[str, Any]
) -> dict[str, tuple[str, ...]]:
    key = f"{where}classifications"
    given = read_list(output.get("classifications") or [], key)
    chosen: dict[str, tuple[str, ...]] = {}
    tasks = []
    for i, item in enumerate(given):
        data = read_mapping(item, f"{key}[{i}]")
        task = read_text(data.get("task"), f"{key}[{i}].task")
        tasks.append(_task(task, data, f"{key}[{i}]"))
        chosen[task] = _true_labels(data, tasks[-1], f"{key}[{i}]")
    if tasks:
        schema["classifications"] = tasks
    return chosen


def _task(task: str, data: Mapping[str, Any], key: str) -> dict[str, Any]:
    known = ("task", "labels", "true_label", "label_descriptions", *_TASK_OPTIONS)
    for name in data:
        if name not in known:
            raise RecordError(
                f"{member(key, name)}: is none of {', '.join(known)}; correct or remove it"
            )
    labels = data.get("labels")
    if isinstance(labels, Mapping):
        described = {name: text or None for name, text in labels.items()}
    else:
        texts = read_list(labels, f"{key}.labels")
        described = {read_text(text, f"{key}.labels"): None for text in texts}
        if len(described) < len(texts):
            raise RecordError(f"{key}.labels: {labels!r:.80} names a label twice; keep one of them")
    for name, text in read_mapping(data.get("label_descriptions") or {}, key).items():
        if name not in described:
            place = member(f"{key}.label_descriptions", name)
            raise RecordError(f"{place}: is not among the labels; correct or remove it")
        described[name] = text or None
    options = {name: data[name] for name in _TASK_OPTIONS if data.get(name) is not None}
    if options.get("prompt") == "":
        del options["prompt"]
    parts = [_labelled(label, described) for label in described]
    return {"task": task, "labels": parts, **options}


def _true_labels(data: Mapping[str, Any], task: dict[str, Any], key: str) -> tuple[str, ...]:
    if "true_label" not in data:
        raise RecordError(f"{key}.true_label: is missing; give the labels that hold, [] for none")
    given = data["true_label"]
    texts = read_list([given] if isinstance(given, str) else given, f"{key}.true_label")
    labels = [part["label"] for part in task["labels"]]
    for text in texts:
        if text not in labels:
            raise RecordError(
                f"{key}.true_label: {text!r} is not among the labels; add it to them or correct it"
            )
    chosen = tuple(label for label in labels if label in texts)
    if len(chosen) > 1:
        task["multi_label"] = True
    return chosen
