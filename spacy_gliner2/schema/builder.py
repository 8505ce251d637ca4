"""The schema built step by step, in the words of the reference (its section 4.2)."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import regex

from .errors import SchemaError
from .expressions import flags_of
from .parts import Validator
from .schema import FrozenSchema

Names = str | Sequence[str] | Mapping[str, Any]


class RegexValidator:
    """A regular expression that the text of a mention must satisfy.

    pattern (str | Pattern): The expression; a compiled one keeps its own flags.
    mode (str): "full" to match the whole text, "partial" to find the pattern anywhere in it.
    exclude (bool): Keep what does not match instead of what does.
    flags (int): Flags as in `re`.
    """

    def __init__(
        self,
        pattern: "str | re.Pattern[str] | regex.Pattern[str]",
        mode: str = "full",
        exclude: bool = False,
        flags: int = re.IGNORECASE,
    ) -> None:
        if not isinstance(pattern, str):
            pattern, flags = pattern.pattern, flags_of(pattern)
        schema = FrozenSchema.from_dict(
            {
                "entities": [
                    {
                        "label": "any",
                        "validators": [
                            {
                                "pattern": pattern,
                                "mode": mode,
                                "exclude": exclude,
                                "flags": int(flags),
                            }
                        ],
                    }
                ]
            }
        )
        self.frozen: Validator = schema.entities[0].validators[0]

    def validate(self, text: str) -> bool:
        """Tell whether a text satisfies the expression.

        text (str): The text.
        RETURNS (bool): Whether it does.
        """
        from ..inference.patterns import Patterns

        return Patterns().satisfied([self.frozen], text)


class Schema:
    """A schema that grows by calls, each of which returns it, so that they can be chained.

    It is checked as it grows; `freeze` gives the immutable schema that the component uses.

    EXAMPLE:
        >>> schema = Schema().entities(["person"]).structure("job").field("title", dtype="str")
    """

    def __init__(self) -> None:
        self._entities: dict[str, dict[str, Any]] = {}
        self._structures: dict[str, list[dict[str, Any]]] = {}
        self._relations: dict[str, dict[str, Any]] = {}
        self._classifications: dict[str, dict[str, Any]] = {}

    def entities(
        self,
        entity_types: Names,
        dtype: str = "list",
        threshold: float | None = None,
        validators: Sequence[Any] | None = None,
    ) -> "Schema":
        """Add entity types; one that is there already gets the new options in its place.

        entity_types (str | Sequence | Mapping): Labels, or a mapping from label to description
            or options.
        dtype (str): "list" or "str", where the options say nothing else.
        threshold (float): Smallest score, where the options say nothing else.
        validators (Sequence): Validators, where the options say nothing else.
        RETURNS (Schema): The schema itself.
        RAISES (SchemaError): If anything in it is wrong.
        """
        common = {"dtype": dtype, "threshold": threshold, "validators": _plain(validators)}
        return self._add(self._entities, entity_types, common, "label", "entities")

    def relations(self, relation_types: Names, threshold: float | None = None) -> "Schema":
        """Add relations; one that is there already gets the new options in its place.

        relation_types (str | Sequence | Mapping): Labels, or a mapping from label to description
            or options.
        threshold (float): Smallest score, where the options say nothing else.
        RETURNS (Schema): The schema itself.
        RAISES (SchemaError): If anything in it is wrong.
        """
        return self._add(
            self._relations, relation_types, {"threshold": threshold}, "label", "relations"
        )

    def classification(
        self,
        task: str,
        labels: Sequence[str] | Mapping[str, str | None],
        multi_label: bool = False,
        cls_threshold: float = 0.5,
        top_k: int | None = None,
        **options: Any,
    ) -> "Schema":
        """Add a classification task.

        task (str): Its name.
        labels (Sequence | Mapping): Labels, or a mapping from label to description.
        multi_label (bool): Whether several labels can hold at once.
        cls_threshold (float): With `multi_label`, the smallest probability of a chosen label.
        top_k (int): With `multi_label`, the largest number of chosen labels.
        **options (Any): "prompt", "examples" and "class_act".
        RETURNS (Schema): The schema itself.
        RAISES (SchemaError): If anything in it is wrong.
        """
        items: Any = dict(labels) if isinstance(labels, Mapping) else labels
        data = {
            "task": task,
            "labels": items,
            "multi_label": multi_label,
            "cls_threshold": cls_threshold,
            "top_k": top_k,
            **options,
        }
        _check({"classifications": [data]})
        self._classifications[task] = data
        return self

    def structure(self, name: str) -> "StructureBuilder":
        """Begin a structure, or go on with one.

        name (str): Its name.
        RETURNS (StructureBuilder): Takes its fields, and everything that the schema takes.
        """
        _check({"structures": [{"name": name, "fields": ["any"]}]})
        return StructureBuilder(self, name, self._structures.setdefault(name, []))

    def regex_validator(
        self,
        label: str,
        pattern: "str | re.Pattern[str] | regex.Pattern[str]",
        mode: str = "full",
        exclude: bool = False,
        flags: int = re.IGNORECASE,
    ) -> "Schema":
        """Let a regular expression decide about the mentions of an entity or the values of a field.

        label (str): An entity, or "structure.field".
        pattern (str | Pattern): The expression.
        mode (str): "full" or "partial".
        exclude (bool): Keep what does not match instead of what does.
        flags (int): Flags as in `re`.
        RETURNS (Schema): The schema itself.
        RAISES (SchemaError): If there is no such label or anything else is wrong.
        """
        validator = RegexValidator(pattern, mode, exclude, flags).frozen.model_dump(mode="json")
        self._target(label).setdefault("validators", []).append(validator)
        return self

    def _target(self, label: str) -> dict[str, Any]:
        if label in self._entities:
            return self._entities[label]
        for name, fields in self._structures.items():
            for field in fields:
                if label == f"{name}.{field['name']}":
                    return field
        raise SchemaError(
            f"label: {label!r} is neither an entity nor a 'structure.field' of this schema; add it "
            "first"
        )

    def _add(
        self,
        parts: dict[str, dict[str, Any]],
        names: Names,
        common: dict[str, Any],
        key: str,
        section: str,
    ) -> "Schema":
        for item in _items(names, key, section):
            data = {**{k: v for k, v in common.items() if v is not None}, **item}
            if data.get("validators") is None:
                data.pop("validators", None)
            else:
                data["validators"] = _plain(data["validators"])
            _check({section: [{k: v for k, v in data.items() if k not in ("head", "tail")}]})
            parts[data[key]] = data
        return self

    def freeze(self) -> FrozenSchema:
        """Make the immutable schema.

        RETURNS (FrozenSchema): The schema as it is now.
        RAISES (SchemaError): If a structure has no field or anything else is wrong.
        """
        return FrozenSchema.from_dict(
            {
                "entities": list(self._entities.values()),
                "structures": [{"name": n, "fields": f} for n, f in self._structures.items()],
                "relations": list(self._relations.values()),
                "classifications": list(self._classifications.values()),
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """RETURNS (dict): The schema as plain data, in the list form."""
        return self.freeze().to_dict()

    build = to_dict

    def to_json(self) -> str:
        """RETURNS (str): The schema as JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    @classmethod
    def from_frozen(cls, frozen: FrozenSchema) -> "Schema":
        """Make a schema that can grow of one that cannot.

        frozen (FrozenSchema): The schema.
        RETURNS (Schema): One that is equal until it grows.
        """
        data, schema = frozen.to_dict(), cls()
        schema._entities = {part["label"]: part for part in data.get("entities", ())}
        schema._relations = {part["label"]: part for part in data.get("relations", ())}
        schema._structures = {part["name"]: part["fields"] for part in data.get("structures", ())}
        schema._classifications = {part["task"]: part for part in data.get("classifications", ())}
        return schema

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Schema":
        """RETURNS (Schema): The schema that plain data describe, as in `FrozenSchema.from_dict`."""
        return cls.from_frozen(FrozenSchema.from_dict(data))

    @classmethod
    def from_json(cls, text: str | bytes) -> "Schema":
        """RETURNS (Schema): The schema that JSON describes, as in `FrozenSchema.from_json`."""
        return cls.from_frozen(FrozenSchema.from_json(text))

    @classmethod
    def from_pydantic(cls, model: type) -> "Schema":
        """RETURNS (Schema): The schema of a pydantic class, as in `schema_from_pydantic`."""
        from .from_pydantic import schema_from_pydantic

        return cls.from_frozen(schema_from_pydantic(model))


