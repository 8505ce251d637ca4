"""The formats that corpora are read from and written to: one function each."""

import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc

from ...annotation_tools import (
    read_label_studio,
    read_prodigy,
    read_results,
    write_label_studio,
    write_prodigy,
    write_results,
)
from ...rows import Places
from ...schema import FrozenSchema
from ..corpus import CorpusOptions, JsonlCorpus, RecordWriter
from ..corpus.files import JSONL, corpus_files
from ..corpus.to_doc import DocMaker
from .conll import SUFFIXES as CONLL
from .conll import ConllOptions, read_conll
from .docbin import read_docbin, write_docbin
from .jsonl import write_jsonl


@dataclass(frozen=True, slots=True)
class ConvertOptions:
    """How to read and to write.

    corpus (CorpusOptions): How the annotation stands in Docs.
    conll (ConllOptions): What the columns of CoNLL files are.
    schema (FrozenSchema): The schema of Docs that have none of their own.
    task (str): Name of the classification task for labels that belong to no task of a schema.
    keep_structures (bool): Whether to read the records that passed through an annotation tool.
    """

    corpus: CorpusOptions = field(default_factory=lambda: CorpusOptions(schema="record"))
    conll: ConllOptions = field(default_factory=ConllOptions)
    schema: FrozenSchema | None = None
    task: str = "label"
    keep_structures: bool = False


Reader = Callable[[Path, Language, ConvertOptions], Iterable[Doc]]
"""From a file or folder to Docs that say what is right."""

Writer = Callable[[Iterable[Doc], Path, Language, ConvertOptions], int]
"""From such Docs to a file; returns their number."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format.

    suffixes (tuple): Endings of names by which its files are told.
    ending (str): How the names of those end that are written into a folder.
    read (Reader): Reads it; None if that is not possible.
    write (Writer): Writes it; None if that is not possible.
    """

    suffixes: tuple[str, ...]
    ending: str
    read: Reader | None = None
    write: Writer | None = None


def read_jsonl_docs(path: Path, nlp: Language, options: ConvertOptions) -> Iterator[Doc]:
    """YIELDS (Doc): The Docs of the reference's JSONL."""
    make, lost = DocMaker(nlp, options.corpus), _Lost(options)
    for record, doc in JsonlCorpus(path, options=options.corpus).records(make):
        lost.add(record.schema)
        yield doc
    lost.warn(path)


class _Lost:
    """What of the records' schemas Docs do not say, where nothing else has them.

    options (ConvertOptions): How Docs are made.
    """

    def __init__(self, options: ConvertOptions) -> None:
        own = options.corpus.schema == "record"
        self._kept = own or options.schema is not None
        self._prefix = options.corpus.cats_prefix
        self._tasks: dict[str, None] = {}
        self._choices: dict[str, None] = {}

    def add(self, schema: FrozenSchema) -> None:
        self._tasks.update((task.task, None) for task in schema.classifications)
        for structure in schema.structures:
            chosen = (part.name for part in structure.fields if part.choices)
            self._choices.update((f"{structure.name}.{name}", None) for name in chosen)

    def warn(self, path: Path) -> None:
        if self._kept:
            return
        if len(self._tasks) > 1 and not self._prefix:
            warnings.warn(
                f"{path}: the tasks {', '.join(self._tasks)} are not told apart in doc.cats; give "
                "--cats-prefix, and cats_prefix to the component",
                stacklevel=2,
            )
        if self._choices:
            warnings.warn(
                f"{path}: Docs do not say that {', '.join(self._choices)} are choices; give the "
                "component a schema that does",
                stacklevel=2,
            )


def write_jsonl_docs(
    docs: Iterable[Doc], file: Path, nlp: Language, options: ConvertOptions
) -> int:
    """RETURNS (int): Number of Docs written to the reference's JSONL."""
    writer = RecordWriter(nlp, options.corpus, schema=options.schema, task=options.task)
    return write_jsonl((writer.record(doc) for doc in docs), file)


