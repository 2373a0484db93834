"""The state file: what a running stack says about itself to every command that asks."""

import json
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path

from deployments._files import write_atomically
from deployments._processes import ProcessId
from deployments.ports import Ports


class Phase(StrEnum):
    """How far the supervisor is; the file is gone when it is done."""

    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Failure:
    """Which part did not start, the last line it wrote, and where the rest of it is."""

    part: str
    reason: str
    log: str


@dataclass(frozen=True, slots=True)
class StackState:
    """What `stack.json` holds; `parts` maps the name of a child to its process."""

    phase: Phase
    supervisor: ProcessId
    ports: Ports
    versions: dict[str, str]
    parts: dict[str, ProcessId]
    failure: Failure | None = None

    def is_alive(self) -> bool:
        """Tell whether the supervisor that wrote this still runs."""
        return self.supervisor.is_alive()


def read_state(path: Path) -> StackState | None:
    """Return the state, or None when there is none or another version wrote it."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return StackState(
            phase=Phase(stored["phase"]),
            supervisor=ProcessId(**stored["supervisor"]),
            ports=Ports(**stored["ports"]),
            versions=stored["versions"],
            parts={name: ProcessId(**part) for name, part in stored["parts"].items()},
            failure=Failure(**stored["failure"]) if stored["failure"] else None,
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


class StateFile:
    """The writer's side; only the holder of the supervisor's lock has one."""

    def __init__(self, path: Path, state: StackState) -> None:
        self._path = path
        self._state = state
        self._write()

    def enter(self, phase: Phase, failure: Failure | None = None) -> None:
        """Go to the next phase."""
        self._state = replace(self._state, phase=phase, failure=failure)
        self._write()

    def record(self, part: str, process: ProcessId) -> None:
        """Say which process is this part now."""
        self._state = replace(self._state, parts=self._state.parts | {part: process})
        self._write()

    def remove(self) -> None:
        """Say that nothing runs any more."""
        self._path.unlink(missing_ok=True)

    def _write(self) -> None:
        write_atomically(self._path, json.dumps(asdict(self._state), indent=2))
