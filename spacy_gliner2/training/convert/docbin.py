"""Reading and writing spaCy's `.spacy` files with all that belongs to a Doc."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from ...documents.docbin import read_docs
from ..corpus.errors import CorpusError


def read_docbin(file: Path, vocab: Vocab) -> Iterator[Doc]:
    """Read a `.spacy` file.

    file (Path): The file.
    vocab (Vocab): The vocabulary of the Docs.
    YIELDS (Doc): The Docs.
    RAISES (CorpusError): If it is no such file.
    """
    try:
        yield from read_docs(file.read_bytes(), vocab)
    except ValueError as error:
        raise CorpusError(f"{file}: {error}; name one") from error


def write_docbin(docs: Iterable[Doc], file: Path) -> int:
    """Write a `.spacy` file, with relations, records and schemas.

    docs (Iterable): The Docs.
    file (Path): The file.
    RETURNS (int): Number of Docs.
    """
    content = DocBin(store_user_data=True)
    for doc in docs:
        content.add(doc)
    file.parent.mkdir(parents=True, exist_ok=True)
    content.to_disk(file)
    return len(content)
