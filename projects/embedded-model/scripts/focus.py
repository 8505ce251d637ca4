"""Draw examples that dwell on one task: `focus.py EXAMPLES TARGET`."""

import json
import random
from pathlib import Path

import typer


def main(
    examples: Path, target: Path, task: str = "relations", skip: int = 0, share: float = 0.6
) -> None:
    """Draw examples of which most have something of a task.

    examples (Path): The examples that `mix.py` drew.
    target (Path): The file to write.
    task (str): "relations" or "json_structures".
    skip (int): How many examples to pass over, since they were learned before.
    share (float): The share of examples that have something of the task.
    """
    lines = examples.read_text(encoding="utf8").splitlines()[skip:]
    have = [has_some(json.loads(line)["output"].get(task, [])) for line in lines]
    kept = sum(have) * (1 - share) / share / max(1, len(have) - sum(have))
    rng = random.Random(skip)
    drawn = [line for line, own in zip(lines, have, strict=True) if own or rng.random() < kept]
    target.write_text("\n".join(drawn) + "\n", encoding="utf8")


def has_some(instances: list[dict[str, dict[str, object]]]) -> bool:
    """RETURNS (bool): Whether an instance has a value: what is absent has empty ones."""
    return any(value for own in instances for parts in own.values() for value in parts.values())


if __name__ == "__main__":
    typer.run(main)