def read_docbin_docs(path: Path, nlp: Language, options: ConvertOptions) -> Iterator[Doc]:
    """RETURNS (Iterator): The Docs of `.spacy` files."""
    DocMaker(nlp, options.corpus)  # registers the extensions that the Docs have
    for file in corpus_files(path, (".spacy",)):
        yield from read_docbin(file, nlp.vocab)


def write_docbin_docs(
    docs: Iterable[Doc], file: Path, nlp: Language, options: ConvertOptions
) -> int:
    """RETURNS (int): Number of Docs written to a `.spacy` file."""
    return write_docbin(docs, file)


def read_conll_docs(path: Path, nlp: Language, options: ConvertOptions) -> Iterator[Doc]:
    """RETURNS (Iterator): The Docs of CoNLL files."""
    make = DocMaker(nlp, options.corpus)
    for file in corpus_files(path, CONLL):
        for record in read_conll(file, options.conll):
            yield make.gold(record)[0]


def places_of(options: CorpusOptions) -> Places:
    """RETURNS (Places): Where Docs have their annotations."""
    return Places(options.spans_key, options.relations_attr, options.structures_attr)


def read_result_docs(path: Path, nlp: Language, options: ConvertOptions) -> Iterator[Doc]:
    """RETURNS (Iterator): The Docs of what `extract` has written."""
    for file in corpus_files(path, (".jsonl",)):
        yield from read_results(file, nlp, places_of(options.corpus))


def reader(read: Callable[..., Iterable[Doc]], ending: str) -> Reader:
    """RETURNS (Callable): A reader of the table, of one for a file of an annotation tool."""

    def read_files(path: Path, nlp: Language, options: ConvertOptions) -> Iterator[Doc]:
        places, keep = places_of(options.corpus), options.keep_structures
        for file in corpus_files(path, (ending,)):
            yield from read(file, nlp, places, keep_structures=keep)

    return read_files


def writer(write: Callable[[Iterable[Doc], Path, Places], int]) -> Writer:
    """RETURNS (Callable): A writer of the table, of one that is told only where to look."""
    return lambda docs, file, nlp, options: write(docs, file, places_of(options.corpus))


FORMATS: dict[str, Format] = {
    "jsonl": Format(JSONL, ".jsonl", read_jsonl_docs, write_jsonl_docs),
    "spacy": Format((".spacy",), ".spacy", read_docbin_docs, write_docbin_docs),
    "conll": Format(CONLL, ".conll", read_conll_docs),
    "results": Format((), ".jsonl", read_result_docs, writer(write_results)),
    "prodigy": Format((), ".jsonl", reader(read_prodigy, ".jsonl"), writer(write_prodigy)),
    "label-studio": Format(
        (), ".json", reader(read_label_studio, ".json"), writer(write_label_studio)
    ),
}


def files_into(folder: Path, corpus: Path, source: str, target: str) -> list[tuple[Path, Path]]:
    """Name the files that a folder gets, one for each file of a corpus.

    folder (Path): The folder.
    corpus (Path): The corpus, a file or a folder.
    source (str): Its format.
    target (str): The format to write.
    RETURNS (list): Pairs of a file of the corpus and the file to write.
    RAISES (CorpusError): If the corpus has no such file.
    """
    known = FORMATS[source].suffixes or (FORMATS[source].ending,)
    pairs = []
    for file in corpus_files(corpus, known):
        suffix = next((end for end in known if file.name.endswith(end)), file.suffix)
        place = file.relative_to(corpus).parent if corpus.is_dir() else Path()
        name = file.name.removesuffix(suffix) + FORMATS[target].ending
        pairs.append((file, folder / place / name))
    return pairs


def find_format(name: str | None, path: Path) -> str:
    """Find the format of a file.

    name (str): Its name; None to go by the file's.
    path (Path): The file.
    RETURNS (str): The name of the format.
    RAISES (ValueError): If there is none such.
    """
    known = ", ".join(FORMATS)
    if name is None:
        for key, kind in FORMATS.items():
            if path.name.endswith(kind.suffixes):
                return key
        raise ValueError(f"{path}: its name tells no format; name one of {known}")
    if name not in FORMATS:
        raise ValueError(f"format: {name!r} is none of {known}; choose one of them")
    return name
