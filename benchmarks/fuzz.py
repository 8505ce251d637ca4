"""Generated input in bulk: every outcome is a result or a documented error.

`python -m benchmarks.fuzz --cases 100000` runs them; the tests run a few of the same.
"""

import faulthandler
import json
import random
import re
import signal
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any

import spacy
import torch
import typer
from spacy.language import Language

from spacy_gliner2.model.architecture import get_shim
from spacy_gliner2.model.checkpoint import checkpoint_from_files, load_checkpoint
from spacy_gliner2.model.errors import CheckpointError
from spacy_gliner2.schema import FrozenSchema, Schema, SchemaError, freeze
from spacy_gliner2.training.corpus import CorpusError, CorpusOptions, JsonlCorpus

from .fuzz_data import any_json, damage, one_fault, random_record, random_schema, random_text
from .tiny import make_tiny

HANG = 60
"""Seconds of the processor after which a case counts as a hang; ten times that by the clock."""


class Cases:
    """The cases, each of which a random generator decides.

    folder (Path): For files; emptied by nobody.
    """

    def __init__(self, folder: Path) -> None:
        make_tiny(folder / "tiny")
        self.file = folder / "corpus.jsonl"
        self.nlp = self._pipeline(folder / "tiny")
        self.pipe: Any = self.nlp.get_pipe("gliner2")
        self.failed: list[Exception] = []
        self.nlp.set_error_handler(lambda name, pipe, docs, error: self.failed.append(error))
        self.blank = spacy.blank("en")
        self.files = load_checkpoint(folder / "tiny").to_files()

    @staticmethod
    def _pipeline(path: Path) -> Language:
        nlp = spacy.blank("en")
        config = {"schema": {"entities": ["a"]}, "model": {"name": str(path)}, "threshold": 0.2}
        nlp.add_pipe("gliner2", config=config)
        return nlp

    def schema(self, rng: random.Random) -> str:
        """A schema as a dict, as JSON and through the builder: one schema, or an error thrice."""
        data = random_schema(rng)
        if isinstance(data, str):
            data = [data]  # which would be read as JSON
        outcomes = [
            _outcome(lambda: freeze(data)),
            _outcome(lambda: Schema.from_dict(data).freeze()),
        ]
        if _is_json(data):
            outcomes.append(_outcome(lambda: freeze(json.dumps(data))))
        found = outcomes[0]
        if isinstance(found, SchemaError):
            check_message(found)
            assert all(isinstance(other, SchemaError) for other in outcomes), outcomes
            return "refused"
        assert all(other == found for other in outcomes)
        assert FrozenSchema.from_dict(found.to_dict()) == found
        assert hash(FrozenSchema.from_json(json.dumps(found.to_dict()))) == hash(found)
        return "accepted"

    def fault(self, rng: random.Random) -> str:
        """A schema with one wrong value at a known place, which the error must name."""
        data, path, value = one_fault(rng)
        try:
            freeze(data)
        except SchemaError as error:
            check_message(error, *(step for step in path if isinstance(step, str)))
            check_named_one_of(error, _shown(value))
            return "refused"
        return "accepted"

    def builder(self, rng: random.Random) -> str:
        """Calls of the builder with arguments of any kind."""
        schema: Any = Schema()
        try:
            for _ in range(rng.randint(1, 4)):
                schema = _build(schema, rng)
            schema.freeze()
        except SchemaError as error:
            check_message(error)
            return "refused"
        return "accepted"

    def config(self, rng: random.Random) -> str:
        """A schema and a setting in the config of a pipeline."""
        nlp = self.blank
        key = rng.choice(("threshold", "window", "stride", "overlap_policy", "spans_key"))
        config = {"schema": random_schema(rng), "cats_prefix": True}
        if rng.random() < 0.3:
            config[key] = any_json(rng, 1)
        try:
            nlp.add_pipe("gliner2", config=config)
        except ValueError as error:
            check_message(error)
            return "refused"
        finally:
            if nlp.has_pipe("gliner2"):
                nlp.remove_pipe("gliner2")
        return "accepted"

    def document(self, rng: random.Random) -> str:
        """A document, half of the time with a schema of its own."""
        doc = self.nlp.make_doc(random_text(rng))
        if rng.random() < 0.7:
            doc._.gliner2_schema = random_schema(rng)
        self.failed.clear()
        found = list(self.nlp.pipe([doc]))
        if not found:
            (error,) = self.failed
            assert isinstance(error, ValueError), repr(error)
            check_message(error)
            return "refused"
        check_doc(found[0])
        return "annotated"

    def corpus(self, rng: random.Random) -> str:
        """A file of records, some of them damaged."""
        lines = [random_record(rng) for _ in range(rng.randint(1, 3))]
        self.file.write_bytes(b"\n".join(lines))
        read = 0
        options = CorpusOptions(
            schema=rng.choice(("record", "component")), on_missing=rng.choice(("error", "skip"))
        )
        try:
            for example in JsonlCorpus(self.file, options=options)(self.nlp):
                example.reference.to_bytes()
                read += 1
        except CorpusError as error:
            check_message(error)
            check_named_one_of(
                error, [f"{self.file}, line {n}: " for n in range(read + 1, len(lines) + 1)]
            )
            return "refused"
        return "read"

    def checkpoint(self, rng: random.Random) -> str:
        """A checkpoint with some of its bytes, keys, shapes or values changed."""
        files = damage(self.files, rng)
        try:
            checkpoint = checkpoint_from_files(files, "checkpoint")
        except CheckpointError as error:
            check_message(error, "checkpoint")
            check_named_one_of(error, self.files)
            return "refused"
        before = get_shim(self.pipe.model).checkpoint
        try:
            get_shim(self.pipe.model).set_checkpoint(checkpoint)
            self.failed.clear()
            for doc in self.nlp.pipe(["Marie Curie went to Paris."]):
                check_doc(doc)
            for error in self.failed:
                assert isinstance(error, ValueError), repr(error)
                check_message(error)
        finally:
            get_shim(self.pipe.model).set_checkpoint(before)
        return "loaded"


