"""What all encoders share: they read packed tokens and may be asked for some of the states."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from itertools import groupby

import torch
from torch import Tensor

from ..derived import DerivingModule
from ..precision import Precision


class PackedEncoder(DerivingModule, ABC):
    """An encoder that reads the sequences of a batch one after the other, without padding.

    Its parameters are those of the `transformers` model and have the same names.

    hidden_size (int): Width of the states.
    max_positions (int | None): Most tokens of a sequence, None if there is no limit.
    precisions (tuple): What it can compute with.
    """

    precisions: tuple[Precision, ...] = ("float32",)

    def __init__(self, hidden_size: int, max_positions: int | None) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.max_positions = max_positions

    def forward(self, ids: Tensor, lengths: Sequence[int], wanted: Tensor | None = None) -> Tensor:
        """Encode a batch.

        ids (Tensor): Token ids of all sequences, one after the other. *Shape:* (tokens,)
        lengths (Sequence[int]): Number of tokens of each sequence.
        wanted (Tensor): Positions in `ids` of the tokens whose states are wanted, None for all.
            *Shape:* (wanted,)
        RETURNS (Tensor): States of the last layer. *Shape:* (tokens or wanted, hidden_size)
        RAISES (ValueError): If the lengths do not add up or a sequence is too long.
        """
        self._check(ids, lengths)
        return self.encode(ids, lengths, wanted)

    @abstractmethod
    def encode(self, ids: Tensor, lengths: Sequence[int], wanted: Tensor | None) -> Tensor:
        """Encode a batch that was checked: what a kind of encoder has to define.

        ids (Tensor): Token ids of all sequences. *Shape:* (tokens,)
        lengths (Sequence[int]): Number of tokens of each sequence.
        wanted (Tensor): Positions of the tokens whose states are wanted, None for all.
        RETURNS (Tensor): States of the last layer. *Shape:* (tokens or wanted, hidden_size)
        """

    def _check(self, ids: Tensor, lengths: Sequence[int]) -> None:
        if ids.dim() != 1 or ids.shape[0] != sum(lengths) or not lengths:
            raise ValueError(
                f"ids has the shape {tuple(ids.shape)} and lengths add up to {sum(lengths)}; "
                "give a vector of as many ids as the lengths say, of one sequence at least"
            )
        if min(lengths) < 1:
            raise ValueError("lengths has a 0; leave empty sequences out")
        if self.max_positions is not None and max(lengths) > self.max_positions:
            raise ValueError(
                f"lengths has a sequence of {max(lengths)} tokens, and the encoder reads "
                f"{self.max_positions} at most; use a smaller window"
            )


def positions(lengths: Sequence[int], device: torch.device) -> Tensor:
    """Number the tokens of each sequence.

    lengths (Sequence[int]): Number of tokens of each sequence.
    device (torch.device): Where to put the result.
    RETURNS (Tensor): Numbers from 0. *Shape:* (tokens,)
    """
    counts = torch.arange(max(lengths))
    return torch.cat([counts[:length] for length in lengths]).to(device)


def runs(states: Tensor, lengths: Sequence[int]) -> Iterator[Tensor]:
    """Put neighbours of equal length together.

    states (Tensor): Something of each token. *Shape:* (tokens, width)
    lengths (Sequence[int]): Number of tokens of each sequence.
    YIELDS (Tensor): That of the tokens of some sequences. *Shape:* (sequences, length, width)
    """
    found = [(length, len(list(same))) for length, same in groupby(lengths)]
    # Split at once, since each slice would have a gradient of the size of the whole.
    parts = states.split([length * count for length, count in found])
    for (length, count), part in zip(found, parts, strict=True):
        yield part.view(count, length, -1)
