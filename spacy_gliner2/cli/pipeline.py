"""The pipeline that a command runs, from its options."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Optional

import typer
from spacy.language import Language

ModelOption = Annotated[
    Optional[str],  # noqa: UP045  (Typer reads it)
    typer.Option("--model", "-m", help="A pipeline: the name of a package or the path of one"),
]
ConfigOption = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(
        "--config", "-c", help="A config.cfg to make the pipeline from", exists=True, dir_okay=False
    ),
]
SchemaOption = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(
        "--schema",
        "-s",
        help="What to extract: a .yml, .yaml or .json file; in place of the pipeline's own schema",
        exists=True,
        dir_okay=False,
    ),
]
CheckpointOption = Annotated[
    str,
    typer.Option(
        help="Without --model and --config: the checkpoint, as the path of a directory, a name on "
        "the hub, or 'embedded' for the small one that comes with the package"
    ),
]
LangOption = Annotated[
    str, typer.Option("--lang", "-l", help="Without --model and --config: the language")
]
ThresholdOption = Annotated[
    Optional[float],  # noqa: UP045
    typer.Option("--threshold", "-t", help="Smallest score of what comes out", min=0, max=1),
]
ComponentOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(help="The component that --schema and --threshold are for, if there are several"),
]
CodeOption = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--code", help="A Python file with registered functions", exists=True),
]
TextFieldOption = Annotated[
    str, typer.Option("--text-field", "-tf", help="The field that holds the text")
]
ProcessesOption = Annotated[
    int, typer.Option("--n-process", "-n", help="Processes that share the work", min=1)
]
GpuOption = Annotated[int, typer.Option("--gpu-id", "-g", help="GPU ID, or -1 for CPU")]

BLANK = """
[nlp]
lang = "en"
pipeline = ["gliner2"]

[components]

[components.gliner2]
factory = "gliner2"

[components.gliner2.model]
@architectures = "spacy-gliner2.GLiNER2Model.v1"
name = "embedded"
"""


@dataclass(frozen=True, slots=True)
class PipelineOptions:
    """What the options of a command say of its pipeline; each is documented with its option.

    overrides (dict): Values for the config, by dotted key.
    """

    model: str | None = None
    config: Path | None = None
    schema: Path | None = None
    checkpoint: str = "embedded"
    lang: str = "en"
    threshold: float | None = None
    component: str | None = None
    code: Path | None = None
    gpu_id: int = -1
    overrides: dict[str, Any] = field(default_factory=dict)


def load_pipeline(options: PipelineOptions) -> Language:
    """Load or make the pipeline of a command.

    options (PipelineOptions): What the command's options say.
    RETURNS (Language): The pipeline.
    RAISES (ValueError): If the options contradict each other or name something that is not there.
    """
    from spacy.cli._util import import_code

    if options.model is not None and options.config is not None:
        raise ValueError("--model and --config: both name a pipeline; give one of them")
    import_code(options.code)
    if options.gpu_id >= 0:
        from thinc.api import require_gpu

        require_gpu(options.gpu_id)
    nlp = _load(options)
    _apply(nlp, options)
    return nlp


def _load(options: PipelineOptions) -> Language:
    from spacy import util
    from thinc.api import Config

    if options.model is not None:
        return util.load_model(options.model, config=options.overrides)
    if options.config is not None:
        config = util.load_config(options.config, overrides=options.overrides, interpolate=True)
        return util.load_model_from_config(config, auto_fill=True)
    blank = {"nlp.lang": options.lang, "components.gliner2.model.name": options.checkpoint}
    config = Config().from_str(BLANK, overrides={**blank, **options.overrides})
    nlp = util.load_model_from_config(config, auto_fill=True)
    # The limit is there for parsers; the component reads a long text in windows.
    nlp.max_length = 10**9
    return nlp


def _apply(nlp: Language, options: PipelineOptions) -> None:
    """Give the component the schema and the threshold of the command."""
    from ..rows import gliner2_names
    from ..schema.from_file import schema_from_file

    names = gliner2_names(nlp)
    if options.schema is not None or options.threshold is not None:
        pipe: Any = nlp.get_pipe(choose_component(names, options.component))
        if options.schema is not None:
            pipe.initialize(lambda: [], labels=schema_from_file(options.schema))
        if options.threshold is not None:
            pipe.cfg["threshold"] = options.threshold


def check_schemas(nlp: Language) -> None:
    """Refuse a pipeline that would extract nothing.

    nlp (Language): The pipeline; a component without a schema may be there for its encoder.
    RAISES (ValueError): If none of its components has a schema.
    """
    from ..rows import gliner2_names

    pipes: list[Any] = [nlp.get_pipe(name) for name in gliner2_names(nlp)]
    if pipes and not any(pipe.schema for pipe in pipes):
        names = ", ".join(repr(pipe.name) for pipe in pipes)
        raise ValueError(
            f"schema: the component {names} has none, so that nothing would be extracted; "
            "give one with --schema, or a pipeline that has one with --model or --config"
        )


def choose_component(names: list[str], given: str | None) -> str:
    """Choose one of a pipeline's components, never by a guess.

    names (list): The names of its gliner2 components.
    given (str): The name that the user gave, if any.
    RETURNS (str): The name of the component.
    RAISES (ValueError): If there is no such component, or several and none was named.
    """
    if given is None and len(names) == 1:
        return names[0]
    if given in names:
        return str(given)
    raise ValueError(
        f"--component: {given!r} is none of the pipeline's gliner2 components "
        f"({', '.join(names) or 'there are none'}); name the one that is meant"
    )


def load_weights(nlp: Language) -> None:
    """Load the weights now, so that a missing checkpoint is no matter of single documents.

    nlp (Language): The pipeline; of its hosted models, the key is looked for.
    RAISES (CheckpointError): If one cannot be found or read.
    RAISES (AuthenticationError): If there is no key.
    """
    from ..hosted.architecture import HostedShim
    from ..hosted.options import find_key
    from ..model.shim import GLiNER2Shim
    from ..rows import gliner2_names

    for name in gliner2_names(nlp):
        pipe: Any = nlp.get_pipe(name)
        for shim in pipe.model.shims:
            if isinstance(shim, GLiNER2Shim):
                _ = shim.checkpoint
            elif isinstance(shim, HostedShim):
                _ = shim.client, find_key()


def fingerprint(nlp: Language) -> str:
    """Tell apart pipelines that extract differently.

    nlp (Language): The pipeline.
    RETURNS (str): The same for pipelines with the same settings.
    """
    from ..rows import gliner2_names

    pipes: list[Any] = [nlp.get_pipe(name) for name in gliner2_names(nlp)]
    settings = [
        [
            pipe.cfg,
            pipe.schema.to_dict(),
            {str(key): value for key, value in pipe.model.attrs.items() if not callable(value)},
        ]
        for pipe in pipes
    ]
    content = json.dumps([nlp.config.to_str(), nlp.meta.get("version"), settings], default=str)
    return hashlib.sha256(content.encode("utf8")).hexdigest()
