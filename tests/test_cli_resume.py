"""`extract` after an interruption: no document is lost or done twice."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import spacy
from spacy.tokens import DocBin

from spacy_gliner2.documents import annotating
from spacy_gliner2.rows import doc_to_row

from .support.command import run

COUNT = 23


@pytest.fixture(autouse=True)
def parts_of_four(monkeypatch):
    monkeypatch.setattr("spacy_gliner2.documents.outputs.PART_SIZE", 4)


@pytest.fixture
def files(tmp_path):
    (tmp_path / "schema.yml").write_text("entities: [city]\n")
    rows = [{"id": n, "text": f"Flight {n} goes to Rome."} for n in range(COUNT)]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


class Interruption:
    """Interrupts a run after some documents, and counts those that are done."""

    def __init__(self, monkeypatch):
        self.after = None
        self.done = 0
        annotate_items = annotating.annotate_items

        def interrupted(*args, **kwargs):
            for n, result in enumerate(annotate_items(*args, **kwargs)):
                if n == self.after:
                    raise KeyboardInterrupt
                self.done += 1
                yield result

        monkeypatch.setattr(annotating, "annotate_items", interrupted)


@pytest.fixture
def interruption(monkeypatch):
    return Interruption(monkeypatch)


def extract(files, name, *options, status=0):
    command = ("extract", files / "in.jsonl", files / name, "--schema", files / "schema.yml")
    return run(*command, *options, status=status)


def ids(path):
    if path.suffix == ".jsonl":
        return [json.loads(line)["id"] for line in path.read_text().splitlines()]
    if path.suffix == ".spacy":
        docs = DocBin().from_disk(path).get_docs(spacy.blank("en").vocab)
        return [doc_to_row(doc)["id"] for doc in docs]
    import pyarrow.parquet

    return pyarrow.parquet.read_table(path).column("id").to_pylist()


@pytest.mark.parametrize("name", ["out.jsonl", "out.parquet", "out.spacy"])
def test_a_run_goes_on_where_each_interruption_stopped_it(files, interruption, name):
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    out = files / name
    for after in (6, 9):
        interruption.after = after
        extract(files, name, status=130)
        assert not out.exists()
    interruption.after = None
    assert "goes on after 15 documents" in extract(files, name).stderr
    assert ids(out) == list(range(COUNT))
    assert interruption.done == COUNT
    assert not (files / f"{name}.partial").exists()


def test_a_torn_last_line_is_done_again(files, interruption):
    interruption.after = 6
    extract(files, "out.jsonl", status=130)
    partial = files / "out.jsonl.partial" / "rows.jsonl"
    content = partial.read_bytes()
    interruption.after = None
    partial.write_bytes(content[:-10])
    assert "goes on after 5 documents" in extract(files, "out.jsonl").stderr
    assert ids(files / "out.jsonl") == list(range(COUNT))


@pytest.mark.parametrize("name", ["out.parquet", "out.spacy"])
def test_a_part_that_was_being_written_does_not_count(files, interruption, name):
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    interruption.after = 6
    extract(files, name, status=130)
    (files / f"{name}.partial" / ".000000002-4.part-abc").write_bytes(b"torn")
    interruption.after = None
    extract(files, name)
    assert ids(files / name) == list(range(COUNT))


def test_a_run_with_other_settings_is_refused_unless_it_begins_anew(files, interruption):
    interruption.after = 6
    extract(files, "out.jsonl", status=130)
    interruption.after = None
    (files / "schema.yml").write_text("entities: [airport]\n")
    refused = extract(files, "out.jsonl", status=1).stderr
    assert "an interrupted run is there, whose pipeline differed" in refused
    assert "--force" in refused
    with (files / "in.jsonl").open("a") as file:
        file.write('{"id": 99, "text": "One more."}\n')
    refused = extract(files, "out.jsonl", "--prefix", "x_", status=1).stderr
    assert "whose input and pipeline and fields differed" in refused
    assert "goes on" not in extract(files, "out.jsonl", "--force").stderr
    assert ids(files / "out.jsonl") == [*range(COUNT), 99]


def test_an_output_that_is_complete_is_made_anew(files, interruption):
    extract(files, "out.jsonl")
    first = (files / "out.jsonl").read_text()
    (files / "schema.yml").write_text("entities: [airport]\n")
    extract(files, "out.jsonl", "--threshold", 0.0)
    assert ids(files / "out.jsonl") == list(range(COUNT))
    assert (files / "out.jsonl").read_text() != first
    assert interruption.done == 2 * COUNT


def test_the_old_output_stays_until_the_new_one_is_complete(files, interruption):
    (files / "out.jsonl").write_text("before\n")
    interruption.after = 6
    extract(files, "out.jsonl", status=130)
    assert (files / "out.jsonl").read_text() == "before\n"


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_killed_process_loses_and_repeats_nothing(files):
    rows = [{"id": n, "text": f"Flight {n} goes to Rome."} for n in range(300)]
    (files / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = [sys.executable, "-m", "spacy", "gliner2", "extract", "in.jsonl", "out.jsonl"]
    command += ["--schema", "schema.yml", "--batch-size", "2"]
    process = subprocess.Popen(command, cwd=files, stderr=subprocess.DEVNULL)
    partial = files / "out.jsonl.partial" / "rows.jsonl"
    while process.poll() is None and not (partial.exists() and partial.stat().st_size > 2000):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (files / "out.jsonl").exists()
    done = partial.read_bytes().count(b"\n")
    assert 0 < done < len(rows)
    again = extract(files, "out.jsonl")
    assert f"goes on after {done} documents" in again.stderr
    assert ids(files / "out.jsonl") == [row["id"] for row in rows]
