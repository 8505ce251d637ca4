"""Bad input: each row of the design's table, an error that names key, value and remedy."""

import pytest
import spacy

from spacy_gliner2.inference import patterns
from spacy_gliner2.model.architecture import build_gliner2_model
from spacy_gliner2.model.errors import CheckpointError
from spacy_gliner2.schema import SchemaError


def add(**config):
    return spacy.blank("en").add_pipe("gliner2", config=config)


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"entity": ["a"]}, r"schema\.entity: .*not a key"),
        ({"entities": [{"label": "a", "threshold": 3}]}, r"entities\[0\]\.threshold: 3 is above 1"),
        ({"entities": {"a": {"threshold": True}}}, r"entities\.a\.threshold: True is not a number"),
        ({"entities": {"a": {"label": "b"}}}, "the key 'label' within 'a'.*remove it"),
        ({"entities": [" "]}, r"entities\[0\]\.label: ' ' is blank"),
        ({"entities": ["say [E] x"]}, r"contains \[E\].*reword"),
        ({"classifications": [{"task": "t", "labels": ["a"]}]}, "fewer than two labels"),
        (
            {"structures": {"s": {"fields": [{"name": "f", "dtype": "money"}]}}},
            "'money' is none of",
        ),
        ({"relations": [{"label": "r", "head": ["ghost"]}]}, "'ghost'.*not among the entities"),
    ],
)
def test_a_schema_with_an_error_is_refused_when_the_pipe_is_added(schema, message):
    with pytest.raises(SchemaError, match=message):
        add(schema=schema)


@pytest.mark.parametrize("label", ["a: b", "a = b", "US$", "# a", "[a"])
def test_a_label_that_config_cannot_hold_as_a_key_is_refused_with_the_list_form(label):
    with pytest.raises(SchemaError, match="label"):
        add(schema={"entities": {label: "what it is"}})
    add(schema={"entities": [{"label": label, "description": "what it is"}]})


def test_a_text_that_config_cannot_read_back_is_refused():
    with pytest.raises(SchemaError, match=r"\$\{"):
        add(schema={"entities": ["price ${x}"]})


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"threshold": 1.5}, "threshold: 1.5"),
        ({"overlap_policy": "some"}, "overlap_policy: 'some' is none of"),
        ({"alignment_mode": "loose"}, "alignment_mode: 'loose' is none of"),
        ({"word_splitter": "blanks"}, "word_splitter: 'blanks' is none of"),
        ({"window": 0}, "window: 0"),
        ({"window": 100, "stride": 200}, r"stride: 200 is above window \(100\)"),
        ({"max_batch_items": -1}, "max_batch_items: -1"),
        ({"spans_key": ""}, "spans_key: ''"),
        ({"publish_trf_data": "yes"}, "publish_trf_data"),
        ({"model": "fastino/gliner2-base-v1"}, "model: 'fastino/gliner2-base-v1' is no model"),
        ({"model": {"precision": "int3"}}, "model.precision: 'int3' is none of"),
        ({"model": {"device": "toaster"}}, "model.device: 'toaster'"),
        ({"model": {"device": "meta"}}, "model.device: 'meta'"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(config, message):
    with pytest.raises(ValueError, match=message):
        add(**config)


def test_tasks_that_share_a_label_are_refused_with_the_key_that_separates_them():
    tasks = [{"task": "a", "labels": ["yes", "no"]}, {"task": "b", "labels": ["no", "maybe"]}]
    with pytest.raises(ValueError, match=r"'no'.*cats_prefix"):
        add(schema={"classifications": tasks})
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", config={"schema": {"classifications": tasks}, "cats_prefix": True})
    assert list(nlp("Well.").cats) == ["a:yes", "a:no", "b:no", "b:maybe"]


@pytest.mark.parametrize("name", ["./nowhere", "nowhere", "/no/such/dir", "a/b/c"])
def test_a_missing_checkpoint_is_named_when_it_is_needed(name):
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", config={"model": {"name": name}})
    with pytest.raises(CheckpointError, match=r"is no directory.*'embedded'"):
        nlp("Paris")


def test_a_hub_name_without_a_network_gives_one_clear_error(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    shim = build_gliner2_model("nobody/nothing").shims[0]
    with pytest.raises(CheckpointError, match=r"'nobody/nothing'.*check the name and the network"):
        _ = shim.checkpoint


def test_a_schema_that_fills_the_window_is_refused_with_the_numbers():
    nlp = spacy.blank("en")
    labels = [f"a rather long label number {n}" for n in range(100)]
    nlp.add_pipe("gliner2", config={"schema": {"entities": labels}})
    with pytest.raises(ValueError, match=r"takes \d+ of the 512 tokens"):
        nlp("Paris")


@pytest.mark.parametrize("kept", [False, True])
def test_a_catastrophic_expression_is_stopped_reported_once_and_decided(kept):
    # A pattern of its own for each case, since a process reports a pattern once.
    validator = {"pattern": f"(a+)+{int(kept)}?$", "on_timeout": "keep" if kept else "drop"}
    nlp = spacy.blank("en")
    entity = {"label": "word", "validators": [validator]}
    nlp.add_pipe("gliner2", config={"schema": {"entities": [entity]}, "threshold": 0.0})
    text = "a" * 50_000 + "b"
    with pytest.warns(UserWarning, match="took longer") as caught:
        docs = list(nlp.pipe([text, text, "aaa"]))
    assert [[e.text for e in doc.ents] for doc in docs[:2]] == [[text] if kept else []] * 2
    assert [e.text for e in docs[2].ents] == ["aaa"]
    assert len(caught) == 1


def test_a_text_full_of_slow_matches_costs_a_few_of_them(monkeypatch):
    runs = []

    class Slow:
        def fullmatch(self, text, timeout):
            runs.append(text)
            raise TimeoutError

    monkeypatch.setattr(patterns, "compile_expression", lambda *_: Slow())
    monkeypatch.setattr(patterns, "_report", lambda _: None)
    nlp = spacy.blank("en")
    entity = {"label": "word", "validators": [{"pattern": "a"}]}
    nlp.add_pipe("gliner2", config={"schema": {"entities": [entity]}, "threshold": 0.0})
    list(nlp.pipe(["word after word after word"] * 2))
    assert len(runs) == 2 * patterns.MOST_TIMEOUTS


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"treshold": 0.3}, r"'treshold' \(0.3\) cannot be changed.*give threshold, schema"),
        ({"threshold": 3}, "threshold: 3 is no number from 0 to 1"),
        ({"schema": {"entity": ["x"]}}, r"schema\.entity: \['x'\] is not a key"),
        ({"overlap_policy": "some"}, "overlap_policy: 'some' is none of"),
        ({"batch_size": 0}, "batch_size: 0 is no whole number from 1 on"),
    ],
)
def test_a_wrong_change_for_a_call_is_named(changes, message):
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", config={"schema": {"entities": ["person"]}})
    with pytest.raises(ValueError, match=message):
        list(nlp.pipe(["Paris"], component_cfg={"gliner2": changes}))
    if "batch_size" not in changes:
        with pytest.raises(ValueError, match=message):
            nlp("Paris", component_cfg={"gliner2": changes})


