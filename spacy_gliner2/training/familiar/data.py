"""What a trainer is given, as spaCy's examples."""

import random
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from spacy.language import Language
from spacy.training import Example

from ..corpus.errors import CorpusError, RecordError
from ..corpus.options import CorpusOptions
from ..corpus.parse import parse_record
from ..corpus.reader import JsonlCorpus
from ..corpus.to_doc import DocMaker

TrainData: TypeAlias = str | Path | Sequence[Any] | Iterable[Any]
"""A path of JSONL or several, examples (anything with `to_dict`), or records as dicts."""


def read_data(
    data: TrainData, nlp: Language, options: CorpusOptions, limit: int, seed: int | None = None
) -> list[Example]:
    """Make examples, each of which is asked for its own labels.

    data (TrainData): The data.
    nlp (Language): The pipeline.
    options (CorpusOptions): How annotation stands in Docs.
    limit (int): Most examples, -1 for all.
    seed (int): Shuffles them first, None for not at all.
    RETURNS (list): The examples.
    RAISES (ValueError): If a record cannot be used, or there is none.
    """
    if isinstance(data, str | Path):
        examples = list(JsonlCorpus(data, options=options)(nlp))
    else:
        given = list(data)
        paths = [item for item in given if isinstance(item, str | Path)]
        if paths and len(paths) == len(given):
            examples = list(JsonlCorpus(paths, options=options)(nlp))
        else:
            examples = list(_read_records(given, DocMaker(nlp, options)))
    if seed is not None:
        random.Random(seed).shuffle(examples)
    examples = examples if limit < 0 else examples[:limit]
    if not examples:
        raise ValueError("train_data: has no texts; give some")
    return examples


def _read_records(items: Sequence[Any], make: DocMaker) -> Iterator[Example]:
    missing: list[int] = []
    for number, item in enumerate(items):
        data = item if isinstance(item, Mapping) or not hasattr(item, "to_dict") else item.to_dict()
        try:
            record = parse_record(data)
            gold, left_out = make.gold(record)
        except RecordError as error:
            raise CorpusError(f"train_data[{number}]: {error}") from error
        missing += [number] if left_out else []
        yield Example(make.plain(record), gold)
    if missing:
        warnings.warn(
            f"{len(missing)} examples have labels whose words are not in the text, and were left "
            f"out or shortened by that; the first is train_data[{missing[0]}]",
            stacklevel=2,
        )
