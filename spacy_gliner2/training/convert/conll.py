"""Reading columns with tags: CoNLL files in BIO, IOB1, BIOES and BILOU."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...schema import Entity, FrozenSchema
from ..corpus.errors import CorpusError
from ..corpus.files import read_lines
from ..corpus.record import CorpusRecord, GoldValue
from .detokenise import detokenise, join_tokens

SUFFIXES = (".conll", ".iob", ".iob2", ".bio", ".tsv", ".txt")

BEGIN, INSIDE, END, SINGLE = "B", "I", ("E", "L"), ("S", "U")
DOCSTART = "-DOCSTART-"

TokenSpan = tuple[int, int, str]
"""First token of a mention, the token after its last, and its label."""


@dataclass(frozen=True, slots=True)
class ConllOptions:
    """What the columns are, and what to make of them.

    token_column (int): Column of the tokens: 0 is the first, -1 the last.
    tag_columns (tuple): Columns of the tags; several where mentions lie within one another.
    separator (str): What is between columns; None for a tab where a line has one, else blanks.
    sentences (int): Sentences of a text, 0 for all up to the next -DOCSTART-.
    natural (bool): Whether to write texts as people do, instead of with blanks between all tokens.
    blank (str): What is between tokens otherwise, and between sentences.
    rename (Mapping): By label, the one to use instead; the model reads its words.
    """

    token_column: int = 0
    tag_columns: tuple[int, ...] = (-1,)
    separator: str | None = None
    sentences: int = 1
    natural: bool = True
    blank: str = " "
    rename: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Sentence:
    tokens: list[str] = field(default_factory=list)
    tags: list[list[str]] = field(default_factory=list)
    starts_text: bool = False


def read_conll(file: Path, options: ConllOptions | None = None) -> Iterator[CorpusRecord]:
    """Read a file of columns.

    file (Path): The file.
    options (ConllOptions): What the columns are.
    YIELDS (CorpusRecord): The texts. The labels of the whole file are those of each text, which
        has none where it names none.
    RAISES (CorpusError): If a line has too few columns or a tag is none; names file and line.
    """
    options = options or ConllOptions()
    found = {
        label: None
        for sentence in _read_sentences(file, options)
        for _, _, label in _spans(sentence, options)
    }
    unused = [label for label in options.rename if label not in found]
    if unused:
        warnings.warn(
            f"{file}: has no label {', '.join(unused)} to rename, only "
            f"{', '.join(found) or 'none'}; correct --rename, unless other files have it",
            stacklevel=2,
        )
    labels = {options.rename.get(label, label): None for label in found}
    schema = FrozenSchema(entities=tuple(Entity(label=label) for label in labels))
    for sentences in _texts(file, options):
        yield _record(sentences, schema, options)


def _texts(file: Path, options: ConllOptions) -> Iterator[list[_Sentence]]:
    group: list[_Sentence] = []
    for sentence in _read_sentences(file, options):
        if group and (sentence.starts_text or len(group) == options.sentences):
            yield group
            group = []
        group.append(sentence)
    if group:
        yield group


def _read_sentences(file: Path, options: ConllOptions) -> Iterator[_Sentence]:
    sentence = _Sentence()
    for number, line in read_lines(file):
        columns = line.split(options.separator or ("\t" if "\t" in line else None))
        if not line.strip():
            if sentence.tokens:
                yield sentence
                sentence = _Sentence()
        elif columns[0] == DOCSTART:
            sentence.starts_text = True
        elif not _is_comment(line, columns, options):
            token, tags = _read_columns(columns, options, f"{file}, line {number}")
            sentence.tokens.append(token)
            sentence.tags.append(tags)
    if sentence.tokens:
        yield sentence


def _is_comment(line: str, columns: Sequence[str], options: ConllOptions) -> bool:
    """Tell a comment from a token "#"."""
    if not line.startswith("#"):
        return False
    try:
        return not all(_is_tag(columns[column]) for column in options.tag_columns)
    except IndexError:
        return True


def _read_columns(
    columns: Sequence[str], options: ConllOptions, where: str
) -> tuple[str, list[str]]:
    try:
        token = columns[options.token_column]
        tags = [columns[column] for column in options.tag_columns]
    except IndexError:
        raise CorpusError(
            f"{where}: has {len(columns)} columns; name columns that are there (token_column "
            f"{options.token_column}, tag_columns {list(options.tag_columns)}), or correct the line"
        ) from None
    if not token.strip() or token != token.strip():
        raise CorpusError(f"{where}: the token is {token!r}; correct the line or token_column")
    for tag in tags:
        if not _is_tag(tag):
            raise CorpusError(
                f"{where}: {tag!r} is no tag such as 'O', 'B-person' or 'I-person'; correct it "
                "or tag_columns"
            )
    return token, tags


def _is_tag(tag: str) -> bool:
    if tag == "O":
        return True
    prefix, dash, label = tag.partition("-")
    return bool(dash and label) and prefix in (BEGIN, INSIDE, *END, *SINGLE)


def _spans(sentence: _Sentence, options: ConllOptions) -> Iterator[TokenSpan]:
    for column in range(len(options.tag_columns)):
        yield from decode_tags([tags[column] for tags in sentence.tags])


def decode_tags(tags: Sequence[str]) -> list[TokenSpan]:
    """Read mentions from tags in BIO, IOB1, BIOES or BILOU; a span need not begin with B.

    tags (Sequence): The tags of a sentence.
    RETURNS (list): Its mentions.
    """
    spans: list[TokenSpan] = []
    is_open = False
    for i, tag in enumerate(tags):
        prefix, _, label = tag.partition("-")
        if tag == "O":
            is_open = False
            continue
        if is_open and prefix in (INSIDE, *END) and spans[-1][2] == label:
            spans[-1] = (spans[-1][0], i + 1, label)
        else:
            spans.append((i, i + 1, label))
        is_open = prefix in (BEGIN, INSIDE)
    return spans


def _record(
    sentences: Sequence[_Sentence], schema: FrozenSchema, options: ConllOptions
) -> CorpusRecord:
    text = ""
    found: dict[str, list[GoldValue]] = {part.label: [] for part in schema.entities}
    for sentence in sentences:
        text += options.blank if text else ""
        written, offsets = (
            detokenise(sentence.tokens)
            if options.natural
            else join_tokens(sentence.tokens, options.blank)
        )
        for first, after, label in _spans(sentence, options):
            start, end = offsets[first][0], offsets[after - 1][1]
            place = (len(text) + start, len(text) + end)
            found[options.rename.get(label, label)].append(GoldValue(written[start:end], *place))
        text += written
    entities = {label: tuple(dict.fromkeys(values)) for label, values in found.items()}
    return CorpusRecord(text, schema, entities)
