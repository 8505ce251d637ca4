"""The corpus, the configs and the workflows for training that are in the repository."""

import json
import runpy
import shutil
from pathlib import Path

import pytest
import spacy
import srsly
from spacy.cli.init_config import fill_config
from spacy.cli.project.run import project_run
from spacy.tokens import DocBin
from spacy.util import load_config, load_model_from_config
from spacy.vocab import Vocab
from typer.testing import CliRunner

from spacy_gliner2.schema import FrozenSchema
from spacy_gliner2.training.corpus import CorpusOptions, JsonlCorpus

ROOT = Path(__file__).parent.parent
CORPUS = ROOT / "assets" / "train"
PROJECT = srsly.read_yaml(ROOT / "project.yml")
COMMANDS = {command["name"]: command for command in PROJECT["commands"]}
TRAINING = [name for flow in ("all", "tweets") for name in PROJECT["workflows"][flow]]
LABELS = FrozenSchema.from_dict(srsly.read_json(CORPUS / "labels.json"))


def test_the_corpus_is_annotated_for_its_labels_of_all_four_tasks():
    options = CorpusOptions(schema="record")
    nlp = spacy.blank("en")
    for name, number in (("train", 350), ("dev", 120)):
        docs = list(JsonlCorpus(CORPUS / f"{name}.jsonl", options=options).docs(nlp))
        assert len(docs) == number
        assert {FrozenSchema.from_dict(doc._.gliner2_schema) for doc in docs} == {LABELS}
        assert {span.label_ for doc in docs for span in doc.spans["gliner2"]} == {
            part.label for part in LABELS.entities
        }
        assert {r["label"] for doc in docs for r in doc._.relations} == {
            part.label for part in LABELS.relations
        }
        found = {name for doc in docs for name, records in doc._.structures.items() if records}
        assert found == {part.name for part in LABELS.structures}
        assert all(sum(doc.cats.values()) == 1 for doc in docs)
    assert sum(file.stat().st_size for file in CORPUS.iterdir()) < 500_000


@pytest.mark.parametrize("name", ["assistant", "tweets"])
def test_a_config_is_filled_and_filling_it_again_changes_nothing(name, tmp_path):
    shown, once, twice = ROOT / "configs" / f"{name}.cfg", tmp_path / "1.cfg", tmp_path / "2.cfg"
    fill_config(once, shown, silent=True)
    fill_config(twice, once, silent=True)
    assert once.read_text("utf8") == twice.read_text("utf8")
    nlp = load_model_from_config(load_config(once, interpolate=True), auto_fill=False)
    assert nlp.pipe_names == ["gliner2"]


def test_every_file_that_a_command_needs_is_there_or_made_before():
    made = {asset["dest"] for asset in PROJECT["assets"]}
    for name in TRAINING:
        command = COMMANDS[name]
        for path in command.get("deps", ()):
            assert path in made or (ROOT / path).exists(), f"{name}: {path}"
            assert any(path in line for line in command["script"]), f"{name}: {path}"
        made.update(command.get("outputs", ()))


def test_assets_come_from_a_fixed_commit_with_their_checksums():
    for asset in PROJECT["assets"]:
        url = asset["url"].replace("${vars.tweets}", PROJECT["vars"]["tweets"])
        assert len(url.split("/")[5]) == 40
        assert len(asset["checksum"]) == 32


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project's files, without what its workflows made."""
    copy = tmp_path_factory.mktemp("project")
    shutil.copy(ROOT / "project.yml", copy)
    for part in ("configs", "assets/train"):
        shutil.copytree(ROOT / part, copy / part)
    return copy


def test_the_corpus_is_converted_and_passes(project):
    for name in ("convert", "debug-data", "config"):
        project_run(project, name, capture=True)
    for path in COMMANDS["convert"]["outputs"] + COMMANDS["config"]["outputs"]:
        assert (project / path).stat().st_size


def test_the_whole_workflow_runs_offline(project):
    steps = {"vars.max_steps": 2, "vars.eval_frequency": 2}
    project_run(project, "all", overrides=steps, capture=True)
    scores = json.loads((project / "metrics" / "assistant.json").read_text("utf8"))
    for key in ("ents_f", "cats_score", "rel_micro_f", "structures_f"):
        assert scores[key] is not None
    assert (project / "output" / "assistant" / "dev.html").stat().st_size
    assert list((project / "packages").glob("*/dist/*.tar.gz"))


def teach(folder, checkpoint, schema):
    """Run the first step of the workflow `distil`."""
    srsly.write_json(folder / "schema.json", schema)
    srsly.write_jsonl(folder / "texts.jsonl", [{"text": "Play Hello."}, {"text": "Rain in Rome?"}])
    app = runpy.run_path(str(ROOT / "projects" / "distil" / "distil.py"))["app"]
    args = [folder / "texts.jsonl", folder / "corpus" / "taught.spacy", folder / "schema.json"]
    return CliRunner().invoke(app, ["teach", *map(str, args), "--checkpoint", str(checkpoint)])


@pytest.mark.parametrize("labels", [(), ("music", "weather")])
def test_a_pupil_is_taught_with_labels_and_without(untrained, tmp_path, labels):
    tasks = [{"task": "intent", "labels": list(labels)}] if labels else []
    ran = teach(tmp_path, untrained, {"entities": ["song", "city"], "classifications": tasks})
    assert ran.exit_code == 0, ran.output
    docs = DocBin().from_disk(tmp_path / "corpus" / "taught.spacy").get_docs(Vocab())
    assert [sorted(doc.cats.values()) for doc in docs] == [[0.0, 1.0] if labels else []] * 2


@pytest.mark.parametrize(
    "tasks",
    [
        [{"task": "tone", "labels": ["a", "b"]}, {"task": "topic", "labels": ["c", "d"]}],
        [{"task": "tone", "labels": ["a", "b"], "multi_label": True}],
    ],
)
def test_labels_that_a_pupil_cannot_learn_are_refused_before_annotating(tmp_path, tasks):
    schema = {"entities": ["city"], "classifications": tasks}
    ran = teach(tmp_path, tmp_path / "no-such-checkpoint", schema)
    assert ran.exit_code == 2
    assert "'tone'" in ran.output
    assert "keep one task" in " ".join(ran.output.replace("│", " ").split())
