"""A training script written for the `gliner2` package runs with its import changed."""

import json
import subprocess
import sys

import pytest
import torch
from gliner2 import GLiNER2 as ReferenceModel
from gliner2.training.data import InputExample as ReferenceExample
from gliner2.training.data import Relation as ReferenceRelation
from gliner2.training.trainer import TrainingConfig as ReferenceConfig
from peft import PeftModel

from spacy_gliner2 import GLiNER2
from spacy_gliner2.training import (
    ChoiceField,
    Classification,
    GLiNER2Trainer,
    InputExample,
    Relation,
    Structure,
    TrainingConfig,
    train_gliner2,
)
from spacy_gliner2.training.familiar.config import OTHERWISE, UNUSED
from spacy_gliner2.training.familiar.schedule import learn_rates

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.filterwarnings("ignore:.*Could not find a config file.*:UserWarning"),
]

EXAMPLES = [
    InputExample(
        "Marie Curie lives in Paris.",
        entities={"person": ["Marie Curie"], "city": ["Paris"], "date": []},
        entity_descriptions={"city": "a town"},
        relations=[Relation("lives in", head="Marie Curie", tail="Paris")],
    ),
    InputExample(
        "Two large phones for $99!",
        classifications=[Classification("tone", ["calm", "angry"], "angry")],
        structures=[
            Structure(
                "order", item="phones", price=["99"], size=ChoiceField("large", ["small", "large"])
            )
        ],
    ),
    InputExample("Nobody met anybody.", entities={"person": [], "city": []}),
]
FAST = {"num_epochs": 2, "task_lr": 0.01, "encoder_lr": 0.001, "bf16": False, "fp16": False}


def make_trainer(checkpoint, folder, **options):
    config = TrainingConfig(output_dir=str(folder), **{**FAST, **options})
    return GLiNER2Trainer(GLiNER2.from_pretrained(checkpoint), config)


def same_weights(first, second):
    return all(torch.equal(first[key], second[key]) for key in first)


def test_it_trains_and_the_best_model_loads_here_and_there(untrained, tmp_path):
    trainer = make_trainer(untrained, tmp_path, num_epochs=10, eval_steps=5, batch_size=2)
    result = trainer.train(train_data=EXAMPLES, val_data=EXAMPLES)
    assert result["total_steps"] == 20
    assert result["total_epochs"] == 10
    history = result["eval_metrics_history"]
    assert [row["step"] for row in history] == [5, 10, 15, 20]
    assert history[-1]["eval_loss"] < 0.7 * history[0]["eval_loss"]
    assert result["best_metric"] == min(row["eval_loss"] for row in history)
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_dir()) == [
        "best", "checkpoint-10", "checkpoint-15", "checkpoint-20", "final",
    ]  # fmt: skip
    labels = ["person", "city"]
    ours = GLiNER2.from_pretrained(tmp_path / "final")
    found = ours.extract_entities(EXAMPLES[0].text, labels)
    assert found == trainer.model.extract_entities(EXAMPLES[0].text, labels)
    theirs = ReferenceModel.from_pretrained(str(tmp_path / "best")).state_dict()
    best = GLiNER2.from_pretrained(tmp_path / "best").checkpoint.network.state_dict()
    assert same_weights(best, theirs)


