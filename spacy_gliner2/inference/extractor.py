"""The way of the data: texts to sequences to scores to findings to extractions."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from thinc.api import Model

from ..bounded import MOST_SCHEMAS, BoundedCache
from ..extraction import Extraction
from ..model.architecture import get_shim
from ..schema import FrozenSchema
from .decode import Findings, WindowDecoder
from .merge import merge
from .patterns import Patterns
from .prompt import Prompt, make_prompt
from .scores import SequenceScores
from .sequences import TokenSequence, make_batches, make_sequence
from .settings import Settings
from .windows import Window, make_windows, text_capacity
from .words import Offsets, Words, read_words


@dataclass(frozen=True, slots=True)
class Request:
    """A text and what to do with it.

    text (str): The text.
    schema (FrozenSchema): What to extract.
    settings (Settings): How to extract.
    words (tuple): With the word splitter "spacy", start and end of each token.
    """

    text: str
    schema: FrozenSchema
    settings: Settings
    words: tuple[Offsets, ...] | None = None


@dataclass(slots=True, kw_only=True)
class Reading:
    """A request on its way: what was made of it, and what was found so far.

    request (Request): The request.
    words (Words): The words of its text.
    windows (list): The windows of its text.
    findings (dict): By window, what was found.
    patterns (Patterns): Runs the validators.
    error (Exception): What was raised.
    """

    request: Request
    words: Words
    windows: list[Window]
    findings: dict[int, Findings] = field(default_factory=dict)
    patterns: Patterns = field(default_factory=Patterns)
    error: Exception | None = None

    @contextmanager
    def keeping_errors(self) -> Iterator[None]:
        """Keep what is raised within, since it belongs to this text alone."""
        try:
            yield
        except Exception as error:  # handed on by `finish`
            self.error = error

    def finish(self) -> Extraction | Exception:
        """RETURNS (Extraction | Exception): What was found in all windows, or what was raised."""
        if self.error is not None:
            return self.error
        findings = [self.findings[n] for n in sorted(self.findings)]
        request = self.request
        return merge(request.text, request.schema, findings, request.settings.overlap_policy)


@dataclass(slots=True, kw_only=True)
class SequenceReading(Reading):
    """A request on its way through a model that is in memory.

    prompt (Prompt): Its schema's prompt.
    sizes (list): Number of tokens of each word.
    sequences (list): What the model reads of each window.
    states (dict): By window, the states of its text, where they are kept.
    """

    prompt: Prompt
    sizes: list[int]
    sequences: list[TokenSequence]
    states: dict[int, Any] = field(default_factory=dict)


Place: TypeAlias = tuple[SequenceReading, int]
"""A window of a text, by its number."""


class TextExtractor(ABC):
    """Extracts what schemas ask for from texts, many at once.

    model (Model): What a registered architecture returned.
    """

    def __init__(self, model: Model[Any, Any]) -> None:
        self.model = model

    def extract(self, requests: Sequence[Request]) -> list[Extraction]:
        """Extract from texts.

        requests (Sequence): The texts and what to do with them.
        RETURNS (list): The extraction of each.
        RAISES (Exception): The first failure, whichever text it is in.
        """
        extractions = []
        for outcome in self.extract_each(requests):
            if isinstance(outcome, Exception):
                raise outcome
            extractions.append(outcome)
        return extractions

    @abstractmethod
    def extract_each(self, requests: Sequence[Request]) -> list[Extraction | Exception]:
        """Extract from texts; the failure of one does not touch the others.

        requests (Sequence): The texts and what to do with them.
        RETURNS (list): For each, its extraction or what was raised.
        RAISES (Exception): What is the fault of no text.
        """


class Extractor(TextExtractor):
    """Extracts with a model that is in memory.

    model (Model): What `build_gliner2_model` returned.
    """

    def __init__(self, model: Model[list[TokenSequence], list[SequenceScores]]) -> None:
        super().__init__(model)
        self._prompts: BoundedCache[FrozenSchema, Prompt] = BoundedCache(MOST_SCHEMAS)
        self._prompts_of: object = None
        self._memory_reported = False

    def extract_each(self, requests: Sequence[Request]) -> list[Extraction | Exception]:
        """Extract from texts; the failure of one does not touch the others.

        requests (Sequence): The texts and what to do with them.
        RETURNS (list): For each, its extraction or what was raised.
        RAISES (CheckpointError): If there are no weights, which is the fault of no text.
        """
        if not requests:
            return []
        _ = get_shim(self.model).checkpoint
        readings = [self._read(request) for request in requests]
        places = [
            (reading, n)
            for reading in readings
            if not isinstance(reading, Exception)
            for n in range(len(reading.sequences))
        ]
        lengths = [len(reading.sequences[n]) for reading, n in places]
        limit = min(request.settings.max_batch_items for request in requests)
        for batch in make_batches(lengths, limit):
            self._run([places[i] for i in batch])
        return [
            reading if isinstance(reading, Exception) else self._finish(reading)
            for reading in readings
        ]

    def _read(self, request: Request) -> SequenceReading | Exception:
        try:
            return self._prepare(request)
        except Exception as error:  # handed on to the caller, with the text that it belongs to
            return error

    def _prepare(self, request: Request) -> SequenceReading:
        settings = request.settings
        shim = get_shim(self.model)
        network = shim.checkpoint.network
        prompt = self._prompt(request.schema)
        words = read_words(request.text, settings.word_splitter, request.words)
        capacity = text_capacity(network.encoder.max_positions, len(prompt.ids))
        ids = [_cut_word(found, capacity) for found in shim.subwords.all_ids(words.forms)]
        sizes = [len(found) for found in ids]
        windows = make_windows(
            sizes,
            window=settings.window,
            stride=settings.stride,
            capacity=capacity,
            max_width=network.config.max_width,
        )
        sequences = [make_sequence(prompt, ids, window) for window in windows]
        return SequenceReading(
            request=request,
            words=words,
            windows=windows,
            prompt=prompt,
            sizes=sizes,
            sequences=sequences,
        )

    def _prompt(self, schema: FrozenSchema) -> Prompt:
        subwords = get_shim(self.model).subwords
        if self._prompts_of is not subwords:  # another checkpoint, other ids
            self._prompts, self._prompts_of = BoundedCache(MOST_SCHEMAS), subwords
        prompt = self._prompts.get(schema)
        if prompt is None:
            return self._prompts.keep(schema, make_prompt(schema, subwords))
        return prompt

    def _run(self, batch: list[Place]) -> None:
        """Run a batch, and if it fails each half of it, until a sequence fails by itself."""
        scores = self._predict(batch)
        if not isinstance(scores, Exception):
            for (reading, n), found in zip(batch, scores, strict=True):
                self._decode(reading, n, found)
        elif len(batch) == 1:
            batch[0][0].error = scores
        else:
            self._report_memory(scores, len(batch))
            del scores  # and what its traceback keeps in memory
            half = len(batch) // 2
            self._run(batch[:half])
            self._run(batch[half:])

    def _predict(self, batch: list[Place]) -> list[SequenceScores] | Exception:
        try:
            return self._score(batch)
        except Exception as error:  # `_run` finds the text that it belongs to
            return error

    def _report_memory(self, error: Exception, count: int) -> None:
        if self._memory_reported or not _is_memory(error):
            return
        self._memory_reported = True
        warnings.warn(
            f"no memory for a batch of {count} sequences ({error!s:.90}); it is run in halves, and "
            "so is every other one for which there is none; make max_batch_items smaller",
            stacklevel=2,
        )

    def _score(self, batch: list[Place]) -> list[SequenceScores]:
        scores: list[SequenceScores]
        scores = self.model.predict([reading.sequences[n] for reading, n in batch])
        return scores

    def _decode(self, reading: SequenceReading, n: int, scores: SequenceScores) -> None:
        request, window = reading.request, reading.windows[n]
        decoder = WindowDecoder(
            request.text,
            reading.words.offsets[window.start : window.end],
            request.schema,
            reading.prompt,
            request.settings,
            reading.patterns,
        )
        with reading.keeping_errors():
            reading.findings[n] = decoder.decode(scores)

    def _finish(self, reading: SequenceReading) -> Extraction | Exception:
        return reading.finish()


def _cut_word(ids: tuple[int, ...], capacity: int) -> tuple[int, ...]:
    """Cut a word that is longer than a window; the heads know it by its first token.

    ids (tuple): The ids of the word.
    capacity (int): Most tokens of a window.
    RETURNS (tuple): The first of them.
    """
    if len(ids) > capacity:
        warnings.warn(
            f"a word of {len(ids)} tokens is longer than a window ({capacity}), so that the model "
            "reads its beginning alone; for texts written without blanks set word_splitter to "
            "'char' or 'spacy'",
            stacklevel=2,
        )
    return ids[:capacity]


def _is_memory(error: Exception) -> bool:
    """Tell whether memory ran out; torch says so of the CPU's in nothing but the text."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in text or "can't allocate" in text
