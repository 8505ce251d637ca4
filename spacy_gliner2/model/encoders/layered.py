"""What the encoders of the BERT family share: the way through their layers."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

import torch
from torch import Tensor, nn

from ..precision import PRECISIONS
from ..rounding import fill_up, keeps_kernels, repeat_last
from .base import PackedEncoder
from .layer import Block, Layer, PackedBlock, RecordedBlock


class Attention(Protocol):
    """A layer's attention."""

    def __call__(
        self, projected: Tensor, lengths: Sequence[int], distances: Tensor | None
    ) -> Tensor:
        """Attend within each sequence.

        projected (Tensor): Queries, keys and values. *Shape:* (tokens, 3 * all heads)
        lengths (Sequence[int]): Number of tokens of each sequence.
        distances (Tensor): Rows of the relative embeddings by distance, where there are such.
        RETURNS (Tensor): *Shape:* (tokens, all heads)
        """
        ...


@dataclass(frozen=True, slots=True)
class PreparedLayer:
    """A layer as it runs.

    attend (Attention): Its attention.
    block (Block): The rest of it.
    """

    attend: Attention
    block: Block


class LayeredEncoder(PackedEncoder):
    """An encoder of the BERT family, with the weights of a `transformers` model.

    model (nn.Module): The model, whose modules become those of the encoder.
    hidden_size (int): Width of the states.
    max_positions (int | None): Most tokens of a sequence, None if there is no limit.
    activation (str): Name of the feed-forward's activation.
    """

    precisions = PRECISIONS

    def __init__(
        self, model: nn.Module, hidden_size: int, max_positions: int | None, activation: str
    ) -> None:
        super().__init__(hidden_size, max_positions)
        self.activation = activation
        for name, child in model.named_children():
            self.add_module(name, child)
        self.training = model.training

    @property
    def layers(self) -> Sequence[Layer]:
        """RETURNS (Sequence): The layers."""
        return cast(Sequence[Layer], cast(nn.Module, self.encoder).layer)

    def encode(self, ids: Tensor, lengths: Sequence[int], wanted: Tensor | None) -> Tensor:
        """Encode a batch that was checked.

        ids (Tensor): Token ids of all sequences. *Shape:* (tokens,)
        lengths (Sequence[int]): Number of tokens of each sequence.
        wanted (Tensor): Positions of the tokens whose states are wanted, None for all.
        RETURNS (Tensor): States of the last layer. *Shape:* (tokens or wanted, hidden_size)
        """
        count = len(ids) if wanted is None else len(wanted)
        if self._rounds(ids.device):
            ids, lengths = fill_up(ids, lengths, self.max_positions)
            wanted = None if wanted is None else repeat_last(wanted)
        return self._encode(ids, lengths, wanted)[:count]

    def _rounds(self, device: torch.device) -> bool:
        """Tell whether what is computed is packed for kernels that are kept."""
        return keeps_kernels(device) and not self.records

    def _encode(self, ids: Tensor, lengths: Sequence[int], wanted: Tensor | None) -> Tensor:
        layers = self.derived([cast(nn.Module, self.encoder)], self._prepare)
        distances = self._distances(lengths, ids.device)
        embedded, projected = self._enter(ids, lengths, layers[0].block)
        states = embedded
        for i, layer in enumerate(layers):
            if i > 0:
                projected = layer.block.project(states)
            context = layer.attend(projected, lengths, distances)
            if wanted is not None and self._selects(i):
                context, states, wanted = context[wanted], states[wanted], None
            states = self._after(i, layer.block.finish(context, states), embedded, lengths)
        return states if wanted is None else states[wanted]

    def _enter(self, ids: Tensor, lengths: Sequence[int], block: Block) -> tuple[Tensor, Tensor]:
        """Embed all tokens, and project them for the first layer.

        Tokens that are alike, such as those of one prompt before many texts, are so until the
        first attention, and are embedded and projected once.
        """
        places = self._places(lengths, ids.device)
        if not self._rounds(ids.device):
            embedded = self._embed(ids, places)
            return embedded, block.project(embedded)
        size = 1 if places is None else int(places.max()) + 1
        kinds, where = (ids if places is None else ids * size + places).unique(return_inverse=True)
        kinds = repeat_last(kinds)
        embedded = self._embed(kinds // size, None if places is None else kinds % size)
        return embedded[where], block.project(embedded)[where]

    def _block(self, layer: Layer, *projections: nn.Linear) -> Block:
        if self.records:
            return RecordedBlock(layer, *projections)
        return PackedBlock(
            layer, *projections, activation=self.activation, precision=self.precision
        )

    def _selects(self, i: int) -> bool:
        """Tell whether tokens whose states are not wanted can be left out from a layer on."""
        return i + 1 == len(self.layers)

    @abstractmethod
    def _prepare(self) -> list[PreparedLayer]:
        """RETURNS (list): The layers as they run."""

    @abstractmethod
    def _places(self, lengths: Sequence[int], device: torch.device) -> Tensor | None:
        """RETURNS (Tensor): What of a token's place its embedding depends on, if anything."""

    @abstractmethod
    def _embed(self, ids: Tensor, places: Tensor | None) -> Tensor:
        """RETURNS (Tensor): The embeddings of some tokens. *Shape:* (tokens, hidden_size)"""

    def _distances(self, lengths: Sequence[int], device: torch.device) -> Tensor | None:
        """RETURNS (Tensor): Rows of the relative embeddings by distance, if there are such."""
        return None

    def _after(self, i: int, states: Tensor, embedded: Tensor, lengths: Sequence[int]) -> Tensor:
        """RETURNS (Tensor): The states after a layer, where something follows it."""
        return states