def test_the_same_seed_gives_the_same_model(untrained, tmp_path):
    results = [
        make_trainer(untrained, tmp_path / str(n), seed=n // 2).train(EXAMPLES) for n in range(3)
    ]
    losses = [[row["loss"] for row in result["train_metrics_history"]] for result in results]
    assert losses[0] == losses[1]
    assert losses[0] != losses[2]


def test_examples_of_the_reference_dicts_and_files_are_the_same_data(untrained, tmp_path):
    file = tmp_path / "train.jsonl"
    file.write_text("".join(json.dumps(item.to_dict()) + "\n" for item in EXAMPLES))
    first = ReferenceExample(
        EXAMPLES[0].text,
        entities=dict(EXAMPLES[0].entities),
        entity_descriptions=EXAMPLES[0].entity_descriptions,
        relations=[ReferenceRelation("lives in", head="Marie Curie", tail="Paris")],
    )
    assert first.to_dict() == EXAMPLES[0].to_dict()
    forms = [EXAMPLES, [item.to_dict() for item in EXAMPLES], str(file), [file]]
    losses = []
    for n, data in enumerate([*forms, [first, *EXAMPLES[1:]]]):
        result = make_trainer(untrained, tmp_path / str(n), max_steps=2).train(data)
        losses.append([row["loss"] for row in result["train_metrics_history"]])
    assert all(own == losses[0] for own in losses)


@pytest.mark.parametrize("dora", [False, True])
def test_an_adapter_is_trained_and_loads_here_and_there(dora, untrained, tmp_path):
    options = {"use_lora": True, "lora_r": 4, "lora_alpha": 8.0, "lora_use_dora": dora}
    trainer = make_trainer(untrained, tmp_path, **options)
    trainer.train(EXAMPLES)
    assert sorted(p.name for p in (tmp_path / "final").iterdir()) == [
        "adapter_config.json", "adapter_model.safetensors",
    ]  # fmt: skip
    model = GLiNER2.from_pretrained(untrained)
    model.load_adapter(tmp_path / "final")
    tasks = {"tone": ["calm", "angry"]}
    options = {"include_confidence": True}
    expected = trainer.model.classify_text(EXAMPLES[1].text, tasks, **options)
    assert model.classify_text(EXAMPLES[1].text, tasks, **options) == expected
    model.merge_lora()
    peft = PeftModel.from_pretrained(
        ReferenceModel.from_pretrained(str(untrained)), str(tmp_path / "final")
    )
    theirs, ours = peft.merge_and_unload().state_dict(), model.checkpoint.network.state_dict()
    assert all(torch.allclose(theirs[key], ours[key], atol=1e-6) for key in ours)


def test_an_adapter_is_merged_into_what_is_saved(untrained, tmp_path):
    options = {"use_lora": True, "save_adapter_only": False, "lora_target_modules": ["classifier"]}
    trainer = make_trainer(untrained, tmp_path, **options)
    trainer.train(EXAMPLES)
    assert trainer.model.has_adapter
    saved = GLiNER2.from_pretrained(tmp_path / "final")
    assert not saved.has_adapter
    trainer.model.merge_lora()
    ours = trainer.model.checkpoint.network.state_dict()
    assert same_weights(saved.checkpoint.network.state_dict(), ours)


def test_it_stops_early_and_chooses_by_any_figure(untrained, tmp_path):
    seen = []

    def compute(model, examples):
        seen.append(len(examples))
        return {"calls": float(len(seen))}

    config = TrainingConfig(
        output_dir=str(tmp_path),
        **{**FAST, "num_epochs": 100},
        eval_steps=2,
        early_stopping=True,
        early_stopping_patience=2,
        metric_for_best="calls",
        save_best=False,
        save_total_limit=1,
    )
    model = GLiNER2.from_pretrained(untrained)
    trainer = GLiNER2Trainer(model, config, eval_data=EXAMPLES[:1], compute_metrics=compute)
    assert trainer.train(EXAMPLES)["total_steps"] == 6
    assert set(seen) == {1}
    assert trainer.best_metric == 2.0, "of the evaluations after a step, the best is the first"
    assert {p.name for p in tmp_path.iterdir() if p.is_dir()} == {"checkpoint-6", "final"}


def test_the_best_model_is_kept_where_every_step_makes_it_worse(untrained, tmp_path):
    seen = []

    def compute(model, examples):
        seen.append(-float(len(seen)))
        return {"worse": seen[-1]}

    options = {"metric_for_best": "worse", "greater_is_better": True, "eval_steps": 1}
    trainer = make_trainer(untrained, tmp_path, **options)
    trainer.compute_metrics = compute
    result = trainer.train(EXAMPLES, val_data=EXAMPLES[:1])
    assert result["best_metric"] == result["eval_metrics_history"][0]["worse"]
    assert (tmp_path / "best").is_dir()


def test_a_score_of_the_component_can_choose(untrained, tmp_path):
    options = {"metric_for_best": "ents_f", "greater_is_better": True, "eval_strategy": "epoch"}
    trainer = make_trainer(untrained, tmp_path, **options)
    result = trainer.train(EXAMPLES, val_data=EXAMPLES)
    assert result["best_metric"] >= 0
    assert (tmp_path / "checkpoint-epoch-2").is_dir()
    with pytest.raises(ValueError, match="'f1' is none of"):
        make_trainer(untrained, tmp_path, metric_for_best="f1").train(EXAMPLES, val_data=EXAMPLES)


def test_every_option_of_the_reference_is_followed_refused_or_known_to_change_nothing():
    theirs = vars(ReferenceConfig(fp16=False))
    public = {key: value for key, value in theirs.items() if not key.startswith("_")}
    assert TrainingConfig(**public) == TrainingConfig(fp16=False, bf16=False)
    for key in public:
        known = key in OTHERWISE or key in UNUSED or key in vars(TrainingConfig())
        assert known, key
    for key, (value, _) in OTHERWISE.items():
        assert public[key] == (list(value) if isinstance(value, tuple) else value), key
        with pytest.raises(ValueError, match=key):
            TrainingConfig(**{key: "something else"})
    ours = vars(TrainingConfig(fp16=False, bf16=False))
    assert {key: public[key] for key in ours} == ours


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"batch_size": 0}, "batch_size"),
        ({"scheduler_type": "step"}, "scheduler_type"),
        ({"eval_strategy": "never"}, "eval_strategy"),
        ({"fp16": True, "bf16": True}, "both true"),
        ({"use_lora": True, "lora_r": 0}, r"lora\.rank"),
        ({"task_lr": 0}, "task_lr"),
    ],
)
def test_a_value_that_cannot_be_followed_is_an_error(options, said):
    with pytest.raises(ValueError, match=said):
        TrainingConfig(**options)
    with pytest.raises(TypeError, match="learning_rate: is no option"):
        TrainingConfig(learning_rate=1.0)


