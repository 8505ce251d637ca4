"""The component that a corpus is for."""

from pathlib import Path
from typing import Annotated, Any, Optional

import typer
from spacy.language import Language

from .pipeline import choose_component

ForOption = Annotated[
    Optional[str],  # noqa: UP045  (Typer reads it)
    typer.Option(
        "--config",
        "-c",
        help="The config, or the pipeline, with the component that the corpus is for",
    ),
]
LangOption = Annotated[
    str, typer.Option("--lang", "-l", help="Without --config: the language of the texts")
]
ForComponentOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--component", help="The component that the corpus is for, if there are several"),
]
SchemaOfOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--schema-of",
        help="Whose labels each text is asked for: those of its 'record' or of the 'component'; by "
        "default of the component if it has a schema",
    ),
]


def load_component(name: str | None, lang: str, component: str | None) -> tuple[Language, Any]:
    """Load the pipeline that a corpus is for.

    name (str): A config file, or a pipeline's directory or package; None for a blank pipeline.
    lang (str): The language of a blank one.
    component (str): The name of its component, if there are several.
    RETURNS (tuple): The pipeline, and its component; None if it is blank.
    RAISES (ValueError): If there is no such pipeline, or it has no such component.
    """
    import spacy
    from spacy import util

    from ..rows import gliner2_names

    if name is None:
        if component is not None:
            raise ValueError(
                f"--component: {component!r} needs the pipeline that has it; name it with --config"
            )
        return spacy.blank(lang), None
    if Path(name).is_file():
        config = util.load_config(name, interpolate=False)
        nlp = util.load_model_from_config(config, auto_fill=True)
    else:
        nlp = util.load_model(name)
    names = gliner2_names(nlp)
    if not names:
        raise ValueError(
            f"{name}: has the components {', '.join(nlp.pipe_names) or 'none'}, and none whose "
            "factory is 'gliner2'; name a pipeline that has one"
        )
    return nlp, nlp.get_pipe(choose_component(names, component))


def schema_source(given: str | None, component: Any) -> str:
    """Tell whose labels each text is asked for.

    given (str): What the user said, if anything.
    component (GLiNER2Pipe): The component, if there is one.
    RETURNS (str): "record" or "component".
    RAISES (ValueError): If the component is to be asked and knows no labels.
    """
    has_schema = component is not None and bool(component.schema)
    if given == "component" and not has_schema:
        raise ValueError(
            "--schema-of: 'component' needs a --config whose component has a schema; give one"
        )
    return given or ("component" if has_schema else "record")
