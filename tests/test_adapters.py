"""Low-rank adapters: the reference's folders load, they act, and they go without a trace."""

import json
from copy import deepcopy

import pytest
import spacy
import torch
from gliner2 import GLiNER2 as ReferenceModel
from gliner2.training.lora import save_lora_adapter
from peft import LoHaConfig, LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from spacy.util import fix_random_seed
from thinc.api import Adam

from spacy_gliner2 import GLiNER2
from spacy_gliner2.model.adapter_config import TARGETS
from spacy_gliner2.model.architecture import get_shim
from spacy_gliner2.model.checkpoint import checkpoint_from_files, load_checkpoint
from spacy_gliner2.model.errors import CheckpointError

from .support.checkpoints import COUNTING_LAYERS, make_checkpoint
from .support.training import TEXTS, examples, make_nlp

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*Could not find a config file.*:UserWarning"),
]

TEXT = "Tim Cook works for Apple in Paris."
SCHEMA = {
    "entities": ["person", "company"],
    "relations": ["works for"],
    "classifications": [{"task": "tone", "labels": ["calm", "angry"]}],
}
FORMS = ("peft", "old", "dora/peft")


def make_adapters(path, base, seed=0, *, dora=False):
    """Let the reference write an adapter in both forms, and its model with the adapter merged."""
    model = ReferenceModel.from_pretrained(str(base))
    model = model.apply_lora(r=4, alpha=8, targets=list(TARGETS), use_dora=dora)
    generator = torch.Generator().manual_seed(seed)
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            weight.data.normal_(0, 0.3, generator=generator)
        elif "lora_magnitude" in name:
            weight.data *= torch.rand(weight.shape, generator=generator) + 0.5
    path.mkdir(exist_ok=True)
    model.save_pretrained(str(path / "peft"))
    save_lora_adapter(model, path / "old")
    model.merge_and_unload().save_pretrained(str(path / "merged"))


@pytest.fixture(scope="module", params=COUNTING_LAYERS)
def folders(request, tmp_path_factory):
    path = tmp_path_factory.mktemp(request.param)
    make_checkpoint(path / "base", "deberta", request.param)
    make_adapters(path, path / "base")
    make_adapters(path / "second", path / "base", seed=1)
    make_adapters(path / "dora", path / "base", dora=True)
    return path


def run(model):
    options = {"include_confidence": True, "include_spans": True, "threshold": 0.3}
    return model.extract(TEXT, SCHEMA, **options)


def close(found, wanted):
    return json.loads(json.dumps(found), parse_float=near) == json.loads(
        json.dumps(wanted), parse_float=near
    )


def near(number):
    return round(float(number), 4)


@pytest.mark.parametrize("form", FORMS)
def test_an_adapter_of_the_reference_does_what_it_does_merged(form, folders):
    model = GLiNER2.from_pretrained(folders / "base")
    before = run(model)
    model.load_adapter(folders / form)
    assert model.has_adapter
    assert model.adapter_config.rank == 4
    wanted = run(GLiNER2.from_pretrained((folders / form).parent / "merged"))
    assert close(run(model), wanted)
    assert not close(wanted, before)


def test_an_adapter_is_replaced_taken_away_and_loaded_again(folders):
    model = GLiNER2.from_pretrained(folders / "base")
    before = run(model)
    model.load_adapter(folders / "peft")
    first = run(model)
    model.load_adapter(folders / "second" / "peft")
    assert close(run(model), run(GLiNER2.from_pretrained(folders / "second" / "merged")))
    model.unload_adapter()
    assert run(model) == before
    assert not model.has_adapter
    model.load_adapter(folders / "peft")
    assert run(model) == first


def test_a_merged_adapter_is_part_of_a_usual_checkpoint(folders, tmp_path):
    model = GLiNER2.from_pretrained(folders / "base")
    model.load_adapter(folders / "peft")
    with_adapter = run(model)
    model.merge_lora()
    assert not model.has_adapter
    assert close(run(model), with_adapter)
    model.save_pretrained(tmp_path / "merged")
    assert not (tmp_path / "merged" / "adapter").exists()
    ours, theirs = (
        kind.from_pretrained(str(path)).state_dict()
        for kind, path in (
            (ReferenceModel, tmp_path / "merged"),
            (ReferenceModel, folders / "merged"),
        )
    )
    assert all(torch.allclose(ours[key], theirs[key], atol=1e-6) for key in theirs)


