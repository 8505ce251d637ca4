"""The network: an encoder and the heads that read it, for a batch of sequences at once.

Formulas: sections 1.3 to 1.6 of the reference. Parameter names are those of its checkpoints.
"""

from collections.abc import Sequence
from itertools import accumulate

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from ..inference.prompt import Kind
from ..inference.scores import GroupScores, SequenceScores
from ..inference.sequences import TokenSequence
from .config import SpanConfig
from .counting import COUNTING_LAYERS, MAX_COUNT
from .encoders import PackedEncoder
from .rows import pool_rows


def _linear(layers: nn.Sequential, index: int) -> nn.Linear:
    layer = layers[index]
    assert isinstance(layer, nn.Linear)
    return layer


def _mlp(inputs: int, inner: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, inner), nn.ReLU(), nn.Linear(inner, outputs))


class SpanMarker(nn.Module):
    """Scores spans by their first and last word, without a vector for each span.

    hidden (int): Width of the encoder.
    max_width (int): Most words of a span.
    dropout (float): Share of the inner units that are left out in training.
    """

    def __init__(self, hidden: int, max_width: int, dropout: float) -> None:
        super().__init__()
        self.max_width = max_width
        self.project_start = self._projection(hidden, hidden, dropout)
        self.project_end = self._projection(hidden, hidden, dropout)
        self.out_project = self._projection(2 * hidden, hidden, dropout)

    @staticmethod
    def _projection(inputs: int, hidden: int, dropout: float) -> nn.Sequential:
        return nn.Sequential(
            nn.Linear(inputs, 4 * hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4 * hidden, hidden),
        )

    def project(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Do once for each row what its spans share.

        The first layer of `out_project` is linear in the start and the end, so that its two
        halves are applied to rows and not to spans.

        rows (Tensor): Encoder states of the rows. *Shape:* (rows, hidden)
        RETURNS (tuple): What a row adds to the spans that start and that end there.
            *Shape:* (rows, 4 * hidden) each.
        """
        hidden = rows.shape[1]
        first = _linear(self.out_project, 0)
        starts = F.relu(self.project_start(rows))
        ends = F.relu(self.project_end(rows))
        return (
            F.linear(starts, first.weight[:, :hidden], first.bias),
            F.linear(ends, first.weight[:, hidden:]),
        )

    def fold(self, queries: Tensor) -> tuple[Tensor, Tensor]:
        """Apply the last layer of `out_project` to the queries, which are fewer than the spans.

        queries (Tensor): *Shape:* (queries, hidden)
        RETURNS (tuple): The folded queries and what each adds to a score.
            *Shape:* (queries, 4 * hidden) and (queries,)
        """
        last = _linear(self.out_project, 3)
        return queries @ last.weight, queries @ last.bias

    def forward(self, starts: Tensor, ends: Tensor, folded: Tensor, bias: Tensor) -> Tensor:
        """Score all spans of one sequence.

        starts (Tensor): From `project`, for the rows of the sequence.
        ends (Tensor): From `project`, for the rows of the sequence.
        folded (Tensor): From `fold`, for the queries of the sequence.
        bias (Tensor): From `fold`, for the queries of the sequence.
        RETURNS (Tensor): Logits; minus infinity for spans that end after the last row.
            *Shape:* (queries, rows, max_width)
        """
        count = starts.shape[0]
        by_width = []
        for width in range(min(self.max_width, count)):
            spans = starts[: count - width] + ends[width:]
            spans = self.out_project[2](F.relu(spans, inplace=not spans.requires_grad))
            logits = torch.addmm(bias, spans, folded.T)
            by_width.append(F.pad(logits, (0, 0, 0, width), value=-torch.inf))
        missing = self.max_width - len(by_width)
        scores = F.pad(torch.stack(by_width, dim=1), (0, 0, 0, missing), value=-torch.inf)
        return scores.permute(2, 0, 1)


class Network(nn.Module):
    """GLiNER2, span architecture.

    config (SpanConfig): What the checkpoint says of its heads.
    encoder (PackedEncoder): The encoder.
    """

    def __init__(self, config: SpanConfig, encoder: PackedEncoder) -> None:
        super().__init__()
        hidden = encoder.hidden_size
        self.config = config
        self.encoder = encoder
        self.span_rep = nn.Module()
        self.span_rep.span_rep_layer = SpanMarker(hidden, config.max_width, config.dropout)
        self.classifier = _mlp(hidden, 2 * hidden, 1)
        self.count_pred = _mlp(hidden, 2 * hidden, MAX_COUNT)
        self.count_embed = COUNTING_LAYERS[config.counting_layer](hidden)

    @property
    def spans(self) -> SpanMarker:
        """RETURNS (SpanMarker): The span head."""
        layer = self.span_rep.span_rep_layer
        assert isinstance(layer, SpanMarker)
        return layer

    @property
    def device(self) -> torch.device:
        """RETURNS (torch.device): Where the weights are."""
        return next(self.count_pred.parameters()).device

    def encode(self, sequences: Sequence[TokenSequence]) -> Tensor:
        """Run the encoder.

        sequences (Sequence): The sequences.
        RETURNS (Tensor): The states of all their tokens, one sequence after the other.
            *Shape:* (tokens, hidden)
        """
        ids = [i for sequence in sequences for i in (*sequence.prompt.ids, *sequence.ids)]
        lengths = [len(sequence) for sequence in sequences]
        states: Tensor = self.encoder(torch.tensor(ids, device=self.device), lengths)
        return states.to(_linear(self.count_pred, 0).weight.dtype)

    def forward(self, sequences: Sequence[TokenSequence]) -> list[SequenceScores]:
        """Score a batch.

        sequences (Sequence): The sequences, each with a prompt of its own.
        RETURNS (list): For each sequence, the scores for each group of its prompt.
        """
        states = self.encode(sequences)
        bases = [0, *accumulate(len(sequence) for sequence in sequences)][:-1]
        groups = [
            (n, group) for n, sequence in enumerate(sequences) for group in sequence.prompt.groups
        ]
        parents = torch.tensor([bases[n] + group.parent for n, group in groups], dtype=torch.long)
        children = [[bases[n] + child for child in group.children] for n, group in groups]
        tasks = [i for i, (_, group) in enumerate(groups) if group.kind is Kind.CLASSIFICATION]
        others = [i for i, (_, group) in enumerate(groups) if group.kind is not Kind.CLASSIFICATION]

        scores: list[GroupScores] = [GroupScores(0, None)] * len(groups)
        for i, logits in zip(tasks, self._classify(states, children, tasks), strict=True):
            scores[i] = GroupScores(0, logits.float().cpu().numpy())
        counts = self._count(states, parents, others)
        asked = {
            i: 1 if groups[i][1].kind is Kind.ENTITIES else count
            for i, count in counts.items()
            if count > 0
        }
        queries = self._queries(states, children, asked)
        for i, probabilities in self._span_scores(states, sequences, bases, groups, queries):
            scores[i] = GroupScores(counts[i], probabilities.float().cpu().numpy())
        return _by_sequence(scores, sequences)

    def _classify(
        self, states: Tensor, children: list[list[int]], tasks: list[int]
    ) -> Sequence[Tensor]:
        if not tasks:
            return ()
        flat = torch.tensor([child for i in tasks for child in children[i]], device=states.device)
        logits: Tensor = self.classifier(states[flat]).squeeze(-1)
        found: Sequence[Tensor] = logits.split([len(children[i]) for i in tasks])
        return found

    def _count(self, states: Tensor, parents: Tensor, groups: list[int]) -> dict[int, int]:
        if not groups:
            return {}
        logits = self.count_pred(states[parents[groups].to(states.device)])
        return dict(zip(groups, logits.argmax(dim=-1).tolist(), strict=True))

    def _queries(
        self, states: Tensor, children: list[list[int]], asked: dict[int, int]
    ) -> dict[int, Tensor]:
        """Make the queries of all groups that are alike in labels and instances at once.

        asked (dict): Number of instances of each group.
        RETURNS (dict): The queries of each group. *Shape:* (instances, labels, hidden)
        """
        alike: dict[tuple[int, int], list[int]] = {}
        for i, count in asked.items():
            alike.setdefault((len(children[i]), count), []).append(i)
        queries: dict[int, Tensor] = {}
        for (_, count), members in alike.items():
            positions = torch.tensor([children[i] for i in members], device=states.device)
            made = self.count_embed(states[positions], count)
            queries.update(zip(members, made, strict=True))
        return queries

    def _span_scores(
        self,
        states: Tensor,
        sequences: Sequence[TokenSequence],
        bases: list[int],
        groups: Sequence[tuple[int, object]],
        queries: dict[int, Tensor],
    ) -> list[tuple[int, Tensor]]:
        """Score the spans of each sequence for all queries of its groups at once."""
        members: dict[int, list[int]] = {}
        for i in sorted(queries):
            members.setdefault(groups[i][0], []).append(i)
        if not members:
            return []
        rows = pool_rows(
            states,
            [(bases[n] + first, size) for n in members for first, size in sequences[n].rows],
            self.config.token_pooling,
        )
        starts, ends = self.spans.project(rows)
        ordered = [i for own in members.values() for i in own]
        folded, bias = self.spans.fold(torch.cat([queries[i].flatten(0, 1) for i in ordered]))
        found = []
        row = query = 0
        for n, own in members.items():
            last = row + len(sequences[n].rows)
            sizes = [queries[i].shape[0] * queries[i].shape[1] for i in own]
            end = query + sum(sizes)
            logits = self.spans(
                starts[row:last], ends[row:last], folded[query:end], bias[query:end]
            )
            for i, part in zip(own, logits.sigmoid().split(sizes), strict=True):
                found.append((i, part.unflatten(0, queries[i].shape[:2])))
            row, query = last, end
        return found


def _by_sequence(
    scores: list[GroupScores], sequences: Sequence[TokenSequence]
) -> list[SequenceScores]:
    grouped = []
    first = 0
    for sequence in sequences:
        last = first + len(sequence.prompt.groups)
        grouped.append(tuple(scores[first:last]))
        first = last
    return grouped
