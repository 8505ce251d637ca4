"""To and from the tools in which people correct what the model proposes.

Each format has a reader, from a file to Docs that say what is right, and a writer of Docs with what
the model proposes. What nobody was asked for is not known. Records, which these tools have no
form for, pass through them unchanged, and are no truth: they are read where that is asked for.
"""

from .label_studio import read_label_studio, write_label_studio
from .prodigy import read_prodigy, write_prodigy
from .results import read_results, write_results

__all__ = [
    "read_label_studio",
    "read_prodigy",
    "read_results",
    "write_label_studio",
    "write_prodigy",
    "write_results",
]
