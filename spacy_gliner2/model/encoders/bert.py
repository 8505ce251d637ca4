"""BERT over packed tokens (Devlin et al. 2019, https://arxiv.org/abs/1810.04805)."""

from collections.abc import Sequence
from typing import Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from transformers import BertModel, PretrainedConfig

from .base import PackedEncoder, positions, runs
from .layer import Intermediate, Output, add_and_norm, feed_forward, fuse


class _Embeddings(Protocol):
    word_embeddings: nn.Embedding
    position_embeddings: nn.Embedding
    token_type_embeddings: nn.Embedding
    LayerNorm: nn.LayerNorm
    dropout: nn.Dropout


class _SelfAttention(Protocol):
    query: nn.Linear
    key: nn.Linear
    value: nn.Linear
    num_attention_heads: int
    dropout: nn.Dropout


class _Attention(Protocol):
    self: _SelfAttention
    output: Output


class _Layer(Protocol):
    attention: _Attention
    intermediate: Intermediate
    output: Output


class PackedBert(PackedEncoder):
    """BERT without padding, with the weights of a `transformers` model.

    model (BertModel): The model, whose modules become those of the encoder.
    """

    def __init__(self, model: BertModel) -> None:
        config = model.config
        super().__init__(config.hidden_size, config.max_position_embeddings)
        self.gelu = config.hidden_act == "gelu"
        for name, child in model.named_children():
            self.add_module(name, child)
        self.training = model.training

    @staticmethod
    def supports(config: PretrainedConfig) -> bool:
        """Tell whether a configuration is one that this encoder runs.

        config (PretrainedConfig): The configuration.
        RETURNS (bool): Whether it is a plain BERT with absolute positions.
        """
        absolute = getattr(config, "position_embedding_type", "absolute") == "absolute"
        return config.model_type == "bert" and absolute and not config.is_decoder

    @property
    def layers(self) -> Sequence[_Layer]:
        """RETURNS (Sequence): The layers."""
        return cast(Sequence[_Layer], cast(nn.Module, self.encoder).layer)

    def encode(self, ids: Tensor, lengths: Sequence[int]) -> Tensor:
        """Encode a batch that was checked.

        ids (Tensor): Token ids of all sequences. *Shape:* (tokens,)
        lengths (Sequence[int]): Number of tokens of each sequence.
        RETURNS (Tensor): States of the last layer. *Shape:* (tokens, hidden_size)
        """
        layers, records = self.layers, self.records
        attentions = [layer.attention.self for layer in layers]
        sources = [cast(nn.Module, attention) for attention in attentions]
        fused = self.derived(sources, lambda: [fuse(a.query, a.key, a.value) for a in attentions])
        states = self._embed(ids, lengths)
        for layer, (weight, bias) in zip(layers, fused, strict=True):
            projected = F.linear(states, weight, bias)
            context = self._attend(layer.attention.self, projected, lengths)
            states = add_and_norm(layer.attention.output, context, states, records)
            states = feed_forward(layer.intermediate, layer.output, states, self.gelu, records)
        return states

    def _embed(self, ids: Tensor, lengths: Sequence[int]) -> Tensor:
        tables = cast(_Embeddings, self.embeddings)
        states = tables.word_embeddings(ids) + tables.token_type_embeddings.weight[0]
        states = states + tables.position_embeddings(positions(lengths, ids.device))
        embedded: Tensor = tables.dropout(tables.LayerNorm(states))
        return embedded

    def _attend(
        self, attention: _SelfAttention, projected: Tensor, lengths: Sequence[int]
    ) -> Tensor:
        heads = attention.num_attention_heads
        dropout = attention.dropout.p if self.training else 0.0
        contexts = []
        for first, count, length in runs(lengths):
            own = projected[first : first + count * length]
            query, key, value = own.view(count, length, 3, heads, -1).permute(2, 0, 3, 1, 4)
            context = F.scaled_dot_product_attention(query, key, value, dropout_p=dropout)
            contexts.append(context.transpose(1, 2).reshape(count * length, -1))
        return contexts[0] if len(contexts) == 1 else torch.cat(contexts)
