"""DeBERTa v2 and v3 over packed tokens (He et al. 2021, https://arxiv.org/abs/2111.09543)."""

from collections.abc import Callable, Sequence
from functools import partial
from math import sqrt
from typing import Protocol, cast

import torch
from torch import Tensor, nn
from transformers import DebertaV2Model, PretrainedConfig
from transformers.activations import ACT2FN

from ..dropout import apply_dropout
from .attention import attend
from .base import positions, runs
from .layered import LayeredEncoder, PreparedLayer
from .relative import Distances, PositionTables, RecordedTables, Tables

QUERIES = 256
"""Queries of a block, which bounds the memory that long sequences need."""

SCORES = 1 << 20
"""About how many scores to compute at once for sequences of equal length, on a processor."""

SCORES_GPU = 1 << 27
"""The same on another device, where many small steps are slow."""


class _Embeddings(Protocol):
    word_embeddings: nn.Embedding
    position_embeddings: nn.Embedding | None
    token_type_embeddings: nn.Embedding | None
    embed_proj: nn.Linear | None
    LayerNorm: nn.LayerNorm
    dropout: nn.Dropout


class _SelfAttention(Protocol):
    query_proj: nn.Linear
    key_proj: nn.Linear
    value_proj: nn.Linear
    pos_key_proj: nn.Linear
    pos_query_proj: nn.Linear
    pos_dropout: nn.Dropout
    dropout: nn.Dropout
    num_attention_heads: int
    attention_head_size: int
    training: bool


class _Convolution(Protocol):
    conv: nn.Conv1d
    LayerNorm: nn.LayerNorm
    dropout: nn.Dropout


class _Encoder(Protocol):
    rel_embeddings: nn.Embedding
    LayerNorm: nn.LayerNorm
    conv: _Convolution | None


class PackedDeberta(LayeredEncoder):
    """DeBERTa without padding, with the weights of a `transformers` model.

    model (DebertaV2Model): The model, whose modules become those of the encoder.
    """

    def __init__(self, model: DebertaV2Model) -> None:
        config = model.config
        biased = getattr(config, "position_biased_input", True)
        limit = config.max_position_embeddings if biased else None
        super().__init__(model, config.hidden_size, limit, config.hidden_act)
        terms = (config.pos_att_type or []) if config.relative_attention else []
        self.kinds = frozenset(terms) & {"c2p", "p2c"}
        self.factor = 1 + len(frozenset(config.pos_att_type or []) & {"c2p", "p2c"})
        self.shared = getattr(config, "share_att_key", False)
        self.normed = "layer_norm" in getattr(config, "norm_rel_ebd", "none").lower()
        self.distances = _read_distances(config)
        self.conv_act = getattr(config, "conv_act", "tanh")

    @staticmethod
    def supports(config: PretrainedConfig) -> bool:
        """Tell whether a configuration is one that this encoder runs.

        config (PretrainedConfig): The configuration.
        RETURNS (bool): Whether it is a DeBERTa v2 or v3.
        """
        return bool(config.model_type == "deberta-v2")

    @property
    def body(self) -> _Encoder:
        """RETURNS (_Encoder): The layers and what they share."""
        return cast(_Encoder, self.encoder)

    def _prepare(self) -> list[PreparedLayer]:
        relative = self._relative() if self.kinds else None
        prepared = []
        for layer in self.layers:
            own: _SelfAttention = layer.attention.self
            block = self._block(layer, own.query_proj, own.key_proj, own.value_proj)
            scale = 1 / sqrt(own.attention_head_size * self.factor)
            make = partial(self._project, own, scale)
            tables = self._tables(relative, make)
            prepared.append(PreparedLayer(DisentangledAttention(own, tables, scale), block))
        return prepared

    def _relative(self) -> Tensor:
        embeddings = self.body.rel_embeddings.weight
        normed: Tensor = self.body.LayerNorm(embeddings) if self.normed else embeddings
        return normed[: 2 * self.distances.span]

    def _tables(self, relative: Tensor | None, make: Callable[[Tensor], PositionTables]) -> Tables:
        if relative is None:
            return PositionTables(None, None)
        return RecordedTables(relative, make) if self.records else make(relative)

    def _project(self, attention: _SelfAttention, scale: float, relative: Tensor) -> PositionTables:
        """Project relative embeddings; the projections are scaled as scores are."""
        relative = apply_dropout(attention.pos_dropout, relative)
        keys = queries = None
        if "c2p" in self.kinds:
            linear = attention.key_proj if self.shared else attention.pos_key_proj
            keys = self._table(attention, linear(relative) * scale)
        if "p2c" in self.kinds:
            linear = attention.query_proj if self.shared else attention.pos_query_proj
            queries = self._table(attention, linear(relative) * scale)
        return PositionTables(keys, queries)

    def _table(self, attention: _SelfAttention, projected: Tensor) -> Tensor:
        by_head = projected.view(projected.shape[0], attention.num_attention_heads, -1)
        return self.cast(by_head.transpose(0, 1).contiguous())

    def _distances(self, lengths: Sequence[int], device: torch.device) -> Tensor:
        return self.distances.rows(max(lengths), device)

    def _places(self, lengths: Sequence[int], device: torch.device) -> Tensor | None:
        biased = cast(_Embeddings, self.embeddings).position_embeddings is not None
        return positions(lengths, device) if biased else None

    def _embed(self, ids: Tensor, places: Tensor | None) -> Tensor:
        tables = cast(_Embeddings, self.embeddings)
        states: Tensor = tables.word_embeddings(ids)
        if tables.position_embeddings is not None:
            states = states + tables.position_embeddings(places)
        if tables.token_type_embeddings is not None:
            states = states + tables.token_type_embeddings.weight[0]
        if tables.embed_proj is not None:
            states = tables.embed_proj(states)
        return self.cast(apply_dropout(tables.dropout, tables.LayerNorm(states)))

    def _selects(self, i: int) -> bool:
        # The convolution after the first layer reads the neighbours of every token.
        return super()._selects(i) and (i > 0 or self.body.conv is None)

    def _after(self, i: int, states: Tensor, embedded: Tensor, lengths: Sequence[int]) -> Tensor:
        convolution = self.body.conv
        if i > 0 or convolution is None:
            return states
        sequences = embedded.to(convolution.conv.weight.dtype).split(list(lengths))
        mixed = torch.cat([convolution.conv(sequence.T).T for sequence in sequences])
        mixed = ACT2FN[self.conv_act](convolution.dropout(mixed))
        normed: Tensor = convolution.LayerNorm(states + mixed)
        return self.cast(normed)