class StructureBuilder:
    """Takes the fields of a structure; everything else goes to its schema.

    schema (Schema): The schema.
    name (str): The structure.
    fields (list): Its fields so far.
    """

    def __init__(self, schema: Schema, name: str, fields: list[dict[str, Any]]) -> None:
        self._schema = schema
        self._name = name
        self._fields = fields

    def field(
        self,
        name: str,
        dtype: str = "list",
        choices: Sequence[str] | None = None,
        description: str | None = None,
        threshold: float | None = None,
        validators: Sequence[Any] | None = None,
    ) -> "StructureBuilder":
        """Add a field; one that is there already gets the new options in its place.

        name (str): Its name.
        dtype (str): "list", "str", "float", "int", "bool" or "date".
        choices (Sequence): The values that it may have.
        description (str): What it is, in words.
        threshold (float): Smallest score of a value.
        validators (Sequence): Validators.
        RETURNS (StructureBuilder): The structure itself.
        RAISES (SchemaError): If anything in it is wrong.
        """
        data: dict[str, Any] = {"name": name, "dtype": dtype}
        options = {
            "choices": _listed(choices),
            "description": description,
            "threshold": threshold,
            "validators": _plain(validators),
        }
        data.update((key, value) for key, value in options.items() if value is not None)
        _check({"structures": [{"name": self._name, "fields": [data]}]})
        for i, other in enumerate(self._fields):
            if other["name"] == name:
                self._fields[i] = data
                return self
        self._fields.append(data)
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._schema, name)