@pytest.mark.parametrize("form", ["old", "dora/peft"])
def test_peft_loads_what_is_saved(form, folders, tmp_path):
    model = GLiNER2.from_pretrained(folders / "base")
    model.load_adapter(folders / form)
    model.save_adapter(tmp_path / "adapter")
    theirs = ReferenceModel.from_pretrained(str(folders / "base"))
    adapted = PeftModel.from_pretrained(theirs, str(tmp_path / "adapter"))
    adapted.merge_and_unload().save_pretrained(str(tmp_path / "again"))
    again = GLiNER2.from_pretrained(tmp_path / "again")
    assert close(run(again), run(model))


def test_a_pipeline_keeps_an_active_adapter(folders, tmp_path):
    nlp = spacy.blank("en")
    config = {"schema": SCHEMA, "model": {"name": str(folders / "base")}, "threshold": 0.3}
    pipe = nlp.add_pipe("gliner2", config=config)
    pipe.load_adapter(folders / "peft")
    doc = nlp(TEXT)
    nlp.to_disk(tmp_path / "pipeline")
    loaded = spacy.load(tmp_path / "pipeline")
    assert loaded.get_pipe("gliner2").has_adapter
    assert loaded(TEXT).cats == doc.cats
    again = nlp.add_pipe("gliner2", name="again", config=config)
    again.from_bytes(pipe.to_bytes())
    assert again.has_adapter
    loaded.get_pipe("gliner2").unload_adapter()
    plain = spacy.blank("en")
    plain.add_pipe("gliner2", config=config)
    assert loaded(TEXT).cats == plain(TEXT).cats
    loaded.to_disk(tmp_path / "without")
    assert not spacy.load(tmp_path / "without").get_pipe("gliner2").has_adapter


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"peft_type": "LOHA"}, "LOHA"),
        ({"use_dora": True}, "and dora is True"),
        ({"use_rslora": True}, "use_rslora"),
        ({"bias": "all"}, "bias"),
        ({"r": 3}, "not \\(3"),
        ({"r": 0}, "rank"),
    ],
)
def test_an_adapter_that_cannot_be_used_changes_nothing(change, said, folders, tmp_path):
    model = GLiNER2.from_pretrained(folders / "base")
    model.load_adapter(folders / "peft")
    before = run(model)
    bad = tmp_path / "bad"
    model.save_adapter(bad)
    config = json.loads((bad / "adapter_config.json").read_text())
    (bad / "adapter_config.json").write_text(json.dumps({**config, **change}))
    with pytest.raises(CheckpointError, match=said):
        model.load_adapter(bad)
    assert run(model) == before


def test_a_saved_adapter_of_another_model_is_named_with_a_remedy(folders):
    model = load_checkpoint(folders / "base")
    model.load_adapter(folders / "peft")
    files = model.to_files()
    config = json.loads(files["adapter/adapter_config.json"])
    files["adapter/adapter_config.json"] = json.dumps({**config, "r": 3}).encode()
    with pytest.raises(CheckpointError, match=r"bytes/adapter: .*take an adapter of this model"):
        checkpoint_from_files(files)


def test_what_is_no_adapter_is_refused(folders, tmp_path):
    model = GLiNER2.from_pretrained(folders / "base")
    with pytest.raises(CheckpointError, match=r"adapter_config\.json"):
        model.load_adapter(folders / "base")
    with pytest.raises(ValueError, match="there is none"):
        model.save_adapter(tmp_path / "none")
    (tmp_path / "adapter_config.json").write_text('{"peft_type": "LORA"}')
    (tmp_path / "adapter_model.bin").write_bytes(b"pickled")
    with pytest.raises(CheckpointError, match="pickled"):
        model.load_adapter(tmp_path)


def train(nlp, steps=60, rate=0.01):
    fix_random_seed(0)
    sgd, losses = Adam(rate, L2=0.0, use_averages=False), []
    for _ in range(steps):
        losses.append(nlp.update(examples(nlp), sgd=sgd, losses={})["gliner2"])
    return losses


def make_lora_nlp(checkpoint, **lora):
    return make_nlp(checkpoint, lora={"@misc": "spacy-gliner2.lora.v1", **lora})


@pytest.mark.parametrize("dora", [False, True])
def test_training_moves_the_adapter_alone_and_learns(dora, untrained, tmp_path):
    nlp = make_lora_nlp(untrained, rank=8, alpha=16.0, dora=dora)
    pipe = nlp.get_pipe("gliner2")
    network = get_shim(pipe.model).checkpoint.network
    before = {key: value.clone() for key, value in network.state_dict().items()}
    losses = train(nlp)
    assert losses[-1] < 0.5 * losses[0]
    learned = [nlp(text.text).cats for text in TEXTS]
    nlp.to_disk(tmp_path / "nlp")
    loaded = spacy.load(tmp_path / "nlp")
    assert [loaded(text.text).cats for text in TEXTS] == learned
    pipe.unload_adapter()
    after = network.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert all(weight.requires_grad for weight in network.parameters())


