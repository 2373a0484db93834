"""Runs one Git command through GitPython, in a process group of its own that ends when the coroutine does."""

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from repomill.errors import GitFailed, GitMissing
from repomill.publishing._environment import inherited_git_variables

DEFAULT_TIMEOUT = 600.0
"""Seconds one Git command may take."""

_GRACE = 5.0
"""Seconds between SIGTERM, on which Git removes its lock files, and SIGKILL, on which it cannot."""

Popen = subprocess.Popen[bytes]


@dataclass(frozen=True, slots=True)
class GitResult:
    """How a command ended; `status` is its exit code."""

    status: int
    stdout: str
    stderr: str


class GitTimedOut(Exception):
    """A command took longer than it may; callers tell whose fault that is."""


@dataclass(frozen=True, slots=True)
class Git:
    """Git in one folder; `environment` adds to the process's own, `timeout` is in seconds and for each command."""

    folder: Path
    environment: Mapping[str, str]
    timeout: float = DEFAULT_TIMEOUT

    async def run(self, *arguments: str, feed: Iterable[bytes] | None = None) -> GitResult:
        """Run a command and wait for it; `feed` is written to its input while it works.

        Raises:
            GitMissing: there is no Git.
            GitTimedOut: it took longer than `timeout`.
        """
        process = self._start(arguments, feeding=feed is not None)
        # A future of the executor, not a task: nothing cancels it, so the process is always reaped.
        worker = asyncio.get_running_loop().run_in_executor(None, _converse, process, feed or ())
        try:
            finished, _ = await asyncio.wait({worker}, timeout=self.timeout)
            if not finished:
                raise GitTimedOut
            return worker.result()
        finally:
            await _end(process, worker)

    async def must(self, *arguments: str, feed: Iterable[bytes] | None = None) -> str:
        """Run a command that talks to nobody outside, and return what it printed without blanks around it.

        Raises:
            GitFailed: it did not work.
        """
        return (await self.output(*arguments, feed=feed)).strip()

    async def output(self, *arguments: str, feed: Iterable[bytes] | None = None) -> str:
        """Do as `must` does, and return all that was printed: records that end with NUL may begin with a blank."""
        try:
            result = await self.run(*arguments, feed=feed)
        except GitTimedOut as error:
            raise GitFailed(f"`git {arguments[0]}` took longer than {self.timeout:.0f} s.") from error
        if result.status:
            raise GitFailed(result.stderr.strip() or f"`git {arguments[0]}` ended with {result.status}.")
        return result.stdout

    def _start(self, arguments: Iterable[str], *, feeding: bool) -> Popen:
        try:
            # Fails when there is no Git: GitPython looks for it on import.
            from git.cmd import Git as GitPython
            from git.exc import GitCommandNotFound
        except ImportError as error:
            raise GitMissing from error
        removed = [f"-u{name}" for name in inherited_git_variables(self.environment)]
        command = [*(["env", *removed] if removed else []), GitPython.GIT_PYTHON_GIT_EXECUTABLE or "git", *arguments]
        try:
            started = GitPython(self.folder).execute(
                command,
                istream=subprocess.PIPE if feeding else None,
                as_process=True,
                env=self.environment,
                start_new_session=True,
            )
        except GitCommandNotFound as error:
            raise GitMissing from error
        # The wrapper ends the process when it is collected; here the group is ended, which it knows nothing about.
        process, started.proc = started.proc, None
        return cast(Popen, process)


def _converse(process: Popen, feed: Iterable[bytes]) -> GitResult:
    """Write and read at the same time: a command that answers line by line waits for somebody who listens."""
    stdin, process.stdin = process.stdin, None
    with ThreadPoolExecutor(1) as writers:
        written = writers.submit(_write, process, stdin, feed) if stdin else None
        stdout, stderr = process.communicate()
        if written:
            written.result()
    return GitResult(process.returncode, stdout.decode("utf-8", "replace"), stderr.decode("utf-8", "replace"))


def _write(process: Popen, stdin: IO[bytes], feed: Iterable[bytes]) -> None:
    """Write the feed; one that breaks off ends the process, which must not take half of it for all."""
    try:
        for chunk in feed:
            stdin.write(chunk)
    except BrokenPipeError:
        return  # a process that died says why on its standard error
    except BaseException:
        process.terminate()
        raise
    finally:
        with contextlib.suppress(BrokenPipeError):
            stdin.close()


async def _end(process: Popen, worker: "asyncio.Future[GitResult]") -> None:
    """End whatever still runs: the coroutine was cancelled, timed out, or its feed raised."""
    for stop, seconds in ((signal.SIGTERM, _GRACE), (signal.SIGKILL, None)):
        if process.returncode is not None:
            break
        # Not reaped yet, so its group id cannot belong to anybody else.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, stop)
        if worker.done():
            await asyncio.to_thread(process.communicate)
        else:
            await asyncio.wait({worker}, timeout=seconds)
    if worker.done():
        worker.exception()  # a feed that failed because its reader was ended is nobody's news
