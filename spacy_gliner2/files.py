"""Writing files so that what is there stays whole until the new ones are complete."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

Content: TypeAlias = bytes | Callable[[Path], object]
"""What is in a file, or what writes it."""


def write_directory(path: Path, files: Mapping[str, Content]) -> None:
    """Write a directory beside its place, then move it there.

    A failure leaves the old one as it was. Since a directory takes two renames, a machine that
    stops just between them leaves the old one whole beside its place, under a hidden name.

    path (Path): The directory; what it holds is replaced.
    files (Mapping): Content of each file, by its path in the directory.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        beside.chmod(0o777 & ~umask())
        for name, content in files.items():
            file = beside / name
            file.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                file.write_bytes(content)
            else:
                content(file)
        _replace(beside, path)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Write a file beside its place, and move it there when it is complete.

    path (Path): The file; what it holds is replaced.
    YIELDS (Path): Where to write it.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    os.close(handle)
    beside = Path(name)
    try:
        beside.chmod(0o666 & ~umask())
        yield beside
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def _replace(new: Path, path: Path) -> None:
    if not path.exists():
        os.rename(new, path)
        return
    # A directory cannot be moved onto one that holds files, so that the old one steps aside.
    old = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        os.rename(path, old / path.name)
        try:
            os.rename(new, path)
        except OSError:
            os.rename(old / path.name, path)
            raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def umask() -> int:
    """RETURNS (int): The permissions that new files are not to have."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
