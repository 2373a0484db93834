"""An installation as a person has it: one home, the `repomill` command, and nothing of this shell's settings."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.servers.git_http import GIT
from tests.servers.waiting import PATIENCE

REPOMILL = Path(sys.executable).with_name("repomill")

# Coverage is handed on, so that what these commands run is measured too.
KEPT = ("PATH", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG", "COV_CORE_SOURCE", "COV_CORE_CONFIG")

UNMEASURED = dict.fromkeys(KEPT[1:], "")
"""Coverage takes a third of the speed of a server; the stack is measured by tests of its own."""

Completed = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Installation:
    """Folders `home`, `work` (where commands run) and `tmp` below `root`, and the environment commands get."""

    root: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, root: Path, **settings: str) -> "Installation":
        """Make the folders."""
        for name in ("home", "work", "tmp", "user"):
            (root / name).mkdir(parents=True)
        return cls(root, settings)

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def work(self) -> Path:
        return self.root / "work"

    @property
    def tmp(self) -> Path:
        return self.root / "tmp"

    def environment(self, **more: str) -> dict[str, str]:
        """Return what a command sees: no variable of PREFECT_, OPENAI_ or REPOMILL_ but those given here."""
        own = {
            "HOME": str(self.root / "user"),
            "TMPDIR": str(self.tmp),
            "LANG": "C.UTF-8",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            "REPOMILL_HOME": str(self.home),
        }
        return {name: os.environ[name] for name in KEPT if name in os.environ} | own | dict(self.settings) | more

    def __call__(self, *arguments: object, cwd: Path | None = None, **more: str) -> Completed:
        """Run `repomill …` to its end; `more` are variables of the environment."""
        return subprocess.run(
            [REPOMILL, *map(str, arguments)],
            cwd=cwd or self.work,
            env=self.environment(**more),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=2 * PATIENCE,  # `up` itself waits this long for a part
            check=False,
        )

    def json(self, *arguments: object, cwd: Path | None = None, **more: str) -> Any:
        """Return what the command prints as JSON; it has to end well."""
        done = self(*arguments, "--format", "json", cwd=cwd, **more)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return json.loads(done.stdout)

    def up(self) -> str:
        """Start the embedded stack and return its Prefect API."""
        return str(self.json("up", cwd=None, **UNMEASURED)["prefect_api"])

    @contextmanager
    def start(self, *arguments: object, cwd: Path | None = None, **more: str) -> Iterator["Running"]:
        """Run `repomill …` in a process group of its own, which is gone when the block ends."""
        log = self.tmp / f"output-{len(list(self.tmp.glob('output-*')))}"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [REPOMILL, *map(str, arguments)],
                cwd=cwd or self.work,
                env=self.environment(**more),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        running = Running(process, log)
        try:
            yield running
        finally:
            running.kill()


@dataclass(frozen=True)
class Running:
    """A command in the background; both its outputs go to one file."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def output(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def kill(self) -> None:
        """SIGKILL the whole process group; returns when the command is gone."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def interrupt(self) -> None:
        """Do as Ctrl-C in a terminal does."""
        os.killpg(self.process.pid, signal.SIGINT)

    def wait(self) -> int:
        """Return the exit code."""
        return self.process.wait(PATIENCE)


def run_git(*arguments: str, cwd: Path | None = None) -> str:
    """Run Git apart from the user's configuration and return what it printed."""
    return subprocess.run(["git", *arguments], cwd=cwd, env=GIT, check=True, capture_output=True, text=True).stdout
