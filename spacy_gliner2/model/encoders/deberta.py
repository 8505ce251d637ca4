"""DeBERTa v2 and v3 over packed tokens (He et al. 2021, https://arxiv.org/abs/2111.09543)."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from transformers import DebertaV2Model, PretrainedConfig
from transformers.activations import ACT2FN

from .base import PackedEncoder, positions, runs
from .layer import Intermediate, Output, add_and_norm, feed_forward, fuse
from .relative import Distances, PositionTables

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


class _Attention(Protocol):
    self: _SelfAttention
    output: Output


class _Layer(Protocol):
    attention: _Attention
    intermediate: Intermediate
    output: Output


class _Convolution(Protocol):
    conv: nn.Conv1d
    LayerNorm: nn.LayerNorm
    dropout: nn.Dropout


class _Encoder(Protocol):
    layer: Sequence[_Layer]
    rel_embeddings: nn.Embedding
    LayerNorm: nn.LayerNorm
    conv: _Convolution | None


@dataclass(frozen=True, slots=True)
class _Projections:
    """What a layer's attention multiplies with.

    weight (Tensor): Weights of queries, keys and values. *Shape:* (3 * all heads, hidden)
    bias (Tensor): Their biases. *Shape:* (3 * all heads,)
    tables (PositionTables): Projections of the relative embeddings.
    """

    weight: Tensor
    bias: Tensor
    tables: PositionTables


class PackedDeberta(PackedEncoder):
    """DeBERTa without padding, with the weights of a `transformers` model.

    model (DebertaV2Model): The model, whose modules become those of the encoder.
    """

    def __init__(self, model: DebertaV2Model) -> None:
        config = model.config
        biased = getattr(config, "position_biased_input", True)
        super().__init__(config.hidden_size, config.max_position_embeddings if biased else None)
        terms = (config.pos_att_type or []) if config.relative_attention else []
        self.kinds = frozenset(terms) & {"c2p", "p2c"}
        self.factor = 1 + len(frozenset(config.pos_att_type or []) & {"c2p", "p2c"})
        self.shared = getattr(config, "share_att_key", False)
        self.normed = "layer_norm" in getattr(config, "norm_rel_ebd", "none").lower()
        self.distances = _distances(config)
        self.gelu = config.hidden_act == "gelu"
        self.conv_act = getattr(config, "conv_act", "tanh")
        for name, child in model.named_children():
            self.add_module(name, child)
        self.training = model.training

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

    def encode(self, ids: Tensor, lengths: Sequence[int]) -> Tensor:
        """Encode a batch that was checked.

        ids (Tensor): Token ids of all sequences. *Shape:* (tokens,)
        lengths (Sequence[int]): Number of tokens of each sequence.
        RETURNS (Tensor): States of the last layer. *Shape:* (tokens, hidden_size)
        """
        records = self.records
        rows = self.distances.rows(max(lengths), ids.device)
        embedded = states = self._embed(ids, lengths)
        for i, (layer, own) in enumerate(zip(self.body.layer, self._projections(), strict=True)):
            projected = F.linear(states, own.weight, own.bias)
            tables = own.tables.by_distance(rows)
            context = self._attend(layer.attention.self, projected, tables, lengths)
            states = add_and_norm(layer.attention.output, context, states, records)
            states = feed_forward(layer.intermediate, layer.output, states, self.gelu, records)
            if i == 0 and self.body.conv is not None:
                states = self._convolve(self.body.conv, embedded, states, lengths)
        return states

    def _embed(self, ids: Tensor, lengths: Sequence[int]) -> Tensor:
        tables = cast(_Embeddings, self.embeddings)
        states: Tensor = tables.word_embeddings(ids)
        if tables.position_embeddings is not None:
            states = states + tables.position_embeddings(positions(lengths, ids.device))
        if tables.token_type_embeddings is not None:
            states = states + tables.token_type_embeddings.weight[0]
        if tables.embed_proj is not None:
            states = tables.embed_proj(states)
        embedded: Tensor = tables.dropout(tables.LayerNorm(states))
        return embedded

    def _projections(self) -> list[_Projections]:
        body = self.body
        attentions = [layer.attention.self for layer in body.layer]
        sources = [cast(nn.Module, attention) for attention in attentions]
        if not self.kinds:
            return self.derived(sources, lambda: [self._project(a, None) for a in attentions])
        sources += [body.rel_embeddings, *([body.LayerNorm] if self.normed else [])]
        return self.derived(
            sources, lambda: [self._project(a, self._relative()) for a in attentions]
        )

    def _relative(self) -> Tensor:
        embeddings = self.body.rel_embeddings.weight
        normed: Tensor = self.body.LayerNorm(embeddings) if self.normed else embeddings
        return normed[: 2 * self.distances.span]

    def _project(self, attention: _SelfAttention, relative: Tensor | None) -> _Projections:
        weight, bias = fuse(attention.query_proj, attention.key_proj, attention.value_proj)
        if relative is None:
            return _Projections(weight, bias, PositionTables(None, None))
        relative = attention.pos_dropout(relative)
        keys = queries = None
        if "c2p" in self.kinds:
            linear = attention.key_proj if self.shared else attention.pos_key_proj
            keys = self._table(attention, linear(relative))
        if "p2c" in self.kinds:
            linear = attention.query_proj if self.shared else attention.pos_query_proj
            queries = self._table(attention, linear(relative))
        return _Projections(weight, bias, PositionTables(keys, queries))

    def _table(self, attention: _SelfAttention, projected: Tensor) -> Tensor:
        by_head = projected.view(projected.shape[0], attention.num_attention_heads, -1)
        return by_head.transpose(0, 1).contiguous() * self._scale(attention)

    def _scale(self, attention: _SelfAttention) -> float:
        return 1 / sqrt(attention.attention_head_size * self.factor)

    def _attend(
        self,
        attention: _SelfAttention,
        projected: Tensor,
        tables: PositionTables,
        lengths: Sequence[int],
    ) -> Tensor:
        heads = attention.num_attention_heads
        budget = SCORES if projected.device.type == "cpu" else SCORES_GPU
        contexts = []
        for first, count, length in runs(lengths):
            own = projected[first : first + count * length]
            own = own.view(count, length, 3, heads, -1)
            for part in own.split(max(1, budget // (heads * length * length))):
                query, key, value = part.permute(2, 0, 3, 1, 4)
                blocks = [
                    self._attend_block(attention, block, key, value, tables, i * QUERIES)
                    for i, block in enumerate(query.split(QUERIES, dim=2))
                ]
                contexts += [_merge(blocks)]
        return contexts[0] if len(contexts) == 1 else torch.cat(contexts)

    def _attend_block(
        self,
        attention: _SelfAttention,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        tables: PositionTables,
        first: int,
    ) -> Tensor:
        return F.scaled_dot_product_attention(
            query,
            key,
            value,
            attn_mask=tables.bias(query, key, first),
            dropout_p=attention.dropout.p if self.training else 0.0,
            scale=self._scale(attention),
        )

    def _convolve(
        self, convolution: _Convolution, embedded: Tensor, states: Tensor, lengths: Sequence[int]
    ) -> Tensor:
        sequences = embedded.split(list(lengths))
        mixed = torch.cat([convolution.conv(sequence.T).T for sequence in sequences])
        mixed = ACT2FN[self.conv_act](convolution.dropout(mixed))
        normed: Tensor = convolution.LayerNorm(states + mixed)
        return normed


def _merge(blocks: Sequence[Tensor]) -> Tensor:
    """Put blocks of queries together, and the heads of a token next to each other.

    blocks (Sequence[Tensor]): *Shape:* (sequences, heads, queries, width)
    RETURNS (Tensor): *Shape:* (sequences * all queries, heads * width)
    """
    context = blocks[0] if len(blocks) == 1 else torch.cat(list(blocks), dim=2)
    return context.transpose(1, 2).flatten(2).flatten(0, 1)


def _distances(config: PretrainedConfig) -> Distances:
    limit = getattr(config, "max_relative_positions", -1)
    if limit < 1:
        limit = config.max_position_embeddings
    return Distances(max(0, getattr(config, "position_buckets", -1)), limit)
