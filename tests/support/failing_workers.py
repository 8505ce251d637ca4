"""A program: a worker of `nlp.pipe` fails or is killed, and the call ends in an error.

It is a program because a process that does not exit, too, is a fault; see `two_processes`.
"""

import logging
import multiprocessing
import os
import signal
import sys
import warnings

import spacy
from spacy.language import Language
from spacy.tokens import Doc


@Language.component("tests_fails_or_dies")
def fails_or_dies(doc: Doc) -> Doc:
    """Fail, or end the process, as the text says."""
    if doc.text == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if doc.text == "fail":
        raise RuntimeError("planted")
    return doc


def main(method: str) -> None:
    """Let a worker fail, and another one be killed, while more texts wait than a pipe holds."""
    warnings.simplefilter("ignore")
    logging.disable()  # spaCy logs what a worker raised
    multiprocessing.set_start_method(method)
    nlp = spacy.blank("en")
    nlp.add_pipe("tests_fails_or_dies")
    nlp.add_pipe("gliner2", config={"schema": {"entities": ["person"]}})
    workers = 3 if method == "fork" else 2  # spawned ones import everything anew
    for fault, place, expected in (("fail", 0, ValueError), ("kill", 3, EOFError)):
        texts = ["x" * 100_000] * 8
        texts[place] = fault
        try:
            list(nlp.pipe(texts, n_process=workers, batch_size=2))
        except expected:
            continue
        raise AssertionError(f"no {expected.__name__} after {fault} at {place}")


if __name__ == "__main__":
    main(sys.argv[1])
