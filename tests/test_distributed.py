"""Many machines, of which two workers of a local Ray cluster stand for all."""

import json
import os
import signal
import warnings
from datetime import date
from decimal import Decimal

import pytest
import spacy

from spacy_gliner2.cli.extract import ExtractOptions, extract
from spacy_gliner2.rows import annotations, find_places

from .test_pipe import Score

ray = pytest.importorskip("ray")
psutil = pytest.importorskip("psutil")
pytestmark = pytest.mark.filterwarnings("ignore")  # what Ray warns of is not ours to change

SCHEMA = {
    "entities": ["person", "location"],
    "relations": ["lives_in"],
    "structures": {"journey": {"fields": [{"name": "traveller", "dtype": "str"}]}},
    "classifications": [{"task": "tone", "labels": ["calm", "angry"]}],
}
TEXTS = [f"Marie Curie moved from Warsaw to Paris in {1800 + i}." for i in range(40)]
ROWS = [{"id": i, "text": text} for i, text in enumerate(TEXTS)]


@pytest.fixture(scope="module", autouse=True)
def cluster():
    # Ray makes way for all other processes of a machine, which on a busy one takes forever.
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    yield
    ray.shutdown()


@pytest.fixture(scope="module")
def nlp():
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", config={"schema": SCHEMA})
    return nlp


@pytest.fixture(scope="module")
def local(nlp):
    places = find_places(nlp)
    return [rounded(annotations(doc, places)) for doc in nlp.pipe(TEXTS)]


def rounded(value):
    if isinstance(value, float):
        return Score(value)
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    return [rounded(part) for part in value] if isinstance(value, list) else value


def own(row):
    """A row of the dataset in the form of the local annotations."""
    cats, structures = dict(row["cats"]), json.loads(row["structures"])
    return rounded(
        {
            **{key: row[key] for key in ("entities", "relations")},
            "cats": cats,
            "structures": structures,
        }
    )


