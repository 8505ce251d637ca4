"""Get the corpora, each from its commit: `fetch.py ASSETS`."""

import gzip
import hashlib
import json
import logging
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import srsly
import typer

log = logging.getLogger("fetch")

HERE = Path(__file__).parent.parent
PARTS = ("train", "dev", "test")


def main(
    assets: Path, sources: Path = HERE / "assets.yaml", sums: Path = HERE / "assets.sha1"
) -> None:
    """Get the files that are missing, and check those that are there.

    assets (Path): The folder for the corpora, each in a folder of its own.
    sources (Path): Repository and commit of each corpus.
    sums (Path): Sum and path of each file.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    wanted: dict[str, dict[str, str]] = {}
    for line in sums.read_text(encoding="utf8").split("\n"):
        if line.strip():
            blob, path = line.split("  ", 1)
            wanted.setdefault(path.split("/")[0], {})[path] = blob
    for name, source in srsly.read_yaml(sources).items():
        missing = {p: blob for p, blob in wanted[name].items() if not (assets / p).exists()}
        dialogues = name == "sgd_compact" and not (assets / name / "train.jsonl.gz").exists()
        if missing or dialogues:
            get(source, missing, assets, assets / name if dialogues else None)
        for path, blob in wanted[name].items():
            check(assets / path, blob)
        log.info("%s: %d files", name, len(wanted[name]))


def check(path: Path, blob: str) -> None:
    """RAISES (ValueError): If a file is not the one that is wanted."""
    content = path.read_bytes()
    found = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    if found != blob:
        raise ValueError(f"{path}: its sum is {found}, not {blob}; remove it and fetch it again")


def get(
    source: dict[str, str], files: dict[str, str], assets: Path, dialogues: Path | None
) -> None:
    """Get files of one commit.

    source (dict): Repository and commit.
    files (dict): Sums by path.
    assets (Path): The folder that the paths are in.
    dialogues (Path): Where the schema-guided dialogues go; None for other corpora.
    """
    with tempfile.TemporaryDirectory() as folder:
        git = ["git", "-C", folder]
        subprocess.run(["git", "init", "-q", folder], check=True)
        subprocess.run([*git, "remote", "add", "origin", source["repo"]], check=True)
        partial = ["fetch", "-q", "--depth", "1", "--filter=blob:none", "origin"]
        subprocess.run([*git, *partial, source["commit"]], check=True)
        for path, blob in files.items():
            (assets / path).parent.mkdir(parents=True, exist_ok=True)
            done = subprocess.run([*git, "cat-file", "blob", blob], check=True, capture_output=True)
            (assets / path).write_bytes(done.stdout)
        if dialogues is not None:
            subprocess.run([*git, "checkout", "-q", source["commit"], "--", *PARTS], check=True)
            for part in PARTS:
                compact(Path(folder) / part, dialogues / f"{part}.jsonl.gz")


def compact(folder: Path, target: Path) -> None:
    """Keep of schema-guided dialogues what is used: texts, slots, intents and states.

    folder (Path): A folder with the original files.
    target (Path): The file to write.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(target, "wt", encoding="utf8") as file:
        for path in sorted(folder.glob("dialogues_*.json")):
            for dialogue in json.loads(path.read_text(encoding="utf8")):
                turns = [compact_turn(turn) for turn in dialogue["turns"]]
                data = {"id": dialogue["dialogue_id"], "services": dialogue["services"]}
                file.write(json.dumps({**data, "turns": turns}, ensure_ascii=False) + "\n")


def compact_turn(turn: dict[str, Any]) -> dict[str, Any]:
    """RETURNS (dict): Speaker, text, service, slots, and of users intent and state."""
    frame = turn["frames"][0]
    slots = [[slot["slot"], slot["start"], slot["exclusive_end"]] for slot in frame["slots"]]
    speaker = "U" if turn["speaker"] == "USER" else "S"
    short = {"s": speaker, "t": turn["utterance"], "svc": frame["service"], "slots": slots}
    if "state" in frame:
        state = frame["state"]
        short |= {"intent": state["active_intent"], "state": state["slot_values"]}
    return short


if __name__ == "__main__":
    typer.run(main)
