"""Corpora from one format to another."""

import json
from itertools import pairwise

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import DocBin

from spacy_gliner2.training.convert.conll import ConllOptions, decode_tags, read_conll
from spacy_gliner2.training.convert.detokenise import detokenise, join_tokens
from spacy_gliner2.training.corpus import CorpusError

from .support.command import run
from .support.rows import press_row

RECORD = {
    "input": "Ann works for Acme in Rome.",
    "output": {
        "entities": {"person": ["Ann"], "company": ["Acme"], "date": []},
        "classifications": [{"task": "topic", "labels": ["work", "play"], "true_label": ["work"]}],
        "json_structures": [{"job": {"who": "Ann", "where": ["Acme", "Rome"]}}],
        "relations": [{"works_for": {"head": "Ann", "tail": "Acme"}}],
        "relation_descriptions": {"works_for": "", "founded": ""},
    },
}


def write(path, text):
    path.write_text(text, encoding="utf8")
    return path


def found(record):
    """Mentions and labels of a record."""
    return [
        (record.text[value.start : value.end], label)
        for label, values in record.entities.items()
        for value in values
    ]


def test_jsonl_becomes_spacy_and_comes_back(tmp_path):
    source = write(tmp_path / "a.jsonl", json.dumps(RECORD) + "\n")
    run("convert", source, tmp_path / "corpus" / "a.spacy")
    (doc,) = DocBin().from_disk(tmp_path / "corpus" / "a.spacy").get_docs(spacy.blank("en").vocab)
    assert [(e.text, e.label_) for e in doc.ents] == [("Ann", "person"), ("Acme", "company")]
    assert doc.cats == {"work": 1.0, "play": 0.0}
    assert doc._.relations[0]["label"] == "works_for"
    run("convert", tmp_path / "corpus" / "a.spacy", tmp_path / "b.jsonl.gz")
    run("convert", tmp_path / "b.jsonl.gz", tmp_path / "c.jsonl")
    assert json.loads((tmp_path / "c.jsonl").read_text("utf8")) == RECORD


def test_the_config_says_what_was_looked_for_and_how_keys_are_named(tmp_path):
    config = """
    [nlp]
    lang = "en"
    pipeline = ["gliner2"]
    [components]
    [components.gliner2]
    factory = "gliner2"
    spans_key = "sc"
    cats_prefix = true
    schema = {"entities": ["person","city"],"classifications": [{"task": "topic","labels": ["work","play"]}]}
    """  # noqa: E501
    write(tmp_path / "config.cfg", "\n".join(line.strip() for line in config.splitlines()))
    doc = spacy.blank("en")("Ann works in Rome.")
    doc.spans["sc"] = [doc.char_span(0, 3, "person")]
    doc.cats = {"topic:work": 1.0, "topic:play": 0.0}
    DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "a.spacy")
    run("convert", tmp_path / "a.spacy", tmp_path / "a.jsonl", "--config", tmp_path / "config.cfg")
    assert json.loads((tmp_path / "a.jsonl").read_text("utf8"))["output"] == {
        "entities": {"person": ["Ann"], "city": []},
        "classifications": [{"task": "topic", "labels": ["work", "play"], "true_label": ["work"]}],
    }


