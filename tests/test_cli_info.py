"""`python -m spacy gliner2 info` and `benchmark`."""

import json
import shutil

import pytest
import spacy

from spacy_gliner2.model.description import describe_checkpoint, find_licence
from spacy_gliner2.model.source import find_checkpoint

from .support.command import run
from .test_pipe import SCHEMA


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / "checkpoint"
    shutil.copytree(find_checkpoint("embedded"), path)
    return path


def test_a_checkpoint_is_described_without_its_weights(monkeypatch):
    monkeypatch.setattr("spacy_gliner2.model.shim.load_checkpoint", None)
    facts = json.loads(run("info", "embedded", "--json").stdout)
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("gliner2")
    monkeypatch.undo()
    network = pipe.model.shims[0].checkpoint.network
    assert facts["parameters"] == sum(p.numel() for p in network.state_dict().values())
    assert 0 < facts["encoder_parameters"] < facts["parameters"]
    assert facts["counting_layer"] == network.config.counting_layer
    assert facts["max_width"] == network.config.max_width
    assert None not in (facts["encoder"], facts["layers"], facts["hidden_size"])
    assert facts["runs"] == "yes"


def test_the_facts_can_be_read_by_people():
    lines = run("info").stdout.splitlines()
    assert any(line.split() == ["max", "width", "8"] for line in lines)
    assert any(line.startswith("size") and line.endswith(" MB") for line in lines)


def test_a_pipeline_is_described_with_what_it_extracts(tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", name="finder", config={"schema": SCHEMA, "threshold": 0.4})
    nlp.get_pipe("finder").add_label("year")
    nlp.to_disk(tmp_path / "pipeline")
    facts = json.loads(run("info", tmp_path / "pipeline", "--json").stdout)
    assert list(facts) == ["finder"]
    assert facts["finder"]["entities"] == ["person", "location", "year"]
    assert facts["finder"]["labels"] == ["calm", "angry"]
    assert facts["finder"]["settings"]["threshold"] == 0.4
    assert facts["finder"]["parameters"] > 1e6
    text = run("info", tmp_path / "pipeline").stdout
    assert text.startswith("finder\n")
    assert "person, location, year" in text


def test_of_a_hosted_pipeline_the_url_stands_for_the_checkpoint(tmp_path):
    url = "https://models.example.org"
    model = {"@architectures": "spacy-gliner2.GLiNER2API.v1", "base_url": url}
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", config={"schema": SCHEMA, "model": model, "threshold": 0.4})
    nlp.to_disk(tmp_path)
    facts = json.loads(run("info", tmp_path, "--json").stdout)["gliner2"]
    assert facts["entities"] == ["person", "location"]
    assert facts["settings"]["threshold"] == 0.4
    assert facts["base_url"] == url
    assert "encoder" not in facts
    text = run("info", tmp_path).stdout
    assert text.startswith("gliner2\n")
    assert url in text


def test_a_checkpoint_of_another_architecture_is_described_too(checkpoint):
    config = json.loads((checkpoint / "config.json").read_text())
    config["architecture"] = "boundary"
    (checkpoint / "config.json").write_text(json.dumps(config))
    facts = json.loads(run("info", checkpoint, "--json").stdout)
    assert facts["architecture"] == "boundary"
    assert facts["runs"].startswith("no: ")
    assert "'span' checkpoints" in facts["runs"]


@pytest.mark.parametrize(
    ("files", "licence"),
    [
        ({"README.md": "---\nlicense: apache-2.0\ntags: [x]\n---\n# A model\n"}, "apache-2.0"),
        ({"README.md": "# A model\n\nLicence: CC BY 4.0,\nas is. More.\n"}, "CC BY 4.0, as is"),
        (
            {"README.md": "# M\n\nMade 2.0. It is under\nthe MIT License; so."},
            "It is under the MIT License; so",
        ),
        ({"README.md": "---\nlicense: [\n---\n", "LICENSE": "\n  MIT\n\nText"}, "MIT"),
        ({"README.md": "# A model\n"}, None),
        ({}, None),
    ],
)
def test_the_licence_is_what_the_card_says(tmp_path, files, licence):
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    assert find_licence(tmp_path) == licence


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("model.safetensors", None, "no such file; take a complete checkpoint, with weights"),
        ("model.safetensors", b"nothing", "expected a safetensors file"),
        ("config.json", b"{", "config.json: expected JSON"),
        ("config.json", b"[]", "config.json: expected a JSON object"),
        ("encoder_config/config.json", None, "no such file; take a complete checkpoint"),
    ],
)
def test_what_is_missing_or_damaged_is_named(checkpoint, name, content, message):
    (checkpoint / name).unlink()
    if content is not None:
        (checkpoint / name).write_bytes(content)
    assert message in run("info", checkpoint, status=1).stderr


def test_what_is_neither_checkpoint_nor_pipeline_is_named(tmp_path):
    assert "is no directory" in run("info", tmp_path / "nothing", status=1).stderr
    spacy.blank("en").to_disk(tmp_path / "blank")
    assert "has no gliner2 component" in run("info", tmp_path / "blank", status=1).stderr


def test_the_size_is_that_of_the_file(checkpoint):
    assert describe_checkpoint(checkpoint).size == (checkpoint / "model.safetensors").stat().st_size


@pytest.fixture
def texts(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("Flight 12 goes to Rome.\nNobody came.\nTo Oslo.\n")
    (tmp_path / "schema.yml").write_text("entities: [city]\n")
    return path


def test_a_benchmark_counts_words_and_documents(texts):
    command = ("benchmark", texts, "--schema", texts.with_name("schema.yml"))
    facts = json.loads(run(*command, "--json", "--repeat", 2, "--limit", 2).stdout)
    assert (facts["documents"], facts["words"], len(facts["seconds"])) == (2, 9, 2)
    middle = sum(facts["seconds"]) / 2
    assert facts["words_per_second"] == pytest.approx(9 / middle)
    assert facts["documents_per_second"] == pytest.approx(2 / middle)
    assert "words/s" in run(*command, "--repeat", 1).stdout


def test_a_benchmark_of_no_texts_is_refused(texts):
    schema = texts.with_name("schema.yml")
    empty = texts.with_name("empty.jsonl")
    empty.write_text("")
    assert "has no texts" in run("benchmark", empty, "-s", schema, status=1).stderr
    empty.write_text('{"body": "x"}')
    assert (
        "row 1: has no text under 'text'" in run("benchmark", empty, "-s", schema, status=1).stderr
    )
