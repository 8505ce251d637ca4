"""The cases of `benchmarks.fuzz`, chosen by what code they reach: `python -m benchmarks.guided`.

Needs atheris (`pip install atheris`). What is found is kept as a file, whose name as the last
argument runs it again.
"""

import random
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Annotated, Any, Optional

import typer


class BytesRandom(random.Random):
    """Draws from bytes, and when they are used up as ever, beginning with the same number.

    data (bytes): The bytes.
    """

    def __init__(self, data: bytes) -> None:
        super().__init__(0)
        self._data = data

    def getrandbits(self, k: int, /) -> int:
        """RETURNS (int): A number of k bits."""
        size = (k + 7) // 8
        if len(self._data) < size:
            return super().getrandbits(k)
        taken, self._data = self._data[:size], self._data[size:]
        return int.from_bytes(taken, "little") >> (8 * size - k)

    def random(self) -> float:
        """RETURNS (float): A number from 0 to 1."""
        return self.getrandbits(53) / (1 << 53)


def main(
    kind: Annotated[str, typer.Option("--only", help="The kind of case")] = "schema",
    seconds: Annotated[int, typer.Option(min=1, help="How long to go on")] = 600,
    found: Annotated[
        Optional[Path],  # noqa: UP045  (Typer reads it)
        typer.Argument(help="A file that was kept, to run it again"),
    ] = None,
) -> None:
    """Search for a case that ends in anything but a result or a documented error."""
    import atheris

    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        # Modules load late, so that what is made belongs to what is instrumented.
        with atheris.instrument_imports(include=["spacy_gliner2"]):
            from .fuzz import Cases

            run: Any = getattr(Cases(Path(folder)), kind)

        def try_once(data: bytes) -> None:
            run(BytesRandom(data))

        again = [str(found)] if found else [f"-max_total_time={seconds}", "-max_len=512"]
        atheris.Setup([sys.argv[0], *again], try_once)
        atheris.Fuzz()


if __name__ == "__main__":
    typer.run(main)
