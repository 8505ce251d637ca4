"""The structures of a record in the reference's JSONL."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...messages import member
from .errors import RecordError
from .parts import parse_value, parse_values, read_list, read_mapping, read_text
from .record import GoldField, GoldInstance, GoldValue, field_values

Instances = Iterable[tuple[str, Mapping[str, Any], str]]
"""Name, fields and key of instances of structures."""


@dataclass(slots=True)
class _Field:
    description: str | None = None
    is_list: bool = False
    is_text: bool = False
    choices: dict[str, None] = field(default_factory=dict)


def parse_structures(
    output: Mapping[str, Any], where: str, others: Instances, schema: dict[str, Any]
) -> dict[str, tuple[GoldInstance, ...]] | None:
    """Read the structures of a record, and write into its schema what they are.

    output (Mapping): The annotation.
    where (str): What stands before its keys.
    others (Iterable): Instances that come from elsewhere in the record.
    schema (dict): The record's schema.
    RETURNS (dict): By structure, its instances; None if the record says nothing of structures.
    RAISES (RecordError): If anything has another form.
    """
    fields: dict[str, dict[str, _Field]] = {}
    found: dict[str, list[dict[str, GoldField]]] = {}
    for name, given, key in [*_items(output, where), *others]:
        known = fields.setdefault(name, {})
        instance = {
            part: _parse_field(value, member(key, part), known.setdefault(part, _Field()))
            for part, value in given.items()
        }
        found.setdefault(name, []).append(instance)
    _describe(output, where, fields)
    if not fields:
        return {} if output.get("json_structures") is not None else None
    schema["structures"] = [_structure(name, parts) for name, parts in fields.items()]
    return {name: _complete(found.get(name, ()), parts) for name, parts in fields.items()}


def _items(output: Mapping[str, Any], where: str) -> Instances:
    key = f"{where}json_structures"
    for i, item in enumerate(read_list(output.get("json_structures") or [], key)):
        for name, fields in read_mapping(item, f"{key}[{i}]").items():
            path = member(f"{key}[{i}]", name)
            yield name, read_mapping(fields, path), path


def _describe(output: Mapping[str, Any], where: str, fields: dict[str, dict[str, _Field]]) -> None:
    """Read descriptions; a structure or a field that is only described is not in the text."""
    key = f"{where}json_descriptions"
    for name, given in read_mapping(output.get("json_descriptions") or {}, key).items():
        for part, text in read_mapping(given, member(key, name)).items():
            known = fields.setdefault(name, {}).setdefault(part, _Field())
            known.description = read_text(text, member(member(key, name), part)) or None


def _parse_field(value: Any, key: str, known: _Field) -> GoldField:
    if isinstance(value, Mapping) and "choices" in value:
        return _parse_choice(value, key, known)
    if isinstance(value, list | tuple):
        known.is_list = True
        found: GoldField = parse_values(value, key)
    else:
        found = parse_value(value, key)
    known.is_text = known.is_text or bool(found)
    return found


def _parse_choice(value: Mapping[str, Any], key: str, known: _Field) -> GoldField:
    choices = [read_text(c, f"{key}.choices") for c in read_list(value["choices"], key)]
    by_case = {choice.lower(): choice for choice in choices}
    known.choices.update(dict.fromkeys(choices))
    given = value.get("value")
    if isinstance(given, list | tuple):
        known.is_list = True
    chosen = []
    for text in given if isinstance(given, list | tuple) else [given]:
        if text is None or text == "":
            continue
        choice = by_case.get(read_text(text, f"{key}.value").lower())
        if choice is None:
            raise RecordError(
                f"{key}.value: {text!r} is not among the choices; add it to them or correct it"
            )
        chosen.append(GoldValue(choice, choice=True, key=f"{key}.value"))
    if known.is_list:
        return tuple(dict.fromkeys(chosen))
    return chosen[0] if chosen else None


def _structure(name: str, parts: Mapping[str, _Field]) -> dict[str, Any]:
    return {"name": name, "fields": [_field(name, part, parts[part]) for part in parts]}


def _field(name: str, part: str, known: _Field) -> dict[str, Any]:
    if known.choices and known.is_text:
        raise RecordError(
            f"json_structures: the field {part!r} of {name!r} has choices in one instance and "
            "words of the text in another; decide for one of them"
        )
    return {
        "name": part,
        "dtype": "list" if known.is_list else "str",
        "choices": list(known.choices) or None,
        "description": known.description,
    }


def _complete(
    instances: Iterable[Mapping[str, GoldField]], parts: Mapping[str, _Field]
) -> tuple[GoldInstance, ...]:
    """Give every instance every field, and keep each that says anything once."""
    kept: dict[tuple[GoldField, ...], None] = {}
    for instance in instances:
        values = [_in_form(instance.get(part), parts[part]) for part in parts]
        if any(field_values(value) for value in values):
            kept[tuple(values)] = None
    return tuple(dict(zip(parts, values, strict=True)) for values in kept)


def _in_form(value: GoldField, known: _Field) -> GoldField:
    if known.is_list:
        return field_values(value)
    return value
