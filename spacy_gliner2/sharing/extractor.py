"""Extraction that keeps the states of the text, which the encoder has computed anyway."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any

import torch
from thinc.api import Model
from torch import Tensor, nn

from ..extraction import Extraction
from ..inference.extractor import Extractor, Place, Request, SequenceReading
from ..inference.scores import SequenceScores
from ..inference.sequences import TokenSequence
from ..model.architecture import get_shim
from .encoding import Pieces, TextEncoding, WindowEncoding


class SharingExtractor(Extractor):
    """Extracts, and gives each extraction the encoding of its text.

    model (Model): What `build_gliner2_model` returned.
    """

    def __init__(self, model: Model[list[TokenSequence], list[SequenceScores]]) -> None:
        super().__init__(model)
        self._pieces: Pieces | None = None
        self._pieces_of: object = None

    def encode(self, requests: Sequence[Request]) -> list[TextEncoding]:
        """Encode texts, with gradients where torch records them.

        requests (Sequence): The texts and the schemas with which they are read.
        RETURNS (list): The encoding of each.
        """
        readings = [self._prepare(request) for request in requests]
        sequences = [sequence for reading in readings for sequence in reading.sequences]
        if not sequences:
            return []
        network = get_shim(self.model).checkpoint.network
        states = iter(_text_states(network.encode(sequences), sequences))
        return [
            self._encoding(reading, [next(states) for _ in reading.sequences])
            for reading in readings
        ]

    def _score(self, batch: list[Place]) -> list[SequenceScores]:
        network = get_shim(self.model).checkpoint.network
        sequences = [reading.sequences[n] for reading, n in batch]
        with Recorder(network.encoder) as recorder:
            scores = super()._score(batch)
        states = recorder.states
        if states is None:  # nothing was asked for, so that nothing was encoded
            with torch.inference_mode():
                states = network.encode(sequences)
        for (reading, n), own in zip(batch, _text_states(states, sequences), strict=True):
            # A copy, since a part of the whole would keep all of it in memory.
            reading.states[n] = own.float().cpu().clone()
        return scores

    def _finish(self, reading: SequenceReading) -> Extraction | Exception:
        extraction = super()._finish(reading)
        if isinstance(extraction, Exception):
            return extraction
        states = [reading.states[n] for n in range(len(reading.windows))]
        return replace(extraction, encoding=self._encoding(reading, states))

    def _encoding(self, reading: SequenceReading, states: Sequence[Tensor]) -> TextEncoding:
        shim = get_shim(self.model)
        subwords = shim.subwords
        if self._pieces is None or self._pieces_of is not subwords:  # another checkpoint
            self._pieces, self._pieces_of = Pieces(shim.checkpoint.tokenizer), subwords
        pieces = self._pieces
        words = reading.words
        found = []
        for window, sequence, own in zip(reading.windows, reading.sequences, states, strict=True):
            offsets = []
            for i in range(window.start, window.end):
                offsets += pieces.place(words.forms[i], words.offsets[i], reading.sizes[i])
            forms = tuple(map(pieces.form, sequence.ids))
            found.append(WindowEncoding(sequence.ids, forms, tuple(offsets), own))
        return tuple(found)


class Recorder:
    """Keeps all states that an encoder computes, whichever of them are asked for.

    encoder (Module): The encoder, whose third argument names the states that are asked for.
    states (Tensor): The states of the last call in this thread. *Shape:* (tokens, hidden)
    """

    def __init__(self, encoder: nn.Module) -> None:
        self._encoder = encoder
        self._thread = threading.get_ident()
        self._wanted: Tensor | None = None
        self.states: Tensor | None = None

    def __enter__(self) -> "Recorder":
        self._hooks = (
            self._encoder.register_forward_pre_hook(self._before),
            self._encoder.register_forward_hook(self._after),
        )
        return self

    def __exit__(self, *error: object) -> None:
        for hook in self._hooks:
            hook.remove()

    def _before(self, module: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
        if threading.get_ident() != self._thread:
            return args
        ids, lengths, *wanted = args
        self._wanted = wanted[0] if wanted else None
        return ids, lengths, None

    def _after(self, module: nn.Module, args: tuple[Any, ...], states: Tensor) -> Tensor:
        if threading.get_ident() != self._thread:
            return states
        self.states = states
        return states if self._wanted is None else states[self._wanted]


def _text_states(states: Tensor, sequences: Sequence[TokenSequence]) -> list[Tensor]:
    """RETURNS (list): The states of each sequence's words, without those of its prompt."""
    lengths = [len(sequence) for sequence in sequences]
    ends = accumulate(lengths)
    return [
        states[end - len(sequence.ids) : end] for sequence, end in zip(sequences, ends, strict=True)
    ]
