"""Scaled dot-product attention, with or without dropout."""

from math import sqrt

from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from ..dropout import dropout


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    share: float,
    bias: Tensor | None = None,
    scale: float | None = None,
) -> Tensor:
    """Attend within each sequence.

    query (Tensor): *Shape:* (sequences, heads, queries, width)
    key (Tensor): *Shape:* (sequences, heads, keys, width)
    value (Tensor): *Shape:* (sequences, heads, keys, width)
    share (float): Dropout of the weights.
    bias (Tensor): What to add to the scores. *Shape:* (sequences, heads, queries, keys)
    scale (float): What to multiply scores with; None for the usual one.
    RETURNS (Tensor): *Shape:* (sequences, heads, queries, width)
    """
    if not share or query.device.type != "cpu":
        return F.scaled_dot_product_attention(
            query, key, value, attn_mask=bias, dropout_p=share, scale=scale
        )
    # For this torch has no kernel of its own on a processor, and what it does instead also looks
    # for rows without any key.
    factor = 1 / sqrt(query.shape[-1]) if scale is None else scale
    scores = (query * factor) @ key.transpose(-1, -2)
    if bias is not None:
        scores = scores + bias
    return dropout(scores.softmax(dim=-1), share) @ value
