"""How the weights move: rates, frozen parts, clipping, optimizers, precision."""

import pytest
import torch
from thinc.api import SGD, Adam, Optimizer, RAdam

from spacy_gliner2.model.architecture import get_shim
from spacy_gliner2.training.loss import compute_losses

from .support.training import examples, make_nlp, moved, train, weights

pytestmark = pytest.mark.usefixtures("one_thread")


def test_encoder_and_heads_learn_at_their_own_rates(untrained):
    nlp = make_nlp(untrained, optimisation={"encoder_rate": 0.1})
    before = weights(nlp)
    train(nlp, examples(nlp), 1, rate=1e-3)
    # The first step of Adam moves each weight by the learning rate.
    after = weights(nlp)
    encoder = {name: w for name, w in before.items() if name.startswith("encoder.")}
    heads = {name: w for name, w in before.items() if not name.startswith("encoder.")}
    assert moved(encoder, after) == pytest.approx(1e-4, rel=1e-2)
    assert moved(heads, after) == pytest.approx(1e-3, rel=1e-2)


def test_a_frozen_part_stays_as_it_is(untrained):
    nlp = make_nlp(untrained, optimisation={"frozen": ["encoder", "count_pred.0"]})
    before = weights(nlp)
    train(nlp, examples(nlp), 2)
    after = weights(nlp)
    still = {name for name in before if torch.equal(before[name], after[name])}
    assert {n for n in before if n.startswith(("encoder.", "count_pred.0."))} <= still
    assert "classifier.0.weight" not in still


def test_a_frozen_part_that_is_not_there_is_named(untrained):
    nlp = make_nlp(untrained, optimisation={"frozen": ["encodr"]})
    with pytest.raises(ValueError, match=r"optimisation.frozen: .*'encodr'.*encoder"):
        train(nlp, examples(nlp), 1)


def test_biases_and_norms_do_not_decay(untrained):
    nlp = make_nlp(untrained)
    before = weights(nlp)
    rule = Adam(1e-3, L2=10.0, grad_clip=0.0, use_averages=False)
    pipe = nlp.get_pipe("gliner2")
    pipe.update(examples(nlp), losses={})
    for weight in get_shim(pipe.model).checkpoint.network.parameters():
        if weight.grad is not None:
            weight.grad.zero_()
    pipe.finish_update(rule)
    after = weights(nlp)
    assert torch.equal(after["classifier.0.bias"], before["classifier.0.bias"])
    norm = next(name for name in before if name.endswith("LayerNorm.weight"))
    assert torch.equal(after[norm], before[norm])
    decayed = before["classifier.0.weight"] * (1 - 1e-3 * 10)
    assert torch.allclose(after["classifier.0.weight"], decayed)


def test_gradients_are_clipped_together(untrained):
    nlp = make_nlp(untrained)
    pipe = nlp.get_pipe("gliner2")
    before = weights(nlp)
    pipe.update(examples(nlp), sgd=SGD(1.0, L2=0.0, grad_clip=0.01, use_averages=False))
    after = weights(nlp)
    scales = {True: pipe.trainee.optimisation.encoder_rate, False: 1.0}
    steps = [
        (after[name] - weight) / scales[name.startswith("encoder.")]
        for name, weight in before.items()
    ]
    assert float(torch.cat([s.flatten() for s in steps]).norm()) == pytest.approx(0.01, rel=1e-3)


def test_slices_of_a_batch_are_learned_as_the_whole(untrained):
    gradients = []
    for size in (3, 1):
        exact = {"precision": "float32"}
        nlp = make_nlp(untrained, loss={"drop_negatives": 0.0}, optimisation=exact)
        pipe = nlp.get_pipe("gliner2")
        data = examples(nlp)
        for first in range(0, len(data), size):
            pipe.update(data[first : first + size])
        network = get_shim(pipe.model).checkpoint.network
        gradients.append({n: w.grad for n, w in network.named_parameters() if w.grad is not None})
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("make_rule", [Adam, RAdam, SGD])
def test_optimizers_of_thinc_lower_the_loss(untrained, make_rule):
    nlp = make_nlp(untrained)
    pipe, data = nlp.get_pipe("gliner2"), examples(nlp)
    before = pipe.get_loss(data)[0]
    rule: Optimizer = make_rule(1e-3, grad_clip=1.0, use_averages=False)
    for _ in range(10):
        pipe.update(data, sgd=rule)
    assert pipe.get_loss(data)[0] < before


def test_an_optimizer_that_takes_over_begins_anew(untrained):
    nlp = make_nlp(untrained, optimisation={"precision": "float32"})
    train(nlp, examples(nlp), 3)
    before = weights(nlp)
    nlp.update(examples(nlp), sgd=SGD(1e-9, L2=0.0, grad_clip=1.0, use_averages=False))
    assert moved(before, weights(nlp)) < 1e-6


