"""Work on a large folder by processes: on all processors, and hard to hold up.

The processes live for one folder. Each gets a batch at a time and asks for the files it includes, so that a folder is
never in memory once more per process. Should one of them be killed, the file it was at is named.
"""

import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from signal import SIGALRM
from threading import BoundedSemaphore
from typing import IO, Any, Final, TypeVar

from repomill.errors import ExpressionFailed, RenderingTooLarge, RepomillError
from repomill.trees._worker_protocol import Job, Read, Wanted
from repomill.trees.tree import TreeFile

_BATCH: Final = 32
_SECONDS_TO_END: Final = 1.0
_AT_ONCE: Final = BoundedSemaphore(4)
"""Folders that are rendered by processes at the same time; others wait."""

ResultT = TypeVar("ResultT")
Numbered = tuple[int, TreeFile]


def results_of_workers(files: Sequence[TreeFile], job: Job[ResultT], read: Read) -> list[ResultT]:
    """Return the result of each file, in order; raises what doing one after the other would."""
    numbered = deque(_batches(files))
    results: dict[int, Any] = {}
    with _AT_ONCE, ExitStack() as stack:
        workers = [stack.enter_context(_worker(job)) for _ in range(min(_processors(), len(numbered)))]
        results.update(_answers(workers, numbered, job, read))
    in_order = [results[number] for number in sorted(results)]
    error = next((result for result in in_order if isinstance(result, RepomillError)), None)
    if error is not None:
        raise error
    return in_order


@dataclass(slots=True)
class _Worker:
    process: subprocess.Popen[bytes]
    requests: Connection
    answers: Connection
    pending: deque[Numbered] = field(default_factory=deque)

    def give(self, batch: Sequence[Numbered]) -> None:
        """Hand over files; a process that is gone is found when its answers are read."""
        self.pending.extend(batch)
        self.say(tuple(file for _, file in batch))

    def say(self, message: object) -> None:
        try:
            self.requests.send(message)
        except OSError:
            self.process.kill()


def _answers(
    workers: list[_Worker], batches: deque[list[Numbered]], job: Job[Any], read: Read
) -> Iterator[tuple[int, object]]:
    """Keep the workers busy; after an error no batch is begun, those before it are finished."""
    for worker in workers:
        worker.give(batches.popleft())
    busy = {worker.answers: worker for worker in workers}
    while busy:
        for ready in wait(list(busy)):
            worker = busy[ready]  # type: ignore[index]  # only connections were waited for
            number, answer = worker.pending[0][0], _answer(worker, job)
            if isinstance(answer, Wanted):
                worker.say(read(answer.path))
                continue
            worker.pending.popleft()
            yield number, answer
            if isinstance(answer, RepomillError):
                batches.clear()
                worker.pending.clear()
            if not worker.pending and batches:
                worker.give(batches.popleft())
            elif not worker.pending:
                del busy[worker.answers]


def _answer(worker: _Worker, job: Job[Any]) -> object:
    try:
        answer: object = worker.answers.recv()
    except (EOFError, OSError):
        worker.process.kill()
        return _death(worker.process.wait(), f"{job.place}/{worker.pending[0][1].path}", job.limits.seconds)
    return answer


def _death(status: int, place: str, seconds: float) -> RepomillError:
    if status == -SIGALRM:
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


def _batches(files: Sequence[TreeFile]) -> Iterator[list[Numbered]]:
    size = max(1, min(_BATCH, len(files) // (4 * _processors())))
    numbered = list(enumerate(files))
    return (numbered[start : start + size] for start in range(0, len(numbered), size))


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
