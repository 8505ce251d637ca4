"""Faults of the machine: what was saved stays whole, what runs ends in an error or goes on."""

import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import spacy
import torch

from spacy_gliner2 import files
from spacy_gliner2.model.architecture import get_shim
from spacy_gliner2.model.checkpoint import load_checkpoint, save_checkpoint

from .support.faults import fails_with_files_up_to, killed_at_each_step
from .test_pipe import SCHEMA, TEXT, content

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.usefixtures("one_thread", "fork_in_peace")


@pytest.fixture
def fork_in_peace(monkeypatch):
    """Keep the tokenizers from saying, at each fork, that they use one thread from then on."""
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")


@pytest.fixture(scope="module")
def checkpoint(small_checkpoint):
    return small_checkpoint()


def make_pipeline(checkpoint, **config):
    nlp = spacy.blank("en")
    config = {"schema": {"entities": ["person"]}, "model": {"name": str(checkpoint)}, **config}
    nlp.add_pipe("gliner2", config=config)
    return nlp


def changed(checkpoint):
    """A pipeline with another threshold, another label and other weights."""
    nlp = make_pipeline(checkpoint, threshold=0.9)
    pipe = nlp.get_pipe("gliner2")
    pipe.add_label("city")
    with torch.no_grad():
        get_shim(pipe.model).checkpoint.network.classifier[2].bias.add_(1.0)
    return nlp


def tree(path):
    return {str(p.relative_to(path)): p.read_bytes() for p in path.rglob("*") if p.is_file()}


def part(saved, folder):
    return {name: data for name, data in saved.items() if name.startswith(folder)}


@pytest.mark.parametrize("exchange", [True, False])
def test_a_process_killed_at_any_step_of_saving_leaves_a_whole_pipeline(
    checkpoint, tmp_path, exchange, monkeypatch
):
    if not exchange:  # as on systems that cannot do it
        monkeypatch.setattr(files, "_renameat2", lambda: None)
    old, new = make_pipeline(checkpoint), changed(checkpoint)
    old.to_disk(tmp_path / "old")
    new.to_disk(tmp_path / "new")
    before, after = tree(tmp_path / "old"), tree(tmp_path / "new")
    place = tmp_path / "place"
    seen, loadable = set(), []
    shutil.copytree(tmp_path / "old", place)
    for _ in killed_at_each_step(lambda: new.to_disk(place), place):
        if exchange and tree(place) not in loadable:
            loadable.append(tree(place))
            loaded = spacy.load(place).get_pipe("gliner2")
            seen.add((loaded.cfg["threshold"], loaded.labels))
        models = [tree(path) for path in sorted((place / "gliner2").rglob("model"))]
        wholes = (part(before, "gliner2/model/"), part(after, "gliner2/model/"))
        named = [{f"gliner2/model/{name}": d for name, d in found.items()} for found in models]
        assert any(found in wholes for found in named)
        shutil.rmtree(place)
        shutil.copytree(tmp_path / "old", place)
    # spaCy writes config.cfg before any component, and what changed there holds.
    states = {(0.5, ("person",)), (0.9, ("person",)), (0.9, ("person", "city"))}
    assert not exchange or seen == states
    new.to_disk(place)
    assert tree(place) == after


@pytest.mark.parametrize("size", [100, 10_000, 100_000])
def test_a_full_disk_leaves_the_saved_component_as_it_was(checkpoint, tmp_path, size):
    make_pipeline(checkpoint).to_disk(tmp_path / "place")
    component = tmp_path / "place" / "gliner2"
    assert (component / "model" / "model.safetensors").stat().st_size > 100_000
    before = tree(component)
    new = changed(checkpoint)
    pipe = new.get_pipe("gliner2")
    assert fails_with_files_up_to(size, lambda: pipe.to_disk(component, exclude=["vocab"]))
    assert part(tree(component), "model/") == part(before, "model/")
    assert sorted(p.name for p in component.iterdir()) == ["cfg", "model"]  # nothing is left over
    assert spacy.load(tmp_path / "place")(TEXT) is not None


def test_a_checkpoint_survives_a_file_system_without_space(checkpoint, tmp_path):
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no right to mount a file system")
    try:
        save_checkpoint(load_checkpoint(checkpoint), tmp_path / "saved")
        before = tree(tmp_path / "saved")
        (tmp_path / "other").write_bytes(bytes(shutil.disk_usage(tmp_path).free - 50_000))
        with pytest.raises(OSError, match="No space left"):
            save_checkpoint(load_checkpoint(checkpoint), tmp_path / "saved")
        assert tree(tmp_path / "saved") == before
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_worker_that_fails_or_is_killed_ends_the_call_in_an_error(method):
    program = [sys.executable, "-m", "tests.support.failing_workers", method]
    subprocess.run(program, check=True, cwd=ROOT, timeout=1200)  # or it hangs


MEMORY = [
    MemoryError("no more"),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to"),
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB."),
]


@pytest.mark.parametrize("error", MEMORY, ids=lambda error: type(error).__name__)
def test_a_batch_without_memory_is_split_and_that_is_said_once(error, monkeypatch):
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("gliner2", config={"schema": SCHEMA})
    texts = [f"{TEXT} Then came number {n}." for n in range(8)]
    expected = [content(doc) for doc in nlp.pipe(texts)]
    shim, sizes = get_shim(pipe.model), []
    predict = type(shim).predict

    def small(self, sequences):
        sizes.append(len(sequences))
        if len(sequences) > 2:
            raise error
        return predict(self, sequences)

    monkeypatch.setattr(type(shim), "predict", small)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = [content(doc) for doc in nlp.pipe(texts * 2, batch_size=8)]
    assert found == expected * 2
    assert sizes == [8, 4, 2, 2, 4, 2, 2] * 2
    (message,) = [str(warning.message) for warning in caught]
    assert "no memory for a batch of 8 sequences" in message
    assert "make max_batch_items smaller" in message


def test_a_text_without_memory_fails_alone(monkeypatch):
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("gliner2", config={"schema": {"entities": ["person"]}})
    shim = get_shim(pipe.model)
    predict = type(shim).predict

    def short(self, sequences):
        if any(len(sequence) > 100 for sequence in sequences):
            raise MemoryError("too long")
        return predict(self, sequences)

    monkeypatch.setattr(type(shim), "predict", short)
    failed = []
    nlp.set_error_handler(lambda name, pipe, docs, error: failed.append((docs[0].text, error)))
    long = "word " * 200
    with pytest.warns(UserWarning, match="no memory for a batch of 3 sequences"):
        found = [doc.text for doc in nlp.pipe([TEXT, long, "Paris."])]
    assert found == [TEXT, "Paris."]
    assert [(text, type(error)) for text, error in failed] == [(long, MemoryError)]