@pytest.mark.parametrize("make_rule", [Adam, RAdam])
@pytest.mark.parametrize("adapter", [False, True])
def test_what_is_predicted_follows_the_weights_whenever_they_move(untrained, make_rule, adapter):
    """Also where something is predicted between the gradients and the step."""
    lora = {"lora": {"@misc": "spacy-gliner2.lora.v1"}} if adapter else {}
    nlp = make_nlp(untrained, optimisation={"encoder_rate": 1.0}, **lora)
    pipe, data = nlp.get_pipe("gliner2"), examples(nlp)
    rule = make_rule(1e-2, L2=0.0, grad_clip=0.0, use_averages=False)
    for _ in range(2):
        pipe.update(data)
        nlp(data[0].predicted.text)
        pipe.finish_update(rule)
    copy = make_nlp(untrained)
    copy.get_pipe("gliner2").from_bytes(pipe.to_bytes())
    said, wanted = (dict(one(data[0].predicted.text).cats) for one in (nlp, copy))
    assert said == pytest.approx(wanted, abs=1e-5)
    losses = [one.get_pipe("gliner2").get_loss(data)[0] for one in (nlp, copy)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


@pytest.mark.parametrize("end", [ValueError, KeyboardInterrupt])
def test_a_batch_that_ends_early_leaves_no_gradients_and_a_loss_alone_takes_none(
    untrained, monkeypatch, end
):
    nlp = make_nlp(untrained, optimisation={"max_batch_items": 1})
    pipe, data = nlp.get_pipe("gliner2"), examples(nlp)
    rule = Adam(1e-3, use_averages=False)
    before = weights(nlp)
    parts = iter([compute_losses])

    def fail_second(*args):
        for compute in parts:
            return compute(*args)
        raise end

    with monkeypatch.context() as patch:
        patch.setattr("spacy_gliner2.training.learner.compute_losses", fail_second)
        with pytest.raises(end):
            pipe.update(data)
    pipe.finish_update(rule)
    assert moved(before, weights(nlp)) == 0
    pipe.update(data)
    pipe.get_loss(data)
    pipe.finish_update(rule)
    assert moved(before, weights(nlp)) > 0


@pytest.mark.parametrize("drop", [1.0, -0.1])
def test_a_dropout_that_leaves_nothing_is_refused(untrained, drop):
    nlp = make_nlp(untrained)
    with pytest.raises(ValueError, match=f"drop: {drop}"):
        nlp.get_pipe("gliner2").update(examples(nlp), drop=drop)


def test_a_loss_that_is_not_finite_is_an_error_and_moves_no_weight(untrained):
    nlp = make_nlp(untrained)
    pipe = nlp.get_pipe("gliner2")
    bias = get_shim(pipe.model).checkpoint.network.classifier[0].bias
    rule = Adam(1e-3, use_averages=False)
    before = weights(nlp)
    with torch.no_grad():
        bias[0] = torch.nan
    with pytest.raises(ValueError, match=r"'labels': nan.*learn_rate"):
        pipe.update(examples(nlp), sgd=rule)
    with torch.no_grad():
        bias.copy_(before["classifier.0.bias"])
    pipe.finish_update(rule)
    assert moved(before, weights(nlp)) == 0


def test_a_gradient_that_is_not_finite_is_an_error_and_moves_no_weight(untrained):
    nlp = make_nlp(untrained)
    pipe = nlp.get_pipe("gliner2")
    rule = Adam(1e-3, grad_clip=0.0, use_averages=False)
    before = weights(nlp)
    pipe.update(examples(nlp))
    get_shim(pipe.model).checkpoint.network.classifier[0].bias.grad[0] = torch.inf
    with pytest.raises(ValueError, match=r"gradients have the length inf.*learn_rate"):
        pipe.finish_update(rule)
    pipe.finish_update(rule)
    assert moved(before, weights(nlp)) == 0


@pytest.mark.parametrize("clip", [0.0, 0.1])
def test_embeddings_learn_as_if_all_their_rows_were_read(untrained, monkeypatch, clip):
    """Adam moves rows that were read before, and weights decay whether they are read or not."""
    found = []
    for least in (0, 1 << 40):
        monkeypatch.setattr("spacy_gliner2.training.row_gradients.LARGE", least)
        exact = {"precision": "float32", "max_batch_items": 1}
        nlp = make_nlp(untrained, loss={"drop_negatives": 0.0}, optimisation=exact)
        pipe, data = nlp.get_pipe("gliner2"), examples(nlp)
        rule = Adam(1e-3, L2=0.1, grad_clip=clip, use_averages=False)
        pipe.update(data)
        words = get_shim(pipe.model).checkpoint.network.encoder.embeddings.word_embeddings
        assert words.weight.grad.is_sparse == (least == 0)
        for part in (data, data[:1], data[1:]):
            pipe.update(part, sgd=rule)
        found.append(weights(nlp))
    for name, weight in found[0].items():
        torch.testing.assert_close(weight, found[1][name], rtol=1e-4, atol=1e-5)


def test_a_batch_of_no_size_is_refused(untrained):
    with pytest.raises(ValueError, match=r"optimisation\.max_batch_items: 0 .*from 1 on"):
        make_nlp(untrained, optimisation={"max_batch_items": 0})


def test_averages_that_would_not_be_kept_are_reported(untrained):
    nlp = make_nlp(untrained)
    with pytest.warns(UserWarning, match="use_averages is true"):
        nlp.update(examples(nlp), sgd=Adam(1e-3, use_averages=True))


def test_dropout_reaches_the_network(untrained):
    exact = {"precision": "float32"}
    nlp = make_nlp(untrained, loss={"drop_negatives": 0.0}, optimisation=exact)
    pipe, data = nlp.get_pipe("gliner2"), examples(nlp)

    def once(drop):
        return pipe.update(data, drop=drop)["gliner2"]

    assert once(0.0) == pytest.approx(once(0.0)) == pytest.approx(pipe.get_loss(data)[0])
    assert once(0.5) != pytest.approx(once(0.5))


def test_mixed_precision_learns_too(untrained):
    nlp = make_nlp(untrained, optimisation={"precision": "bfloat16"})
    curve = train(nlp, examples(nlp), 20)
    assert curve[-1] < curve[0]
    assert all(weight.dtype == torch.float32 for weight in weights(nlp).values())
