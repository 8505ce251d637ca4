"""A program: two processes annotate as one does, before and after this one used the weights.

It is a program because a start method holds for a whole process, and spawned processes import
the module that is run.
"""

import multiprocessing
import sys
import warnings

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from ..test_pipe import SCHEMA, content

TEXTS = [f"Marie Curie moved from Warsaw to Paris in {year}." for year in range(1880, 1888)]


def main(method: str) -> None:
    """Compare, with a start method of `multiprocessing`."""
    warnings.simplefilter("error")
    # CPython warns of forking a process with threads, which torch has from its import on.
    warnings.filterwarnings("ignore", message=".*multi-threaded.*", category=DeprecationWarning)
    # And transformers uses what torch has deprecated.
    warnings.filterwarnings("ignore", message=".*torch.jit.*", category=DeprecationWarning)
    multiprocessing.set_start_method(method)
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", config={"schema": SCHEMA, "threshold": 0.2})
    fresh = annotated(nlp, n_process=2)
    alone = annotated(nlp, n_process=1)
    used = annotated(nlp, n_process=2)
    assert fresh == alone == used
    assert all(found["ents"] for found in alone)
    assert any(found["relations"] for found in alone)
    assert any(found["structures"].get("journey") for found in alone)
    assert alone[0]["cats"] == {}
    assert alone[1]["cats"] != {}


def annotated(nlp: Language, n_process: int) -> list[dict]:
    """RETURNS (list): What is written to each text, the first of which has its own schema."""
    docs: list[Doc] = [nlp.make_doc(text) for text in TEXTS]
    docs[0]._.gliner2_schema = {"entities": [{"label": "year", "threshold": 0.01}]}
    changes = {"gliner2": {"threshold": 0.1}}
    found = nlp.pipe(docs, n_process=n_process, batch_size=3, component_cfg=changes)
    return [content(doc) for doc in found]


if __name__ == "__main__":
    main(sys.argv[1])
