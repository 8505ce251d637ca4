"""Processes that die, or run out of disk, at a chosen moment of what they do."""

import os
import resource
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import torch

WRITING = ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.chmod")


def killed_at_each_step(action: Callable[[], object], folder: Path) -> Iterator[int]:
    """Run an action in processes that are killed before the first, second, ... change of a folder.

    action (Callable): What to do.
    folder (Path): The folder; the caller makes it anew after each turn.
    YIELDS (int): Which change it was, after the process is gone. Ends when the action does.
    """
    step = 0
    while _status(action, partial(_kill_at, step, folder)) == -signal.SIGKILL:
        yield step
        step += 1


def fails_with_files_up_to(size: int, action: Callable[[], object]) -> bool:
    """Run an action in a process whose files cannot grow beyond a size, as on a full disk.

    size (int): Bytes.
    action (Callable): What to do.
    RETURNS (bool): Whether it failed with an OSError.
    """
    limit = (size, resource.RLIM_INFINITY)
    return _status(action, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit)) == 3


def _status(action: Callable[[], object], prepare: Callable[[], object]) -> int:
    """RETURNS (int): 0, 3 after an OSError, 4 after another error, or minus the signal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking beside torch's threads
        child = os.fork()
    if child == 0:
        status = 4
        try:
            torch.set_num_threads(1)
            prepare()
            action()
            status = 0
        except OSError:
            status = 3
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _kill_at(step: int, folder: Path) -> None:
    left = [step]

    def watch(event: str, args: tuple[object, ...]) -> None:
        if not args or not str(args[0]).startswith(str(folder)):
            return
        if event in WRITING or (event == "open" and _writes(args)):
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left[0] -= 1

    sys.addaudithook(watch)


def _writes(args: tuple[object, ...]) -> bool:
    flags = args[2]
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))
