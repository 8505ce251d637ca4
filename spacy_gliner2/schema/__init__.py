"""What to extract: the schema and the ways to make one."""

from .builder import RegexValidator, Schema, StructureBuilder, freeze
from .errors import SchemaError
from .parts import (
    MARKERS,
    Classification,
    ClassLabel,
    Entity,
    Relation,
    Structure,
    StructureField,
    Validator,
)
from .schema import FrozenSchema

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
