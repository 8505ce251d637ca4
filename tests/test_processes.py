"""Many processes and threads: the same answers."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import spacy

from .test_pipe import SCHEMA, TEXT, content

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_two_processes_answer_as_one_does(method):
    program = [sys.executable, "-m", "tests.support.two_processes", method]
    subprocess.run(program, check=True, cwd=ROOT)


def test_two_threads_share_one_pipeline():
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", config={"schema": SCHEMA})
    texts = [TEXT, "Angela Merkel met Barack Obama in Berlin.", "Nobody came to Bergen."] * 4
    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(lambda text: content(nlp(text)), texts))
    assert found == [content(nlp(text)) for text in texts]