@pytest.mark.parametrize(
    ("args", "part"),
    [
        (["a.jsonl", "b.xyz"], "b.xyz: its name tells no format"),
        (["a.jsonl", "b.conll"], "'conll' can only be read"),
        (["a.jsonl", "b.spacy", "--from", "xml"], "'xml' is none of jsonl, spacy, conll"),
        (["a.jsonl", "b.spacy", "--on-missing", "cry"], "on_missing: 'cry'"),
        (["a.jsonl", "b.spacy", "--rename", "PER"], "PER=person"),
        (["bad.jsonl", "b.spacy"], "bad.jsonl, line 1: entities.x[0]: 'Bob' is not in the text"),
        (["bad.spacy", "b.jsonl"], "bad.spacy: is no .spacy file"),
        (["found.jsonl", "b.spacy"], "line 1: entities: is a list of mentions, as `extract`"),
        (["a.jsonl", "a.jsonl", "--to", "prodigy"], "a.jsonl: is an input, too"),
        (["a.jsonl", "b.spacy", "--config", "none.cfg"], "none.cfg"),
    ],
)
def test_errors_are_one_line_and_leave_no_file(tmp_path, monkeypatch, args, part):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.jsonl", json.dumps(RECORD) + "\n")
    write(tmp_path / "bad.jsonl", '{"text": "Ann", "entities": {"x": ["Bob"]}}\n')
    write(tmp_path / "bad.spacy", "nothing")
    write(tmp_path / "found.jsonl", json.dumps(press_row()) + "\n")
    assert part in " ".join(run("convert", *args, status=1).stderr.split())
    assert not [path for path in tmp_path.iterdir() if path.name.lstrip(".").startswith("b.")]


@pytest.mark.parametrize(
    "tags",
    [
        "B-PER I-PER O B-LOC B-LOC O",
        "I-PER I-PER O I-LOC B-LOC O",
        "B-PER E-PER O S-LOC S-LOC O",
        "B-PER L-PER O U-LOC U-LOC O",
    ],
    ids=["BIO", "IOB1", "BIOES", "BILOU"],
)
def test_every_way_to_tag_says_the_same(tags):
    assert decode_tags(tags.split()) == [(0, 2, "PER"), (3, 4, "LOC"), (4, 5, "LOC")]


def test_a_change_of_label_ends_a_mention():
    tags = ["I-PER", "I-LOC", "L-PER", "I-PER", "O", "I-x-y", "E-x-y", "I-x-y"]
    assert decode_tags(tags) == [
        (0, 1, "PER"),
        (1, 2, "LOC"),
        (2, 3, "PER"),
        (3, 4, "PER"),
        (5, 7, "x-y"),
        (7, 8, "x-y"),
    ]


def test_columns_become_texts_as_people_write_them(tmp_path):
    path = write(
        tmp_path / "a.conll",
        "-DOCSTART- -X- O\n\nMr. NNP O\nO'Neil NNP B-PER\n's POS O\nfirm NN O\n, , O\n"
        "Acme NNP B-ORG\nInc NNP I-ORG\n. . I-ORG\n\n# NN O\n1 CD O\nhit NN O\n\n",
    )
    first, second = read_conll(path)
    assert first.text == "Mr. O'Neil's firm, Acme Inc."
    assert found(first) == [("O'Neil", "PER"), ("Acme Inc.", "ORG")]
    assert second.text == "#1 hit"
    assert [part.label for part in second.schema.entities] == ["PER", "ORG"]
    assert found(second) == []


def test_columns_separators_sentences_names_and_nesting_can_be_chosen(tmp_path):
    lines = [
        "# newdoc",
        "# text = U.S. Bank",
        "1\tU.S.\tB-GPE\tB-ORG",
        "2\tBank\tO\tI-ORG",
        "",
        "1\tNew York\tB-GPE\tO",
        "2\t.\tO\tO",
    ]
    path = write(tmp_path / "a.tsv", "\n".join(lines))
    options = ConllOptions(
        token_column=1, tag_columns=(2, -1), sentences=0, natural=False, rename={"GPE": "place"}
    )
    (record,) = read_conll(path, options)
    assert record.text == "U.S. Bank New York ."
    assert found(record) == [("U.S.", "place"), ("New York", "place"), ("U.S. Bank", "ORG")]


