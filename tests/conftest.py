"""What several test files use."""

import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import settings

settings.register_profile("no deadline", deadline=None)  # a busy machine is no fault
settings.load_profile("no deadline")


@pytest.fixture(scope="session")
def one_thread() -> Iterator[None]:
    """Run torch in one thread: for small matrices more of them only wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every network call an error."""

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a network call")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture(scope="session")
def small_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Make a small checkpoint with random weights, once for each set of arguments."""
    from .support.checkpoints import make_checkpoint

    made: dict[tuple[object, ...], Path] = {}

    def make(kind: str = "bert", counting_layer: str = "count_lstm", **options: object) -> Path:
        key = (kind, counting_layer, *sorted(options.items()))
        if key not in made:
            path = tmp_path_factory.mktemp("checkpoint")
            make_checkpoint(path, kind, counting_layer, **options)
            made[key] = path
        return made[key]

    return make


@pytest.fixture
def checkpoint_copy(small_checkpoint: Callable[..., Path], tmp_path: Path) -> Path:
    """A small checkpoint that a test may change."""
    return Path(shutil.copytree(small_checkpoint(), tmp_path / "checkpoint"))


@pytest.fixture(scope="session")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small checkpoint with plain random weights, to train."""
    from .support.untrained import make_untrained

    path = tmp_path_factory.mktemp("untrained")
    make_untrained(path, counting_layer="count_lstm_v2")
    return path
