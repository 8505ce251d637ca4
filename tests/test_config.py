"""What config.cfg can say, and the commands of spaCy that read it: no weights, no network."""

import socket
from importlib.metadata import distribution
from pathlib import Path
from types import SimpleNamespace

import pytest
import spacy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spacy import registry, util
from spacy.cli.assemble import assemble_cli
from spacy.cli.debug_config import debug_config
from spacy.cli.init_config import fill_config
from thinc.api import Config

from spacy_gliner2.factory import DEFAULT_CONFIG
from spacy_gliner2.model.architecture import get_shim
from spacy_gliner2.schema import SchemaError

CONFIG = """
[nlp]
lang = "en"
pipeline = ["gliner2"]

[components]

[components.gliner2]
factory = "gliner2"
threshold = 0.4
spans_key = "gliner2"

[components.gliner2.schema]
entities = ["company","person"]
relations = ["works_for"]

[components.gliner2.schema.structures]

[components.gliner2.schema.structures.product_info]
fields = [
    {"name": "name", "dtype": "str"},
    "price::float::in euros: what it costs"]

[components.gliner2.model]
@architectures = "spacy-gliner2.GLiNER2Model.v1"
name = "nobody/has-this-checkpoint"
"""

BLOCKS = {
    "gliner2": CONFIG,
    "spacy-gliner2.GLiNER2Model.v1": """
        [it]
        @architectures = "spacy-gliner2.GLiNER2Model.v1"
        name = "fastino/gliner2-base-v1"
        revision = "main"
        precision = "float32"
        device = "cpu"
    """,
    "spacy-gliner2.GLiNER2API.v1": """
        [it]
        @architectures = "spacy-gliner2.GLiNER2API.v1"
        base_url = "https://api.example.org"
        timeout = 10.0
        max_retries = 2
        max_wait = 30.0
        concurrency = 2
        batch_size = 8
    """,
    "spacy-gliner2.Tok2VecGLiNER2.v1": """
        [it]
        @architectures = "spacy-gliner2.Tok2VecGLiNER2.v1"
        grad_factor = 1.0
        encoder_rate = 0.05
        frozen = []
        lora = null

        [it.model]
        @architectures = "spacy-gliner2.GLiNER2Model.v1"
        name = "embedded"

        [it.pooling]
        @layers = "reduce_mean.v1"
    """,
    "spacy-gliner2.scorer.v1": """
        [it]
        @scorers = "spacy-gliner2.scorer.v1"
    """,
    "spacy-gliner2.schema_from_file.v1": """
        [it]
        @misc = "spacy-gliner2.schema_from_file.v1"
        path = "schema.json"
    """,
    "spacy-gliner2.highest_score_filter.v1": """
        [it]
        @misc = "spacy-gliner2.highest_score_filter.v1"
    """,
    "spacy-gliner2.JsonlCorpus.v1": """
        [it]
        @readers = "spacy-gliner2.JsonlCorpus.v1"
        path = "corpus.jsonl"
        schema = "record"
        on_missing = "error"
        limit = 0
        max_length = 0
    """,
    "spacy-gliner2.augmentation.v1": """
        [it]
        @misc = "spacy-gliner2.augmentation.v1"
        shuffle_labels = true
        drop_labels = 0.2
    """,
    "spacy-gliner2.loss.v1": """
        [it]
        @misc = "spacy-gliner2.loss.v1"
        reduction = "mean"
        negatives = "spans"
    """,
    "spacy-gliner2.ConsoleLogger.v1": """
        [it]
        @loggers = "spacy-gliner2.ConsoleLogger.v1"
    """,
    "spacy-gliner2.lora.v1": """
        [it]
        @misc = "spacy-gliner2.lora.v1"
        rank = 8
        targets = ["encoder","classifier"]
    """,
    "spacy-gliner2.optimisation.v1": """
        [it]
        @misc = "spacy-gliner2.optimisation.v1"
        encoder_rate = 0.05
        frozen = []
    """,
}
"""A block of config.cfg for each entry point that a config can name."""

NOT_IN_CONFIG = ("spacy_cli",)


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a network call")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize(
    "point", distribution("spacy-gliner2").entry_points, ids=lambda point: point.name
)
def test_every_entry_point_is_built_from_a_block(point, tmp_path, monkeypatch, no_network):
    if point.group in NOT_IN_CONFIG:
        point.load()
        return
    monkeypatch.chdir(tmp_path)
    Path("schema.json").write_text('{"entities": ["person"]}')
    Path("corpus.jsonl").write_text('{"input": "x", "output": {"entities": {"a": ["x"]}}}')
    config = Config().from_str(BLOCKS[point.name])
    if point.group == "spacy_factories":
        nlp = util.load_model_from_config(config, auto_fill=True)
        built = nlp.get_pipe("gliner2")
        assert built.labels == ("company", "person", "works_for", "product_info")
    else:
        built = registry.resolve(config)["it"]
    assert built


