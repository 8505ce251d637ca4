"""From the states of tokens to those of words."""

from collections.abc import Sequence

import torch
from torch import Tensor

from .config import TokenPooling


def pool_rows(states: Tensor, rows: Sequence[tuple[int, int]], pooling: TokenPooling) -> Tensor:
    """Take one state for each word.

    states (Tensor): The states of the tokens. *Shape:* (tokens, hidden)
    rows (Sequence): First position and number of the tokens of each word.
    pooling (str): "first" for the state of a word's first token, "mean" or "max" over all.
    RETURNS (Tensor): *Shape:* (words, hidden)
    """
    firsts = torch.tensor([first for first, _ in rows], device=states.device)
    if pooling == "first":
        return states[firsts]
    sizes = torch.tensor([size for _, size in rows], device=states.device)
    words = torch.repeat_interleave(sizes)
    offsets = torch.arange(len(words), device=states.device)
    offsets = offsets - (sizes.cumsum(0) - sizes)[words]
    return pool_tokens(states[firsts[words] + offsets], sizes, pooling)


def pool_tokens(tokens: Tensor, sizes: Tensor, pooling: TokenPooling) -> Tensor:
    """Take one state for each word, of the states of the words' tokens one after the other.

    tokens (Tensor): *Shape:* (tokens, hidden)
    sizes (Tensor): Number of the tokens of each word. *Shape:* (words,)
    pooling (str): "mean" or "max" over the tokens of a word; "first" if they are its first ones.
    RETURNS (Tensor): *Shape:* (words, hidden)
    """
    if pooling == "first":
        return tokens
    reduce = "mean" if pooling == "mean" else "amax"
    words = torch.repeat_interleave(sizes)
    pooled = tokens.new_zeros(len(sizes), tokens.shape[1])
    index = words[:, None].expand(-1, tokens.shape[1])
    return pooled.scatter_reduce(0, index, tokens, reduce, include_self=False)
