"""`python -m spacy gliner2 info`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from .app import columns, gliner2_cli, plain_errors

SCHEMA_KINDS = {
    "entities": "label",
    "relations": "label",
    "structures": "name",
    "classifications": "task",
}
"""The parts of a schema, and the key of the name of what is in them."""


@gliner2_cli.command("info")
def info_cli(
    name: Annotated[
        str,
        typer.Argument(
            help="A checkpoint: the path of a directory, a name on the hub, or 'embedded' for the "
            "one that comes with the package; or a pipeline: its directory or package"
        ),
    ] = "embedded",
    revision: Annotated[
        Optional[str],  # noqa: UP045  (Typer reads it)
        typer.Option(help="For a name on the hub: the commit, tag or branch"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON")] = False,
) -> None:
    """
    Say what a checkpoint is: its encoder, its sizes, its licence; and of a pipeline what it
    extracts too. Reads no weights.

    \b
        python -m spacy gliner2 info fastino/gliner2-base-v1
        python -m spacy gliner2 info ./my_pipeline --json
    """
    with plain_errors():
        facts = info(name, revision)
    typer.echo(json.dumps(facts, indent=2, ensure_ascii=False) if as_json else _table(facts))


def info(name: str, revision: str | None = None) -> dict[str, Any]:
    """Say what a checkpoint or a pipeline is.

    name (str): The checkpoint or the pipeline.
    revision (str): For a checkpoint on the hub: the commit, tag or branch.
    RETURNS (dict): The facts of `Description`; of a pipeline these for each of its components, by
        name, with the labels of its schema and its settings. Of a hosted model it is the URL that
        is known.
    RAISES (ValueError): If there is neither.
    """
    from ..model.description import describe_checkpoint
    from ..model.source import find_checkpoint

    pipeline = _find_pipeline(name)
    if pipeline is not None:
        return _describe_pipeline(pipeline)
    return asdict(describe_checkpoint(find_checkpoint(name, revision)))


def _find_pipeline(name: str) -> Path | None:
    from spacy import util

    folders = [Path(name)]
    if util.is_package(name):
        package = util.get_package_path(name)
        folders = [package, *package.glob(f"{name}-*")]
    return next((folder for folder in folders if (folder / "config.cfg").is_file()), None)


def _describe_pipeline(path: Path) -> dict[str, Any]:
    from spacy import util

    config = util.load_config(path / "config.cfg")
    found = {
        name: _describe_component(path / name, config["components"][name]["model"])
        for name in config["nlp"]["pipeline"]
        if config["components"][name].get("factory") == "gliner2"
    }
    if not found:
        raise ValueError(f"{path}: this pipeline has no gliner2 component; name one that has")
    return found


def _describe_component(path: Path, model: dict[str, Any]) -> dict[str, Any]:
    from ..model.description import describe_checkpoint
    from ..saving import Saved

    found = Saved.from_json((path / "cfg").read_text(encoding="utf8"))
    saved = found.current
    labels = {
        kind: [part[key] for part in saved["schema"].get(kind, ())]
        for kind, key in SCHEMA_KINDS.items()
    }
    labels["labels"] = [
        part["label"]
        for task in saved["schema"].get("classifications", ())
        for part in task["labels"]
    ]
    if found.configured["model"].get("hosted"):
        facts = {"base_url": model.get("base_url")}
    else:
        facts = asdict(describe_checkpoint(path / "model"))
    return {**labels, "settings": saved["cfg"], **facts}


def _table(facts: dict[str, Any]) -> str:
    if all(isinstance(own, dict) for own in facts.values()):
        return "\n\n".join(f"{name}\n{_table(own)}" for name, own in facts.items())
    rows = [
        (key.replace("_", " "), _shown(key, value))
        for key, value in facts.items()
        if value not in ([], {}) and key != "settings"
    ]
    return columns(rows)


def _shown(key: str, value: Any) -> str:
    if value is None:
        return "not stated"
    if key == "size":
        return f"{value / 1e6:,.1f} MB"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value)
