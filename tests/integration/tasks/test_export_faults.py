"""The process dies, or the host breaks off, at every step of an export; a repeat leaves exactly one of everything."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from repomill.errors import RepomillError
from repomill.nodes.base import ExportTarget
from repomill.publishing._command import Git, GitResult
from repomill.publishing.hosts._api import Api
from repomill.publishing.options import RequestUse
from repomill.trees.tree import TreeFile
from storage.database.work import Work
from tasks.publish import publish
from tasks.services import Services
from tests.fakes.host_exports import Rig, host_rig
from tests.fakes.stored_projects import Stored, store_project
from tests.servers.git_http import git
from tests.servers.host_api import Asked, Fault

REMOTE = {"ls-remote", "fetch", "push", "-c"}
"""Commands that talk to the remote; `-c` is how a fetch begins."""


class Died(Exception):  # a process that is killed raises nothing; this stands for it
    """The process is gone."""


@dataclass
class Moments:
    """Counts what the process does outside of itself, and dies at one of them, before or after."""

    at: int = -1
    after: bool = False
    seen: int = 0
    names: list[str] = field(default_factory=list)

    def before(self, name: str) -> int:
        number, self.seen = self.seen, self.seen + 1
        self.names.append(name)
        if number == self.at and not self.after:
            raise Died(name)
        return number

    def done(self, number: int) -> None:
        if number == self.at and self.after:
            raise Died


@pytest.fixture
def moments(monkeypatch: pytest.MonkeyPatch) -> Moments:
    """Watch every API request and every Git command that goes to the remote."""
    watched, ask, run = Moments(), Api.reply, Git.run

    async def watched_ask(api: Api, asked: Any, call: Any, *expected: int) -> Any:
        number = watched.before(f"{call.method} {call.path}")
        reply = await ask(api, asked, call, *expected)
        watched.done(number)
        return reply

    async def watched_run(self: Git, *arguments: str, feed: Any = None) -> GitResult:
        if arguments[0] not in REMOTE:
            return await run(self, *arguments, feed=feed)
        number = watched.before(" ".join(arguments[:3]))
        result = await run(self, *arguments, feed=feed)
        watched.done(number)
        return result

    monkeypatch.setattr(Api, "reply", watched_ask)
    monkeypatch.setattr(Git, "run", watched_run)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return watched


@pytest.fixture(params=["github"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    with host_rig(request.param, tmp_path / "host") as running:
        yield running


async def two_exports(services: Services, folder: Path, rig: Rig) -> AsyncIterator[tuple[Stored, ExportTarget]]:
    """A first export, and one that asks for the next generation by a request."""
    generations: tuple[tuple[str, dict[str, object]], ...] = (
        ("one\n", {}),
        ("two\n", {"request": RequestUse.ALWAYS, "protect": True}),
    )
    for text, options in generations:
        stored = await store_project(services, folder, [TreeFile("a.txt", text.encode())])
        yield stored, rig.target("", labels=("generated",), **options)


async def once_more(services: Services, stored: Stored, target: ExportTarget, rig: Rig) -> None:
    await publish(services, stored.project, target, "push", rig.login)


def assert_one_of_everything(rig: Rig, rows: list[str]) -> None:
    assert [*rig.server.kept] == [rig.kept.path]
    refs = git("-C", str(rig.git), "for-each-ref", "--format=%(refname:strip=2)").splitlines()
    assert refs == ["main", "repomill/tea"]
    assert git("-C", str(rig.git), "rev-list", "--count", "--all") == "2"
    assert [(request.head, request.base, request.labels) for request in rig.kept.requests] == [
        ("repomill/tea", "main", ["generated"])
    ]
    assert [*rig.kept.protections] == ["main"]
    assert rows == ["completed", "completed"]


async def statuses(services: Services) -> list[str]:
    def read(work: Work) -> list[str]:
        return [row.status.value for row in work.exports.find(9)]

    return await services.database.run(services.scope, read)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("kind", ["github"])
async def test_a_process_that_dies_anywhere_leaves_nothing_twice(
    services: Services, tmp_path: Path, moments: Moments, kind: str, after: bool
) -> None:
    """Every moment of both exports, each in a repository of its own."""
    at, died = 0, True
    while died:
        died = False
        with host_rig(kind, tmp_path / f"host-{at}") as rig:
            moments.at, moments.after, moments.seen = at, after, 0
            async for stored, target in two_exports(services, tmp_path, rig):
                try:
                    await once_more(services, stored, target, rig)
                except (Died, RepomillError):
                    died = True
                    await once_more(services, stored, target, rig)
            assert_one_of_everything(rig, (await statuses(services))[:2])
        at += 1
    assert at > 20


@pytest.mark.parametrize("at", range(0, 40, 5))
@pytest.mark.parametrize("kind", ["gitlab", "gitea"])
async def test_a_process_that_dies_leaves_nothing_twice_on_other_hosts(
    services: Services, tmp_path: Path, moments: Moments, kind: str, at: int
) -> None:
    with host_rig(kind, tmp_path / "host") as rig:
        moments.at, moments.after = at, at % 2 == 1
        async for stored, target in two_exports(services, tmp_path, rig):
            try:
                await once_more(services, stored, target, rig)
            except (Died, RepomillError):
                await once_more(services, stored, target, rig)
        assert_one_of_everything(rig, await statuses(services))


@dataclass
class EveryRequest(Fault):
    """Breaks the connection of one request, by its number."""

    number: int = 0

    def takes(self, asked: Asked, *, after: bool) -> bool:
        if after == self.after:
            self.number -= 1
        return after == self.after and self.number == -1


@pytest.mark.parametrize("after", [False, True], ids=["unheard", "unanswered"])
@pytest.mark.parametrize("number", range(0, 20, 2))
async def test_a_host_that_breaks_off_is_asked_again(
    services: Services, tmp_path: Path, rig: Rig, number: int, after: bool
) -> None:
    rig.server.api_faults = [EveryRequest(after=after, number=number)]
    async for stored, target in two_exports(services, tmp_path, rig):
        try:
            await once_more(services, stored, target, rig)
        except RepomillError:
            await once_more(services, stored, target, rig)
    assert_one_of_everything(rig, await statuses(services))
