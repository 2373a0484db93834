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
    messages: SimpleQueue[Any] = SimpleQueue()
    Thread(target=_listen, args=(Connection(0, writable=False), messages), daemon=True).start()
    _work(messages, Connection(1, readable=False))


def _listen(requests: Connection, messages: SimpleQueue[Any]) -> None:
    try:
        while True:
            messages.put(requests.recv())
    except (EOFError, OSError):
        os._exit(0)


def _work(messages: SimpleQueue[Any], answers: Connection) -> None:
    job: Job[object] = messages.get()

    def ask(path: str) -> bytes | None:
        answers.send(Wanted(path))
        content: bytes | None = messages.get()
        return content

    own: dict[str, bytes] = {}
    work = job.work(lambda path: own[path] if path in own else ask(path))
    while True:
        files: tuple[TreeFile, ...] = messages.get()
        own.clear()
        own.update({file.path: file.content for file in files})
        for file in files:
            answers.send(_answer(work, file, 2 * job.limits.seconds + _GRACE_SECONDS))


def _answer(work: Callable[[TreeFile], object], file: TreeFile, seconds: float) -> object:
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return work(file)
    except RepomillError as error:
        return error
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


if __name__ == "__main__":
    main()
