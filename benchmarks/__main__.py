"""Run every comparison, print the table, and write it as JSON."""

import json
import logging
import random
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import spacy
import torch
import typer
from spacy.tokens import Doc

from spacy_gliner2.model.architecture import get_shim
from spacy_gliner2.model.source import find_checkpoint

from . import encoders, processes
from .checkpoints import load_encoder, make_base
from .measure import interleave, median_ratio
from .report import Row, machine, read_json, to_json, to_markdown
from .systems import SCHEMAS, Reference, agreement, decisions, make_pipeline, run_pipeline
from .texts import join, load_passages, make_texts

FULL = {"float32": 2.5, "bfloat16": 4.5, "int8": 5.5}
"""Goals against the reference with entities; with all four tasks float32 has another."""

TITLES = ("embedded", "base")
"""The checkpoints: the one in the package, and a random one of the size of DeBERTa-v3-base."""

COUNTS = {
    "embedded": {"short": 192, "mixed": 64, "long": 8},
    "base": {"short": 32, "mixed": 16, "long": 2},
}
"""Texts of each kind for whole pipelines, by checkpoint."""

TEXTS = {"embedded": 128, "base": 24}
"""Texts for the other comparisons."""

LONGEST = {"embedded": 50_000, "base": 5_000}
"""Words of the longest document."""

CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
"""How to tell the seconds: "cpu" for a machine that others use too, with one thread."""

SAME = {"bfloat16": 0.995, "int8": 0.98}
"""Goals for the agreement of a precision's decisions with those of float32."""


@dataclass
class Bench:
    """One run: what it measures with, and what it has found.

    folder (Path): Where exports and the random checkpoint are kept.
    repetitions (int): How often each command is timed.
    scale (float): Share of the full number of texts.
    precisions (list): Our precisions.
    clock (str): One of `CLOCKS`.
    kinds (list): Kinds of texts for whole pipelines.
    rows (list): The figures.
    seconds (dict): Every repetition's seconds.
    """

    folder: Path
    repetitions: int
    scale: float
    precisions: list[str]
    clock: str
    kinds: list[str]
    rows: list[Row] = field(default_factory=list)
    seconds: dict[str, dict[str, list[float]]] = field(default_factory=dict)

    @property
    def tell(self) -> Callable[[], float]:
        """RETURNS (Callable): Tells the seconds."""
        return CLOCKS[self.clock]

    def count(self, full: int) -> int:
        """RETURNS (int): The number of texts to use where the full one is given."""
        return max(int(full * self.scale), 2)

    def add(self, row: Row) -> None:
        """Add a figure in the place of an older one of the same."""
        self.rows = [old for old in self.rows if (old.section, old.case) != (row.section, row.case)]
        self.rows.append(row)

    def time(self, label: str, commands: dict[str, Callable[[], Any]]) -> dict[str, list[float]]:
        """RETURNS (dict): Seconds of each command, remembered under a label."""
        self.seconds[label] = interleave(commands, self.repetitions, label, self.tell)
        return self.seconds[label]


def end_to_end(bench: Bench, title: str, path: Path) -> None:
    """Compare whole pipelines, for every schema and kind of text."""
    for schema_name, schema in SCHEMAS.items():
        pipelines = {p: make_pipeline(str(path), schema, p) for p in bench.precisions}
        reference = Reference(path, schema)
        for kind in bench.kinds:
            texts = make_texts(kind, bench.count(COUNTS[title][kind]))
            run = reference.batch_long if kind == "long" else reference.batch
            commands: dict[str, Callable[[], Any]] = {"gliner2": lambda r=run, t=texts: r(t)}
            for p, nlp in pipelines.items():
                commands[p] = lambda n=nlp, t=texts: run_pipeline(n, t)
            found = bench.time(f"{title}, {schema_name}, {kind}", commands)
            for p in pipelines:
                goal = 3.0 if p == "float32" and schema_name != "entities" else FULL[p]
                bench.add(
                    Row(
                        f"nlp.pipe {p} against gliner2",
                        f"{title}, {schema_name}, {kind}",
                        median_ratio(found["gliner2"], found[p]),
                        goal=goal,
                        detail=_per_second(found, p, len(texts)),
                    )
                )


def _per_second(found: dict[str, list[float]], name: str, count: int) -> str:
    ours, theirs = (count / statistics.median(found[key]) for key in (name, "gliner2"))
    return f"{ours:.1f} against {theirs:.1f} texts/s"


def same_decisions(bench: Bench, title: str, path: Path) -> None:
    """Compare what the precisions decide with what float32 decides."""
    schema = SCHEMAS["all four tasks"]
    texts = make_texts("mixed", bench.count(400), seed=1)
    exact = decisions(run_pipeline(make_pipeline(str(path), schema), texts))
    for p in bench.precisions:
        if p != "float32":
            own = decisions(run_pipeline(make_pipeline(str(path), schema, p), texts))
            share = agreement(own, exact)
            detail = f"{len(exact)} decisions"
            bench.add(
                Row(
                    f"decisions of {p} as of float32 (F1)", title, share, "", SAME[p], detail=detail
                )
            )


