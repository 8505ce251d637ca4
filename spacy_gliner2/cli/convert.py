"""`python -m spacy gliner2 convert`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer
from spacy.language import Language

from .app import check_output, gliner2_cli, plain_errors, say
from .component import ForComponentOption, ForOption, LangOption, load_component

if TYPE_CHECKING:
    from ..training.convert.formats import ConvertOptions

Opt = typer.Option


@gliner2_cli.command("convert", no_args_is_help=True)
def convert_cli(
    input: Annotated[Path, typer.Argument(help="The corpus: a file or a folder", exists=True)],
    output: Annotated[
        Path,
        typer.Argument(help="The file to write; or a folder that is there, for one of each file"),
    ],
    source: Annotated[
        Optional[str],  # noqa: UP045  (Typer reads it)
        Opt("--from", "-f", help="Format of the corpus, if its name does not tell"),
    ] = None,
    target: Annotated[
        Optional[str],  # noqa: UP045
        Opt("--to", "-t", help="Format to write, if the name of the file does not tell"),
    ] = None,
    lang: LangOption = "en",
    config: ForOption = None,
    for_component: ForComponentOption = None,
    schema_of: Annotated[
        str,
        Opt(help="What Docs are asked for: the labels of their 'record', or of the 'component'"),
    ] = "record",
    on_missing: Annotated[
        str, Opt(help="For words that are not in the text: 'error', or 'skip' what they are for")
    ] = "error",
    word_splitter: Annotated[
        Optional[str],  # noqa: UP045
        Opt(help="What words are: 'gliner2', 'char' or 'spacy'"),
    ] = None,
    cats_prefix: Annotated[
        Optional[bool],  # noqa: UP045
        Opt("--cats-prefix/--no-cats-prefix", help="Whether keys of doc.cats begin with the task"),
    ] = None,
    task: Annotated[
        str, Opt(help="To JSONL: name of the task of labels that belong to none")
    ] = "label",
    keep_structures: Annotated[
        bool,
        Opt("--keep-structures", help="Prodigy, Label Studio: take the model's records for true"),
    ] = False,
    token_column: Annotated[
        int, Opt(help="CoNLL: column of the tokens, 0 for the first, -1 for the last")
    ] = 0,
    tag_column: Annotated[
        Optional[list[int]],  # noqa: UP045
        Opt(help="CoNLL: column of the tags, else the last; may be repeated"),
    ] = None,
    separator: Annotated[
        Optional[str],  # noqa: UP045
        Opt(help="CoNLL: what is between columns, else a tab, or blanks without one"),
    ] = None,
    sentences: Annotated[
        int,
        Opt("--sentences", "-n", min=0, help="CoNLL: sentences of a text, 0 for all to -DOCSTART-"),
    ] = 1,
    natural: Annotated[
        bool, Opt("--natural/--tokens", help="CoNLL: write 'Inc.' or 'Inc .'")
    ] = True,
    blank: Annotated[
        str, Opt(help="CoNLL: what is between sentences, and with --tokens between tokens")
    ] = " ",
    rename: Annotated[
        Optional[list[str]],  # noqa: UP045
        Opt(help="CoNLL: labels to rename, such as PER=person; may be repeated"),
    ] = None,
) -> None:
    """
    Convert a corpus from one format to another:

    \b
    jsonl         what GLiNER2 is trained from, {"input", "output"}
    spacy         spaCy's binary files, with entities, spans, labels, relations and records
    conll         columns with tags in BIO, IOB1, BIOES or BILOU (read only)
    results       what extract writes as JSONL
    prodigy       tasks for Prodigy, and the answers to them
    label-studio  tasks for Label Studio, with the labelling interface beside them in .xml; and its
                  export as JSON

    The last three have to be named with --from and --to. Prodigy and Label Studio get what the
    model proposes, and give back what people made of it. What they were not asked for is not known:
    entities without "spans" in a task of Prodigy, relations without "relations", and what no task
    of Label Studio has a result for. Records, which nobody can correct there, come back with
    --keep-structures.

    \b
        python -m spacy gliner2 convert train.conll train.jsonl --rename PER=person
        python -m spacy gliner2 convert train.jsonl train.spacy --config config.cfg
        python -m spacy gliner2 convert found.jsonl tasks.json --from results --to label-studio
        python -m spacy gliner2 convert export.json train.jsonl --from label-studio
        python -m spacy gliner2 convert found/ rows/ --from spacy --to results
    """
    with plain_errors():
        from ..training.convert.conll import ConllOptions
        from ..training.convert.formats import ConvertOptions
        from ..training.corpus import CorpusOptions

        nlp, component = load_component(config, lang, for_component)
        shared: dict[str, Any] = {"schema": schema_of, "on_missing": on_missing}
        given = {"word_splitter": word_splitter, "cats_prefix": cats_prefix}
        shared.update((key, value) for key, value in given.items() if value is not None)
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
            keep_structures=keep_structures,
        )
        count = convert(nlp, input, output, source, target, options)
    say(f"{output}: {count} text{'s' * (count != 1)}")


def convert(
    nlp: Language,
    input: Path,
    output: Path,
    source: str | None,
    target: str | None,
    options: "ConvertOptions",
) -> int:
    """Convert a corpus.

    nlp (Language): The pipeline, whose tokenizer is used.
    input (Path): The corpus.
    output (Path): The file to write, or a folder for one of each file of the corpus.
    source (str): Format of the corpus; None to go by its name.
    target (str): Format to write; None to go by the name.
    options (ConvertOptions): How to read and to write.
    RETURNS (int): Number of texts.
    RAISES (ValueError): If a format is not known or the corpus has a flaw.
    """
    from ..training.convert.formats import FORMATS, files_into, find_format

    source, target = find_format(source, input), find_format(target, output)
    read, write = FORMATS[source].read, FORMATS[target].write
    if read is None:
        raise ValueError(f"--from: {source!r} can only be written; choose another format")
    if write is None:
        raise ValueError(f"--to: {target!r} can only be read; choose another format")
    pairs = [(input, output)]
    if output.is_dir():
        pairs = files_into(output, input, source, target)
    for file, into in pairs:
        check_output(into, file)
    return sum(write(read(file, nlp, options), into, nlp, options) for file, into in pairs)


def _pair(text: str) -> tuple[str, str]:
    old, equals, new = text.partition("=")
    if not (old and equals and new):
        raise ValueError(f"--rename: {text!r} is no pair; give one such as PER=person")
    return old, new
