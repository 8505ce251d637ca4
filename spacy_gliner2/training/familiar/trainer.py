"""`GLiNER2Trainer`: a script written for the `gliner2` package, in spaCy's loop."""

import logging
import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.training import Example
from spacy.training.loop import create_train_batches, train_while_improving
from spacy.util import minibatch
from thinc.api import Adam, fix_random_seed

from ...gliner2 import GLiNER2
from ...model.architecture import get_shim
from ...pipe import GLiNER2Pipe
from ..corpus.options import CorpusOptions
from .config import Options, TrainingConfig
from .data import TrainData, read_data
from .models import Models
from .schedule import learn_rates

logger = logging.getLogger("spacy_gliner2")

NAME = "gliner2"
"""Name of the component in the pipeline that is trained."""

Metrics = dict[str, float]
Compute = Callable[[GLiNER2, Sequence[Example]], Metrics]


class GLiNER2Trainer:
    """Trains a model, as the trainer of that name in the `gliner2` package.

    The loss is that of the component, with its defaults (`spacy-gliner2.loss.v1`).

    model (GLiNER2): The model; it has learned when `train` returns.
    config (TrainingConfig): How to train.
    train_data (TrainData): The data, unless `train` is given it.
    eval_data (TrainData): The data to choose the best model by.
    compute_metrics (Callable): Makes more figures of a model and the examples to evaluate on.
    RAISES (TypeError): If the model is of another kind.
    """

    def __init__(
        self,
        model: GLiNER2,
        config: Options | None = None,
        *,
        train_data: TrainData | None = None,
        eval_data: TrainData | None = None,
        compute_metrics: Compute | None = None,
    ) -> None:
        if not isinstance(model, GLiNER2):
            raise TypeError(
                f"model: is a {type(model).__module__}.{type(model).__name__}; give what "
                "spacy_gliner2.GLiNER2.from_pretrained returns"
            )
        self.model = model
        self.config = TrainingConfig() if config is None else config
        self.train_data = train_data
        self.eval_data = eval_data
        self.compute_metrics = compute_metrics
        self.train_metrics_history: list[Metrics] = []
        self.eval_metrics_history: list[Metrics] = []
        self.best_metric: float | None = None
        self._output = Path(self.config.output_dir)
        self._evaluated: Metrics = {}

    def train(
        self,
        train_data: TrainData | None = None,
        eval_data: TrainData | None = None,
        val_data: TrainData | None = None,
    ) -> dict[str, Any]:
        """Train.

        train_data (TrainData): The data: examples, dicts, or paths of JSONL.
        eval_data (TrainData): The data to evaluate on; also under the name `val_data`.
        RETURNS (dict): Steps, seconds, the best figure, and the history of figures.
        RAISES (ValueError): If the data have a flaw, or a figure to choose by is not there.
        """
        config = self.config
        fix_random_seed(config.seed)
        given = self.train_data if train_data is None else train_data
        if given is None:
            raise ValueError("train_data: is not given; give it to the trainer or to train")
        held_out = next((d for d in (eval_data, val_data, self.eval_data) if d is not None), None)
        nlp, pipe = self._make_pipeline()
        on_missing = "error" if config.validate_data else "skip"
        options = CorpusOptions.of_component(pipe.cfg, schema="record", on_missing=on_missing)
        examples = read_data(given, nlp, options, config.max_train_samples, config.seed)
        dev = (
            read_data(held_out, nlp, options, config.max_eval_samples)
            if held_out is not None
            else []
        )
        if config.early_stopping and (not dev or config.eval_strategy == "no"):
            raise ValueError(
                "early_stopping: is true, and nothing is evaluated; give val_data and an "
                "eval_strategy, or make it false"
            )
        self._output.mkdir(parents=True, exist_ok=True)
        config.save(self._output / "training_config.json")
        return self._run(nlp, pipe, examples, dev)

    def _make_pipeline(self) -> tuple[Language, GLiNER2Pipe]:
        config, checkpoint = self.config, self.model.checkpoint
        blocks = {"optimisation": config.optimisation, "lora": config.lora}
        nlp = spacy.blank("en")
        pipe: Any = nlp.add_pipe(
            NAME,
            config={
                "word_splitter": self.model.settings.word_splitter,
                "model": {"device": str(checkpoint.network.device)},
                **{
                    key: {"@misc": f"spacy-gliner2.{key}.v1", **_plain(block)}
                    for key, block in blocks.items()
                    if block is not None
                },
            },
        )
        get_shim(pipe.model).set_checkpoint(checkpoint)
        return nlp, pipe

    def _run(
        self, nlp: Language, pipe: GLiNER2Pipe, examples: list[Example], dev: list[Example]
    ) -> dict[str, Any]:
        config, start = self.config, time.perf_counter()
        size = config.batch_size * config.gradient_accumulation_steps
        per_epoch = math.ceil(len(examples) / size)
        steps = config.max_steps if config.max_steps > 0 else config.num_epochs * per_epoch
        every = {"steps": config.eval_steps, "epoch": per_epoch, "no": steps + 1}
        frequency = every[config.eval_strategy]
        calls = count()
        rates: Any = learn_rates(config, steps)
        rule = Adam(
            rates,
            L2=config.weight_decay,
            beta1=config.adam_beta1,
            beta2=config.adam_beta2,
            eps=config.adam_epsilon,
            grad_clip=config.max_grad_norm,
            L2_is_weight_decay=True,
            use_averages=False,
        )
        loop = train_while_improving(
            nlp,
            rule,
            create_train_batches(nlp, lambda _: iter(examples), _batcher(size), 0),
            lambda: self._evaluate(nlp, pipe, dev, counts=next(calls) > 0),
            dropout=0.1,
            eval_frequency=frequency,
            accumulate_gradient=config.gradient_accumulation_steps,
            patience=config.early_stopping_patience * frequency if config.early_stopping else 0,
            max_steps=steps,
            exclude=[],
            annotating_components=[],
            before_update=None,
        )
        models = Models(self._output, config.save_total_limit, config.save_adapter_only)
        done, losses = 0, 0.0
        for _, info, is_best in loop:
            done = min(info["step"], steps)
            # The loop adds up losses from one evaluation to the next.
            self._log(done, info["losses"][NAME] - losses)
            losses = info["losses"][NAME] if is_best is None else 0.0
            if is_best is not None and done:  # it evaluates at its start, too
                number = f"epoch-{done // per_epoch}" if config.eval_strategy == "epoch" else done
                self._keep(models, done, str(number), bool(dev) and is_best)
        models.save("final", self.model.checkpoint)
        seconds = time.perf_counter() - start
        return {
            "total_steps": done,
            "total_epochs": math.ceil(done / per_epoch),
            "total_time_seconds": seconds,
            "samples_per_second": done * size / seconds,
            "best_metric": self.best_metric,
            "train_metrics_history": self.train_metrics_history,
            "eval_metrics_history": self.eval_metrics_history,
        }

    def _evaluate(
        self, nlp: Language, pipe: GLiNER2Pipe, dev: list[Example], *, counts: bool
    ) -> tuple[float, Metrics]:
        """RETURNS (tuple): How good the model is, for the loop, and its figures.

        The loop evaluates before the first step, too, and that model, which is never kept, must
        not be the one to beat: where the evaluation does not count, any other is better.
        """
        if not dev:
            return 0.0, {}
        batches = list(minibatch(dev, self.config.eval_batch_size))
        totals: Metrics = {}
        for batch in batches:
            loss, parts = pipe.get_loss(batch)
            for part, value in {"eval_loss": loss, **_losses(parts)}.items():
                totals[part] = totals.get(part, 0.0) + value
        found = {part: value / len(batches) for part, value in totals.items()}
        wanted = self.config.metric_for_best
        if self.compute_metrics is not None:
            found.update(self.compute_metrics(self.model, dev))
        if wanted not in found:
            scores = nlp.evaluate(dev)
            found.update({k: v for k, v in scores.items() if isinstance(v, int | float)})
        if wanted not in found:
            raise ValueError(
                f"metric_for_best: {wanted!r} is none of {', '.join(sorted(found))}; choose one"
            )
        self._evaluated = found
        score = (1 if self.config.greater_is_better else -1) * found[wanted]
        return (score if counts else -math.inf), found

    def _log(self, step: int, loss: float) -> None:
        if step % self.config.logging_steps == 0:
            self.train_metrics_history.append({"step": step, "loss": loss})
            logger.info("step %d: loss %.4f", step, loss)

    def _keep(self, models: Models, step: int, number: str, is_best: bool) -> None:
        if self._evaluated:
            self.eval_metrics_history.append({"step": step, **self._evaluated})
            logger.info("step %d: %s", step, self._evaluated)
        if is_best:
            self.best_metric = self._evaluated[self.config.metric_for_best]
            if self.config.save_best:
                models.save("best", self.model.checkpoint)
        models.save_numbered(number, self.model.checkpoint)


def train_gliner2(
    model_path: str | Path,
    train_data: TrainData,
    output_dir: str | Path = "./output",
    eval_data: TrainData | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Load a model and train it.

    model_path (str | Path): "embedded", a folder, or a name on the hub.
    train_data (TrainData): The data.
    output_dir (str | Path): Where models go.
    eval_data (TrainData): The data to choose the best model by.
    **options (Any): The other options of `TrainingConfig`.
    RETURNS (dict): What `GLiNER2Trainer.train` returns.
    """
    config = TrainingConfig(output_dir=str(output_dir), **options)
    model = GLiNER2.from_pretrained(model_path)
    return GLiNER2Trainer(model, config).train(train_data, eval_data)


def _batcher(size: int) -> Callable[[Iterable[Example]], Iterable[Any]]:
    return lambda examples: minibatch(examples, size)


def _losses(parts: Metrics) -> Metrics:
    return {f"eval_{part}_loss": value for part, value in parts.items()}


def _plain(block: Any) -> dict[str, Any]:
    values = asdict(block).items()
    return {key: list(value) if isinstance(value, tuple) else value for key, value in values}
