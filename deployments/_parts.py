"""The parts of a stack: how each is started, and how one knows that it works."""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deployments._probe import is_healthy, is_worker_online
from deployments._processes import ProcessId, end_tree, listens, prepare_child
from deployments.environment import LOOPBACK, api_url, process_environment
from deployments.ports import Ports

STOP_WITHIN = 8.0
"""Seconds a part gets to end by itself."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a part is: `arguments` for this Python, `is_ready(pid, started)`, and seconds until it must be ready."""

    name: str
    arguments: tuple[str, ...]
    is_ready: Callable[[int, float], bool]
    ready_within: float


def declare(ports: Ports) -> tuple[Declaration, ...]:
    """Return the parts in the order in which they start; they end in reverse."""
    server, links = str(ports.prefect), str(ports.links)
    return (
        Declaration(
            name="Prefect server",
            arguments=("-m", "deployments.embedded_server", "--host", LOOPBACK, "--port", server),
            is_ready=lambda pid, _: listens(pid, ports.prefect) and is_healthy(f"{api_url(ports.prefect)}/health"),
            ready_within=180,
        ),
        Declaration(
            name="link server",
            arguments=("-m", "deployments.link_server", "--host", LOOPBACK, "--port", links),
            is_ready=lambda pid, _: listens(pid, ports.links) and is_healthy(f"http://{LOOPBACK}:{links}/health"),
            ready_within=60,
        ),
        Declaration(
            name="worker",
            arguments=("-m", "deployments.warm_worker"),
            is_ready=lambda _, started: is_worker_online(api_url(ports.prefect), started),
            ready_within=220,  # it waits for the server
        ),
        Declaration(
            name="loss watch",
            arguments=("-m", "deployments.loss_watch"),
            is_ready=lambda _pid, _started: True,  # nobody waits for it
            ready_within=60,
        ),
    )


class Part:
    """One child process of the supervisor, which may be started again and again."""

    def __init__(self, declaration: Declaration, logs: Path, prefect_port: int) -> None:
        self.declaration = declaration
        self.name = declaration.name
        self.log = logs / f"{declaration.name.lower().replace(' ', '-')}.log"
        self._prefect_port = prefect_port
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0

    def start(self) -> ProcessId:
        """Start the process; what it says goes to the log."""
        self._started = time.time()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", *self.declaration.arguments],
                env=process_environment(self._prefect_port),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,
                preexec_fn=prepare_child,  # noqa: PLW1509  # the supervisor has one thread
            )
        return ProcessId.of(self._process.pid)

    def has_ended(self) -> bool:
        """Tell whether the process is gone."""
        return self._process is None or self._process.poll() is not None

    def is_ready(self) -> bool:
        """Tell whether this very process does its work."""
        return self._process is not None and self.declaration.is_ready(self._process.pid, self._started)

    def age(self) -> float:
        """Return the seconds since the last start."""
        return time.time() - self._started

    def stop(self) -> None:
        """End the process and all it started."""
        if self._process is not None:
            end_tree(self._process.pid, STOP_WITHIN)
            self._process.wait()
            self._process = None
