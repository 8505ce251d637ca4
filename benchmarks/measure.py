"""Timing: several commands in turn, several times, so that drifts of the machine touch all."""

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

from tqdm import tqdm


def interleave(
    commands: Mapping[str, Callable[[], Any]],
    repetitions: int,
    label: str = "",
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """Time commands in turn, after one turn that does not count.

    commands (Mapping): What to time, by name.
    repetitions (int): How often.
    label (str): What to write beside the progress bar.
    clock (Callable): Tells the seconds.
    RETURNS (dict): Seconds of each repetition, by name.
    """
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for turn in tqdm(range(repetitions + 1), desc=label, leave=False):
        for name, command in commands.items():
            start = clock()
            command()
            if turn:
                seconds[name].append(clock() - start)
    return seconds


def median_ratio(slow: list[float], fast: list[float]) -> float:
    """RETURNS (float): Median, over the turns, of how many times longer the first one took."""
    return statistics.median(a / b for a, b in zip(slow, fast, strict=True))
