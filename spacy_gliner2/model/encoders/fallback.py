"""Any other encoder: `transformers` runs it, on padded batches of sequences of similar length."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from transformers import PreTrainedModel

from .base import PackedEncoder

SHORTEST = 0.75
"""Length of the shortest sequence of a padded batch, as a share of the longest."""


class PaddedEncoder(PackedEncoder):
    """Pads, runs a `transformers` model, and takes the padding away.

    model (PreTrainedModel): The model.
    """

    _model: PreTrainedModel

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__(model.config.hidden_size, _max_positions(model))
        self.pad = getattr(model.config, "pad_token_id", None) or 0
        # The model is not a child, which would change the names of its parameters. Both have the
        # same tables, so that what moves or replaces a weight of one does it to the other.
        object.__setattr__(self, "_model", model)
        for table in ("_modules", "_parameters", "_buffers", "_non_persistent_buffers_set"):
            object.__setattr__(self, table, getattr(model, table))
        self.training = model.training

    def train(self, mode: bool = True) -> "PaddedEncoder":
        """Switch between training and evaluation.

        mode (bool): True for training.
        RETURNS (PaddedEncoder): The encoder itself.
        """
        super().train(mode)
        self._model.train(mode)
        return self

    def encode(self, ids: Tensor, lengths: Sequence[int], wanted: Tensor | None) -> Tensor:
        """Encode a batch that was checked.

        ids (Tensor): Token ids of all sequences. *Shape:* (tokens,)
        lengths (Sequence[int]): Number of tokens of each sequence.
        wanted (Tensor): Positions of the tokens whose states are wanted, None for all.
        RETURNS (Tensor): States of the last layer. *Shape:* (tokens or wanted, hidden_size)
        """
        sequences = ids.split(list(lengths))
        states: dict[int, Tensor] = {}
        for members in similar(lengths):
            padded = pad_sequence(
                [sequences[i] for i in members], batch_first=True, padding_value=self.pad
            )
            sizes = torch.tensor([lengths[i] for i in members], device=ids.device)
            mask = torch.arange(padded.shape[1], device=ids.device) < sizes[:, None]
            output = self._model(input_ids=padded, attention_mask=mask.long())
            for row, i in zip(output.last_hidden_state, members, strict=True):
                states[i] = row[: lengths[i]]
        packed = torch.cat([states[i] for i in range(len(lengths))])
        return packed if wanted is None else packed[wanted]


def similar(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Group sequences of similar length.

    lengths (Sequence[int]): Number of tokens of each sequence.
    YIELDS (list): Indices of the sequences of a group.
    """
    group: list[int] = []
    for i in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if group and lengths[i] < SHORTEST * lengths[group[0]]:
            yield group
            group = []
        group.append(i)
    yield group


def _max_positions(model: PreTrainedModel) -> int | None:
    limit = getattr(model.config, "max_position_embeddings", None)
    if not isinstance(limit, int) or limit < 1:
        return None
    # RoBERTa and its kin count positions from behind that of the padding.
    table = getattr(getattr(model, "embeddings", None), "position_embeddings", None)
    if isinstance(table, nn.Embedding) and table.padding_idx is not None:
        return limit - table.padding_idx - 1
    return limit