@pytest.mark.parametrize(
    "schema",
    [
        {"entities": ["a", "a"]},
        {("not", "a text"): ["a"]},
        {"entities": {"a": {1, 2}}},
        {"classifications": {"t": ["a", "b"], "u": ["b", "c"]}},
        "no JSON",
        7,
    ],
    ids=repr,
)
def test_a_document_whose_own_schema_is_wrong_fails_alone(schema):
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", config={"schema": {"entities": ["person"]}})
    docs = [nlp.make_doc(text) for text in ("Paris.", "Berlin.", "Warsaw.")]
    docs[1]._.gliner2_schema = schema
    failed = []
    nlp.set_error_handler(lambda name, pipe, docs, error: failed.append((docs[0].text, error)))
    assert [doc.text for doc in nlp.pipe(docs)] == ["Paris.", "Warsaw."]
    ((text, error),) = failed
    assert text == "Berlin."
    assert isinstance(error, ValueError)
    assert "schema" in str(error)


def test_a_missing_checkpoint_is_sought_once_and_blames_no_document(monkeypatch):
    sought = []

    def seek(name, revision):
        sought.append(name)
        raise CheckpointError(f"name: {name!r} is nowhere")

    monkeypatch.setattr("spacy_gliner2.model.shim.find_checkpoint", seek)
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", config={"model": {"name": "nobody/nothing"}})
    nlp.set_error_handler(spacy.util.ignore_error)
    with pytest.raises(CheckpointError, match="is nowhere"):
        list(nlp.pipe(["Paris"] * 5))
    assert sought == ["nobody/nothing"]


@pytest.mark.parametrize("device", ["cpu", "hpu"])
def test_a_device_runs_or_is_named_when_the_machine_has_none(device):
    nlp = spacy.blank("en")
    config = {"schema": {"entities": ["person"]}, "model": {"device": device}}
    nlp.add_pipe("gliner2", config=config)
    if device == "cpu":
        assert nlp("Barack Obama left.").ents
    else:
        with pytest.raises(ValueError, match=r"model\.device: .*no device 'hpu'.*such as 'cpu'"):
            nlp("Barack Obama left.")