def test_commands_that_only_read_a_config_need_neither_weights_nor_network(
    tmp_path, no_network, capsys
):
    base, filled, again = (tmp_path / name for name in ("base.cfg", "filled.cfg", "again.cfg"))
    base.write_text(CONFIG)
    fill_config(filled, base)
    fill_config(again, filled)
    assert again.read_text() == filled.read_text()
    own = Config().from_disk(filled, interpolate=False)["components"]["gliner2"]
    assert set(own) == {*DEFAULT_CONFIG, "factory"}
    debug_config(filled, overrides={"paths.train": "a", "paths.dev": "b"})
    assert "Config is valid" in capsys.readouterr().out
    nlp = util.load_model_from_config(Config().from_str(CONFIG), auto_fill=True)
    analysis = nlp.analyze_pipes(pretty=True)
    assert {"doc.ents", "doc.cats", "doc.spans", "doc._.relations", "doc._.structures"} <= set(
        analysis["summary"]["gliner2"]["assigns"]
    )
    assert analysis["problems"]["gliner2"] == []
    assert not get_shim(nlp.get_pipe("gliner2").model).loaded


def test_assemble_writes_a_pipeline_that_runs(tmp_path, no_network):
    path = tmp_path / "base.cfg"
    path.write_text(CONFIG.replace("nobody/has-this-checkpoint", "embedded"))
    fill_config(path, path)
    assemble_cli(
        SimpleNamespace(args=["--components.gliner2.threshold", "0.2"]),
        path,
        tmp_path / "out",
        code_path=None,
        verbose=False,
    )
    nlp = spacy.load(tmp_path / "out")
    assert nlp.get_pipe("gliner2").cfg["threshold"] == 0.2
    assert "Tim Cook" in [e.text for e in nlp("Tim Cook is the chief of Apple.").ents]


def test_what_is_not_configured_has_the_documented_default():
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2")
    written = nlp.config["components"]["gliner2"]
    for key, value in DEFAULT_CONFIG.items():
        if isinstance(value, dict):  # a block, to which its function's own defaults are added
            assert value.items() <= written[key].items()
        else:
            assert written[key] == value


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"treshold": 0.3}, "treshold"),
        ({"threshold": [1]}, "threshold"),
        ({"schema": ["person"]}, "schema"),
        ({"model": {"nmae": "x"}}, "nmae"),
        ({"model": {"@architectures": "spacy-gliner2.GLiNER2Model.v9"}}, "v9"),
    ],
)
def test_a_key_or_a_type_that_is_wrong_is_named(config, message):
    with pytest.raises(ValueError, match=message):
        spacy.blank("en").add_pipe("gliner2", config=config)


def test_a_schema_from_a_file_can_be_saved_inside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("schema.yml").write_text("entities:\n  - label: 'in US$: how much'\n  - person\n")
    source = {"@misc": "spacy-gliner2.schema_from_file.v1", "path": "schema.yml"}
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", config={"schema": source})
    assert nlp.get_pipe("gliner2").labels == ("in US$: how much", "person")
    other = spacy.blank("en")
    other.add_pipe("gliner2")
    other.config["initialize"]["components"]["gliner2"] = {"labels": source}
    other.initialize()
    assert other.get_pipe("gliner2").schema == nlp.get_pipe("gliner2").schema
    other.to_disk("saved")
    Path("schema.yml").unlink()
    assert spacy.load("saved").get_pipe("gliner2").labels == ("in US$: how much", "person")


@pytest.mark.parametrize("label", ["e.g.", ".", "a.b"])
def test_a_dot_in_a_key_is_refused_only_where_it_would_be_a_level(label):
    nlp = spacy.blank("en")
    with pytest.raises(SchemaError, match="as a list of objects"):
        nlp.add_pipe("gliner2", config={"schema": {"entities": {label: {"threshold": 0.3}}}})
    nlp.add_pipe("gliner2", config={"schema": {"entities": {label: "what it is"}}})


TEXTS = st.text(st.sampled_from("ab $:=#[];.\\'\"{}%,@\r\n\t中é\u2028"), min_size=1, max_size=8)
ENTITIES = st.dictionaries(
    TEXTS, st.none() | TEXTS | st.fixed_dictionaries({"description": TEXTS}), min_size=1, max_size=3
)
FIELDS = st.lists(TEXTS, min_size=1, max_size=3) | st.dictionaries(
    TEXTS, st.none() | st.just({"dtype": "str"}), min_size=1, max_size=3
)
SCHEMAS = st.fixed_dictionaries(
    {},
    optional={
        "entities": ENTITIES | st.lists(TEXTS, max_size=3),
        "relations": ENTITIES,
        "structures": st.dictionaries(TEXTS, FIELDS, min_size=1, max_size=2),
        "classifications": st.lists(
            st.fixed_dictionaries({"task": TEXTS, "labels": ENTITIES}), max_size=2
        ),
    },
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(schema=SCHEMAS)
def test_any_schema_survives_three_cycles_or_is_refused_at_once(schema, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "fuzzed.cfg"
    nlp = spacy.blank("en")
    try:
        pipe = nlp.add_pipe("gliner2", config={"schema": schema, "cats_prefix": True})
    except ValueError:
        return
    expected = pipe.schema
    for _ in range(3):
        nlp.config.to_disk(path)
        saved = nlp.get_pipe("gliner2").to_bytes(exclude=["model", "vocab"])
        nlp = util.load_model_from_config(util.load_config(path, interpolate=False))
        nlp.get_pipe("gliner2").from_bytes(saved)
        assert nlp.get_pipe("gliner2").schema == expected
