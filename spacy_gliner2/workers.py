"""Workers of `nlp.pipe(n_process=...)`: where one fails or is killed, the call ends in an error.

spaCy waits for a worker until its channel closes, and a forked worker inherits the ends of all
channels, so that those of a killed one stay open in the others. And a process does not exit as
long as texts wait that no worker will read, whether its workers are forked or spawned.
"""

import multiprocessing
import os
import sys
from itertools import chain
from multiprocessing.queues import Queue
from multiprocessing.reduction import ForkingPickler
from multiprocessing.util import register_after_fork
from types import FrameType
from typing import Any

_PIPE = "_multiprocessing_pipe"
"""The method of `Language` that starts the workers."""


def close_inherited_channels(_: object = None) -> None:
    """In a forked worker of spaCy, close every end of a channel but its own sending one."""
    frame = _find_frame()
    if frame is None:
        return
    own = getattr(multiprocessing.current_process(), "_args", ())
    channels = (frame.f_locals.get(f"bytedocs_{end}_ch", ()) for end in ("send", "recv"))
    for channel in chain.from_iterable(channels):
        if not any(channel is kept for kept in own):
            channel.close()


def let_exit() -> None:
    """In a process that starts workers, let it exit whether or not they have read all texts."""
    frame = _find_frame()
    if frame is not None:
        for texts in frame.f_locals.get("texts_q", ()):
            texts.cancel_join_thread()


def reduce_queue(queue: "Queue[Any]") -> Any:
    """Pickle a queue as ever; a spawned worker gets its texts' that way, and no fork is seen."""
    let_exit()
    return queue.__reduce_ex__(2)


def _find_frame() -> FrameType | None:
    frame: FrameType | None = sys._getframe()
    while frame is not None and frame.f_code.co_name != _PIPE:
        frame = frame.f_back
    return frame


register_after_fork(close_inherited_channels, close_inherited_channels)
if hasattr(os, "register_at_fork"):  # where there is no fork, nothing is inherited
    os.register_at_fork(after_in_parent=let_exit)
ForkingPickler.register(Queue, reduce_queue)
