"""What only a process of its own shows: time from start to the first document, and peak memory."""

import json
import subprocess
import sys
from pathlib import Path

_OURS = """
import sys, time; start, cpu = time.perf_counter(), sys.argv[4] == "cpu"
import json, spacy
from benchmarks.peak import peak_memory
path, schema, texts = sys.argv[1], json.loads(sys.argv[2]), json.load(open(sys.argv[3]))
nlp = spacy.blank("en")
nlp.add_pipe("gliner2", config={"schema": schema, "model": {"name": path}})
nlp(texts[0])
first = time.process_time() if cpu else time.perf_counter() - start
for doc in nlp.pipe(texts[1:]): pass
peak = peak_memory()
print(json.dumps({"first": first, "peak": peak}))
"""

_REFERENCE = """
import sys, time; start, cpu = time.perf_counter(), sys.argv[4] == "cpu"
import json
from benchmarks.peak import peak_memory
from gliner2 import GLiNER2
path, schema, texts = sys.argv[1], json.loads(sys.argv[2]), json.load(open(sys.argv[3]))
model = GLiNER2.from_pretrained(path)
labels = schema["entities"]
model.extract_entities(texts[0], labels)
first = time.process_time() if cpu else time.perf_counter() - start
if texts[1:]: model.batch_extract_entities(texts[1:], labels, batch_size=8)
peak = peak_memory()
print(json.dumps({"first": first, "peak": peak}))
"""

PROGRAMS = {"spacy-gliner2": _OURS, "gliner2": _REFERENCE}


def run_process(
    program: str, checkpoint: Path, schema: object, texts: Path, clock: str
) -> dict[str, float]:
    """Run a program by itself.

    program (str): A key of `PROGRAMS`.
    checkpoint (Path): The checkpoint's directory.
    schema (object): What to extract.
    texts (Path): JSON file with a list of texts.
    clock (str): One of `CLOCKS`.
    RETURNS (dict): "first", the seconds from start to the first result; "peak", MiB of memory.
    """
    command = [sys.executable, "-c", PROGRAMS[program], str(checkpoint), json.dumps(schema)]
    done = subprocess.run(
        [*command, str(texts), clock], check=True, capture_output=True, text=True, env=None
    )
    result: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return result