def test_data_with_a_flaw_are_an_error_that_says_where(untrained, tmp_path):
    bad = InputExample("Nobody.", entities={"person": ["Marie"]})
    with pytest.raises(ValueError, match=r"train_data\[1\].*'Marie'"):
        make_trainer(untrained, tmp_path).train([EXAMPLES[0], bad])
    lenient = make_trainer(untrained, tmp_path, max_steps=1, validate_data=False)
    with (
        pytest.warns(UserWarning, match=r"1 examples .* train_data\[1\]"),
        pytest.warns(UserWarning, match="were ignored: 'Nobody.'"),
    ):
        lenient.train([EXAMPLES[0], bad])
    with pytest.raises(ValueError, match="train_data"):
        make_trainer(untrained, tmp_path).train([])
    with pytest.raises(ValueError, match="early_stopping"):
        make_trainer(untrained, tmp_path, early_stopping=True).train(EXAMPLES)
    with pytest.raises(TypeError, match="model"):
        GLiNER2Trainer(None, TrainingConfig())
    with pytest.raises(ValueError, match="beside"):
        Relation("buys", head="a", price="b")


def test_the_learning_rate_rises_and_falls_as_in_the_reference():
    from gliner2.training.trainer import get_scheduler

    for kind in ("linear", "cosine", "cosine_restarts", "constant"):
        config = TrainingConfig(scheduler_type=kind, task_lr=1.0, num_cycles=1.5)
        weight = torch.nn.Parameter(torch.zeros(1))
        optimizer = torch.optim.SGD([weight], lr=1.0)
        theirs = get_scheduler(optimizer, kind, 40, 4, 1.5)
        ours = learn_rates(config, 40)
        for _ in range(40):
            assert next(ours) == pytest.approx(theirs.get_last_lr()[0], abs=1e-9)
            optimizer.step()
            theirs.step()
        assert next(ours) == 0.0


def test_the_function_of_the_reference_trains_too(untrained, tmp_path):
    result = train_gliner2(untrained, EXAMPLES, tmp_path, max_steps=1, **FAST)
    assert result["total_steps"] == 1
    assert GLiNER2.from_pretrained(tmp_path / "final")


def test_importing_the_names_loads_nothing_heavy():
    code = "import sys, spacy_gliner2.training; print({'torch', 'spacy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
