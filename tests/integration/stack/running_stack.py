"""A stack that two commands start at the same moment, while port 4200 belongs to somebody else."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from deployments.stack import Stack, status, stop
from repomill.settings import Settings
from tests.servers.waiting import PATIENCE

START = """
import sys
from pathlib import Path
from deployments.stack import start
from repomill.settings import Settings

print(start(Settings(home=Path(sys.argv[1])), lambda line: print(line, file=sys.stderr)))
"""


@dataclass(frozen=True)
class Running:
    """The stack, and what each of the two commands printed."""

    settings: Settings
    stack: Stack
    outputs: list[str]
    errors: list[str]


@contextmanager
def listening(port: int) -> Iterator[None]:
    """Listen on a port, unless somebody else does so already."""
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            server.bind(("127.0.0.1", port))
            server.listen()
        yield


@contextmanager
def started_twice(home: Path) -> Iterator[Running]:
    settings = Settings(home=home, artifacts_url="", database_url="")
    command = [sys.executable, "-c", START, str(home)]
    try:
        with listening(4200):
            commands = [subprocess.Popen(command, stdout=-1, stderr=-1, text=True) for _ in range(2)]
            said = [each.communicate(timeout=2 * PATIENCE) for each in commands]
            stack = status(settings)
            assert stack, said
            yield Running(settings, stack, [out for out, _ in said], [err for _, err in said])
    finally:
        stop(settings)
