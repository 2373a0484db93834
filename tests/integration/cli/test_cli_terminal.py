"""What a person at a terminal sees while an execution runs."""

import asyncio
import os
import pty
import sys
from codecs import IncrementalDecoder, getincrementaldecoder
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import TextIOWrapper

import pytest

from cli.follow import follow
from storage.database.models import Execution
from storage.database.work import Work
from tasks.services import Services
from tests.fakes.stored_projects import admitted
from tests.integration.cli.conftest import CommandLine
from tests.servers.waiting import PATIENCE


@dataclass
class Terminal:
    """A terminal that is standard error; `seen` is all that was written to it."""

    descriptor: int
    stream: TextIOWrapper
    seen: str = field(default="")
    _decoder: IncrementalDecoder = field(default_factory=getincrementaldecoder("utf-8"))

    def read(self) -> str:
        self.stream.flush()
        while True:
            try:
                self.seen += self._decoder.decode(os.read(self.descriptor, 65536))
            except BlockingIOError:
                return self.seen


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    os.set_blocking(ours, False)
    with os.fdopen(theirs, "w") as stream:
        monkeypatch.setenv("TERM", "xterm")
        yield Terminal(ours, stream)
    os.close(ours)


async def happen(services: Services, execution: Execution, *events: tuple[str, str | None]) -> None:
    def write(work: Work) -> None:
        for kind, node in events:
            work.events.append(execution.id, kind, node)

    await services.database.run(services.scope, write)


async def shows(terminal: Terminal, text: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while text not in terminal.read():  # noqa: ASYNC110  # a terminal tells nobody that something was written
            await asyncio.sleep(0.02)


def test_what_runs_stands_below_what_ended(
    repomill: CommandLine, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", terminal.stream)  # not in the fixture: pytest sets it once more after those

    async def watched(services: Services) -> None:
        execution = await admitted(services, repomill.folder)
        following = asyncio.create_task(follow(services, execution.id))
        await happen(services, execution, ("execution.started", None), ("node.started", "page"), ("call.sent", "page"))
        await shows(terminal, "running: page")
        await happen(services, execution, ("node.completed", "page"), ("node.failed", "last"))
        await shows(terminal, "✓ page completed")
        await happen(services, execution, ("execution.failed", None))
        await following

    repomill.on_services(watched)
    seen = terminal.read()
    assert "· execution started" in seen
    assert "✗ last failed" in seen
    assert "✗ execution failed" in seen