def test_documents_end_where_the_next_one_starts(tmp_path):
    text = "-DOCSTART- O\n\na O\n\nb O\n\n-DOCSTART- O\n\nc O\n\nd O\n\ne O\n"
    path = write(tmp_path / "a.conll", text)

    def texts(number):
        return [record.text for record in read_conll(path, ConllOptions(sentences=number))]

    assert texts(0) == ["a b", "c d e"]
    assert texts(2) == ["a b", "c d", "e"]
    assert texts(1) == ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize(
    ("line", "options", "part"),
    [
        ("Rome B-GPE X", {}, "'X' is no tag"),
        ("Rome B-", {}, "'B-' is no tag"),
        ("Rome Z-GPE", {}, "'Z-GPE' is no tag"),
        ("Rome O", {"tag_columns": (2,)}, "has 2 columns"),
        ("Rome O", {"token_column": -3}, "has 2 columns"),
        ("\tO", {}, "the token is ''"),
    ],
)
def test_lines_that_are_no_columns_are_named(tmp_path, line, options, part):
    path = write(tmp_path / "a.conll", f"a x O\n\n{line}\n")
    with pytest.raises(CorpusError) as error:
        list(read_conll(path, ConllOptions(**options)))
    assert f"{path}, line 3: " in str(error.value)
    assert part in str(error.value)


def test_conll_is_converted_by_command(tmp_path):
    path = write(tmp_path / "a.conll", "Ann\tB-PER\nleft\tO\n.\tO\n\nOslo\tB-LOC\n")
    run("convert", path, tmp_path / "a.jsonl", "--rename", "PER=person", "-n", "0")
    assert json.loads((tmp_path / "a.jsonl").read_text("utf8")) == {
        "input": "Ann left. Oslo",
        "output": {"entities": {"person": ["Ann"], "LOC": ["Oslo"]}},
    }


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        ("`` Yes , '' he said .", '"Yes," he said.'),
        ("They do n't -LRB- yet -RRB- pay $ 5 or 10 % !", "They don't (yet) pay $5 or 10%!"),
        ('a " quoted " word , and an open " one', 'a "quoted" word, and an open" one'),
        ("the `` Bataan `` sank", 'the "Bataan" sank'),
        ("the dogs ' bowls and / or 'x", "the dogs' bowls and/or 'x"),
        ("“ a ” and „ b “ and « c »", "“a” and „b“ and «c»"),
        ("at 10 : 30 , see : a . b", "at 10:30, see: a. b"),
        ("She 's here ; I 'd go , they 're in", "She's here; I'd go, they're in"),
    ],
)
def test_tokens_are_put_together_as_people_write(tokens, text):
    assert detokenise(tokens.split())[0] == text


tokens = st.lists(
    st.sampled_from(
        ["``", "''", '"', "'", "(", "-LRB-", ")", ",", ".", "$", "/", "a", "5", "„", "“"]
    )
    | st.text(st.characters(exclude_categories=["Cs", "Z", "C"]), min_size=1, max_size=4),
    max_size=12,
)


@given(tokens)
def test_offsets_are_those_of_the_tokens(tokens):
    for text, offsets in (detokenise(tokens), join_tokens(tokens)):
        assert len(offsets) == len(tokens)
        assert all(text[a:b] for a, b in offsets)
        assert all(a[1] <= b[0] for a, b in pairwise(offsets))
        assert "".join(text[a:b] for a, b in offsets) == text.replace(" ", "")
    text, offsets = join_tokens(tokens)
    assert [text[a:b] for a, b in offsets] == tokens


def test_people_correct_what_extract_found_and_the_corpus_is_made_of_it(tmp_path):
    row = press_row()
    write(tmp_path / "found.jsonl", json.dumps(row) + "\n")
    tools = {"prodigy": "tasks.jsonl", "label-studio": "tasks.json"}
    for tool, name in tools.items():
        tasks = tmp_path / name
        run("convert", tmp_path / "found.jsonl", tasks, "--from", "results", "--to", tool)
        if tool == "label-studio":
            (task,) = json.loads(tasks.read_text())
            task["annotations"] = [{"result": task["predictions"][0]["result"]}]
            write(tasks, json.dumps([task]))
        corpus = tmp_path / f"{tool}.jsonl"
        run("convert", tasks, corpus, "--from", tool)
        (record,) = map(json.loads, corpus.read_text().splitlines())
        assert record["input"] == row["text"]
        assert "json_structures" not in record["output"]
        assert "Tim Cook" in str(record["output"]["entities"]["person"])
        assert [list(relation) for relation in record["output"]["relations"]] == [
            ["works_for"],
            ["costs"],
        ]
        docs = tmp_path / f"{tool}.spacy"
        run("convert", tasks, docs, "--from", tool, "--keep-structures")
        run("convert", docs, tmp_path / "again.jsonl", "--to", "results")
        (again,) = map(json.loads, (tmp_path / "again.jsonl").read_text().splitlines())
        assert again["structures"] == row["structures"]
        assert again["id"] == row["id"]


