"""From the states of tokens to those of words."""

import torch
from torch import Tensor

from .config import TokenPooling


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