def one_at_a_time(bench: Bench, title: str, path: Path) -> None:
    """Compare `nlp(text)` with `extract(text)`."""
    texts = make_texts("mixed", bench.count(24), seed=2)
    for name, schema in SCHEMAS.items():
        nlp, reference = make_pipeline(str(path), schema), Reference(path, schema)
        found = bench.time(
            f"one at a time, {title}, {name}",
            {
                "gliner2": lambda r=reference: r.one_by_one(texts),
                "float32": lambda n=nlp: [n(text) for text in texts],
            },
        )
        ratio = median_ratio(found["gliner2"], found["float32"])
        detail = _per_second(found, "float32", len(texts))
        bench.add(
            Row(
                "nlp(text) against extract(text)",
                f"{title}, {name}",
                ratio,
                goal=1.8,
                detail=detail,
            )
        )


def encoder_alone(bench: Bench, title: str, path: Path) -> None:
    """Compare encoders on the same token sequences, and with the machine's limit."""
    pipe: Any = make_pipeline(str(path), SCHEMAS["entities"]).get_pipe("gliner2")
    subwords = get_shim(pipe.model).subwords
    texts = make_texts("mixed", bench.count(TEXTS[title]), seed=3)
    sequences = [[i for word in text.split() for i in subwords.ids(word)] for text in texts]
    tokens = sum(map(len, sequences))
    model = load_encoder(path)
    config: Any = model.config
    sizes = (config.hidden_size, config.intermediate_size, config.num_hidden_layers)
    files = encoders.export_onnx(path, bench.folder / path.name / "onnx")
    threads = torch.get_num_threads()
    commands = {p: encoders.our_runner(str(path), p, sequences) for p in bench.precisions}
    commands["transformers"] = encoders.transformers_runner(model, sequences)
    commands["limit"] = encoders.limit_runner(*sizes, 512)
    for p, file in files.items():
        commands[f"onnx {p}"] = encoders.onnx_runner(file, sequences, threads)
    found = bench.time(f"encoder, {title}", commands)
    speed = {name: tokens / statistics.median(own) for name, own in found.items()}
    for p in files:
        if p in bench.precisions:
            ratio = median_ratio(found[f"onnx {p}"], found[p])
            detail = f"{speed[p]:.0f} against {speed[f'onnx {p}']:.0f} tokens/s"
            bench.add(
                Row(f"encoder {p} against ONNX Runtime", title, ratio, goal=1.2, detail=detail)
            )
    ratio = median_ratio(found["transformers"], found["float32"])
    bench.add(Row("encoder float32 against transformers", title, ratio))
    limit = 512 / statistics.median(found["limit"])
    detail = f"{speed['float32']:.0f} of {limit:.0f} tokens/s, attention included"
    share = 100 * speed["float32"] / limit
    bench.add(Row("share of the matrix product's speed", title, share, "%", 80.0, detail=detail))


def start_and_memory(bench: Bench, title: str, path: Path) -> None:
    """Compare processes from their start to their first document, and their peak memory."""
    texts = make_texts("mixed", bench.count(1000), seed=4)
    schema = SCHEMAS["entities"]
    with tempfile.TemporaryDirectory() as folder:
        first, many = Path(folder) / "first.json", Path(folder) / "many.json"
        first.write_text(json.dumps(texts[:1]))
        many.write_text(json.dumps(texts))
        starts: dict[str, list[float]] = {name: [] for name in processes.PROGRAMS}
        for turn in range(bench.repetitions + 1):
            for name, own in starts.items():
                done = processes.run_process(name, path, schema, first, bench.clock)
                if turn:
                    own.append(done["first"])
        peaks = {
            name: processes.run_process(name, path, schema, many, bench.clock)["peak"]
            for name in processes.PROGRAMS
        }
    bench.seconds[f"start, {title}"] = starts
    ratio = median_ratio(starts["gliner2"], starts["spacy-gliner2"])
    medians = {name: statistics.median(own) for name, own in starts.items()}
    detail = f"{medians['spacy-gliner2']:.2f} s against {medians['gliner2']:.2f} s"
    bench.add(Row("import, load and first document", title, ratio, goal=3.0, detail=detail))
    detail = f"{peaks['spacy-gliner2']:.0f} against {peaks['gliner2']:.0f} MiB, {len(texts)} texts"
    share = peaks["spacy-gliner2"] / peaks["gliner2"]
    bench.add(Row("peak memory against gliner2", title, share, "x", 1.0, True, detail))


