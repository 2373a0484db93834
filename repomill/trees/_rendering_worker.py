"""The process that renders or reads files of a large folder: `python -m repomill.trees._rendering_worker`.

It ends when its standard input does, whatever it is doing then, so that it never outlives the process that started it.
When one file takes far longer than its limit the kernel ends it, which no template can prevent.
"""

import os
import resource
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from queue import SimpleQueue
from threading import Thread
from typing import Any, Final

from repomill.errors import RepomillError
from repomill.trees._worker_protocol import Job, Wanted
from repomill.trees.tree import TreeFile

_MEMORY: Final = 2 << 30
_GRACE_SECONDS: Final = 2.0


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    files, replies = SimpleQueue[Any](), SimpleQueue[Any]()
    requests = Connection(0, writable=False)
    job = requests.recv()
    Thread(target=_listen, args=(requests, files, replies), daemon=True).start()
    _work(job, files, replies, Connection(1, readable=False))


def _listen(requests: Connection, files: SimpleQueue[Any], replies: SimpleQueue[Any]) -> None:
    """Take messages as they come: the next files, or the reply to a question about the files before them."""
    try:
        while True:
            message = requests.recv()
            (files if isinstance(message, tuple) else replies).put(message)
    except (EOFError, OSError):
        os._exit(0)


def _work(job: Job[object], files: SimpleQueue[Any], replies: SimpleQueue[Any], answers: Connection) -> None:
    own: dict[str, bytes] = {}

    def read(path: str) -> bytes | None:
        if path in own:
            return own[path]
        answers.send(Wanted(path))
        content: bytes | None = replies.get()
        return content

    work = job.work(read)
    while True:
        batch: tuple[TreeFile, ...] = files.get()
        own.clear()
        own.update({file.path: file.content for file in batch if file.content})
        for file in batch:
            answers.send(_answer(work, file, 2 * job.limits.seconds + _GRACE_SECONDS))


def _answer(work: Callable[[TreeFile], object], file: TreeFile, seconds: float) -> object:
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        return work(file)
    except RepomillError as error:
        return error
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


if __name__ == "__main__":
    main()
