"""`spacy train` and the shipped configs."""

import subprocess
import sys
from pathlib import Path

import pytest
import spacy
from spacy.cli.init_config import fill_config
from spacy.cli.train import train
from spacy.tokens import DocBin
from thinc.api import Config

from .support.training import SCHEMA, TEXTS, examples, make_nlp
from .support.untrained import make_untrained

pytestmark = pytest.mark.usefixtures("one_thread")

CONFIGS = Path(__file__).parent.parent / "configs"


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A small checkpoint, and a corpus in spaCy's format."""
    path = tmp_path_factory.mktemp("workplace")
    make_untrained(path / "checkpoint")
    nlp = make_nlp(path / "checkpoint")
    data = [example.reference for example in examples(nlp, TEXTS * 2)]
    DocBin(docs=data, store_user_data=True).to_disk(path / "corpus.spacy")
    return path


def write_config(workplace, path, **changes):
    config = Config().from_disk(CONFIGS / "train_cpu.cfg", interpolate=False)
    component = config["components"]["gliner2"]
    component["schema"], component["cats_prefix"] = SCHEMA, True
    component["model"]["name"] = str(workplace / "checkpoint")
    component["optimisation"]["precision"] = "float32"
    config["training"]["score_weights"] = {"ents_f": 0.5, "rel_micro_f": 0.5}
    Config(config).to_disk(path)
    overrides = {
        "paths.train": str(workplace / "corpus.spacy"),
        "paths.dev": str(workplace / "corpus.spacy"),
        "training.max_steps": 6,
        "training.eval_frequency": 3,
        "training.batcher.size": 3,
        "training.accumulate_gradient": 2,
        "training.optimizer.learn_rate.warmup_steps": 2,
        "training.optimizer.learn_rate.initial_rate": 0.003,
    }
    return {**overrides, **changes}


def test_it_trains_logs_each_task_and_keeps_the_best(workplace, tmp_path, capsys):
    overrides = write_config(workplace, tmp_path / "config.cfg")
    train(tmp_path / "config.cfg", tmp_path / "out", overrides=overrides)
    said = capsys.readouterr().out
    for column in ("LOSS GLINER2", "LOSS ENTS", "LOSS RELS", "LOSS RECS", "LOSS CATS"):
        assert column in said
    rows = [line.split() for line in said.splitlines() if line.split()[:1] == ["0"]]
    assert rows
    assert all(float(value) > 0 for value in rows[0][2:7])
    for name in ("model-best", "model-last"):
        assert spacy.load(tmp_path / "out" / name)(TEXTS[0].text).has_annotation("ENT_IOB")


def test_it_stops_when_the_score_no_longer_rises(workplace, tmp_path, capsys):
    changes = {
        "training.max_steps": 50,
        "training.patience": 2,
        "training.eval_frequency": 1,
        "training.optimizer.learn_rate.initial_rate": 0.0,
    }
    overrides = write_config(workplace, tmp_path / "config.cfg", **changes)
    train(tmp_path / "config.cfg", tmp_path / "out", overrides=overrides)
    steps = [line.split()[1] for line in capsys.readouterr().out.splitlines() if "0.00" in line]
    assert steps[-1] == "2"


def test_it_goes_on_from_a_saved_pipeline_that_it_sources(workplace, tmp_path, capsys):
    rate = {"training.optimizer.learn_rate.initial_rate": 0.001}
    overrides = write_config(workplace, tmp_path / "config.cfg", **rate)
    train(tmp_path / "config.cfg", tmp_path / "first", overrides=overrides)
    config = Config().from_disk(tmp_path / "config.cfg", interpolate=False)
    config["components"]["gliner2"] = {"source": str(tmp_path / "first" / "model-last")}
    config.to_disk(tmp_path / "second.cfg")
    train(tmp_path / "second.cfg", tmp_path / "second", overrides=overrides)
    before, after = (spacy.load(tmp_path / name / "model-last") for name in ("first", "second"))
    losses = [nlp.get_pipe("gliner2").get_loss(examples(nlp))[0] for nlp in (before, after)]
    assert losses[1] < losses[0]
    assert after.get_pipe("gliner2").schema == before.get_pipe("gliner2").schema


def test_a_frozen_component_is_evaluated_and_stays_as_it_is(workplace, tmp_path, capsys):
    overrides = write_config(
        workplace, tmp_path / "config.cfg", **{"training.frozen_components": ["gliner2"]}
    )
    train(tmp_path / "config.cfg", tmp_path / "out", overrides=overrides)
    capsys.readouterr()
    frozen, fresh = spacy.load(tmp_path / "out" / "model-last"), make_nlp(workplace / "checkpoint")
    losses = [nlp.get_pipe("gliner2").get_loss(examples(nlp))[0] for nlp in (frozen, fresh)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


@pytest.mark.parametrize("name", ["train_full.cfg", "train_cpu.cfg", "train_lora.cfg"])
def test_shipped_configs_are_complete(name, tmp_path):
    _, filled = fill_config(tmp_path / "filled.cfg", CONFIGS / name, silent=True)
    shipped = Config().from_disk(CONFIGS / name, interpolate=False)
    assert filled.to_str(interpolate=False) == shipped.to_str(interpolate=False)


KILLED = """
import os, sys
from pathlib import Path
import spacy.training.loop as loop
from spacy.cli.train import train
from spacy_gliner2.model.shim import GLiNER2Shim

moment, calls = sys.argv[3], []

def dies_at_second_call(function):
    def call(*args, **kwargs):
        calls.append(1)
        if len(calls) == 2:
            os._exit(9)
        return function(*args, **kwargs)
    return call

if moment == "while the best is copied":
    loop.shutil.copytree = dies_at_second_call(loop.shutil.copytree)
else:
    GLiNER2Shim.to_disk = dies_at_second_call(GLiNER2Shim.to_disk)
train(Path(sys.argv[1]), Path(sys.argv[2]), overrides=eval(sys.argv[4]))
"""


@pytest.mark.parametrize(
    ("moment", "whole"),
    [("while the best is copied", "model-last"), ("while the last is written", "model-best")],
)
def test_a_killed_training_leaves_a_whole_model(moment, whole, workplace, tmp_path):
    overrides = write_config(
        workplace,
        tmp_path / "config.cfg",
        **{"training.eval_frequency": 1},
    )
    arguments = [tmp_path / "config.cfg", tmp_path / "out", moment, repr(overrides)]
    done = subprocess.run([sys.executable, "-c", KILLED, *map(str, arguments)], check=False)
    assert done.returncode == 9
    loaded = spacy.load(tmp_path / "out" / whole)
    assert loaded(TEXTS[0].text).has_annotation("ENT_IOB")
