"""A corpus in the reference's JSONL: `spacy-gliner2.JsonlCorpus.v1`."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ...inference.settings import WordSplitter
from .errors import CorpusError, RecordError
from .files import Paths, corpus_files, parse_line, read_lines
from .options import CorpusOptions, OnMissing, SchemaOf
from .parse import parse_record
from .record import CorpusRecord, GoldValues
from .to_doc import DocMaker

Corpus: TypeAlias = Callable[[Language], Iterator[Example]]


def make_jsonl_corpus(
    path: str | Path | Sequence[str | Path] | None,
    schema: SchemaOf = "component",
    on_missing: OnMissing = "error",
    limit: int = 0,
    max_length: int = 0,
    word_splitter: WordSplitter = "gliner2",
    spans_key: str = "gliner2",
    relations_attr: str = "relations",
    structures_attr: str = "structures",
    cats_prefix: bool = False,
) -> Corpus:
    """Make a corpus that reads the reference's JSONL.

    ```ini
    [corpora.train]
    @readers = "spacy-gliner2.JsonlCorpus.v1"
    path = ${paths.train}
    schema = "component"
    on_missing = "error"
    limit = 0
    max_length = 0
    ```

    path (str | Path | Sequence): A file, a folder with files whose names end in .jsonl or
        .jsonl.gz, or a list of them.
    schema (str): "component" if each text is asked for what the component's schema names, and has
        none of what its record does not name, but for class labels, which are known if the record
        lists them or has the only right one; "record" if each is asked for what its record names.
    on_missing (str): What happens to words that are not in the text: "error", or "skip" to leave
        out of the record what they are right for.
    limit (int): Most examples, 0 for all.
    max_length (int): Most tokens of a text; longer ones are left out. 0 for any number.
    word_splitter (str): What words are, as in the component: "gliner2", "char" or "spacy".
    spans_key (str): As in the component.
    relations_attr (str): As in the component.
    structures_attr (str): As in the component.
    cats_prefix (bool): As in the component.
    RETURNS (Callable): The corpus, from a pipeline to examples.
    RAISES (ValueError): If an option has an impossible value or there is no such file.
    """
    if path is None:
        raise CorpusError("path: is not set; give it in the config or as --paths.train, say")
    options = CorpusOptions(
        schema=schema,
        on_missing=on_missing,
        word_splitter=word_splitter,
        spans_key=spans_key,
        relations_attr=relations_attr,
        structures_attr=structures_attr,
        cats_prefix=cats_prefix,
    )
    return JsonlCorpus(path, options=options, limit=limit, max_length=max_length)


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of a line of a corpus.

    where (str): File and line.
    record (CorpusRecord): The record; None if it cannot be used.
    doc (Doc): The Doc that says what is right; None if the record cannot be used.
    missing (tuple): Values that are not in the text.
    error (RecordError): Why the record cannot be used.
    """

    where: str
    record: CorpusRecord | None = None
    doc: Doc | None = None
    missing: GoldValues = ()
    error: RecordError | None = None


class JsonlCorpus:
    """A corpus in the reference's JSONL, read anew each time that it is asked for examples.

    path (str | Path | Sequence): A file, a folder, or several of them.
    options (CorpusOptions): How the annotation stands in Docs.
    limit (int): Most examples, 0 for all.
    max_length (int): Most tokens of a text; longer ones are left out. 0 for any number.
    RAISES (CorpusError): If there is no such file.
    """

    def __init__(
        self,
        path: Paths,
        *,
        options: CorpusOptions | None = None,
        limit: int = 0,
        max_length: int = 0,
    ) -> None:
        for key, value in (("limit", limit), ("max_length", max_length)):
            if value < 0:
                raise ValueError(f"{key}: {value} is below 0; give 0 for no limit, or more")
        self.files = corpus_files(path)
        self.options = options or CorpusOptions()
        self.limit = limit
        self.max_length = max_length

    def __call__(self, nlp: Language) -> Iterator[Example]:
        """Read the corpus.

        nlp (Language): The pipeline, whose tokenizer is used.
        YIELDS (Example): The examples: as predicted the text alone, with its record's schema if
            the corpus is to give it one; as reference what is right.
        RAISES (CorpusError): If a record cannot be used; names file, line, key and remedy.
        """
        make = DocMaker(nlp, self.options)
        for record, gold in self.records(make):
            yield Example(make.plain(record), gold)

    def docs(self, nlp: Language) -> Iterator[Doc]:
        """Read the corpus as Docs that say what is right.

        nlp (Language): The pipeline, whose tokenizer is used.
        YIELDS (Doc): The Docs.
        RAISES (CorpusError): If a record cannot be used; names file, line, key and remedy.
        """
        for _, gold in self.records(DocMaker(nlp, self.options)):
            yield gold

    def readings(self, make: DocMaker) -> Iterator[Reading]:
        """Read line by line, past what cannot be used.

        make (DocMaker): Makes the Docs.
        YIELDS (Reading): What became of each line that is not blank.
        RAISES (CorpusError): If a file is not UTF-8 or cannot be unpacked.
        """
        for file in self.files:
            for number, line in read_lines(file):
                if line.strip():
                    yield _read_record(line, f"{file}, line {number}", make)

    def records(self, make: DocMaker) -> Iterator[tuple[CorpusRecord, Doc]]:
        """Read the corpus.

        make (DocMaker): Makes the Docs.
        YIELDS (tuple): Each record, and the Doc that says what is right.
        RAISES (CorpusError): If a record cannot be used; names file, line, key and remedy.
        """
        left_out = _LeftOut()
        taken = 0
        for reading in self.readings(make):
            if self.limit and taken == self.limit:
                break
            if reading.record is None or reading.doc is None:
                raise CorpusError(f"{reading.where}: {reading.error}") from reading.error
            if reading.missing:
                left_out.add("have labels whose words are not in the text", reading.where)
            if self.max_length and len(reading.doc) > self.max_length:
                left_out.add("are longer than max_length", reading.where)
                continue
            taken += 1
            yield reading.record, reading.doc
        left_out.warn()


def _read_record(line: str, where: str, make: DocMaker) -> Reading:
    try:
        record = parse_record(parse_line(line))
        doc, missing = make.gold(record)
    except RecordError as error:
        return Reading(where, error=error)
    return Reading(where, record, doc, missing)


class _LeftOut:
    """Counts what is left out, for one warning at the end."""

    def __init__(self) -> None:
        self._found: dict[str, list[str]] = {}

    def add(self, why: str, where: str) -> None:
        self._found.setdefault(why, []).append(where)

    def warn(self) -> None:
        for why, places in self._found.items():
            warnings.warn(
                f"{len(places)} records {why}, and were left out or shortened by that; the first "
                f"is {places[0]}; 'python -m spacy gliner2 debug-data' lists them",
                stacklevel=4,
            )
