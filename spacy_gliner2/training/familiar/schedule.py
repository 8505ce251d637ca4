"""The learning rate from step to step."""

from collections.abc import Generator
from math import cos, pi

from .config import Options


def learn_rates(config: Options, steps: int) -> Generator[float, None, None]:
    """Make the learning rates of the heads.

    config (Options): Says which.
    steps (int): How many steps there are; after them the rate is 0.
    YIELDS (float): The rate of each step, without end.
    """
    warmup = config.warmup_steps if config.warmup_steps > 0 else int(steps * config.warmup_ratio)
    for step in range(steps):
        if step < warmup:
            yield config.task_lr * step / warmup
        else:
            yield config.task_lr * _fall(config, (step - warmup) / max(1, steps - warmup))
    while True:
        yield 0.0


def _fall(config: Options, done: float) -> float:
    """RETURNS (float): Share of the learning rate that is left when a share of the steps is."""
    if config.scheduler_type == "linear":
        return 1.0 - done
    if config.scheduler_type == "cosine":
        return 0.5 * (1 + cos(pi * done))
    if config.scheduler_type == "cosine_restarts":
        return 0.5 * (1 + cos(pi * ((config.num_cycles * done) % 1)))
    return 1.0
