"""The process that holds an embedded stack together: starts its parts, starts them again, ends them all.

`python -m deployments.supervisor --home DIR`, with the environment of `deployments.environment.stack_environment`.
Exactly one lives per home, by a file lock. It ends on SIGTERM.
"""

import argparse
import logging
import os
import platform
import signal
import sys
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from filelock import FileLock, Timeout

from deployments._files import last_line
from deployments._layout import Layout
from deployments._parts import Part, declare
from deployments._processes import ProcessId, sweep
from deployments._restarts import Restarts
from deployments._state import Failure, Phase, StackState, StateFile
from deployments.ports import PortClaims, Ports, choose_ports, is_free

TICK = 0.1
PORT_CHOICES = 3
"""How often ports are chosen anew when somebody else was quicker to listen."""
ANOTHER_LIVES = 3
"""Exit code: this home has a supervisor."""

logger = logging.getLogger("repomill.supervisor")


class PartFailed(Exception):
    """A part ended, or was not ready in time, before the stack was ready."""

    def __init__(self, part: Part, reason: str) -> None:
        super().__init__(part.name, reason)
        self.part = part
        self.failure = Failure(part.name, reason, str(part.log))


class Stopped(Exception):
    """SIGTERM came."""


class Supervisor:
    """Runs the parts of one stack; the caller holds the life lock."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._state: StateFile
        self._parts: Sequence[Part] = ()
        self._stopping = False
        self._claims = PortClaims()

    def run(self) -> int:
        """Start everything, watch it until SIGTERM, end everything; returns the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask_to_stop)
        sweep(self._layout.home)
        self._layout.renew_logs()
        try:
            self._start()
            self._watch()
        except PartFailed as problem:
            logger.error("%s: %s", problem.failure.part, problem.failure.reason)  # noqa: TRY400  # no traceback wanted
            self._stop_parts()
            self._state.enter(Phase.FAILED, problem.failure)
            return 1
        except Stopped:
            self._state.enter(Phase.STOPPING)
            self._stop_parts()
            self._state.remove()
        return 0

    def _ask_to_stop(self, *_: object) -> None:
        self._stopping = True

    def _start(self) -> None:
        for _ in range(PORT_CHOICES - 1):
            ports = choose_ports(self._layout.ports, self._claims)
            try:
                return self._start_parts(ports)
            except PartFailed:
                self._stop_parts()
                if is_free(ports.prefect) and is_free(ports.links):
                    raise
        return self._start_parts(choose_ports(self._layout.ports, self._claims))

    def _start_parts(self, ports: Ports) -> None:
        self._state = StateFile(self._layout.state, self._first_state(ports))
        self._parts = [Part(declaration, self._layout.logs, ports.prefect) for declaration in declare(ports)]
        for part in self._parts:
            self._state.record(part.name, part.start())
        waiting = list(self._parts)
        while waiting:
            self._pause()
            waiting = [part for part in waiting if not self._came_up(part)]
        self._state.enter(Phase.READY)

    def _came_up(self, part: Part) -> bool:
        if part.has_ended():
            raise PartFailed(part, last_line(part.log) or "it ended without a word")
        if part.age() > part.declaration.ready_within:
            raise PartFailed(part, f"it was not ready after {part.declaration.ready_within:.0f} s")
        return part.is_ready()

    def _watch(self) -> None:
        restarts = {part.name: Restarts() for part in self._parts}
        while True:
            self._pause()
            for part in self._parts:
                if part.has_ended() and restarts[part.name].may_start(part.age()):
                    logger.warning("%s ended and is started again", part.name)
                    part.stop()
                    self._state.record(part.name, part.start())

    def _pause(self) -> None:
        time.sleep(TICK)
        if self._stopping:
            raise Stopped

    def _stop_parts(self) -> None:
        for part in reversed(self._parts):
            part.stop()
        sweep(self._layout.home)

    def _first_state(self, ports: Ports) -> StackState:
        versions = {name: version(name) for name in ("repomill", "prefect")} | {"python": platform.python_version()}
        return StackState(Phase.STARTING, ProcessId.of(os.getpid()), ports, versions, parts={})


def main() -> int:
    """Run the supervisor of a home, unless it has one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    layout = Layout(parser.parse_args().home.resolve())
    layout.make()
    os.chdir(layout.home)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    try:
        with FileLock(layout.life_lock, timeout=0, fallback_to_soft=False):
            return Supervisor(layout).run()
    except Timeout:
        return ANOTHER_LIVES


if __name__ == "__main__":
    sys.exit(main())