def test_a_folder_gets_a_file_for_each_file_of_the_corpus(tmp_path):
    found, docs = tmp_path / "found", tmp_path / "docs"
    for folder in (found / "deep", docs):
        folder.mkdir(parents=True)
    for name in ("a", "deep/b"):
        write(found / f"{name}.jsonl", json.dumps(press_row()) + "\n")
    run("convert", found, docs, "--from", "results", "--to", "spacy")
    files = sorted(path.relative_to(docs).as_posix() for path in docs.rglob("*.*"))
    assert files == ["a.spacy", "deep/b.spacy"]
    run("convert", docs, docs, "--from", "spacy", "--to", "results")
    (again,) = map(json.loads, (docs / "deep" / "b.jsonl").read_text().splitlines())
    assert again["structures"] == press_row()["structures"]


@pytest.mark.parametrize(("name", "ending"), [("prodigy", "jsonl"), ("label-studio", "json")])
def test_a_folder_of_an_annotation_tool_becomes_one_file(tmp_path, name, ending):
    folder = tmp_path / "answers"
    folder.mkdir()
    for number, text in enumerate(("Ann came.", "Bob left.")):
        task = {"text": text, "spans": [{"start": 0, "end": 3, "label": "person"}]}
        if name == "label-studio":
            value = {"start": 0, "end": 3, "labels": ["person"]}
            results = [{"id": "a", "type": "labels", "value": value}]
            task = [{"data": {"text": text}, "annotations": [{"result": results}]}]
        write(folder / f"{number}.{ending}", json.dumps(task))
    run("convert", folder, tmp_path / "out.jsonl", "--from", name)
    records = map(json.loads, (tmp_path / "out.jsonl").read_text("utf8").splitlines())
    assert [r["output"] for r in records] == [{"entities": {"person": [n]}} for n in ("Ann", "Bob")]


def test_a_label_to_rename_that_is_not_there_is_named(tmp_path):
    path = tmp_path / "a.conll"
    path.write_text("Ann B-PER\nleft O\n", encoding="utf8")
    with pytest.warns(UserWarning, match="has no label XXX to rename, only PER"):
        run("convert", path, tmp_path / "a.jsonl", "--rename", "XXX=person")


def test_what_docs_without_a_schema_do_not_say_is_named(tmp_path):
    def task(name, *labels):
        return {"task": name, "labels": labels, "true_label": labels[0]}

    kind = {"value": "new", "choices": ["new", "used"]}
    output = {
        "classifications": [task("topic", "work", "play"), task("tone", "calm", "angry")],
        "json_structures": [{"sale": {"condition": kind}}],
    }
    path = tmp_path / "a.jsonl"
    write(path, json.dumps({"input": "It is new", "output": output}) + "\n")
    args = ("--schema-of", "component")
    tasks = r"topic, tone are not told apart in doc\.cats; give --cats-prefix"
    choices = r"do not say that sale\.condition are choices"
    with pytest.warns(UserWarning, match=tasks), pytest.warns(UserWarning, match=choices):
        run("convert", path, tmp_path / "a.spacy", *args)
    with pytest.warns(UserWarning, match=choices) as found:
        run("convert", path, tmp_path / "b.spacy", *args, "--cats-prefix")
    assert len(found) == 1
    run("convert", path, tmp_path / "c.spacy")