def test_each_layer_of_the_adapter_gets_a_gradient(untrained):
    nlp = make_lora_nlp(untrained, dora=True)
    nlp.get_pipe("gliner2").update(examples(nlp))
    checkpoint = get_shim(nlp.get_pipe("gliner2").model).checkpoint
    learned = {n for n, w in checkpoint.network.named_parameters() if w.grad is not None}
    expected = {
        f"{name}.parametrizations.weight.0.{matrix}"
        for name in checkpoint.adapter.names
        for matrix in ("lora_A", "lora_B", "lora_lengths")
    }
    assert learned <= expected
    assert all("pooler" in name for name in expected - learned)  # which nobody reads


def test_a_saved_adapter_goes_on_learning(untrained, tmp_path):
    nlp = make_lora_nlp(untrained)
    train(nlp, steps=20)
    nlp.to_disk(tmp_path / "nlp")
    loaded = spacy.load(tmp_path / "nlp")
    pipes = [one.get_pipe("gliner2") for one in (nlp, loaded)]
    before, same = (pipe.get_loss(examples(nlp))[0] for pipe in pipes)
    assert same == pytest.approx(before, rel=1e-5)
    train(loaded, steps=20, rate=0.001)
    assert pipes[1].get_loss(examples(nlp))[0] < before


@pytest.mark.parametrize(("key", "value"), [("rank", 4), ("alpha", 8.0), ("dora", True)])
def test_an_adapter_in_use_is_not_trained_as_another(key, value, untrained, tmp_path):
    nlp = make_lora_nlp(untrained, rank=8, alpha=16.0)
    train(nlp, steps=1)
    nlp.get_pipe("gliner2").save_adapter(tmp_path / "adapter")
    other = make_lora_nlp(untrained, **{"rank": 8, "alpha": 16.0, key: value})
    other.get_pipe("gliner2").load_adapter(tmp_path / "adapter")
    with pytest.raises(ValueError, match=rf"lora\.{key}: .*of {key} "):
        other.get_pipe("gliner2").update(examples(other))


@pytest.mark.parametrize("dora", [False, True])
def test_dropout_is_no_part_of_what_is_merged(dora, untrained, tmp_path):
    nlp = make_lora_nlp(untrained, dropout=0.5, dora=dora)
    train(nlp, steps=3)
    pipe = nlp.get_pipe("gliner2")
    checkpoint = get_shim(pipe.model).checkpoint
    merged = [checkpoint._tensors(merged=True) for _ in range(2)]
    pipe.merge_adapter()
    merged.append(checkpoint._tensors())
    adapted = make_nlp(untrained).get_pipe("gliner2")
    train(nlp2 := make_lora_nlp(untrained, dropout=0.5, dora=dora), steps=3)
    nlp2.get_pipe("gliner2").save_adapter(tmp_path / "adapter")
    adapted.load_adapter(tmp_path / "adapter")
    adapted.merge_adapter()
    merged.append(get_shim(adapted.model).checkpoint._tensors())
    for other in merged[1:]:
        for name, weight in merged[0].items():
            torch.testing.assert_close(other[name], weight)


def test_a_row_of_nothing_is_no_trouble_for_dora(untrained):
    nlp = make_lora_nlp(untrained, dora=True)
    with torch.no_grad():
        get_shim(nlp.get_pipe("gliner2").model).checkpoint.network.classifier[0].weight[0] = 0
    losses = train(nlp, steps=10)
    assert losses[-1] < losses[0]


def test_an_adapter_goes_on_learning_with_its_own_targets_and_the_dropout_of_the_config(
    untrained, tmp_path
):
    nlp = make_lora_nlp(untrained, targets=["classifier"])
    train(nlp, steps=1)
    nlp.get_pipe("gliner2").save_adapter(tmp_path / "adapter")
    other = make_lora_nlp(untrained, targets=["classifier", "count_pred"])
    other.get_pipe("gliner2").load_adapter(tmp_path / "adapter")
    with pytest.raises(ValueError, match=r"lora\.targets: .*count_pred\.0, count_pred\.2 are in"):
        other.get_pipe("gliner2").update(examples(other))
    again = make_lora_nlp(untrained, targets=["classifier"], dropout=0.5)
    again.get_pipe("gliner2").load_adapter(tmp_path / "adapter")
    train(again, steps=1)
    assert again.get_pipe("gliner2").adapter_config.dropout == 0.5


