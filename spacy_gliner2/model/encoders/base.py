"""What all encoders share: they read packed tokens and remember what follows from their weights."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn

from .cache import WeightCache

T = TypeVar("T")


class PackedEncoder(nn.Module):
    """An encoder that reads the sequences of a batch one after the other, without padding.

    Its parameters are those of the `transformers` model and have the same names.

    hidden_size (int): Width of the states.
    max_positions (int | None): Most tokens of a sequence, None if there is no limit.
    """

    def __init__(self, hidden_size: int, max_positions: int | None) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.max_positions = max_positions
        self._cache: WeightCache[object] = WeightCache()

    def forward(self, ids: Tensor, lengths: Sequence[int]) -> Tensor:
        """Encode a batch.

        ids (Tensor): Token ids of all sequences, one after the other. *Shape:* (tokens,)
        lengths (Sequence[int]): Number of tokens of each sequence.
        RETURNS (Tensor): States of the last layer. *Shape:* (tokens, hidden_size)
        RAISES (ValueError): If the lengths do not add up or a sequence is too long.
        """
        self._check(ids, lengths)
        return self.encode(ids, lengths)

    def encode(self, ids: Tensor, lengths: Sequence[int]) -> Tensor:
        """Encode a batch that was checked: what a kind of encoder has to define.

        ids (Tensor): Token ids of all sequences. *Shape:* (tokens,)
        lengths (Sequence[int]): Number of tokens of each sequence.
        RETURNS (Tensor): States of the last layer. *Shape:* (tokens, hidden_size)
        """
        raise NotImplementedError

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

    @property
    def records(self) -> bool:
        """RETURNS (bool): Whether the forward pass may be followed by a backward pass."""
        return self.training or torch.is_grad_enabled()

    def derived(self, modules: Sequence[nn.Module], make: Callable[[], T]) -> T:
        """Return what is computed from weights, remembered unless gradients are recorded.

        modules (Sequence): The modules that have the weights.
        make (Callable): Computes it.
        RETURNS (T): The value.
        """
        if self.records:
            return make()
        weights = [weight for module in modules for weight in module.parameters()]
        value: T = self._cache.get(weights, make)  # type: ignore[assignment]
        return value

    def train(self, mode: bool = True) -> "PackedEncoder":
        """Switch between training and evaluation.

        mode (bool): True for training.
        RETURNS (PackedEncoder): The encoder itself.
        """
        if mode != self.training:
            self._cache.clear()
        super().train(mode)
        return self

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "PackedEncoder":
        self._cache.clear()
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        return self

    def _load_from_state_dict(self, *args: object, **kwargs: object) -> None:
        self._cache.clear()
        super()._load_from_state_dict(*args, **kwargs)


def positions(lengths: Sequence[int], device: torch.device) -> Tensor:
    """Number the tokens of each sequence.

    lengths (Sequence[int]): Number of tokens of each sequence.
    device (torch.device): Where to put the result.
    RETURNS (Tensor): Numbers from 0. *Shape:* (tokens,)
    """
    counts = torch.arange(max(lengths))
    return torch.cat([counts[:length] for length in lengths]).to(device)


def runs(lengths: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Find neighbours of equal length.

    lengths (Sequence[int]): Number of tokens of each sequence.
    YIELDS (tuple): First token, number of sequences, and their length.
    """
    first = index = 0
    while index < len(lengths):
        length, start = lengths[index], index
        while index < len(lengths) and lengths[index] == length:
            index += 1
        yield first, index - start, length
        first += (index - start) * length
