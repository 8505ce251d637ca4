"""`python -m spacy gliner2 convert`: corpora from one format to another."""

from pathlib import Path
from typing import Annotated, Any

from spacy.language import Language
from typer import Argument as Arg
from typer import Option as Opt
from wasabi import msg

from ..training.convert.conll import ConllOptions
from ..training.convert.formats import FORMATS, ConvertOptions, find_format
from ..training.corpus import CorpusOptions
from .pipelines import errors_in_a_line, find_component, load_pipeline

NAMES = ", ".join(FORMATS)


def convert_cli(
    input_path: Annotated[Path, Arg(help="File or folder to read", exists=True)],
    output_path: Annotated[Path, Arg(help="File to write", dir_okay=False)],
    source: Annotated[
        str | None, Opt("--from", "-f", help=f"Format to read ({NAMES}); else told by the name")
    ] = None,
    target: Annotated[
        str | None, Opt("--to", "-t", help="Format to write; else told by the name")
    ] = None,
    lang: Annotated[str, Opt("--lang", "-l", help="Language, whose tokenizer is used")] = "en",
    config: Annotated[
        str | None,
        Opt("--config", "-c", help="Config or pipeline whose component says what is looked for"),
    ] = None,
    schema: Annotated[
        str, Opt(help="Whose labels each Doc is asked for: those of its 'record' or 'component'")
    ] = "record",
    on_missing: Annotated[
        str, Opt(help="For words that are not in the text: 'error', or 'skip' what they are for")
    ] = "error",
    word_splitter: Annotated[
        str | None, Opt(help="What words are: 'gliner2', 'char' or 'spacy'")
    ] = None,
    cats_prefix: Annotated[
        bool | None, Opt(help="Whether keys of doc.cats begin with the task")
    ] = None,
    task: Annotated[
        str, Opt(help="To JSONL: name of the task of labels that belong to none")
    ] = "label",
    token_column: Annotated[
        int, Opt(help="CoNLL: column of the tokens, 0 for the first, -1 for the last")
    ] = 0,
    tag_column: Annotated[
        list[int] | None, Opt(help="CoNLL: column of the tags, else the last; may be repeated")
    ] = None,
    separator: Annotated[
        str | None, Opt(help="CoNLL: what is between columns, else a tab, or blanks without one")
    ] = None,
    sentences: Annotated[
        int, Opt("--sentences", "-n", help="CoNLL: sentences of a text, 0 for all to -DOCSTART-")
    ] = 1,
    natural: Annotated[
        bool, Opt("--natural/--tokens", help="CoNLL: write 'Inc.' or 'Inc .'")
    ] = True,
    blank: Annotated[
        str, Opt(help="CoNLL: what is between sentences, and with --tokens between tokens")
    ] = " ",
    rename: Annotated[
        list[str] | None, Opt(help="CoNLL: labels to rename, such as PER=person; may be repeated")
    ] = None,
) -> None:
    """
    Convert a corpus.

    jsonl: the JSONL that GLiNER2 is trained from. spacy: spaCy's binary files. conll: columns with
    tags in BIO, IOB1, BIOES or BILOU; read only.
    """
    with errors_in_a_line():
        nlp = load_pipeline(config, lang)
        shared: dict[str, Any] = {"schema": schema, "on_missing": on_missing}
        given = {"word_splitter": word_splitter, "cats_prefix": cats_prefix}
        shared.update((key, value) for key, value in given.items() if value is not None)
        component = None if config is None else find_component(nlp)
        options = ConvertOptions(
            corpus=CorpusOptions.of_component({} if component is None else component.cfg, **shared),
            conll=ConllOptions(
                token_column=token_column,
                tag_columns=tuple(tag_column or [-1]),
                separator=separator,
                sentences=sentences,
                natural=natural,
                blank=blank,
                rename=dict(_pair(text) for text in rename or []),
            ),
            schema=None if component is None else component.schema,
            task=task,
        )
        number = convert(input_path, output_path, source, target, nlp, options)
    msg.good(f"Converted {number} texts to {output_path}")


def convert(
    input_path: Path,
    output_path: Path,
    source: str | None,
    target: str | None,
    nlp: Language,
    options: ConvertOptions,
) -> int:
    """Convert a corpus.

    input_path (Path): File or folder to read.
    output_path (Path): File to write.
    source (str): Format to read; None to go by the name.
    target (str): Format to write; None to go by the name.
    nlp (Language): The pipeline, whose tokenizer is used.
    options (ConvertOptions): How to read and to write.
    RETURNS (int): Number of texts.
    RAISES (ValueError): If a format is not known or the corpus has a flaw.
    """
    source_name = find_format(source, input_path)
    target_name = find_format(target, output_path)
    read, write = FORMATS[source_name].read, FORMATS[target_name].write
    if read is None:
        raise ValueError(f"--from: {source_name!r} can only be written; choose another format")
    if write is None:
        raise ValueError(f"--to: {target_name!r} can only be read; choose another format")
    return write(read(input_path, nlp, options), output_path, nlp, options)


def _pair(text: str) -> tuple[str, str]:
    old, equals, new = text.partition("=")
    if not (old and equals and new):
        raise ValueError(f"--rename: {text!r} is no pair; give one such as PER=person")
    return old, new
