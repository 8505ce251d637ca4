"""Texts to a hosted model and back: windows, calls, extractions."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from thinc.api import Model

from ..bounded import MOST_SCHEMAS, BoundedCache
from ..extraction import Extraction
from ..inference.extractor import Reading, Request, TextExtractor
from ..inference.windows import make_windows
from ..inference.words import read_words
from ..schema import FrozenSchema
from .architecture import HostedShim
from .errors import AuthenticationError, GLiNER2APIError, ReplyError, ServerError, ValidationError
from .reply import ReplyReader
from .wire import wire_schema

MAX_WIDTH = 8
"""Words that a mention may have, which two windows share at least."""

DIVIDED = (ValidationError, ServerError, ReplyError)
"""Failures that one text may be the cause of, so that each text of the call is sent by itself."""


@dataclass(slots=True, kw_only=True)
class _Reading(Reading):
    """A request on its way to a hosted model and back."""

    def bounds(self, n: int) -> tuple[int, int]:
        """RETURNS (tuple): Start and end of a window in the text."""
        if len(self.windows) == 1:
            return 0, len(self.request.text)
        window = self.windows[n]
        return self.words.offsets[window.start][0], self.words.offsets[window.end - 1][1]

    def sent(self, n: int) -> str:
        """RETURNS (str): What is sent of a window; a text of blanks is read as a full stop."""
        text = self.request.text[slice(*self.bounds(n))]
        return text if text.strip() else "."


_Place = tuple[_Reading, int]
_Call = tuple[dict[str, Any], float, list[_Place]]
"""What the service is asked for, in the form in which it is sent, of which windows."""


class HostedExtractor(TextExtractor):
    """Extracts with a model that is served.

    model (Model): What `build_gliner2_api` returned.
    """

    def __init__(self, model: Model[Any, Any]) -> None:
        super().__init__(model)
        self._wires: BoundedCache[FrozenSchema, dict[str, Any]] = BoundedCache(MOST_SCHEMAS)

    @property
    def _shim(self) -> HostedShim:
        (shim,) = self.model.shims
        assert isinstance(shim, HostedShim)
        return shim

    def extract_each(self, requests: Sequence[Request]) -> list[Extraction | Exception]:
        """Extract from texts; the failure of one does not touch the others.

        requests (Sequence): The texts and what to do with them.
        RETURNS (list): For each, its extraction or what was raised.
        RAISES (AuthenticationError): If the key is missing or wrong, the fault of no text.
        """
        if not requests:
            return []
        readings = [_prepare(request) for request in requests]
        calls = list(self._calls(readings))
        if len(calls) == 1:
            self._run(calls[0])
        else:
            with ThreadPoolExecutor(self._shim.options.concurrency) as pool:
                running = [pool.submit(self._run, call) for call in calls]
                try:
                    for one in running:
                        one.result()
                finally:
                    pool.shutdown(cancel_futures=True)
        return [reading.finish() for reading in readings]

    def _calls(self, readings: Iterable[_Reading]) -> Iterable[_Call]:
        """Put windows that are asked for the same into one call, up to the size of a batch."""
        asked: dict[tuple[FrozenSchema, float], list[_Place]] = {}
        for reading in readings:
            request = reading.request
            if request.schema:
                own = asked.setdefault((request.schema, request.settings.threshold), [])
                own.extend((reading, n) for n in range(len(reading.windows)))
        size = self._shim.options.batch_size
        for (schema, threshold), places in asked.items():
            wire = self._wire(schema)
            for _, part in groupby(enumerate(places), lambda place: place[0] // size):
                yield wire, threshold, [place for _, place in part]

    def _wire(self, schema: FrozenSchema) -> dict[str, Any]:
        wire = self._wires.get(schema)
        return self._wires.keep(schema, wire_schema(schema)) if wire is None else wire

    def _run(self, call: _Call, repeat: bool = True) -> None:
        wire, threshold, places = call
        texts = [reading.sent(n) for reading, n in places]
        try:
            replies = self._shim.client.extract(texts, wire, threshold, repeat=repeat)
        except AuthenticationError:
            raise
        except GLiNER2APIError as error:
            if len(places) > 1 and isinstance(error, DIVIDED):
                for place in places:
                    self._run((wire, threshold, [place]), repeat=False)
            else:
                for reading, _ in places:
                    reading.error = error
            return
        for (reading, n), reply in zip(places, replies, strict=True):
            _read(reading, n, reply)


def _prepare(request: Request) -> _Reading:
    words = read_words(request.text, request.settings.word_splitter, request.words)
    windows = make_windows(
        [1] * len(words),
        window=request.settings.window,
        stride=request.settings.stride,
        capacity=len(words),
        max_width=MAX_WIDTH,
    )
    return _Reading(request=request, words=words, windows=windows)


def _read(reading: _Reading, n: int, reply: Any) -> None:
    request, window = reading.request, reading.windows[n]
    reader = ReplyReader(
        request.text, *reading.bounds(n), request.schema, request.settings, reading.patterns
    )
    with reading.keeping_errors():
        reading.findings[n] = reader.read(reply, window.end - window.start)
