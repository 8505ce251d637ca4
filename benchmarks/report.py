"""Results as a table in Markdown, and as JSON."""

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

PACKAGES = ("spacy-gliner2", "gliner2", "onnxruntime", "torch", "transformers", "spacy")


@dataclass(frozen=True, slots=True)
class Row:
    """One figure beside its goal.

    section (str): What is compared.
    case (str): On what.
    value (float): The figure.
    unit (str): What it counts, such as "x" for a ratio.
    goal (float): The figure to reach, None where there is none.
    at_most (bool): Whether the goal is a ceiling.
    detail (str): The figures that it is made of.
    """

    section: str
    case: str
    value: float
    unit: str = "x"
    goal: float | None = None
    at_most: bool = False
    detail: str = ""

    @property
    def met(self) -> bool | None:
        """RETURNS (bool): Whether the goal is met; None where there is none."""
        if self.goal is None:
            return None
        return self.value <= self.goal if self.at_most else self.value >= self.goal


def machine(threads: int) -> dict[str, str]:
    """RETURNS (dict): Where and with what was measured."""
    return {
        "processor": _processor(),
        "threads": str(threads),
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
        "kernels": torch.backends.cpu.get_cpu_capability(),
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def to_markdown(rows: Sequence[Row], where: dict[str, str]) -> str:
    """RETURNS (str): The machine and the table."""
    lines = [", ".join(f"{key} {value}" for key, value in where.items()), ""]
    lines += ["| what | on | figure | goal | met | made of |", "|---|---|---|---|---|---|"]
    for row in rows:
        goal = "" if row.goal is None else f"{'≤' if row.at_most else '≥'} {row.goal:g} {row.unit}"
        met = {None: "", True: "yes", False: "**no**"}[row.met]
        figure = f"{row.value:.3g} {row.unit}"
        lines.append(f"| {row.section} | {row.case} | {figure} | {goal} | {met} | {row.detail} |")
    return "\n".join(lines) + "\n"


def to_json(rows: Sequence[Row], where: dict[str, str], seconds: object) -> str:
    """RETURNS (str): The machine, the rows, and every repetition's seconds."""
    data = {
        "machine": where,
        "rows": [{**asdict(row), "met": row.met} for row in rows],
        "seconds": seconds,
    }
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def read_json(path: Path, where: dict[str, str]) -> tuple[list[Row], dict[str, Any]]:
    """RETURNS (tuple): The rows and the seconds of a file, none if it is of another machine."""
    data = json.loads(path.read_text(encoding="utf8")) if path.is_file() else {}
    if data.get("machine") != where:
        return [], {}
    rows = [{key: value for key, value in row.items() if key != "met"} for row in data["rows"]]
    return [Row(**row) for row in rows], data["seconds"]
