"""The command line in this process, in a home of its own, with no variable of this shell and no Prefect.

A command that ends with 2 was refused before it looked for Prefect; otherwise it would have ended with 3.
"""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from cli.main import main
from repomill.settings import Settings
from tasks.services import Services
from tests.fakes.stored_projects import FILES, Stored, store_project

T = TypeVar("T")

OURS = ("REPOMILL_", "PREFECT_", "OPENAI_")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What was printed; nothing but JSON may have been."""
        return json.loads(self.out)


@dataclass(frozen=True)
class CommandLine:
    """Calls commands in `folder`; `home` is where everything is kept."""

    folder: Path
    home: Path
    monkeypatch: pytest.MonkeyPatch
    captured: pytest.CaptureFixture[str]

    def __call__(self, *arguments: object) -> Ended:
        self.monkeypatch.setattr(sys, "argv", ["repomill", *map(str, arguments)])
        self.captured.readouterr()
        code: Any = 0
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
        return Ended(code, *self.captured.readouterr())

    def json(self, *arguments: object) -> Any:
        """Return what a command prints with `--format json`; it has to end well."""
        ended = self(*arguments, "--format", "json")
        assert ended.code == 0, ended
        return ended.json

    def fails(self, code: int, *arguments: object) -> str:
        """Return what a command says that must end with this code, with nothing on standard output."""
        ended = self(*arguments)
        assert (ended.code, ended.out) == (code, ""), ended
        return ended.err

    def set(self, **variables: object) -> None:
        for name, value in variables.items():
            self.monkeypatch.setenv(name, str(value))

    def on_services(self, function: Callable[[Services], Awaitable[T]]) -> T:
        """Do something with the same database and store that the commands use."""

        async def run() -> T:
            services = Services.from_settings(Settings(home=self.home, database_url="", artifacts_url=""))
            try:
                await services.store.check()
                return await function(services)
            finally:
                await services.aclose()

        return asyncio.run(run())

    def stored(self, *files: Any) -> Stored:
        """Store a project, as a run would have left it."""
        return self.on_services(lambda services: store_project(services, self.folder, files or FILES))


@pytest.fixture
def repomill(
    tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> CommandLine:
    for name in [name for name in os.environ if name.startswith(OURS)]:
        monkeypatch.delenv(name)
    folder, home = tmp_path / "work", tmp_path / "home"
    for path in (folder, home):
        path.mkdir()
    shutil.copy(migrated_sqlite, home / "repomill.db")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("REPOMILL_HOME", str(home))
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")  # nothing listens there: no command gets beyond it
    return CommandLine(folder, home, monkeypatch, capfd)
