"""Results of `extract` as Docs, and Docs as such: the way from them to the tools, and back."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc

from ..documents.annotated import read_annotated
from ..documents.inputs import to_json
from ..files import write_text
from ..rows import DEFAULT_PLACES, Places, doc_to_row, row_to_doc


def read_results(path: Path, nlp: Language, places: Places = DEFAULT_PLACES[0]) -> Iterator[Doc]:
    """Read what `extract` has written.

    path (Path): The file, JSONL.
    nlp (Language): The pipeline whose tokenizer makes the Docs.
    places (Places): Where the Docs get their annotations.
    YIELDS (Doc): The Docs.
    RAISES (RowError): If a line is no result; names the file and the row.
    """
    for row in read_annotated(path, "jsonl"):
        yield row_to_doc(row, nlp, places)


def write_results(docs: Iterable[Doc], path: Path, places: Places = DEFAULT_PLACES[0]) -> int:
    """Write Docs as `extract` does.

    docs (Iterable): The Docs.
    path (Path): The file, JSONL.
    places (Places): Where the Docs have their annotations.
    RETURNS (int): The number of rows.
    """
    lines = [to_json(doc_to_row(doc, [places])) for doc in docs]
    write_text(path, "".join(f"{line}\n" for line in lines))
    return len(lines)
