"""Pipelines on disk, as bytes, pickled: the same answers, without the network."""

import json
import pickle
import shutil
import subprocess
import sys

import pytest
import spacy
from spacy.tokens import DocBin

from .test_pipe import SCHEMA, TEXT, content

ODD_LABELS = [
    "US$5",
    "a: b",
    "x = y",
    "# tag",
    "[x",
    "über ß",
    "약제명",
    " lead",
    "$$ $",
    "50%",
    "e.g.",
]


@pytest.fixture(scope="module")
def nlp():
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", config={"schema": SCHEMA})
    return nlp


def test_a_saved_pipeline_answers_the_same_without_the_network(nlp, tmp_path, no_network):
    nlp.to_disk(tmp_path / "saved")
    loaded = spacy.load(tmp_path / "saved")
    shutil.rmtree(tmp_path / "saved")  # nothing is read later
    assert content(loaded(TEXT)) == content(nlp(TEXT))


def test_a_pipeline_that_was_never_used_saves_its_weights(tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", config={"schema": SCHEMA})
    nlp.to_disk(tmp_path)
    assert (tmp_path / "gliner2" / "model" / "model.safetensors").stat().st_size > 50_000_000


def test_bytes_carry_the_component(nlp):
    other = spacy.blank("en")
    other.add_pipe("gliner2", config={"schema": SCHEMA})
    other.from_bytes(nlp.to_bytes())
    assert content(other(TEXT)) == content(nlp(TEXT))


def test_a_pickled_pipeline_answers_the_same(nlp):
    loaded = pickle.loads(pickle.dumps(nlp))
    assert content(loaded(TEXT)) == content(nlp(TEXT))


def test_a_pickled_pipeline_runs_in_another_process_with_the_threads_of_that(nlp, tmp_path):
    (tmp_path / "nlp.pickle").write_bytes(pickle.dumps(nlp))
    code = (
        "import pickle, sys, torch; threads = torch.get_num_threads();"
        "doc = pickle.load(open(sys.argv[1], 'rb'))(sys.argv[2]);"
        "assert doc.ents and doc._.relations is not None;"
        "assert torch.get_num_threads() == threads"
    )
    command = [sys.executable, "-W", "ignore", "-c", code, str(tmp_path / "nlp.pickle"), TEXT]
    subprocess.run(command, check=True)


def test_names_may_be_changed_between_two_calls(tmp_path):
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("gliner2", config={"schema": SCHEMA})
    pipe.cfg["relations_attr"] = "relations_of_another_name"
    assert nlp(TEXT)._.relations_of_another_name is not None


def test_config_at_load_wins_over_what_was_saved(nlp, tmp_path):
    nlp.to_disk(tmp_path)
    assert spacy.load(tmp_path).get_pipe("gliner2").cfg["threshold"] == 0.5
    dotted = spacy.load(tmp_path, config={"components.gliner2.threshold": 0.97})
    nested = spacy.load(tmp_path, config={"components": {"gliner2": {"threshold": 0.97}}})
    for loaded in (dotted, nested):
        assert all(s >= 0.97 for s in loaded(TEXT).spans["gliner2"].attrs["scores"])
    schema = {"entities": ["city"]}
    loaded = spacy.load(tmp_path, config={"components": {"gliner2": {"schema": schema}}})
    assert "city" in loaded.get_pipe("gliner2").labels


def test_what_was_changed_after_construction_is_saved(tmp_path):
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("gliner2", config={"schema": {"entities": ["person"]}})
    pipe.cfg["threshold"] = 0.7
    pipe.add_label("city")
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path).get_pipe("gliner2")
    assert (loaded.cfg["threshold"], loaded.labels) == (0.7, ("person", "city"))


def test_labels_of_any_text_survive_three_cycles_with_their_order_and_scores(tmp_path):
    schema = {
        "entities": [{"label": label, "description": f"{label} it is"} for label in ODD_LABELS],
        "classifications": [{"task": "price in $", "labels": ["a: $1", "b = $2"]}],
        "relations": [{"label": "costs $"}],
        "structures": [{"name": "사 $", "fields": [{"name": "값 : $", "dtype": "str"}]}],
    }
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", config={"schema": schema, "threshold": 0.1})
    frozen, expected = nlp.get_pipe("gliner2").schema, content(nlp(TEXT))
    for cycle in range(3):
        nlp.to_disk(tmp_path / str(cycle))
        nlp = spacy.load(tmp_path / str(cycle))
        assert nlp.get_pipe("gliner2").schema == frozen
        assert content(nlp(TEXT)) == expected


def test_the_order_of_a_mapping_survives(tmp_path):
    schema = {
        "entities": {"zebra": None, "ant": {"threshold": 0.3}, "cat": "an animal", "bee": None}
    }
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", config={"schema": schema})
    nlp.to_disk(tmp_path)
    assert spacy.load(tmp_path).get_pipe("gliner2").labels == ("zebra", "ant", "cat", "bee")


def test_annotated_docs_survive_bytes_copies_bins_and_json(nlp):
    doc = nlp(TEXT)
    expected = content(doc)
    assert content(spacy.tokens.Doc(nlp.vocab).from_bytes(doc.to_bytes())) == expected
    assert content(doc.copy()) == expected
    (binned,) = DocBin(docs=[doc], store_user_data=True).get_docs(nlp.vocab)
    assert content(binned) == expected
    data = json.loads(json.dumps(doc.to_json(underscore=["relations", "structures"])))
    assert data["_"] == {"relations": doc._.relations, "structures": doc._.structures}
    assert data["cats"] == doc.cats


def test_a_failed_save_leaves_the_saved_pipeline_whole(nlp, tmp_path, monkeypatch):
    nlp.to_disk(tmp_path)
    before = (tmp_path / "gliner2" / "model" / "model.safetensors").read_bytes()

    def full(self, content):
        raise OSError("no space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(OSError, match="no space"):
        nlp.to_disk(tmp_path)
    monkeypatch.undo()
    assert (tmp_path / "gliner2" / "model" / "model.safetensors").read_bytes() == before
    assert content(spacy.load(tmp_path)(TEXT)) == content(nlp(TEXT))
