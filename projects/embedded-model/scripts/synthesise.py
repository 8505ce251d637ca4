"""Make texts from templates: `synthesise.py ROWS TEMPLATES COUNT SEED`."""

import logging
import random
from pathlib import Path

import typer
from recipe.rows import read_rows, write_rows
from recipe.synthetic.fillers import Fillers
from recipe.synthetic.stories import read_families, write_stories


def main(rows: Path, templates: Path, count: int, seed: int) -> None:
    """Make texts from templates.

    rows (Path): The folder of rows; the file "synthetic.jsonl" there is written.
    templates (Path): The folder of templates and word lists.
    count (int): How many texts.
    seed (int): The seed.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    rng = random.Random(seed)
    fillers = Fillers(templates / "words.yaml", rng, read_rows(rows / "fewnerd.jsonl"))
    stories = write_stories(read_families(templates), fillers, rng, count)
    made = write_rows(rows / "synthetic.jsonl", stories)
    logging.getLogger("synthesise").info("synthetic: %d rows", made)


if __name__ == "__main__":
    typer.run(main)
