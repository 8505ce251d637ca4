"""Compare training with the `gliner2` package's: `python -m benchmarks.training`.

Both run one script, but for the import, on the same texts in batches of one size, each run in a
process of its own.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import torch
import typer

from spacy_gliner2.model.source import find_checkpoint

from .checkpoints import make_base
from .report import Row, machine, to_json, to_markdown
from .texts import ASSETS

CORPUS = ASSETS / "train" / "train.jsonl"

_SCRIPT = """
import json, logging, sys, time, warnings
from benchmarks.peak import peak_memory
warnings.simplefilter("ignore")
options, threads = json.loads(sys.argv[2]), int(sys.argv[4])
import torch
torch.set_num_threads(threads)
if sys.argv[1] == "gliner2":
    from gliner2 import GLiNER2
    from gliner2.training.trainer import GLiNER2Trainer, TrainingConfig
    logging.disable(logging.INFO)
else:
    from spacy_gliner2 import GLiNER2
    from spacy_gliner2.training import GLiNER2Trainer, TrainingConfig
model = GLiNER2.from_pretrained(options.pop("model"))
data = [json.loads(line) for line in open(sys.argv[3], encoding="utf8")]
trainer, start = GLiNER2Trainer(model, TrainingConfig(**options)), time.process_time()
done = trainer.train(train_data=data)
spent = time.process_time() - start
peak = peak_memory()
print(json.dumps({"speed": done["samples_per_second"], "peak": peak, "spent": spent}))
"""

PACKAGES = ("gliner2", "spacy-gliner2")


def run_training(
    package: str, model: Path, corpus: Path, threads: int, **options: Any
) -> dict[str, float]:
    """Train in a process of its own.

    package (str): One of `PACKAGES`.
    model (Path): The checkpoint.
    corpus (Path): The texts, as JSONL.
    threads (int): Threads of torch.
    **options (Any): Options of the trainer.
    RETURNS (dict): Texts a second as "speed", the peak memory in MiB as "peak", and the seconds of
        processor time as "spent".
    """
    with tempfile.TemporaryDirectory() as folder:
        config = {
            "model": str(model),
            "output_dir": folder,
            "eval_strategy": "no",
            "num_workers": 0,
            "fp16": False,
            **options,
        }
        arguments = [package, json.dumps(config), str(corpus), str(threads)]
        command = [sys.executable, "-c", _SCRIPT, *arguments]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _entities(output: dict[str, Any]) -> dict[str, Any]:
    return {"entities": output["entities"]}


def _stated(output: dict[str, Any]) -> dict[str, Any]:
    relations = [one for one in output["relations"] if all(next(iter(one.values())).values())]
    records = [one for one in output["json_structures"] if any(next(iter(one.values())).values())]
    kept = {"entities": output["entities"], "classifications": output["classifications"]}
    if relations:
        kept["relations"] = relations
    if records:
        kept["json_structures"] = records
    return kept


CASES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "entities": _entities,
    "all tasks": _stated,
    "all tasks, absent ones too": dict,
}
"""What of the annotation is learned. Of relations and records that a text does not state the
package learns nothing, and does not even read their labels; of the first two cases both learn the
same."""


def write_case(case: str, target: Path) -> Path:
    """Write the corpus with what of its annotation is learned.

    case (str): One of `CASES`.
    target (Path): The file.
    RETURNS (Path): The file.
    """
    with target.open("w", encoding="utf8") as file:
        for line in CORPUS.read_text(encoding="utf8").splitlines():
            record = json.loads(line)
            output = CASES[case](record["output"])
            file.write(json.dumps({"input": record["input"], "output": output}) + "\n")
    return target


def main(
    output: Annotated[Path, typer.Option(help="JSON file to write")] = Path("training.json"),
    folder: Annotated[Path, typer.Option(help="Keeps a checkpoint")] = Path("training/benchmarks"),
    repetitions: Annotated[int, typer.Option(min=1, help="How often")] = 3,
    steps: Annotated[int, typer.Option(min=1, help="Steps of 8 texts")] = 40,
    threads: Annotated[int, typer.Option(help="0 for as many as torch chooses")] = 0,
    only: Annotated[str, typer.Option(help=f"One of: {'; '.join(CASES)}")] = "",
    base: Annotated[bool, typer.Option(help="Also a model of published size")] = False,
) -> None:
    """Compare texts a second and peak memory on this machine."""
    threads = threads or torch.get_num_threads()
    models = {"embedded": find_checkpoint("embedded")}
    if base:
        models["base size"] = make_base(folder / "base")
    rows, seconds = [], {}
    with tempfile.TemporaryDirectory() as own:
        cases = [case for case in CASES if only in (case, "")]
        corpora = {case: write_case(case, Path(own) / f"{case}.jsonl") for case in cases}
        for title, model in models.items():
            for case, corpus in corpora.items():
                runs: dict[str, list[dict[str, float]]] = {name: [] for name in PACKAGES}
                for _ in range(repetitions):
                    for name, found in runs.items():
                        options = {"batch_size": 8, "max_steps": steps}
                        found.append(run_training(name, model, corpus, threads, **options))
                # Where ours learns more than theirs, the goal would compare what is not alike.
                rows += _rows(f"{title}, {case}", runs, None if "absent" in case else 1.5)
                seconds[f"{title}, {case}"] = runs
    where = machine(threads)
    typer.echo(to_markdown(rows, where))
    output.write_text(to_json(rows, where, seconds), encoding="utf8")


def _rows(case: str, runs: dict[str, list[dict[str, float]]], goal: float | None) -> list[Row]:
    theirs, ours = (
        {
            key: statistics.median(run[key] for run in runs[name])
            for key in ("speed", "peak", "spent")
        }
        for name in PACKAGES
    )
    speeds = f"{ours['speed']:.1f} against {theirs['speed']:.1f} texts/s"
    peaks = f"{ours['peak']:.0f} against {theirs['peak']:.0f} MiB"
    spent = f"{ours['spent']:.1f} against {theirs['spent']:.1f} s"
    less = theirs["spent"] / ours["spent"]
    ratio, share = ours["speed"] / theirs["speed"], ours["peak"] / theirs["peak"]
    return [
        Row("training, float32", case, ratio, goal=goal, detail=speeds),
        Row("processor time of training, gliner2 against ours", case, less, detail=spent),
        Row("peak memory of training", case, share, "x", 1.0, True, peaks),
    ]


if __name__ == "__main__":
    typer.run(main)
