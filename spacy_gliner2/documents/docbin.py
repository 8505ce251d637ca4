"""Reading `.spacy` files that may be damaged."""

from collections.abc import Iterator

from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

DAMAGE = (ValueError, LookupError, TypeError, AttributeError, OverflowError)
"""What spaCy and msgpack raise where bytes are not those that spaCy wrote."""


def read_docs(content: bytes, vocab: Vocab) -> Iterator[Doc]:
    """Read the Docs of a `.spacy` file.

    content (bytes): The content of the file.
    vocab (Vocab): The vocabulary of the Docs.
    YIELDS (Doc): The Docs.
    RAISES (ValueError): If it is no such file, or a damaged one.
    """
    try:
        yield from DocBin().from_bytes(content).get_docs(vocab)
    except DAMAGE as error:
        raise ValueError(f"is no .spacy file ({type(error).__name__}: {error})") from error
