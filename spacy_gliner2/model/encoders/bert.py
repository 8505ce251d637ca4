"""BERT over packed tokens (Devlin et al. 2019, https://arxiv.org/abs/1810.04805)."""

from collections.abc import Sequence
from typing import Protocol, cast

import torch
from torch import Tensor, nn
from transformers import BertModel, PretrainedConfig

from ..dropout import apply_dropout
from .attention import attend
from .base import positions, runs
from .layered import LayeredEncoder, PreparedLayer


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
    training: bool


class PackedBert(LayeredEncoder):
    """BERT without padding, with the weights of a `transformers` model.

    model (BertModel): The model, whose modules become those of the encoder.
    """

    def __init__(self, model: BertModel) -> None:
        config = model.config
        super().__init__(
            model, config.hidden_size, config.max_position_embeddings, config.hidden_act
        )

    @staticmethod
    def supports(config: PretrainedConfig) -> bool:
        """Tell whether a configuration is one that this encoder runs.

        config (PretrainedConfig): The configuration.
        RETURNS (bool): Whether it is a plain BERT with absolute positions.
        """
        absolute = getattr(config, "position_embedding_type", "absolute") == "absolute"
        return config.model_type == "bert" and absolute and not config.is_decoder

    def _prepare(self) -> list[PreparedLayer]:
        prepared = []
        for layer in self.layers:
            own: _SelfAttention = layer.attention.self
            block = self._block(layer, own.query, own.key, own.value)
            prepared.append(PreparedLayer(PackedAttention(own), block))
        return prepared

    def _places(self, lengths: Sequence[int], device: torch.device) -> Tensor:
        return positions(lengths, device)

    def _embed(self, ids: Tensor, places: Tensor | None) -> Tensor:
        tables = cast(_Embeddings, self.embeddings)
        states = tables.word_embeddings(ids) + tables.token_type_embeddings.weight[0]
        states = states + tables.position_embeddings(places)
        return self.cast(apply_dropout(tables.dropout, tables.LayerNorm(states)))


class PackedAttention:
    """Attention within each sequence of a batch.

    attention (nn.Module): What the layer says of it.
    """

    def __init__(self, attention: _SelfAttention) -> None:
        self._attention = attention

    def __call__(
        self, projected: Tensor, lengths: Sequence[int], distances: Tensor | None
    ) -> Tensor:
        attention = self._attention
        heads = attention.num_attention_heads
        dropout = attention.dropout.p if attention.training else 0.0
        contexts = []
        for own in runs(projected, lengths):
            query, key, value = own.unflatten(2, (3, heads, -1)).permute(2, 0, 3, 1, 4)
            context = attend(query, key, value, dropout)
            contexts.append(context.transpose(1, 2).flatten(2).flatten(0, 1))
        return contexts[0] if len(contexts) == 1 else torch.cat(contexts)
