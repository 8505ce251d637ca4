"""Numbers of rows rounded up, so that few kernels serve all batches.

oneDNN makes a kernel for each number of rows that it meets and keeps it: that takes time for each
new one, and memory, in a process that annotates for long. A few rows too many cost less.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

LEAST, MOST = 8, 256
"""Bounds of what a number of rows is a multiple of; in between it is a sixteenth of it or less."""


def keeps_kernels(device: torch.device) -> bool:
    """RETURNS (bool): Whether kernels are made for single numbers of rows, and kept."""
    return device.type == "cpu"


def round_up(count: int) -> int:
    """RETURNS (int): The number of rows to use for a number of rows that are needed."""
    step = min(MOST, max(LEAST, 1 << (count.bit_length() - 5 if count > 15 else 0)))
    return -(-count // step) * step


def fill_up(
    ids: Tensor, lengths: Sequence[int], longest: int | None
) -> tuple[Tensor, Sequence[int]]:
    """Add sequences of no meaning, up to a rounded number of tokens.

    ids (Tensor): Token ids of all sequences. *Shape:* (tokens,)
    lengths (Sequence[int]): Number of tokens of each sequence.
    longest (int): Most tokens of a sequence, None if there is no limit.
    RETURNS (tuple): Both with what was added.
    """
    missing = round_up(len(ids)) - len(ids)
    most = longest or MOST
    added = [most] * (missing // most) + [missing % most] * (missing % most > 0)
    return repeat_last(ids), [*lengths, *added]


def repeat_last(rows: Tensor) -> Tensor:
    """RETURNS (Tensor): Rows, the last of them repeated up to a rounded number."""
    missing = round_up(len(rows)) - len(rows)
    if not missing or not len(rows):
        return rows
    filled: Tensor = rows.new_empty(len(rows) + missing, *rows.shape[1:])
    filled[: len(rows)] = rows
    filled[len(rows) :] = rows[-1]
    return filled
