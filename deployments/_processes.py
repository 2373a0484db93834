"""Processes of a stack: named without doubt, ended with all they started, found again when orphaned."""

import ctypes
import os
import signal
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

from deployments.environment import STACK_MARK

PR_SET_PDEATHSIG = 1
NOTICE_STEPS, NOTICE_STEP = 30, 0.1
"""So many steps of so many seconds a parent gets to report that its children ended."""
KILLED_WITHIN = 5.0
"""Seconds the kernel may take to remove a process that was killed."""
CREATION_TOLERANCE = 2.0
"""Seconds by which two readings of one process's start may differ when the clock is set."""


@dataclass(frozen=True, slots=True)
class ProcessId:
    """A process id and when its process was created (seconds since 1970): ids are used again, pairs are not."""

    pid: int
    created: float

    @classmethod
    def of(cls, pid: int) -> "ProcessId":
        """Name a process that runs now."""
        return cls(pid, psutil.Process(pid).create_time())

    def is_alive(self) -> bool:
        """Tell whether this very process still runs."""
        return self.find() is not None

    def find(self) -> psutil.Process | None:
        """Return the process, or None when it ended (or only waits to be reaped)."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created) < CREATION_TOLERANCE
        except psutil.NoSuchProcess:
            return None
        return process if same and is_running(process) else None


def is_running(process: psutil.Process) -> bool:
    """Tell whether a process has not ended; one that only waits for its parent to notice has."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def prepare_child() -> None:
    """Run in a new child before its program: default signals, and on Linux an end when the parent dies.

    A shell's `&` leaves SIGINT ignored, and a Prefect worker that ignores it does not stop.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def end_tree(pid: int, grace: float) -> None:
    """End a process and everything it started; returns when all are gone.

    Children end first and the parent gets a moment to notice: a Prefect worker then reports their runs as crashed,
    which would else look as if they ran for ever.
    """
    try:
        root = psutil.Process(pid)
        children = root.children(recursive=True)
        end_all(children)
        if children:
            _let_notice(root)
        family = [root, *root.children(recursive=True)]
        root.terminate()
    except psutil.NoSuchProcess:
        return
    psutil.wait_procs([root], timeout=grace)
    end_all(family)


def _let_notice(parent: psutil.Process) -> None:
    """Wait in short steps: where a machine stands still for a moment, one of them passes and not all."""
    for _ in range(NOTICE_STEPS):
        if psutil.wait_procs([parent], timeout=NOTICE_STEP)[0]:
            return


def end_all(processes: Iterable[psutil.Process], grace: float = 3.0) -> None:
    """Terminate what still runs, kill what is left after `grace` seconds."""
    living = [process for process in processes if process.is_running()]
    _signal(living, signal.SIGTERM)
    _, stubborn = psutil.wait_procs(living, timeout=grace)
    _signal(stubborn, signal.SIGKILL)
    psutil.wait_procs(stubborn, timeout=KILLED_WITHIN)


def _signal(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            continue


def sweep(home: Path) -> int:
    """End every process that a former supervisor of this home left behind; returns how many there were."""
    strays = find_marked(home)
    end_all(strays)
    return len(strays)


def find_marked(home: Path) -> list[psutil.Process]:
    """Return the processes of this home's stack, without the caller and its parents."""
    own = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    return [process for process in psutil.process_iter() if process.pid not in own and _mark(process) == str(home)]


def _mark(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(STACK_MARK)
    except (psutil.Error, OSError):  # another user's process, or one that ended meanwhile
        return None


def listens(pid: int, port: int) -> bool:
    """Tell whether the process itself listens on the port: an answer alone may come from somebody else's server."""
    try:
        connections = psutil.Process(pid).net_connections(kind="tcp")
    except psutil.Error:
        return False
    return any(item.status == psutil.CONN_LISTEN and item.laddr.port == port for item in connections)
