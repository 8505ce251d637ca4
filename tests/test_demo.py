"""The demo: its texts, its schemas, its commands, and that all four tasks show."""

import re
from pathlib import Path

import pytest
import spacy
import srsly
from weasel.util.config import load_project_config

from spacy_gliner2.schema.from_file import schema_from_file

from .support.documents import ROOT

TEXTS = sorted((ROOT / "assets" / "demo").glob("*.jsonl"))
SCHEMAS = ROOT / "configs" / "schemas"
LICENCES = re.compile(r"public domain|CC BY(-SA)? \d\.\d$")


pytestmark = pytest.mark.filterwarnings("ignore:.*do not begin and end with tokens")


def annotate(path):
    nlp = spacy.blank("xx" if path.stem == "languages" else "en")
    schema = schema_from_file(SCHEMAS / f"{path.stem}.yml")
    nlp.add_pipe("gliner2", config={"schema": schema})
    return list(nlp.pipe(row["text"] for row in srsly.read_jsonl(path)))


@pytest.fixture(scope="module")
def docs():
    return {path.stem: annotate(path) for path in TEXTS}


def test_each_domain_has_a_schema_of_its_own():
    assert [path.stem for path in TEXTS] == sorted(path.stem for path in SCHEMAS.glob("*.yml"))


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_each_text_says_where_it_is_from_and_under_which_licence(path):
    for row in srsly.read_jsonl(path):
        assert list(row) == ["text", "title", "author", "source", "licence"]
        assert all(value.strip() for value in row.values())
        assert LICENCES.match(row["licence"])


def test_all_four_tasks_show(docs):
    found = [doc for group in docs.values() for doc in group]
    assert sum(bool(doc.ents) for doc in found) > len(found) / 2
    assert any(doc.cats for doc in found)
    assert any(doc._.relations for doc in found)
    assert any(records for doc in found for records in doc._.structures.values())


def test_everything_found_stands_in_its_text(docs):
    def check(doc, value):
        if isinstance(value, dict):
            if "start" in value:
                assert doc.text[value["start"] : value["end"]] == value["text"]
            for part in value.values():
                check(doc, part)
        elif isinstance(value, list):
            for part in value:
                check(doc, part)

    for doc in (doc for group in docs.values() for doc in group):
        check(doc, doc._.relations)
        check(doc, doc._.structures)


def test_the_workflow_annotates_every_domain_into_both_formats():
    config = load_project_config(ROOT)
    commands = {command["name"]: command for command in config["commands"]}
    steps = [commands[name] for name in config["workflows"]["demo"]]
    script = "\n".join(line for step in steps for line in step["script"])
    outputs = [output for step in steps for output in step["outputs"]]
    for domain in (path.stem for path in TEXTS):
        assert f"assets/demo/{domain}.jsonl output/demo/{domain}.spacy" in script
        assert script.count(f"configs/schemas/{domain}.yml") == 1
        assert f"output/demo/{domain}.spacy" in outputs
        assert f"output/demo/{domain}.jsonl" in outputs


def test_what_a_step_of_the_demo_needs_is_there_or_written_by_a_step_before():
    config = load_project_config(ROOT)
    commands = {command["name"]: command for command in config["commands"]}
    written = set()
    for step in (commands[name] for name in config["workflows"]["demo"]):
        for dep in step["deps"]:
            assert dep in written or (ROOT / dep).exists()
        script = " ".join(step["script"]).split()
        for output in map(Path, step["outputs"]):
            assert {str(output), str(output.parent)} & set(script)
        written.update(step["outputs"])


def test_the_ready_pipeline_runs(monkeypatch):
    monkeypatch.chdir(ROOT)
    config = spacy.util.load_config(ROOT / "configs" / "gliner2.cfg")
    nlp = spacy.util.load_model_from_config(config, auto_fill=True)
    assert ("Sergey Brin", "person") in [
        (ent.text, ent.label_) for ent in nlp("Sergey Brin met Mohamed in California.").ents
    ]
