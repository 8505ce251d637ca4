"""Many processes and threads: the same answers."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import spacy

from .test_pipe import SCHEMA, TEXT, content

PROGRAM = """
import multiprocessing, sys, warnings
import spacy

if __name__ == "__main__":
    warnings.simplefilter("error")
    # CPython warns of forking a process with threads, which torch has from its import on.
    warnings.filterwarnings("ignore", message=".*multi-threaded.*", category=DeprecationWarning)
    # And transformers uses what torch has deprecated.
    warnings.filterwarnings("ignore", message=".*torch.jit.*", category=DeprecationWarning)
    multiprocessing.set_start_method(sys.argv[1])
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", config={"schema": {"entities": ["person", "location"]}})
    texts = [f"Marie Curie moved from Warsaw to Paris in {year}." for year in range(1880, 1892)]
    if sys.argv[2] == "used":
        nlp(texts[0])
    alone = [[(e.text, e.label_, round(e._.score, 4)) for e in d.ents] for d in nlp.pipe(texts)] \\
        if sys.argv[2] == "used" else None
    found = [[(e.text, e.label_, round(e._.score, 4)) for e in d.ents]
             for d in nlp.pipe(texts, n_process=2, batch_size=3)]
    if alone is None:
        alone = [[(e.text, e.label_, round(e._.score, 4)) for e in d.ents] for d in nlp.pipe(texts)]
    assert all(found), found
    assert found == alone
"""


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize("state", ["fresh", "used"])
def test_two_processes_answer_as_one_does(tmp_path, method, state):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    subprocess.run([sys.executable, str(program), method, state], check=True, timeout=240)


def test_two_threads_share_one_pipeline():
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", config={"schema": SCHEMA})
    texts = [TEXT, "Angela Merkel met Barack Obama in Berlin.", "Nobody came to Bergen."] * 4
    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(lambda text: content(nlp(text)), texts))
    assert found == [content(nlp(text)) for text in texts]