def freeze(schema: Any) -> FrozenSchema:
    """Make an immutable schema of anything that describes one.

    schema (Any): A schema, immutable or not, plain data, JSON, or a pydantic class.
    RETURNS (FrozenSchema): The schema.
    RAISES (SchemaError): If it describes none.
    """
    if isinstance(schema, Schema | StructureBuilder):
        frozen: FrozenSchema = schema.freeze()
        return frozen
    if isinstance(schema, str | bytes):
        return FrozenSchema.from_json(schema)
    if isinstance(schema, type):
        from .from_pydantic import schema_from_pydantic

        return schema_from_pydantic(schema)
    return FrozenSchema.from_dict(schema)


def _items(names: Names, key: str, section: str) -> list[dict[str, Any]]:
    if isinstance(names, str):
        return [{key: names}]
    if isinstance(names, Mapping):
        return [_item(key, name, options) for name, options in names.items()]
    if isinstance(names, Sequence):
        return [dict(item) if isinstance(item, Mapping) else {key: item} for item in names]
    raise SchemaError(
        f"{section}: {names!r:.80} is a {type(names).__name__}; give a text, a list or a mapping"
    )


def _item(key: str, name: str, options: Any) -> dict[str, Any]:
    if isinstance(options, Mapping):
        return {key: name, **options}
    return {key: name, "description": options} if options else {key: name}


def _listed(choices: Any) -> Any:
    """Bring choices of any kind to a list; what is no collection is refused by the schema."""
    several = isinstance(choices, Iterable) and not isinstance(choices, str | bytes | Mapping)
    return list(choices) if several else choices


def _plain(validators: Any) -> Any:
    """Bring validators of any kind to plain data; what is no list is refused by the schema."""
    if not isinstance(validators, Sequence) or isinstance(validators, str | bytes):
        return validators
    return [
        one.frozen.model_dump(mode="json")
        if isinstance(one, RegexValidator)
        else one.model_dump(mode="json")
        if isinstance(one, Validator)
        else one
        for one in validators
    ]


def _check(data: dict[str, Any]) -> None:
    FrozenSchema.from_dict(data)
