"""Work on a large folder by processes: on all processors, and hard to hold up.

The processes live for one folder. Each gets a batch at a time, and one more to go on with, and asks for the files it
includes, so that a folder is never in memory, neither here nor once more per process. Should one of them be killed,
the file it was at is named.
"""

import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from signal import SIGPROF
from threading import BoundedSemaphore
from typing import IO, Any, Final, Generic, TypeVar

from repomill.errors import ExpressionFailed, RenderingTooLarge, RepomillError
from repomill.trees._worker_protocol import Job, Read, Wanted
from repomill.trees.tree import File, TreeFile

_BATCH: Final = 32
_BATCH_BYTES: Final = 1_000_000
_HELD_BYTES: Final = 32_000_000
"""Results that wait here for a file before them; with more, only the process that has that file is listened to."""
_SECONDS_TO_END: Final = 1.0
_AT_ONCE: Final = BoundedSemaphore(4)
"""Folders that are rendered by processes at the same time; others wait."""

ResultT = TypeVar("ResultT")
Numbered = tuple[int, File]


def results_of_workers(files: Sequence[File], job: Job[ResultT], read: Read) -> Iterator[ResultT]:
    """Yield the result of each file, in order; raises what doing one after the other would.

    The processes end with the generator, so close one that is left early.
    """
    batches = deque(_batches(files))
    with _AT_ONCE, ExitStack() as stack:
        workers = [stack.enter_context(_worker(job)) for _ in range(min(_processors(), len(batches)))]
        yield from _Folder(workers, batches, job, read).results()


@dataclass(slots=True, eq=False)
class _Worker:
    process: subprocess.Popen[bytes]
    requests: Connection
    answers: Connection
    pending: deque[Numbered] = field(default_factory=deque)

    def give(self, batch: Sequence[Numbered]) -> None:
        """Hand over files; a process that is gone is found when its answers are read."""
        self.pending.extend(batch)
        self.say(tuple(TreeFile(file.path, file.content, file.mode) for _, file in batch))

    def say(self, message: object) -> None:
        try:
            self.requests.send(message)
        except OSError:
            self.process.kill()


@dataclass(slots=True)
class _Folder(Generic[ResultT]):
    """The work on one folder: what is still to be given, and results that wait for one before them."""

    workers: Sequence[_Worker]
    batches: deque[list[Numbered]]
    job: Job[ResultT]
    read: Read
    _held: dict[int, Any] = field(default_factory=dict)
    _held_bytes: int = 0
    _next: int = 0

    def results(self) -> Iterator[ResultT]:
        """Keep the workers busy; after an error no batch is begun, those before it are finished."""
        self._give()
        while listened_to := self._listened_to():
            for ready in wait(list(listened_to)):
                self._hear(listened_to[ready])  # type: ignore[index]  # only connections were waited for
            yield from self._in_order()
            self._give()

    def _listened_to(self) -> dict[Connection, _Worker]:
        return {
            worker.answers: worker
            for worker in self.workers
            if worker.pending and (self._held_bytes < _HELD_BYTES or worker.pending[0][0] == self._next)
        }

    def _hear(self, worker: _Worker) -> None:
        answer = _answer(worker, self.job)
        if isinstance(answer, Wanted):
            worker.say(self.read(answer.path))
            return
        number, _ = worker.pending.popleft()
        self._held[number] = answer
        self._held_bytes += _weight(answer)
        if isinstance(answer, RepomillError):
            self.batches.clear()
            worker.pending.clear()

    def _in_order(self) -> Iterator[ResultT]:
        while self._next in self._held:
            result = self._held.pop(self._next)
            self._held_bytes -= _weight(result)
            self._next += 1
            if isinstance(result, RepomillError):
                raise result
            yield result

    def _give(self) -> None:
        """Give everybody work; a process that has none waits, so each has a second batch while there are any."""
        for enough in (1, _BATCH):
            for worker in self.workers:
                if self.batches and len(worker.pending) < enough and self._held_bytes < _HELD_BYTES:
                    worker.give(self.batches.popleft())


def _answer(worker: _Worker, job: Job[Any]) -> object:
    try:
        answer: object = worker.answers.recv()
    except (EOFError, OSError):
        worker.process.kill()
        return _death(worker.process.wait(), f"{job.place}/{worker.pending[0][1].path}", job.limits.seconds)
    return answer


def _weight(result: object) -> int:
    return result.size if isinstance(result, TreeFile) else 0


def _death(status: int, place: str, seconds: float) -> RepomillError:
    if status == -SIGPROF:
        return RenderingTooLarge(place, f"{seconds:g} seconds")
    return ExpressionFailed(place, 1, f"the process that rendered it ended with status {status}")


@contextmanager
def _worker(job: Job[Any]) -> Iterator[_Worker]:
    # -P: the current folder may be anybody's, and is no place to import from.
    command = [sys.executable, "-P", "-m", "repomill.trees._rendering_worker"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    with process, _connection(process.stdin, "wb") as requests, _connection(process.stdout, "rb") as answers:
        worker = _Worker(process, requests, answers)
        try:
            worker.say(job)
            yield worker
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        process.kill()


def _connection(pipe: IO[bytes] | None, mode: str) -> Connection:
    """Speak in messages over a pipe."""
    if pipe is None:
        raise ValueError("the process has no such pipe")
    return Connection(os.dup(pipe.fileno()), readable=mode == "rb", writable=mode == "wb")


def _batches(files: Sequence[File]) -> Iterator[list[Numbered]]:
    """Yield batches for all processors; a file that is larger than a batch may be is one by itself."""
    most = max(1, min(_BATCH, len(files) // (4 * _processors())))
    batch: list[Numbered] = []
    size = 0
    for number, file in enumerate(files):
        if batch and (len(batch) >= most or size + file.size > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append((number, file))
        size += file.size
    if batch:
        yield batch


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