KINDS: dict[str, float] = {
    "schema": 60,
    "fault": 10,
    "builder": 18,
    "config": 0.2,
    "document": 2,
    "corpus": 9,
    "checkpoint": 0.8,
}
"""Each kind of case, and how many of a hundred it is."""


def _outcome(make: Callable[[], Any]) -> Any:
    try:
        return make()
    except SchemaError as error:
        return error


def _build(schema: Any, rng: random.Random) -> Any:
    one, two = (any_json(rng, 2) for _ in range(2))
    method = rng.choice(("entities", "relations", "classification", "structure", "validator"))
    if method == "entities":
        return schema.entities(one, **rng.choice(({}, {"dtype": two}, {"threshold": two})))
    if method == "relations":
        return schema.relations(one, **rng.choice(({}, {"threshold": two})))
    if method == "classification":
        return schema.classification(one, two, **rng.choice(({}, {"top_k": any_json(rng, 1)})))
    if method == "validator":
        return schema.entities("word").regex_validator("word", random_text(rng)[:20])
    name = one if isinstance(one, str) else random_text(rng)
    return schema.structure(name).field(two, **rng.choice(({}, {"choices": any_json(rng, 1)})))


def _shown(value: Any) -> list[str]:
    """RETURNS (list): How an error may show a value: its beginning, or that of a part of it."""
    if isinstance(value, str):  # of a field string, a part is the name
        return [repr(value)[:40], *(repr(part)[:40] for part in value.split("::"))]
    parts = [*value, *value.values()] if isinstance(value, dict) else value
    inner = parts if isinstance(parts, list) else ()
    if isinstance(value, dict):  # null is a key left out
        value = {key: part for key, part in value.items() if part is not None}
    return [repr(value)[:40], *(text for part in inner for text in _shown(part))]


