"""The three counting layers: from the labels of a group to one query for each label and instance.

Formulas: section 1.5 of the reference. Parameter names are those of its checkpoints.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from .dropout import Dropout

MAX_COUNT = 20
"""Instances that a counting layer can tell apart."""

WIDTH = 128
"""Width of the transformer in `CountLSTMv2`."""


class Counting(nn.Module, ABC):
    """What the counting layers share: a GRU that starts at a label and reads instance numbers.

    hidden (int): Width of the encoder.
    """

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.pos_embedding = nn.Embedding(MAX_COUNT, hidden)
        self.gru = nn.GRU(hidden, hidden)

    def forward(self, fields: Tensor, count: int) -> Tensor:
        """Make queries for groups with the same number of labels.

        fields (Tensor): Encoder states of the labels.
            *Shape:* (groups, labels, hidden)
        count (int): Number of instances, `MAX_COUNT` at most.
        RETURNS (Tensor): The queries. Those of an instance do not depend on `count`.
            *Shape:* (groups, count, labels, hidden)
        """
        states = self._read_numbers(fields, count)
        return self.queries(states, fields[:, None].expand_as(states))

    def for_counts(self, fields: Tensor, counts: Sequence[int]) -> Sequence[Tensor]:
        """Make queries for groups with the same number of labels, but not of instances.

        fields (Tensor): Encoder states of the labels. *Shape:* (groups, labels, hidden)
        counts (Sequence): Number of instances of each group, `MAX_COUNT` at most.
        RETURNS (Sequence): The queries of each group. *Shape:* (instances, labels, hidden)
        """
        instances = torch.tensor(list(counts), device=fields.device)
        groups = torch.repeat_interleave(instances)
        numbers = torch.cat([torch.arange(count) for count in counts]).to(fields.device)
        states = self._read_numbers(fields, max(counts))[groups, numbers]
        queries = self.queries(states[:, None], fields[groups][:, None])
        split: Sequence[Tensor] = queries.squeeze(1).split(list(counts))
        return split

    def _read_numbers(self, fields: Tensor, count: int) -> Tensor:
        """RETURNS (Tensor): States of the GRU. *Shape:* (groups, count, labels, hidden)"""
        groups, labels, hidden = fields.shape
        steps = self.pos_embedding.weight[:count, None, :].expand(count, groups * labels, hidden)
        states, _ = self.gru(steps.contiguous(), fields.reshape(1, groups * labels, hidden))
        by_group: Tensor = states.view(count, groups, labels, hidden).transpose(0, 1)
        return by_group

    @abstractmethod
    def queries(self, states: Tensor, fields: Tensor) -> Tensor:
        """Turn the states of the GRU into queries.

        states (Tensor): *Shape:* (groups, count, labels, hidden)
        fields (Tensor): The labels again, the same for each instance. *Shape:* as `states`.
        RETURNS (Tensor): *Shape:* as `states`.
        """


class CountLSTM(Counting):
    """The layer that checkpoints call "count_lstm"."""

    def __init__(self, hidden: int) -> None:
        super().__init__(hidden)
        self.projector = nn.Sequential(
            nn.Linear(2 * hidden, 4 * hidden), nn.ReLU(), nn.Linear(4 * hidden, hidden)
        )

    def queries(self, states: Tensor, fields: Tensor) -> Tensor:
        queries: Tensor = self.projector(torch.cat((states, fields), dim=-1))
        return queries


class LabelTransformer(nn.Module):
    """Lets the labels of an instance see each other.

    hidden (int): Width of the encoder.
    """

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.in_projector = nn.Linear(hidden, WIDTH)
        layer = nn.TransformerEncoderLayer(
            WIDTH, nhead=4, dim_feedforward=2 * WIDTH, dropout=0.1, batch_first=True
        )
        self.transformer = nn.TransformerEncoder(layer, num_layers=2, enable_nested_tensor=False)
        self.out_projector = nn.Sequential(
            nn.Linear(WIDTH + hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
        )

    def forward(self, inputs: Tensor) -> Tensor:
        """Compute the outputs.

        inputs (Tensor): *Shape:* (instances, labels, hidden)
        RETURNS (Tensor): *Shape:* as `inputs`.
        """
        seen = self.transformer(self.in_projector(inputs))
        outputs: Tensor = self.out_projector(torch.cat((seen, inputs), dim=-1))
        return outputs


class CountLSTMv2(Counting):
    """The layer that checkpoints call "count_lstm_v2"."""

    def __init__(self, hidden: int) -> None:
        super().__init__(hidden)
        self.transformer = LabelTransformer(hidden)

    def queries(self, states: Tensor, fields: Tensor) -> Tensor:
        outputs: Tensor = self.transformer((states + fields).flatten(0, 1))
        return outputs.view_as(states)


class CountLSTMMoE(Counting):
    """The layer that checkpoints call "count_lstm_moe"."""

    def __init__(self, hidden: int, experts: int = 4) -> None:
        super().__init__(hidden)
        self.w1 = nn.Parameter(torch.empty(experts, hidden, 2 * hidden))
        self.b1 = nn.Parameter(torch.empty(experts, 2 * hidden))
        self.w2 = nn.Parameter(torch.empty(experts, 2 * hidden, hidden))
        self.b2 = nn.Parameter(torch.empty(experts, hidden))
        self.dropout = Dropout(0.1)
        self.router = nn.Sequential(
            nn.Linear(hidden, hidden), nn.GELU(), nn.Linear(hidden, experts), nn.Softmax(dim=-1)
        )

    def queries(self, states: Tensor, fields: Tensor) -> Tensor:
        rows = states.reshape(-1, states.shape[-1])
        inner = F.gelu(torch.einsum("nh,ehd->end", rows, self.w1) + self.b1[:, None])
        outputs = torch.einsum("end,edh->enh", self.dropout(inner), self.w2) + self.b2[:, None]
        return torch.einsum("ne,enh->nh", self.router(rows), outputs).view_as(states)


COUNTING_LAYERS: dict[str, type[Counting]] = {
    "count_lstm": CountLSTM,
    "count_lstm_v2": CountLSTMv2,
    "count_lstm_moe": CountLSTMMoE,
}
