"""Learning: gradients of texts add up until the weights move."""

from collections.abc import Sequence
from contextlib import nullcontext
from math import isfinite

import torch
from thinc.api import Optimizer

from ..inference.sequences import make_batches
from ..inference.settings import Settings
from ..model.adapter_config import AdapterConfig
from ..model.architecture import GLiNER2Model, get_shim
from ..model.checkpoint import Checkpoint
from ..model.network import Network
from .augmentation import Augmentation
from .loss import PARTS, compute_losses
from .loss_options import LossOptions
from .optimisation import Optimisation, Precision
from .problems import Problems
from .targets import TrainingSequence
from .texts import TextPreparer, TrainingText, known_tasks
from .trainee import Trainee

Losses = dict[str, float]
"""A loss for each of `PARTS`."""


class Learner:
    """Trains a model.

    model (Model): The model.
    loss (LossOptions): What is learned.
    optimisation (Optimisation): How the weights move.
    augmentation (Augmentation): How schemas change from step to step; None if they do not.
    problems (Problems): Counts what cannot be learned.
    lora (AdapterConfig): The adapter to train; None to train the weights.
    """

    def __init__(
        self,
        model: GLiNER2Model,
        loss: LossOptions,
        optimisation: Optimisation,
        augmentation: Augmentation | None,
        problems: Problems,
        lora: AdapterConfig | None = None,
    ) -> None:
        self.trainee = Trainee(optimisation, lora)
        self._model = model
        self._loss = loss
        self._augmentation = augmentation
        self._problems = problems
        self._learned = 0

    def learn(self, texts: Sequence[TrainingText], settings: Settings, drop: float) -> Losses:
        """Add the gradients of texts.

        texts (Sequence): The texts.
        settings (Settings): How they are read.
        drop (float): Dropout.
        RETURNS (dict): The losses.
        """
        known = [known_tasks(item, self._loss) for item in texts]
        if self._augmentation is not None:
            known = self._augmentation.apply(known)
        sequences, learned = self._prepare(known, settings)
        network = self.trainee.ready(self._checkpoint, drop)
        try:
            losses = self._run(network, sequences, learn=True)
        except BaseException:  # whatever ends it, a part of a batch would count as all of it
            self.trainee.forget()
            raise
        self.trainee.texts += learned
        self._learned = learned
        return losses

    def expect_gradients(self, texts: int, drop: float) -> float:
        """Get the network ready for gradients of other components, beside those learned last.

        texts (int): How many texts they are of.
        drop (float): Dropout.
        RETURNS (float): What they are to be multiplied with, so that `step` takes their mean over
            batches where it takes that of the losses over texts.
        """
        self.trainee.ready(self._checkpoint, drop)
        self.trainee.texts += max(0, texts - self._learned)
        self._learned = 0
        return float(texts) if self._loss.reduction == "mean" else 1.0

    def losses(self, texts: Sequence[TrainingText], settings: Settings) -> Losses:
        """Compute the losses of texts, as in `learn` but without learning or dropout.

        texts (Sequence): The texts.
        settings (Settings): How they are read.
        RETURNS (dict): The losses.
        """
        known = [known_tasks(item, self._loss) for item in texts]
        sequences, _ = self._prepare(known, settings)
        network = self._checkpoint.network.eval()
        with torch.no_grad():
            return self._run(network, sequences, learn=False)

    def step(self, rule: Optimizer) -> None:
        """Move the weights against the gradients that were added since the last step.

        rule (Optimizer): Says how, as in `[training.optimizer]`.
        """
        if self.trainee.texts:
            mean = self._loss.reduction == "mean"
            self.trainee.step(rule, 1.0 / self.trainee.texts if mean else 1.0)

    @property
    def _checkpoint(self) -> Checkpoint:
        return get_shim(self._model).checkpoint

    def _prepare(
        self, texts: Sequence[TrainingText], settings: Settings
    ) -> tuple[list[TrainingSequence], int]:
        """RETURNS (tuple): The sequences, and of how many texts they are."""
        preparer = TextPreparer(get_shim(self._model), self._loss, self._problems)
        prepared = [preparer.prepare(item, settings) for item in texts]
        return [one for own in prepared for one in own], sum(map(bool, prepared))

    def _run(
        self, network: Network, sequences: Sequence[TrainingSequence], *, learn: bool
    ) -> Losses:
        total = torch.zeros(len(PARTS))
        lengths = [len(sequence) for sequence in sequences]
        device = network.device
        mixed = learn and _is_mixed(self.trainee.optimisation.precision, device)
        for batch in make_batches(lengths, self.trainee.optimisation.max_batch_items):
            # Not all devices know of mixed precision, even where it is not used.
            with torch.autocast(device.type, torch.bfloat16) if mixed else nullcontext():
                losses = compute_losses(
                    network, [sequences[i] for i in batch], self._loss.drop_negatives
                )
            if learn and losses.requires_grad:
                losses.sum().backward()
            total += losses.detach().cpu()
        found = dict(zip(PARTS, total.tolist(), strict=True))
        if not all(map(isfinite, found.values())):
            raise ValueError(
                f"the losses are {found}: a number is not finite, so that the weights would get "
                "lost; lower the learning rate (training.optimizer.learn_rate), or go on from an "
                "earlier checkpoint"
            )
        return found


def _is_mixed(precision: Precision, device: torch.device) -> bool:
    """RETURNS (bool): Whether matrices are multiplied in bfloat16."""
    if precision != "auto":
        return precision == "bfloat16"
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    # Not in all versions of torch; without them the processor is taken for an older one.
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return device.type == "cpu" and any(
        getattr(torch.cpu, name)() for name in checks if hasattr(torch.cpu, name)
    )
