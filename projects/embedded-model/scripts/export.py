"""Write a trained checkpoint as the package ships it: `export.py PIPELINE TARGET`."""

from pathlib import Path

import spacy
import torch
import typer

from spacy_gliner2.model.architecture import get_shim
from spacy_gliner2.model.checkpoint import save_checkpoint


def main(pipeline: Path, target: Path, name: str = "gliner2") -> None:
    """Write the checkpoint of a pipeline in float16, in the reference's layout.

    pipeline (Path): The pipeline that `spacy train` saved.
    target (Path): The directory to write.
    name (str): The component.
    """
    pipe = spacy.load(pipeline).get_pipe(name)
    checkpoint = get_shim(pipe.model).checkpoint
    checkpoint.dtype = torch.float16
    save_checkpoint(checkpoint, target)


if __name__ == "__main__":
    typer.run(main)
