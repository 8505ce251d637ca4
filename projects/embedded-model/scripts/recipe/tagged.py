"""Corpora with one token and its tag a line (BIO and its relatives)."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from .detokenise import detokenise
from .rows import Row

TokenSpan = tuple[int, int, str]


def read_tags(tags: Sequence[str]) -> list[TokenSpan]:
    """Read BIO, IOB1, BIOES or BILOU tags.

    tags (Sequence): The tags.
    RETURNS (list): First token, token after the last, and label of each mention.
    """
    spans: list[TokenSpan] = []
    start, label = -1, ""
    for i, tag in enumerate([*tags, "O"]):
        prefix, _, own = tag.partition("-")
        if start >= 0 and (prefix not in ("I", "E", "L") or own != label):
            spans.append((start, i, label))
            start = -1
        if start < 0 and own:
            start, label = i, own
        if prefix in ("S", "U", "E", "L") and start >= 0:
            spans.append((start, i + 1, label))
            start = -1
    return spans


def read_columns(path: Path, separator: str | None = None) -> Iterator[list[list[str]]]:
    """Read a file of columns, sentence by sentence.

    path (Path): The file.
    separator (str): What is between columns; any blank if None.
    YIELDS (list): The columns of each line of a sentence.
    """
    sentence: list[list[str]] = []
    for line in path.read_text(encoding="utf8", errors="replace").split("\n"):
        line = line.rstrip("\r")
        columns = line.split(separator)
        if not line.strip():
            if sentence:
                yield sentence
            sentence = []
        elif not line.startswith("-DOCSTART-") and len(columns) > 1 and columns[0]:
            sentence.append(columns)
    if sentence:
        yield sentence


def read_tagged(
    source: str,
    path: Path,
    *,
    token: int = 0,
    tag: int = -1,
    separator: str | None = None,
    split_hyphens: bool = False,
) -> Iterator[Row]:
    """Read a corpus of tagged sentences.

    source (str): Its name.
    path (Path): The file.
    token (int): Column of the token.
    tag (int): Column of the tag.
    separator (str): What is between columns; any blank if None.
    split_hyphens (bool): Whether its tokens are split at every mark.
    YIELDS (Row): A sentence.
    """
    for sentence in read_columns(path, separator):
        if sentence[0][0].startswith("#"):
            sentence = [line for line in sentence if not line[0].startswith("# ")]
        tokens = [line[token] for line in sentence]
        spans = read_tags([line[tag] for line in sentence])
        tokens, spans = mend(tokens, spans)
        text, entities = detokenise(tokens, spans, split_hyphens=split_hyphens)
        # What Twitter calls somebody is no name; and half of a word is none.
        if text.strip() and not any(text[max(a - 1, 0) : a + 1].count("@") for a, _, _ in entities):
            yield Row(text, source, entities)


def mend(tokens: list[str], spans: list[TokenSpan]) -> tuple[list[str], list[TokenSpan]]:
    """Undo "& amp ;", which some corpora have for "&".

    tokens (list): The tokens.
    spans (list): The mentions.
    RETURNS (tuple): Both, mended.
    """
    while "amp" in tokens:
        i = tokens.index("amp")
        if not (0 < i < len(tokens) - 1 and tokens[i - 1] == "&" and tokens[i + 1] == ";"):
            break
        tokens = [*tokens[:i], *tokens[i + 2 :]]
        spans = [(a - 2 * (a > i), b - max(0, min(2, b - i)), label) for a, b, label in spans]
        spans = [span for span in spans if span[0] < span[1]]
    return tokens, spans


def read_nested(source: str, path: Path) -> Iterator[Row]:
    """Read sentences whose mentions may lie within others, a column for each level (LitBank).

    source (str): The corpus.
    path (Path): The file.
    YIELDS (Row): A sentence.
    """
    for sentence in read_columns(path, "\t"):
        tokens = [line[0] for line in sentence]
        spans: set[TokenSpan] = set()
        for level in range(1, 5):
            tags = [line[level] if len(line) > level and line[level] else "O" for line in sentence]
            spans.update(read_tags(tags))
        text, entities = detokenise(tokens, sorted(spans))
        if "nigger" not in text.lower():
            yield Row(text, source, entities)