def growth(bench: Bench, title: str, path: Path) -> None:
    """Measure what a word costs in documents of 50 words and more."""
    nlp = make_pipeline(str(path), SCHEMAS["entities"])
    nlp.max_length = 10**7
    passages = load_passages()
    costs = {}
    for words in (50, 500, 5_000, 50_000):
        if words <= LONGEST[title]:
            text = join(passages, words, random.Random(5))
            copies = max(2_000 // words, 1)
            seconds = interleave(
                {"": lambda t=text, c=copies: run_pipeline(nlp, [t] * c)},
                1,
                f"{words} words",
                bench.tell,
            )[""]
            costs[words] = 1e6 * min(seconds) / (words * copies)
    detail = ", ".join(f"{words} words: {cost:.0f} µs a word" for words, cost in costs.items())
    whole = [cost for words, cost in costs.items() if words >= 500]
    ratio = max(whole) / min(whole)
    case = f"{title}, 500 to {max(costs)} words"
    bench.add(Row("largest cost of a word over the smallest", case, ratio, "x", 1.25, True, detail))


def overhead(bench: Bench, title: str, path: Path) -> None:
    """Measure which share of the component's time is not spent in the network."""
    texts = make_texts("mixed", bench.count(TEXTS[title]), seed=6)
    for name, schema in SCHEMAS.items():
        nlp = make_pipeline(str(path), schema)
        pipe: Any = nlp.get_pipe("gliner2")
        network = get_shim(pipe.model).checkpoint.network
        forward, inside = network.forward, [0.0]

        def timed(
            sequences: Any, forward: Callable[..., Any] = forward, inside: list[float] = inside
        ) -> Any:
            start = bench.tell()
            scores = forward(sequences)
            inside[0] += bench.tell() - start
            return scores

        network.forward = timed
        shares = []
        for turn in range(bench.repetitions + 1):
            docs: list[Doc] = [nlp.make_doc(text) for text in texts]
            inside[0], start = 0.0, bench.tell()
            list(pipe.pipe(docs, batch_size=len(docs)))
            whole = bench.tell() - start
            if turn:
                shares.append(100 * (whole - inside[0]) / whole)
        share = statistics.median(shares)
        bench.add(Row("time outside of the network", f"{title}, {name}", share, "%", 5.0, True))


PARTS: dict[str, Callable[[Bench, str, Path], None]] = {
    "pipe": end_to_end,
    "decisions": same_decisions,
    "single": one_at_a_time,
    "encoder": encoder_alone,
    "start": start_and_memory,
    "growth": growth,
    "overhead": overhead,
}
"""What is measured, by the name of the part."""


def main(
    output: Annotated[Path, typer.Option(help="JSON file to write")] = Path("benchmarks.json"),
    table: Annotated[Path | None, typer.Option(help="Markdown file to write the table to")] = None,
    folder: Annotated[Path, typer.Option(help="Keeps exports")] = Path("training/benchmarks"),
    repetitions: Annotated[int, typer.Option(min=1, help="Turns that count")] = 5,
    scale: Annotated[float, typer.Option(min=0.01, max=1.0, help="Share of the texts")] = 1.0,
    threads: Annotated[int, typer.Option(help="0 for as many as torch chooses")] = 0,
    precisions: Annotated[str, typer.Option(help="Ours")] = "float32",
    only: Annotated[str, typer.Option(help="embedded, base or both")] = "both",
    clock: Annotated[str, typer.Option(help="wall or cpu")] = "wall",
    kinds: Annotated[str, typer.Option(help="Of texts")] = "short,mixed,long",
    parts: Annotated[str, typer.Option(help=f"Of {', '.join(PARTS)}; all if empty")] = "",
) -> None:
    """Compare spacy-gliner2 with gliner2 and ONNX Runtime on this machine.

    Rows that `output` has already, of the same machine, stay unless they are measured again.
    """
    warnings.simplefilter("ignore")
    logging.getLogger("gliner2").setLevel(logging.ERROR)
    spacy.util.fix_random_seed(0)
    if threads:
        torch.set_num_threads(threads)
    where = {**machine(torch.get_num_threads()), "clock": clock}
    bench = Bench(folder, repetitions, scale, precisions.split(","), clock, kinds.split(","))
    bench.rows, bench.seconds = read_json(output, where)
    wanted = parts.split(",") if parts else list(PARTS)
    for title in TITLES if only == "both" else [only]:
        path = find_checkpoint("embedded") if title == "embedded" else make_base(folder / "base")
        for name in wanted:
            PARTS[name](bench, title, path)
            output.write_text(to_json(bench.rows, where, bench.seconds), encoding="utf8")
    markdown = to_markdown(bench.rows, where)
    typer.echo(markdown)
    if table is not None:
        table.write_text(markdown, encoding="utf8")


if __name__ == "__main__":
    typer.run(main)
