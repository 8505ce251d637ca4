"""What README and docs say: code runs and gives what is shown, configs and schemas are valid."""

import json
import re
import warnings

import pytest
import srsly
from spacy.cli.init_config import fill_config
from spacy.util import load_config

from spacy_gliner2 import FrozenSchema

from .support.documents import FILES, ROOT, is_shown, read_blocks, run_block, same

README = (ROOT / "README.md").read_text(encoding="utf8")
COMMANDS = [
    "pip install -r requirements.txt && pip install . && python -m spacy project run demo",
    'pip install -r requirements.txt && pip install -e ".[test]" && pytest',
]
NEEDS = {"presidio": "presidio_analyzer", "hosted": "httpx", "scaling": "ray"}
"""Packages without which the code of a page does not run."""

BEGINNING = """
[nlp]
lang = "en"
pipeline = ["gliner2"]

[components]

[components.gliner2]
factory = "gliner2"

"""


def blocks(*languages):
    return [
        pytest.param(block, id=f"{path.stem}-{n}")
        for path in FILES
        for n, block in enumerate(read_blocks(path, *languages))
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_code_runs_and_gives_what_is_shown(path, tmp_path, monkeypatch):
    if path.stem in NEEDS:
        pytest.importorskip(NEEDS[path.stem])
    if path.stem == "scaling":  # what Ray warns of is not ours to change
        warnings.simplefilter("ignore")
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in read_blocks(path, "python"):
        for result in run_block(block, names):
            assert is_shown(result), f"{result.code}\ngave {result.value!r}, not\n{result.shown}"


@pytest.mark.parametrize("block", blocks("ini", "cfg"))
def test_a_config_is_filled_and_filling_it_again_changes_nothing(block, tmp_path):
    shown, once, twice = (tmp_path / name for name in ("shown.cfg", "once.cfg", "twice.cfg"))
    whole = block.text if "[nlp]" in block.text else BEGINNING + block.text
    shown.write_text(whole, encoding="utf8")
    fill_config(once, shown, silent=True)
    fill_config(twice, once, silent=True)
    assert once.read_text(encoding="utf8") == twice.read_text(encoding="utf8")
    assert contains(load_config(once), load_config(shown))


def contains(filled, shown):
    if not isinstance(shown, dict):
        return filled == shown
    return all(contains(filled[key], value) for key, value in shown.items())


@pytest.mark.parametrize("block", blocks("yaml", "json"))
def test_a_schema_is_valid(block):
    data = json.loads(block.text) if block.language == "json" else srsly.yaml_loads(block.text)
    assert FrozenSchema.from_dict(data)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_links_to_files_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#]+)", path.read_text(encoding="utf8")):
        assert target.startswith("https://") or (path.parent / target).exists(), target


def test_the_commands_of_the_readme_are_those_of_continuous_integration():
    shown = [block.text.strip() for block in read_blocks(ROOT / "README.md", "bash")]
    run = (ROOT / ".ci" / "run").read_text(encoding="utf8")
    for command in COMMANDS:
        assert command in shown
        assert command in run


def test_what_is_shown_is_compared():
    assert same({"a": [0.12, "x"]}, {"a": [0.1234, "x"]})
    assert not same({"a": [0.12]}, {"a": [0.15]})
    assert not same([1], [True])
    assert not same({"a": 1, "b": 2}, {"b": 2, "a": 1})
    assert not same([1, 2], [1])
