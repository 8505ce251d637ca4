"""What commands share: pipelines, their component, and errors in a line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import spacy
from spacy import util
from spacy.language import Language
from wasabi import msg

FACTORY = "gliner2"


def load_pipeline(name: str | None, lang: str = "en", overrides: Any = None) -> Language:
    """Load a pipeline.

    name (str): A config file, or the directory or the package of a pipeline; None for a blank one.
    lang (str): The language of a blank one.
    overrides (dict): Config values that win, by their dotted names.
    RETURNS (Language): The pipeline.
    """
    if name is None:
        return spacy.blank(lang)
    if Path(name).is_file():
        config = util.load_config(name, overrides=overrides or {}, interpolate=False)
        return util.load_model_from_config(config, auto_fill=True, validate=True)
    return util.load_model(name)


def find_component(nlp: Language) -> Any:
    """Find the component in a pipeline.

    nlp (Language): The pipeline.
    RETURNS (GLiNER2Pipe): Its first component whose factory is "gliner2".
    RAISES (ValueError): If there is none.
    """
    for name in nlp.component_names:
        if nlp.get_pipe_meta(name).factory == FACTORY:
            return nlp.get_pipe(name)
    raise ValueError(
        f"pipeline: has the components {', '.join(nlp.component_names) or 'none'}, and none with "
        f"factory = {FACTORY!r}; name a pipeline that has one"
    )


@contextmanager
def errors_in_a_line() -> Iterator[None]:
    """Print what is wrong with the user's input, and exit with 1, instead of a traceback."""
    try:
        yield
    except (ValueError, OSError) as error:
        msg.fail(str(error), exits=1)
