"""GLiNER2 in spaCy: `nlp.add_pipe("gliner2")`.

The names here load what they stand for when they are first used, since spaCy imports this package
whenever it makes any pipeline.
"""

from typing import TYPE_CHECKING

from .about import __version__
from .lazy import lazy_names

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


__getattr__ = lazy_names(__name__, _MODULES)
