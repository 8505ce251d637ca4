"""What to extract: the schema and the ways to make one."""

from .builder import RegexValidator, Schema, StructureBuilder, freeze
from .errors import SchemaError
from .schema import (
    MARKERS,
    Classification,
    ClassLabel,
    Entity,
    FrozenSchema,
    Relation,
    Structure,
    StructureField,
    Validator,
)

__all__ = [
    "MARKERS",
    "ClassLabel",
    "Classification",
    "Entity",
    "FrozenSchema",
    "RegexValidator",
    "Relation",
    "Schema",
    "SchemaError",
    "Structure",
    "StructureBuilder",
    "StructureField",
    "Validator",
    "freeze",
]