def workers():
    """The processes of the pool."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any("MapWorker" in part for part in process.info["cmdline"] or ())
    ]


def test_rows_are_those_of_the_pipeline_and_a_killed_worker_loses_and_repeats_none(nlp, local):
    from spacy_gliner2.distributed import annotate_dataset

    dataset = ray.data.from_items(ROWS, override_num_blocks=10)
    found = annotate_dataset(dataset, nlp, workers=2, batch_size=4)
    rows, killed = [], []
    for row in found.iter_rows():
        rows.append(row)
        if not killed:
            killed = [process.pid for process in workers()[:1]]
            for pid in killed:
                os.kill(pid, signal.SIGKILL)
    assert killed
    assert sorted(row["id"] for row in rows) == list(range(len(ROWS)))
    assert [own(row) for row in sorted(rows, key=lambda row: row["id"])] == local
    assert all(row["error"] is None for row in rows)


def test_a_row_that_fails_says_why_and_the_others_come_out(nlp):
    from spacy_gliner2.distributed import annotate_dataset

    rows = [{"id": 0, "text": TEXTS[0]}, {"id": 1, "text": None}]
    found = annotate_dataset(ray.data.from_items(rows), nlp, workers=1).take_all()
    assert [row["error"] is None for row in sorted(found, key=lambda row: row["id"])] == [
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("source", "target"), [("jsonl", "jsonl"), ("parquet", "jsonl"), ("parquet", "parquet")]
)
def test_extract_gives_the_same_as_without_a_cluster(nlp, tmp_path, source, target):
    import pyarrow as pa
    import pyarrow.parquet as pq

    from spacy_gliner2.distributed.cluster import Cluster

    path = tmp_path / f"in.{source}"
    if source == "jsonl":
        lines = [json.dumps({**row, "large": 10**30, "half": "\ud800"}) for row in ROWS]
        content = "\n".join([*lines[:5], "", "{broken", *lines[5:]])
        path.write_text(content, encoding="utf-8-sig")
    else:
        more = {"day": date(1891, 11, 5), "price": Decimal("1.10"), "none": None, "raw": b"\xff"}
        more = {key: more[key] for key in more if target == "parquet" or key != "raw"}
        pq.write_table(pa.Table.from_pylist([{**row, **more} for row in ROWS]), path)
    outcomes = []
    for cluster in (None, Cluster(workers=2)):
        output = tmp_path / f"{cluster is None}.{target}"
        outcomes.append(extract(nlp, path, output, ExtractOptions(batch_size=8, cluster=cluster)))
        if target == "jsonl":
            rows = [json.loads(line) for line in output.read_text("utf8").splitlines()]
        else:
            rows = pq.read_table(output).to_pylist()
            for row in rows:
                row["structures"] = json.loads(row["structures"] or "null")
        outcomes.append(rounded([{**row, "cats": dict(row.get("cats") or {})} for row in rows]))
    assert outcomes[:2] == outcomes[2:]


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_an_interrupted_run_goes_on_and_loses_and_repeats_nothing(
    nlp, tmp_path, monkeypatch, capsys, kind
):
    import pyarrow as pa
    import pyarrow.parquet as pq

    from spacy_gliner2.distributed import extract as engine
    from spacy_gliner2.distributed.cluster import Cluster

    path, output = tmp_path / f"in.{kind}", tmp_path / "out.jsonl"
    if kind == "jsonl":
        path.write_text("\n\n".join(json.dumps(row) for row in ROWS), encoding="utf8")
    else:
        pq.write_table(pa.Table.from_pylist(ROWS), path, row_group_size=7)
    options = ExtractOptions(batch_size=4, cluster=Cluster(workers=2))
    annotate_file = engine.annotate_file

    def interrupted(*args, **kwargs):
        for count, result in enumerate(annotate_file(*args, **kwargs)):
            if count == 10:
                raise KeyboardInterrupt
            yield result

    monkeypatch.setattr(engine, "annotate_file", interrupted)
    with pytest.raises(KeyboardInterrupt):
        extract(nlp, path, output, options)
    monkeypatch.setattr(engine, "annotate_file", annotate_file)
    assert not output.exists()
    assert extract(nlp, path, output, options) == (len(ROWS), 0)
    assert "goes on after 10 documents" in capsys.readouterr().err
    rows = [json.loads(line) for line in output.read_text("utf8").splitlines()]
    assert [row["id"] for row in rows] == list(range(len(ROWS)))
    assert all(row["entities"] for row in rows)


def test_workers_without_room_are_named():
    from spacy_gliner2.distributed.cluster import Cluster, find_room, warn_of_full_cluster

    with pytest.warns(UserWarning, match="no machine of the cluster has 3 CPUs and 0 GPUs"):
        assert find_room(ray, Cluster(num_cpus=3)) == 0
    with pytest.warns(UserWarning, match="has room for 2 of 8 workers"):
        assert find_room(ray, Cluster(workers=8)) == 2
    with pytest.warns(UserWarning, match="leave none of the cluster's 2 to tasks that read"):
        warn_of_full_cluster(ray, Cluster(workers=2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert find_room(ray, Cluster(workers=(1, 8))) == 1
        warn_of_full_cluster(ray, Cluster(workers=1))


def test_what_workers_cannot_read_is_refused(nlp, tmp_path):
    from spacy_gliner2.distributed.cluster import Cluster

    path = tmp_path / "in.txt"
    path.write_text("Paris", encoding="utf8")
    options = ExtractOptions(cluster=Cluster())
    with pytest.raises(ValueError, match="jsonl or parquet"):
        extract(nlp, path, tmp_path / "out.jsonl", options)
    path = tmp_path / "in.jsonl"
    path.write_text('{"text": "Paris"}', encoding="utf8")
    with pytest.raises(ValueError, match="not as Docs"):
        extract(nlp, path, tmp_path / "out.spacy", options)
