"""`python -m spacy gliner2 visualize`."""

import json
import subprocess
import sys

import pytest
import spacy
from spacy.tokens import DocBin

from spacy_gliner2.row_check import check_row
from spacy_gliner2.rows import row_to_doc

from .support.command import run, run_process
from .support.rows import empty_row, hostile_row, press_row


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "rows.jsonl"
    rows = [press_row(), hostile_row(), empty_row()]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf8")
    return path


@pytest.fixture
def docs(tmp_path):
    path = tmp_path / "docs.spacy"
    nlp = spacy.blank("en")
    docs = [row_to_doc(check_row(row, "row"), nlp) for row in (press_row(), empty_row())]
    docs[1].user_data["title"] = "An empty one"
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    return path


def test_the_command_is_there_for_everybody_who_has_the_package(rows, tmp_path):
    done = run_process("visualize", "rows.jsonl", "page.html", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (done.stdout, done.stderr.decode().strip()) == (b"", "page.html: 3 documents")
    assert b"iPhone 15" in (tmp_path / "page.html").read_bytes()


def test_importing_the_commands_loads_none_of_our_heavy_modules():
    code = (
        "import spacy.cli, sys; import spacy_gliner2.cli;"
        "ours = {m.split('.')[1] for m in sys.modules if m.startswith('spacy_gliner2.')};"
        "assert ours <= {'about', 'factory', 'lazy', 'cli'}, ours;"
        "assert 'transformers' not in sys.modules and 'pyarrow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_rows_and_docs_stand_on_one_page_with_the_name_of_their_file(rows, docs, tmp_path):
    page = tmp_path / "new" / "page.html"
    result = run("visualize", rows, docs, page)
    assert "5 documents" in result.stderr
    text = page.read_text(encoding="utf8")
    assert text.count("<article") == 5
    assert text.count(">rows.jsonl</dd>") == 3
    assert text.count(">docs.spacy</dd>") == 2
    assert "An empty one" in text
    assert text.count('data-k="entity:company"') == 2 * 2


def test_a_page_can_go_to_standard_output_and_be_limited(rows):
    result = run("visualize", rows, "-", "--limit", 1, "--title", "Only <one>")
    assert result.stdout.count("<article") == 1
    assert "<h1>Only &lt;one&gt;</h1>" in result.stdout


def test_the_text_may_be_in_another_field(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"body": "Hello there.", "cats": {"kind": 0.5}}))
    result = run("visualize", path, "-", "--text-field", "body")
    assert "Hello there." in result.stdout


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b'{"text": "x"}\n{"text"', "a.jsonl, row 2: is no JSON"),
        ("a.jsonl", b"[1]", "a.jsonl, row 1: is no JSON object"),
        ("a.jsonl", b'{"text": "x", "entities": 1}', "row 1.entities: 1 is not a list"),
        ("a.spacy", b"nothing", "a.spacy: is no .spacy file"),
        ("a.md", b"text", "the format 'unknown' is none of spacy, jsonl, parquet"),
    ],
)
def test_files_that_hold_something_else_are_refused(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    page = tmp_path / "page.html"
    page.write_text("before")
    result = run("visualize", path, page, status=1)
    assert message in result.stderr
    assert page.read_text() == "before"
    assert {file.name for file in tmp_path.iterdir()} == {name, "page.html"}


def test_a_missing_file_is_named(tmp_path):
    assert "no such file" in run("visualize", tmp_path / "x.jsonl", "-", status=1).stderr


def test_a_file_that_is_no_page_is_not_written_over(rows, docs):
    before = docs.read_bytes()
    assert "the page is HTML" in run("visualize", rows, docs, status=1).stderr
    assert docs.read_bytes() == before
