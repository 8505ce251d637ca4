"""What to extract: the schema and the ways to make one."""

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
    "Relation",
    "SchemaError",
    "Structure",
    "StructureField",
    "Validator",
]
