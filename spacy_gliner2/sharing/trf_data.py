"""Encodings as the data of spacy-transformers, and the gradients of these data back again."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from spacy.tokens import Doc
from spacy_transformers.data_classes import TransformerData, WordpieceBatch
from thinc.api import get_current_ops
from thinc.types import Ragged
from torch import Tensor
from transformers.file_utils import ModelOutput

from ..inference.words import Offsets
from .encoding import TextEncoding


def make_trf_data(doc: Doc, encoding: TextEncoding) -> TransformerData:
    """Bring an encoding into the form that listeners read.

    doc (Doc): The Doc.
    encoding (tuple): What the encoder made of its text.
    RETURNS (TransformerData): Its word pieces, a row for each window, and which of them belong to
        each token of the Doc; a token in two windows has its pieces in both.
    """
    if not len(doc):
        return TransformerData.empty()
    ops = get_current_ops()
    lengths = [len(window.ids) for window in encoding]
    longest = max(lengths)
    states: Any = np.zeros((len(encoding), longest, encoding[0].states.shape[1]), dtype="f")
    ids = np.zeros((len(encoding), longest), dtype="i")
    mask = np.zeros((len(encoding), longest), dtype="f")
    for i, window in enumerate(encoding):
        states[i, : lengths[i]] = window.states.detach().float().cpu().numpy()
        ids[i, : lengths[i]] = window.ids
        mask[i, : lengths[i]] = 1.0
    strings = [[*window.pieces, *[""] * (longest - len(window.ids))] for window in encoding]
    return TransformerData(
        wordpieces=WordpieceBatch(strings, ids, mask, lengths, None),
        model_output=ModelOutput(last_hidden_state=ops.asarray(states)),
        align=_align(doc, [window.offsets for window in encoding], longest),
    )


def _align(doc: Doc, windows: Sequence[Sequence[Offsets]], longest: int) -> Ragged:
    """Tell which rows belong to each token: those of the pieces that share a character with it."""
    starts = [token.idx for token in doc]
    ends = [token.idx + len(token) for token in doc]
    rows: list[list[int]] = [[] for _ in starts]
    for i, offsets in enumerate(windows):
        for j, (start, end) in enumerate(offsets):
            token = bisect_right(ends, start)
            while token < len(rows) and starts[token] < end:
                rows[token].append(i * longest + j)
                token += 1
    ops = get_current_ops()
    flat = ops.asarray1i([row for own in rows for row in own])
    return Ragged(flat, ops.asarray1i([len(own) for own in rows]))


class Gradients:
    """Adds up what listeners send back, and passes it on to the encoder.

    encodings (Sequence): The encodings of the texts that have any tokens, with gradients.
    """

    def __init__(self, encodings: Sequence[TextEncoding]) -> None:
        self._encodings = encodings
        self._sums: list[Any] = []

    def add(self, datas: Sequence[TransformerData]) -> None:
        """Add the gradients of one listener.

        datas (Sequence): Those for each text.
        """
        own = [data.model_output.last_hidden_state for data in datas]
        self._sums = [a + b for a, b in zip(self._sums, own, strict=True)] if self._sums else own

    def backpropagate(self, weight: float) -> None:
        """Pass the sum on, where the encoder learns.

        weight (float): What to multiply it with.
        """
        states: list[Tensor] = []
        gradients: list[Tensor] = []
        for encoding, found in zip(self._encodings, self._sums, strict=True):
            rows = torch.from_numpy(np.asarray(get_current_ops().to_numpy(found)))
            for window, own in zip(encoding, rows, strict=True):
                if window.states.requires_grad:
                    states.append(window.states)
                    gradients.append((own[: len(window.ids)] * weight).to(window.states))
        self._sums = []
        if states:
            torch.autograd.backward(states, gradients)
