"""GLiNER2 in spaCy: `nlp.add_pipe("gliner2")`.

The names here load what they stand for when they are first used, since spaCy imports this package
whenever it makes any pipeline.
"""

from typing import TYPE_CHECKING, Any

from .about import __version__

if TYPE_CHECKING:
    from .annotate import relation_spans, value_span
    from .extraction import Extraction
    from .gliner2 import GLiNER2
    from .schema import FrozenSchema, RegexValidator, Schema, SchemaError

_MODULES = {
    "Extraction": "extraction",
    "FrozenSchema": "schema",
    "GLiNER2": "gliner2",
    "RegexValidator": "schema",
    "Schema": "schema",
    "SchemaError": "schema",
    "relation_spans": "annotate",
    "value_span": "annotate",
}

__all__ = [
    "Extraction",
    "FrozenSchema",
    "GLiNER2",
    "RegexValidator",
    "Schema",
    "SchemaError",
    "__version__",
    "relation_spans",
    "value_span",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
