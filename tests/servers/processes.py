"""Server processes of tests: started on free ports of 127.0.0.1, waited for, stopped with their children."""

import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from tests.servers.waiting import PATIENCE

LOOPBACK = "127.0.0.1"
FOR_SERVERS = range(20_000, 32_000)


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listened on a moment ago; all are held at once, so they differ.

    They are below those that the system gives to clients, of which one may take a port before its server does.
    """
    with ExitStack() as stack:
        return [_hold(stack.enter_context(closing(socket.socket()))) for _ in range(count)]


def _hold(held: socket.socket) -> int:
    while True:
        port = secrets.choice(FOR_SERVERS)  # not `random`: tests that run at once may seed that alike
        with suppress(OSError):
            held.bind((LOOPBACK, port))
            return port


@contextmanager
def running(
    command: Sequence[str], log: Path, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in a process group of its own; the whole group is gone when the block ends."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield process
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    _signal_group(process, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=5)
    _signal_group(process, signal.SIGKILL)
    process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def wait_until_serving(
    process: subprocess.Popen[bytes], port: int, path: str, log: Path, seconds: float = PATIENCE
) -> None:
    """Return once a GET is answered with 200.

    Raises:
        RuntimeError: the process ended or the time is over; the text has the end of its log.
    """
    deadline = time.monotonic() + seconds
    while not _answers(port, path):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{process.args!r} does not serve:\n{log.read_text(errors='replace')[-4000:]}")
        time.sleep(0.05)


def _answers(port: int, path: str) -> bool:
    with closing(HTTPConnection(LOOPBACK, port, timeout=5)) as connection:
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
