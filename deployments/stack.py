"""The embedded stack: a Prefect server, a worker and a link server on this machine, started when absent.

Call `ensure_stack`, then `apply`, then import Prefect. This module imports none of it.
"""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from filelock import FileLock, Timeout

from deployments._files import last_line
from deployments._layout import Layout
from deployments._probe import why_unreachable
from deployments._processes import end_all, is_running, sweep
from deployments._state import Phase, StackState, read_state
from deployments.environment import DEFAULTS, FOREIGN, LOOPBACK, api_url, named_api_url, prefect_home, stack_environment
from repomill.errors import EngineUnavailable, StackFailed

if TYPE_CHECKING:
    from repomill.settings import Settings

Progress = Callable[[str], None]

LOOK_EVERY = 0.05
START_WITHIN = 240.0
STOP_WITHIN = 45.0
"""Seconds; the parts have shorter bounds of their own."""


@dataclass(frozen=True, slots=True)
class Stack:
    """Where the engine is. With somebody's own Prefect API, only `api_url`, `ui_url` and `home` are set."""

    api_url: str
    ui_url: str
    home: Path
    links_url: str = ""
    supervisor_pid: int = 0
    prefect_port: int = 0
    links_port: int = 0

    @property
    def is_embedded(self) -> bool:
        """Tell whether it is ours to start and stop."""
        return self.supervisor_pid != 0


def ensure_stack(settings: "Settings", progress: Progress = lambda _: None) -> Stack:
    """Return the Prefect API a person named, else the embedded stack, which is started when absent and left running.

    Raises:
        EngineUnavailable: the API that was named does not answer.
        StackFailed: the embedded stack did not start.
    """
    running = status(settings)
    named = named_api_url(os.environ, Path.cwd())
    if not named or (running and named == running.api_url):
        return running or start(settings, progress)
    if reason := why_unreachable(named, os.environ):
        raise EngineUnavailable(named, reason)
    return Stack(named, _ui_url(named), settings.home.resolve())


def apply(stack: Stack) -> None:
    """Make this process, and those it starts, use the stack's API; call it before Prefect is imported."""
    if stack.is_embedded:
        for name in [name for name in os.environ if name.startswith(FOREIGN)]:
            del os.environ[name]
        os.environ.update({name: os.environ.get(name, value) for name, value in DEFAULTS.items()})
        os.environ["PREFECT_HOME"] = str(prefect_home(stack.home))
    os.environ["PREFECT_API_URL"] = stack.api_url
    if "prefect" in sys.modules:
        import_module("prefect.context").refresh_global_settings_context()


def status(settings: "Settings") -> Stack | None:
    """Return the embedded stack if it is up."""
    layout = Layout(settings.home.resolve())
    state = read_state(layout.state)
    return _stack(layout, state) if state and state.phase is Phase.READY and state.is_alive() else None


def start(settings: "Settings", progress: Progress = lambda _: None) -> Stack:
    """Start the embedded stack, or return it when it is up; commands that start at once get the same one.

    Raises:
        StackFailed: a part did not start; its last log line is the reason.
    """
    layout = Layout(settings.home.resolve())
    layout.make()
    try:
        with FileLock(layout.start_lock, timeout=START_WITHIN, fallback_to_soft=False):
            return status(settings) or _start(settings, layout, progress)
    except Timeout:
        raise StackFailed("stack", "another command has been starting it for too long", str(layout.logs)) from None


def stop(settings: "Settings", progress: Progress = lambda _: None, within: float = STOP_WITHIN) -> bool:
    """Stop the embedded stack and wait until all its processes are gone; returns False when nothing ran.

    What has not ended by itself after `within` seconds is killed.
    """
    layout = Layout(settings.home.resolve())
    state = read_state(layout.state)
    supervisor = state.supervisor.find() if state else None
    if supervisor:
        progress("stopping the worker, the Prefect server and the link server")
        _end(supervisor, within)
    strays = sweep(layout.home)
    layout.state.unlink(missing_ok=True)
    return bool(supervisor or strays)


def _end(supervisor: psutil.Process, within: float = STOP_WITHIN) -> None:
    try:
        supervisor.terminate()
        supervisor.wait(within)
    except psutil.NoSuchProcess:
        return
    except psutil.TimeoutExpired:
        end_all([supervisor], grace=0)


def _start(settings: "Settings", layout: Layout, progress: Progress) -> Stack:
    state = read_state(layout.state)
    supervisor = state.supervisor.find() if state else None
    if supervisor and state and state.phase is not Phase.STARTING:
        _end(supervisor)
        supervisor = None
    first = not (prefect_home(layout.home) / "prefect.db").exists()
    progress(f"starting the Prefect server ({'first start takes about 20 s' if first else 'takes about 7 s'})")
    return _stack(layout, _await_ready(layout, supervisor or _spawn(settings, layout)))


def _spawn(settings: "Settings", layout: Layout) -> psutil.Process:
    """Start a supervisor in a session of its own; by posix_spawn, for a Popen object expects to see its child end."""
    layout.state.unlink(missing_ok=True)
    log, flags = str(layout.supervisor_log), os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    pid = os.posix_spawn(
        sys.executable,
        [sys.executable, "-P", "-m", "deployments.supervisor", "--home", str(layout.home)],
        stack_environment(settings, os.environ),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, log, flags, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    return psutil.Process(pid)


def _await_ready(layout: Layout, supervisor: psutil.Process) -> StackState:
    deadline = time.monotonic() + START_WITHIN
    while time.monotonic() < deadline:
        ended = not is_running(supervisor)  # looked up before the file: its last word is written before it ends
        state = read_state(layout.state)
        if state and state.phase is Phase.READY:
            return state
        if ended:
            raise _failure(layout, state)
        time.sleep(LOOK_EVERY)
    raise StackFailed("supervisor", f"it was not ready after {START_WITHIN:.0f} s", str(layout.supervisor_log))


def _failure(layout: Layout, state: StackState | None) -> StackFailed:
    if state and state.failure:
        return StackFailed(state.failure.part, state.failure.reason, state.failure.log)
    reason = last_line(layout.supervisor_log) or "it was stopped"
    return StackFailed("supervisor", reason, str(layout.supervisor_log))


def _stack(layout: Layout, state: StackState) -> Stack:
    return Stack(
        api_url=api_url(state.ports.prefect),
        ui_url=f"http://{LOOPBACK}:{state.ports.prefect}",
        home=layout.home,
        links_url=f"http://{LOOPBACK}:{state.ports.links}",
        supervisor_pid=state.supervisor.pid,
        prefect_port=state.ports.prefect,
        links_port=state.ports.links,
    )


def _ui_url(named: str) -> str:
    return os.environ.get("PREFECT_UI_URL") or named.rstrip("/").removesuffix("/api")