class DisentangledAttention:
    """Attention within each sequence of a batch, with what positions add to its scores.

    attention (nn.Module): What the layer says of it.
    tables (Tables): The layer's projections of the relative embeddings.
    scale (float): What scores are multiplied with.
    """

    def __init__(self, attention: _SelfAttention, tables: Tables, scale: float) -> None:
        self._attention = attention
        self._tables = tables
        self._scale = scale

    def __call__(
        self, projected: Tensor, lengths: Sequence[int], distances: Tensor | None
    ) -> Tensor:
        assert distances is not None
        tables = self._tables.by_distance(distances)
        heads = self._attention.num_attention_heads
        budget = SCORES if projected.device.type == "cpu" else SCORES_GPU
        contexts = []
        for own in runs(projected, lengths):
            length = own.shape[1]
            for part in own.split(max(1, budget // (heads * length * length))):
                query, key, value = part.unflatten(2, (3, heads, -1)).permute(2, 0, 3, 1, 4)
                blocks = [
                    self._attend(block, key, value, tables, i * QUERIES)
                    for i, block in enumerate(query.split(QUERIES, dim=2))
                ]
                contexts.append(_merge(blocks))
        return contexts[0] if len(contexts) == 1 else torch.cat(contexts)

    def _attend(
        self, query: Tensor, key: Tensor, value: Tensor, tables: PositionTables, first: int
    ) -> Tensor:
        attention = self._attention
        share = attention.dropout.p if attention.training else 0.0
        bias = tables.bias(query, key, first)
        return attend(query, key, value, share, bias, self._scale)


def _merge(blocks: Sequence[Tensor]) -> Tensor:
    """Put blocks of queries together, and the heads of a token next to each other.

    blocks (Sequence[Tensor]): *Shape:* (sequences, heads, queries, width)
    RETURNS (Tensor): *Shape:* (sequences * all queries, heads * width)
    """
    context = blocks[0] if len(blocks) == 1 else torch.cat(list(blocks), dim=2)
    return context.transpose(1, 2).flatten(2).flatten(0, 1)


def _read_distances(config: PretrainedConfig) -> Distances:
    limit = getattr(config, "max_relative_positions", -1)
    if limit < 1:
        limit = config.max_position_embeddings
    return Distances(max(0, getattr(config, "position_buckets", -1)), limit)
