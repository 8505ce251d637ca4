"""Looking through training and evaluation data before anything is trained."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import srsly
from spacy.language import Language

from ...model.config import SpanConfig
from ...model.source import EMBEDDED, find_checkpoint
from ...schema import FrozenSchema
from ..convert.docbin import read_docbin
from .compare import compare
from .files import corpus_files
from .findings import Finding
from .inspect import Inspector
from .options import CorpusOptions
from .reader import JsonlCorpus, Reading
from .to_doc import DocMaker


@dataclass(frozen=True, slots=True)
class Report:
    """What is in training and evaluation data, and what is wrong with them.

    train (Inspector): It has looked through the training data.
    dev (Inspector): It has looked through the evaluation data.
    both (list): What is wrong with one in the light of the other.
    """

    train: Inspector
    dev: Inspector
    both: list[Finding]

    @property
    def findings(self) -> dict[str, list[Finding]]:
        """RETURNS (dict): What is wrong: with "train", with "dev", with "both"."""
        return {"train": self.train.findings, "dev": self.dev.findings, "both": self.both}

    @property
    def fails(self) -> bool:
        """RETURNS (bool): Whether the data cannot be used like that."""
        return any(one.kind.fails for found in self.findings.values() for one in found)

    def to_dict(self) -> dict[str, Any]:
        """RETURNS (dict): The report as plain data."""
        return {
            "ok": not self.fails,
            "train": asdict(self.train.counts),
            "dev": asdict(self.dev.counts),
            "findings": [
                {
                    "data": data,
                    "kind": one.kind.name.lower(),
                    "fails": one.kind.fails,
                    "where": one.where,
                    "what": one.what,
                }
                for data, found in self.findings.items()
                for one in found
            ],
        }


def debug_data(
    train_path: Path,
    dev_path: Path,
    nlp: Language,
    component: Any = None,
    schema_of: str = "record",
) -> Report:
    """Look through training and evaluation data.

    train_path (Path): The training data, JSONL or `.spacy`.
    dev_path (Path): The evaluation data.
    nlp (Language): The pipeline, whose tokenizer is used.
    component (GLiNER2Pipe): The component that is to be trained; None for one with the embedded
        checkpoint.
    schema_of (str): Whose labels each text is asked for, "record" or "component".
    RETURNS (Report): What was found.
    RAISES (ValueError): If the data cannot be opened.
    """
    cfg = {} if component is None else component.cfg
    options = CorpusOptions.of_component(cfg, schema=schema_of, on_missing="skip")
    asked: FrozenSchema | None = component.schema if schema_of == "component" else None
    width = _max_width(component)

    def look_through(path: Path) -> Inspector:
        inspector = Inspector(nlp, options, schema=asked, max_width=width)
        inspector.look_through(_readings(path, nlp, options))
        return inspector

    train, dev = look_through(train_path), look_through(dev_path)
    return Report(train, dev, list(compare(train, dev, asked)))


def _max_width(component: Any) -> int:
    """RETURNS (int): Most words of a span, found without loading weights for it."""
    name, revision = EMBEDDED, None
    if component is not None:
        from ...model.architecture import get_shim

        shim = get_shim(component.model)
        if shim.loaded:
            return shim.checkpoint.config.max_width
        name, revision = shim.name, shim.revision
    file = find_checkpoint(name, revision) / "config.json"
    return SpanConfig.from_dict(srsly.read_json(file), str(file)).max_width


def _readings(path: Path, nlp: Language, options: CorpusOptions) -> Iterator[Reading]:
    make = DocMaker(nlp, options)
    if path.suffix != ".spacy":
        yield from JsonlCorpus(path, options=options).readings(make)
        return
    for file in corpus_files(path, (".spacy",)):
        for number, doc in enumerate(read_docbin(file, nlp.vocab), 1):
            yield Reading(f"{file}, Doc {number}", doc=doc)