def test_targets_and_dropout_are_followed(untrained):
    nlp = make_lora_nlp(untrained, targets=["encoder.query", "classifier"], dropout=0.5)
    losses = train(nlp, steps=3)
    checkpoint = get_shim(nlp.get_pipe("gliner2").model).checkpoint
    names = checkpoint.adapter.names
    assert {name.partition(".")[0] for name in names} == {"encoder", "classifier"}
    assert all("query" in name for name in names if name.startswith("encoder"))
    assert losses != train(make_lora_nlp(untrained, targets=["encoder.query", "classifier"]), 3)


def test_a_config_that_cannot_be_followed_is_refused(untrained):
    for options, said in (
        ({"rank": 0}, "lora.rank"),
        ({"alpha": 0.0}, "lora.alpha"),
        ({"dropout": 1.0}, "lora.dropout"),
        ({"targets": []}, "lora.targets"),
    ):
        with pytest.raises(ValueError, match=said):
            make_lora_nlp(untrained, **options)
    nlp = make_lora_nlp(untrained, targets=["decoder"])
    with pytest.raises(ValueError, match="'decoder'"):
        nlp.get_pipe("gliner2").update(examples(nlp))


def test_weights_do_not_learn_below_an_adapter_in_use(untrained, tmp_path):
    nlp = make_lora_nlp(untrained)
    train(nlp, steps=1)
    nlp.get_pipe("gliner2").save_adapter(tmp_path / "adapter")
    full = make_nlp(untrained)
    full.get_pipe("gliner2").load_adapter(tmp_path / "adapter")
    with pytest.raises(ValueError, match="merge or unload"):
        full.get_pipe("gliner2").update(examples(full))
    full.get_pipe("gliner2").merge_adapter()
    assert full.get_pipe("gliner2").update(examples(full))["gliner2"] > 0


HEADS = r".*(classifier|count_pred)\.[02]"
KINDS = {
    "rank-stabilised": LoraConfig(r=4, lora_alpha=8, use_rslora=True, target_modules=HEADS),
    "Hadamard product": LoHaConfig(r=4, alpha=8, target_modules=HEADS),
    "with a bias": LoraConfig(r=4, bias="lora_only", target_modules=["dense"]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_an_adapter_of_another_kind_is_merged_by_peft(kind, folders, tmp_path):
    base = ReferenceModel.from_pretrained(str(folders / "base"))
    theirs = get_peft_model(base, deepcopy(KINDS[kind]))
    generator = torch.Generator().manual_seed(0)
    for weight in theirs.parameters():
        if weight.requires_grad:
            weight.data.normal_(0, 0.1, generator=generator)
    theirs.save_pretrained(str(tmp_path / "adapter"))
    theirs.merge_and_unload().save_pretrained(str(tmp_path / "merged"))
    model = GLiNER2.from_pretrained(folders / "base")
    before = run(model)
    with pytest.raises(CheckpointError, match=r"merge_adapter\(path\)"):
        model.load_adapter(tmp_path / "adapter")
    model.merge_adapter(tmp_path / "adapter")
    assert not model.has_adapter
    assert close(run(model), run(GLiNER2.from_pretrained(tmp_path / "merged")))
    assert not close(run(model), before)


def test_what_peft_cannot_merge_changes_nothing(folders, tmp_path):
    model = GLiNER2.from_pretrained(folders / "base")
    before = run(model)
    with pytest.raises(CheckpointError, match="no such file"):
        model.merge_adapter(tmp_path)
    other = get_peft_model(
        torch.nn.Sequential(torch.nn.Linear(3, 3)), LoraConfig(target_modules=["0"])
    )
    other.save_pretrained(str(tmp_path))
    with pytest.raises(CheckpointError, match="PEFT cannot merge it"):
        model.merge_adapter(tmp_path)
    assert run(model) == before
    model.load_adapter(folders / "peft")
    model.save_adapter(tmp_path / "whole")
    model.unload_adapter()
    file = tmp_path / "whole" / "adapter_model.safetensors"
    tensors = load_file(file)
    tensors.pop(sorted(tensors)[-1])
    save_file(tensors, file)
    with pytest.raises(CheckpointError, match="PEFT cannot merge it"):
        model.merge_adapter(tmp_path / "whole")
    assert run(model) == before
    model.load_adapter(folders / "peft")
    with pytest.raises(ValueError, match="unload that one first"):
        model.merge_adapter(folders / "peft")
