"""The network: an encoder and the heads that read it, for a batch of sequences at once.

Formulas: sections 1.3 to 1.6 of the reference. Parameter names are those of its checkpoints.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..inference.prompt import Kind
from ..inference.scores import FloatArray, GroupScores, SequenceScores
from ..inference.sequences import TokenSequence
from .config import SpanConfig
from .counting import COUNTING_LAYERS, MAX_COUNT, Counting
from .encoders import PackedEncoder
from .places import Places, States
from .precision import Precision
from .rows import pool_tokens
from .spans import SpanMarker, linear_layer


def _mlp(inputs: int, inner: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, inner), nn.ReLU(), nn.Linear(inner, outputs))


@dataclass(frozen=True, slots=True)
class SpanInputs:
    """What the span head reads of the sequences of a batch that are asked for spans.

    starts (Tensor): What each row adds to the spans that start there. *Shape:* (rows, units)
    ends (Tensor): What each row adds to the spans that end there. *Shape:* (rows, units)
    rows (tuple): Number of rows of each sequence.
    queries (tuple): For each sequence, the queries of each of its groups.
        *Shape:* (instances, labels, hidden)
    """

    starts: Tensor
    ends: Tensor
    rows: tuple[int, ...]
    queries: tuple[tuple[Tensor, ...], ...]

    @property
    def flat(self) -> list[Tensor]:
        """RETURNS (list): The queries of each sequence. *Shape:* (queries, hidden) each."""
        return [torch.cat([made.flatten(0, 1) for made in own]) for own in self.queries]


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
    def precision(self) -> Precision:
        """RETURNS (str): What it computes with where no gradient is recorded."""
        return self.encoder.precision

    @precision.setter
    def precision(self, precision: Precision) -> None:
        self.encoder.precision = precision
        self.spans.precision = precision

    @property
    def device(self) -> torch.device:
        """RETURNS (torch.device): Where the weights are."""
        return next(self.count_pred.parameters()).device

    def encode(self, sequences: Sequence[TokenSequence], wanted: Tensor | None = None) -> Tensor:
        """Run the encoder.

        sequences (Sequence): The sequences.
        wanted (Tensor): Positions, among all tokens, of those whose states are wanted; None for
            all. *Shape:* (wanted,)
        RETURNS (Tensor): The states of the tokens, one sequence after the other.
            *Shape:* (tokens or wanted, hidden)
        """
        ids = [i for sequence in sequences for i in (*sequence.prompt.ids, *sequence.ids)]
        lengths = [len(sequence) for sequence in sequences]
        places = None if wanted is None else wanted.to(self.device)
        states: Tensor = self.encoder(torch.tensor(ids, device=self.device), lengths, places)
        return states.to(linear_layer(self.count_pred, 0).weight.dtype)

    def forward(self, sequences: Sequence[TokenSequence]) -> list[SequenceScores]:
        """Score a batch.

        sequences (Sequence): The sequences, each with a prompt of its own.
        RETURNS (list): For each sequence, the scores for each group of its prompt.
        """
        places = Places(sequences, self.config.token_pooling)
        states = places.pick(self.encode(sequences, places.wanted))
        counts = self._count(places, states)
        scores: list[list[GroupScores]] = [[] for _ in sequences]
        labels = iter(self._classify(places, states))
        spans = iter(self._score_spans(places, sequences, states, counts))
        for i, one in enumerate(places.asked):
            found = GroupScores(0, None)
            if one.classifies:
                found = GroupScores(0, next(labels))
            elif counts[i] > 0:
                found = GroupScores(counts[i], next(spans))
            scores[one.owner].append(found)
        return [tuple(own) for own in scores]

    def _classify(self, places: Places, states: States) -> list[FloatArray]:
        """RETURNS (list): The logits of the labels of each classification."""
        own = [states.labels[i] for i, one in enumerate(places.asked) if one.classifies]
        if not own:
            return []
        logits: Tensor = self.classifier(torch.cat(own)).squeeze(-1)
        found = logits.float().cpu().split([len(labels) for labels in own])
        return [part.numpy() for part in found]

    def _count(self, places: Places, states: States) -> dict[int, int]:
        """RETURNS (dict): The number of instances of each group that is no classification."""
        groups = [i for i, one in enumerate(places.asked) if not one.classifies]
        if not groups:
            return {}
        counts = self.count_pred(states.parents).argmax(dim=-1).tolist()
        return dict(zip(groups, counts, strict=True))

    def _score_spans(
        self,
        places: Places,
        sequences: Sequence[TokenSequence],
        states: States,
        counts: dict[int, int],
    ) -> list[FloatArray]:
        """Score the spans of all sequences for the queries of all their groups.

        RETURNS (list): The probabilities for each group with any instances, as in `GroupScores`.
        """
        slots = {
            i: 1 if places.asked[i].group.kind is Kind.ENTITIES else count
            for i, count in counts.items()
            if count > 0
        }
        if not slots:
            return []
        asked = self.span_inputs(places, sequences, states, slots)
        scores = self.spans.score(asked.starts, asked.ends, asked.rows, asked.flat)
        return [
            part
            for found, own in zip(scores, asked.queries, strict=True)
            for part in _by_group(found, own)
        ]

    def span_inputs(
        self,
        places: Places,
        sequences: Sequence[TokenSequence],
        states: States,
        slots: Mapping[int, int],
    ) -> SpanInputs:
        """Make what the span head reads.

        places (Places): Where the states are from.
        sequences (Sequence): The sequences.
        states (States): The states that the heads read.
        slots (Mapping): For some of the groups, by their places in `places.asked` and in that
            order, how many instances are asked for; at least one group has any.
        RETURNS (SpanInputs): The rows and queries of all sequences with such groups.
        """
        queries = self._queries(states, slots)
        members: dict[int, list[Tensor]] = {}
        for i, made in queries.items():
            members.setdefault(places.asked[i].owner, []).append(made)
        readers = [n for n, owner in enumerate(places.readers) if owner in members]
        rows = pool_tokens(
            torch.cat([states.tokens[n] for n in readers]),
            torch.tensor(
                [size for owner in members for _, size in sequences[owner].rows],
                device=self.device,
            ),
            self.config.token_pooling,
        )
        return SpanInputs(
            *self.spans.project(rows),
            tuple(len(sequences[owner].rows) for owner in members),
            tuple(map(tuple, members.values())),
        )

    def _queries(self, states: States, slots: Mapping[int, int]) -> dict[int, Tensor]:
        """Make the queries of all groups that have as many labels at once.

        RETURNS (dict): The queries of each group. *Shape:* (instances, labels, hidden)
        """
        alike: dict[int, list[int]] = {}
        for i in slots:
            alike.setdefault(len(states.labels[i]), []).append(i)
        queries: dict[int, Tensor] = {}
        layer = self.count_embed
        assert isinstance(layer, Counting)
        for members in alike.values():
            fields = torch.stack([states.labels[i] for i in members])
            made = layer.for_counts(fields, [slots[i] for i in members])
            queries.update(zip(members, made, strict=True))
        return {i: queries[i] for i in slots}


def _by_group(scores: FloatArray, queries: Sequence[Tensor]) -> list[FloatArray]:
    """Give each group of a sequence its scores.

    scores (ndarray): *Shape:* (rows, max_width, all queries)
    queries (Sequence): The queries of each group. *Shape:* (instances, labels, hidden)
    RETURNS (list): Views. *Shape:* (instances, labels, rows, max_width) each.
    """
    found = []
    first = 0
    for made in queries:
        instances, labels, _ = made.shape
        own = scores[:, :, first : first + instances * labels].transpose(2, 0, 1)
        found.append(own.reshape(instances, labels, *scores.shape[:2]))
        first += instances * labels
    return found