def _is_json(data: Any) -> bool:
    try:
        return bool(json.loads(json.dumps(data)) == data)
    except (TypeError, ValueError):
        return False


def check_message(error: Exception, *named: str) -> None:
    """Fail unless each line of an error says where something is wrong, and what to do.

    error (Exception): The error.
    *named (str): What its text has to contain: the key, the value, the file.
    """
    text = str(error)
    if re.match(r"\s*(Config error for|\[E\d+\])", text):
        return  # spaCy's own check of types and keys, which comes before ours
    for line in text.split("\n"):
        assert _PLACE.match(line), f"no place in {line!r}"
        assert _REMEDY.search(line), f"no remedy in {line!r}"
    for part in named:
        assert part in text, f"{part!r} is not named in {text!r}"


def check_named_one_of(error: Exception, parts: Iterable[str]) -> None:
    """Fail unless the text of an error contains any of several."""
    named = list(parts)
    assert any(part in str(error) for part in named), f"none of {named!r:.200} in {str(error)!r}"


_PLACE = re.compile(r"\S.*?: .")
_REMEDY = re.compile(
    r"; [^;]*\b(add|choose|convert|correct|decide|give|keep|leave|make|merge|name|remove|rename"
    r"|reword|save|shorten|take|use|write)\b|, expected \w"
)


def check_doc(doc: Any) -> None:
    """Fail unless every offset of a document is within its text and says what is there."""
    for span in doc.spans.get("gliner2", ()):
        assert doc.text[span.start_char : span.end_char] == span.text
    for relation in doc._.relations or ():
        for role in ("head", "tail"):
            part = relation[role]
            assert doc.text[part["start"] : part["end"]] == part["text"]
    doc.to_bytes()


def _hang(*_: object) -> None:
    raise AssertionError(f"longer than {HANG} s")


def main(
    cases: Annotated[int, typer.Option(min=1)] = 100_000,
    seed: int = 0,
    only: Annotated[str, typer.Option(help="One kind of case")] = "",
    stop: Annotated[bool, typer.Option(help="Stop at the first fault")] = False,
) -> None:
    """Run generated cases; a fault is printed with the seed that makes it again."""
    warnings.simplefilter("ignore")
    faulthandler.enable()
    torch.set_num_threads(1)
    signal.signal(signal.SIGALRM, _hang)
    signal.signal(signal.SIGPROF, _hang)
    outcomes: Counter[str] = Counter()
    faults, start = 0, time.perf_counter()
    kinds = [only] if only else list(KINDS)
    weights = [KINDS[kind] for kind in kinds]
    with tempfile.TemporaryDirectory() as folder:
        made = Cases(Path(folder))
        for n in range(seed, seed + cases):
            rng = random.Random(n)
            (kind,) = rng.choices(kinds, weights)
            signal.alarm(10 * HANG)
            signal.setitimer(signal.ITIMER_PROF, HANG)
            try:
                outcomes[f"{kind} {getattr(made, kind)(rng)}"] += 1
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                faults += 1
                outcomes[f"{kind} FAULT"] += 1
                typer.echo(
                    f"FAULT {kind} --seed {n} --cases 1: {type(error).__name__}: {error!s:.300}"
                )
                if stop:
                    raise
            finally:
                signal.alarm(0)
                signal.setitimer(signal.ITIMER_PROF, 0)
            if (n - seed + 1) % 5_000 == 0:
                typer.echo(
                    f"{n - seed + 1} cases, {faults} faults, {time.perf_counter() - start:.0f} s"
                )
    for name, count in sorted(outcomes.items()):
        typer.echo(f"{name}: {count}")
    typer.echo(f"{cases} cases, {faults} faults, {time.perf_counter() - start:.0f} s")
    if faults:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
