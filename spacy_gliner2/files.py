"""Writing files so that what is there stays whole until the new ones are complete."""

import ctypes
import functools
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

Content: TypeAlias = bytes | Callable[[Path], object]
"""What is in a file, or what writes it."""


def write_directory(path: Path, files: Mapping[str, Content]) -> None:
    """Write a directory beside its place, then move it there.

    A failure, or the end of the process, leaves the old one or the new one there, whole. Only
    where the system cannot exchange two directories (other than Linux), a process that is killed
    between two renames leaves the old one beside its place, under a hidden name.

    path (Path): The directory; what it holds is replaced.
    files (Mapping): Content of each file, by its path in the directory.
    RAISES (ValueError): If a path leads out of the directory.
    """
    for name in files:
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise ValueError(f"path: {name!r} leads out of {path}; give one within it")
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
            file.chmod(0o666 & ~umask())  # whoever wrote it may have kept it to itself
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


def write_text(path: Path, text: str) -> None:
    """Write a text file, whole or not at all.

    path (Path): The file; what it holds is replaced.
    text (str): What it is to hold.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf8")


def _replace(new: Path, path: Path) -> None:
    """Put a directory in its place; where there was one, it may be at the new one's afterwards."""
    if not path.exists():
        os.rename(new, path)
        return
    if _exchange(new, path):
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


def _exchange(a: Path, b: Path) -> bool:
    """Let two directories change places at once, if the system and the file system can."""
    rename = _renameat2()
    if rename is None:
        return False
    code: int = rename(_HERE, os.fsencode(a), _HERE, os.fsencode(b), _SWAP)
    return code == 0


_HERE, _SWAP = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of Linux


@functools.cache
def _renameat2() -> Callable[..., int] | None:
    if not sys.platform.startswith("linux"):
        return None
    function: Callable[..., int] | None = getattr(ctypes.CDLL(None), "renameat2", None)
    return function
