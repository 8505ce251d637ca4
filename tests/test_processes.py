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


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").is_file(), reason="no such file here")
def test_forked_workers_share_the_weights_that_their_parent_has_used():
    program = [sys.executable, "-m", "tests.support.shared_weights"]
    warm, cold = (
        int(subprocess.run([*program, how], check=True, cwd=ROOT, capture_output=True).stdout)
        for how in ("warm", "cold")
    )
    weights = 100  # MiB of the embedded checkpoint in float32, at least
    assert warm < weights / 2 < weights < cold


def test_two_threads_share_one_pipeline():
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", config={"schema": SCHEMA})
    texts = [TEXT, "Angela Merkel met Barack Obama in Berlin.", "Nobody came to Bergen."] * 4
    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(lambda text: content(nlp(text)), texts))
    assert found == [content(nlp(text)) for text in texts]
