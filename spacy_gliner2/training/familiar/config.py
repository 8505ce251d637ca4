"""The options of the `gliner2` package's trainer."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from ...checks import check_share, is_number
from ...model.adapter_config import TARGETS, AdapterConfig
from ..optimisation import Optimisation, Precision

SCHEDULERS = ("linear", "cosine", "cosine_restarts", "constant")
STRATEGIES = ("steps", "epoch", "no")

OTHERWISE: dict[str, tuple[Any, str]] = {
    "report_to_wandb": (False, "train with spaCy's config and a logger of spacy-loggers"),
    "early_stopping_threshold": (0.0, "any better value counts"),
    "deterministic": (False, "set torch.use_deterministic_algorithms yourself"),
    "local_rank": (-1, "training runs on one device"),
    "max_len": (None, "texts of any length are read, in windows"),
    "ignore_nonfinite_losses": (False, "a loss that is not finite is an error"),
    "skip_step_errors": (False, "an error stops the training"),
    "allow_invalid_samples": (False, "set validate_data to false to leave out what is missing"),
    "compile_model": (False, "the model runs as it is"),
    "gradient_checkpointing": (False, "give a smaller batch_size to save memory"),
    "dry_run_recall_steps": (0, "this concerns another architecture"),
    "diagnostics_every_n_steps": (0, "losses per task are in the history"),
    "profile_first_n_steps": (0, "use torch.profiler"),
    "debug_global_steps": ((), "see `python -m spacy gliner2 debug-data`"),
    "on_capacity_exceeded": ("raise", "this concerns another architecture"),
}
"""Options of the package that cannot be followed: the one value they may have, and why."""

UNUSED = (
    "num_workers",
    "pin_memory",
    "prefetch_factor",
    "group_by_length",
    "length_group_window_batches",
    "fused_optimizer",
    "allow_tf32",
    "float32_matmul_precision",
    "logging_first_step",
    "debug",
    "strict_training",
    "log_proposal_metrics",
    "gold_injection_start",
    "gold_injection_end",
    "gold_injection_hold_frac",
    "ddp_consensus_check",
    "ddp_find_unused_parameters",
    "ddp_static_graph",
    "gate_recall",
    "gate_long_recall",
    "dedupe_contained_entity_spans",
    "wandb_project",
    "wandb_entity",
    "wandb_run_name",
    "wandb_tags",
    "wandb_notes",
)
"""Options of the package that say nothing of what is learned here: of its loader, its other
architecture, several devices, and of wandb where that is off."""


@dataclass
class Options:
    """The options that are followed; names and defaults are those of the `gliner2` package.

    output_dir (str): Where models go: "best", "final" and "checkpoint-<step>".
    experiment_name (str): Stands in `training_config.json`.
    num_epochs (int): How often each text is seen.
    max_steps (int): How often the weights move; -1 for as often as the epochs have it.
    batch_size (int): Texts whose gradients are made at once.
    eval_batch_size (int): Texts of a batch in evaluation; the loss is the mean over batches.
    gradient_accumulation_steps (int): Batches for each move of the weights.
    encoder_lr (float): Learning rate of the encoder.
    task_lr (float): Learning rate of the heads, and of an adapter.
    weight_decay (float): Decay of the weights, but for biases and norms.
    adam_beta1 (float), adam_beta2 (float), adam_epsilon (float): Of Adam.
    max_grad_norm (float): Longest gradient, all weights together; 0 for any.
    scheduler_type (str): "linear", "cosine", "cosine_restarts" or "constant".
    warmup_ratio (float): Share of the steps in which the rates rise.
    warmup_steps (int): Number of these steps; if above 0, it wins over the ratio.
    num_cycles (float): Of the cosine with restarts.
    fp16 (bool), bf16 (bool): Whether products of matrices are in bfloat16. Of None for both, the
        device decides, and with `fp16` too, since float16 is used nowhere.
    eval_strategy (str): "steps", "epoch" or "no".
    eval_steps (int): Steps from one evaluation to the next.
    save_total_limit (int): Most folders "checkpoint-<step>".
    save_best (bool): Whether to keep the best model in "best".
    metric_for_best (str): "eval_loss", a part of it such as "eval_relations_loss", a score of the
        component such as "rel_micro_f", or what `compute_metrics` returns.
    greater_is_better (bool): Whether more of it is better.
    logging_steps (int): Steps from one entry of the log to the next.
    early_stopping (bool): Whether to stop when it gets no better.
    early_stopping_patience (int): After how many evaluations.
    seed (int): Decides everything that is drawn.
    max_train_samples (int), max_eval_samples (int): Most texts, -1 for all.
    validate_data (bool): Whether words that are not in their text are an error; otherwise what
        they are right for is left out, with a warning.
    use_lora (bool): Whether to train an adapter, see `spacy-gliner2.lora.v1`.
    lora_r (int), lora_alpha (float), lora_dropout (float), lora_target_modules (list),
        lora_use_dora (bool): Of it.
    save_adapter_only (bool): Whether models are the adapter alone, or merged with the weights.
    """

    output_dir: str = "./output"
    experiment_name: str = "gliner2"
    num_epochs: int = 10
    max_steps: int = -1
    batch_size: int = 2
    eval_batch_size: int = 8
    gradient_accumulation_steps: int = 1
    encoder_lr: float = 1e-5
    task_lr: float = 5e-4
    weight_decay: float = 0.01
    adam_beta1: float = 0.9
    adam_beta2: float = 0.999
    adam_epsilon: float = 1e-8
    max_grad_norm: float = 1.0
    scheduler_type: str = "linear"
    warmup_ratio: float = 0.1
    warmup_steps: int = 0
    num_cycles: float = 0.5
    fp16: bool | None = None
    bf16: bool | None = None
    eval_strategy: str = "steps"
    eval_steps: int = 500
    save_total_limit: int = 3
    save_best: bool = True
    metric_for_best: str = "eval_loss"
    greater_is_better: bool = False
    logging_steps: int = 1
    early_stopping: bool = False
    early_stopping_patience: int = 3
    seed: int = 42
    max_train_samples: int = -1
    max_eval_samples: int = -1
    validate_data: bool = True
    use_lora: bool = False
    lora_r: int = 16
    lora_alpha: float = 32.0
    lora_dropout: float = 0.0
    lora_use_dora: bool = False
    lora_target_modules: Sequence[str] = field(default_factory=lambda: list(TARGETS))
    save_adapter_only: bool = True

    def __post_init__(self) -> None:
        least = {
            "batch_size": 1,
            "eval_batch_size": 1,
            "gradient_accumulation_steps": 1,
            "eval_steps": 1,
            "logging_steps": 1,
            "early_stopping_patience": 1,
            "save_total_limit": 0,
            "encoder_lr": 0,
            "task_lr": 0,
        }
        for key, low in least.items():
            value = getattr(self, key)
            if not is_number(value) or value < low:
                raise ValueError(f"{key}: {value!r} is no number from {low} on; give one")
        check_share("warmup_ratio", self.warmup_ratio)
        if self.task_lr == 0:
            raise ValueError("task_lr: is 0; give the learning rate of the heads")
        if self.max_steps < 1 and self.num_epochs < 1:
            raise ValueError(f"num_epochs: {self.num_epochs!r} is no number above 0; give one")
        for key, known in (("scheduler_type", SCHEDULERS), ("eval_strategy", STRATEGIES)):
            if getattr(self, key) not in known:
                raise ValueError(
                    f"{key}: {getattr(self, key)!r} is none of {', '.join(known)}; choose one"
                )
        if self.fp16 and self.bf16:
            raise ValueError("fp16 and bf16: are both true; give one of them")
        _ = self.lora

    @property
    def lora(self) -> AdapterConfig | None:
        """RETURNS (AdapterConfig): The adapter to train, None to train the weights."""
        if not self.use_lora:
            return None
        targets = tuple(self.lora_target_modules)
        return AdapterConfig(
            self.lora_r, self.lora_alpha, self.lora_dropout, targets, self.lora_use_dora
        )

    @property
    def optimisation(self) -> Optimisation:
        """RETURNS (Optimisation): How the weights move, for the component."""
        precision: Precision = "auto" if self.fp16 else "bfloat16" if self.bf16 else "float32"
        if self.fp16 is None and self.bf16 is None:
            precision = "auto"
        return Optimisation(encoder_rate=self.encoder_lr / self.task_lr, precision=precision)

    def save(self, path: str | Path) -> None:
        """Write the options as JSON.

        path (str | Path): The file.
        """
        content = json.dumps(asdict(self), indent=2, default=list)
        Path(path).write_text(content, encoding="utf8")


class TrainingConfig(Options):
    """How to train, in the words of the `gliner2` package; see `Options`.

    **options (Any): The options. Those of the package that cannot be followed are an error unless
        they have the value that the package has, and those that change nothing of what is learned
        are taken and not used (`OTHERWISE` and `UNUSED` name them).
    RAISES (ValueError): If a value cannot be followed; names the option, the value, the remedy.
    RAISES (TypeError): If there is no such option.
    """

    def __init__(self, **options: Any) -> None:
        for key, (value, why) in OTHERWISE.items():
            given = options.pop(key, value)
            given = tuple(given) if isinstance(given, list) else given
            if given != value:
                raise ValueError(f"{key}: {given!r} cannot be followed, only {value!r}: {why}")
        for key in UNUSED:
            options.pop(key, None)
        known = [part.name for part in fields(Options)]
        for key in options:
            if key not in known:
                raise TypeError(f"{key}: is no option; known are {', '.join(known)}")
        super().__init__(**options)
