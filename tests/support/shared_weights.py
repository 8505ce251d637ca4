"""A program: how much memory a forked worker has of its own, in MiB."""

import multiprocessing
import sys
import warnings
from pathlib import Path

import spacy
import torch


def private(pid: int | None) -> int:
    """RETURNS (int): MiB that a process shares with no other."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf8").splitlines()
    sizes = {line.split(":")[0]: int(line.split()[1]) for line in lines[1:]}
    return sizes["Private_Dirty"] // 1024


def main(warm: bool) -> None:
    """Print the memory of a worker, after or without a text that its parent annotated."""
    multiprocessing.set_start_method("fork")
    torch.set_num_threads(1)
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", config={"schema": {"entities": ["person"]}})
    if warm:
        nlp("Ann met Bob.")
    docs = nlp.pipe(["Ann met Bob in Paris."] * 12, n_process=2, batch_size=3)
    for n, _ in enumerate(docs):
        if n == 7:
            own = max(private(child.pid) for child in multiprocessing.active_children())
            sys.stdout.write(f"{own}\n")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(sys.argv[1] == "warm")
