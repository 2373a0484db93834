"""Exports that are cut off at a moment and repeated, on a host that can be put back to where it was."""

import shutil
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from repomill.errors import RepomillError
from repomill.publishing._command import Git, GitResult
from repomill.publishing.exports import ExportTarget
from repomill.publishing.hosts._api import Api
from repomill.publishing.options import RequestUse
from repomill.trees.tree import TreeFile
from tasks.publish import publish
from tasks.services import Services
from tests.fakes.host_exports import PATH, Rig
from tests.fakes.stored_projects import Stored, store_project
from tests.servers.git_http import git
from tests.servers.host_api import Kept

REMOTE = {"ls-remote", "fetch", "push", "-c"}
"""Git commands that talk to the remote; `-c` is how a fetch begins."""

NEXT: Mapping[str, Any] = {"request": RequestUse.ALWAYS, "protect": True, "labels": ("generated",)}
"""How a later generation is asked for."""


class Died(Exception):  # a process that is killed raises nothing; this stands for it
    """The process is gone."""


@dataclass
class Moments:
    """Counts what a process does outside of itself, all of it or only what `writes`, and dies at one of them."""

    at: int = -1
    after: bool = False
    writes: bool = False
    seen: int = 0

    async def pass_through(self, is_write: bool, act: Callable[[], Any]) -> Any:
        if self.writes and not is_write:
            return await act()
        number, self.seen = self.seen, self.seen + 1
        if number == self.at and not self.after:
            raise Died
        done = await act()
        if number == self.at:
            raise Died
        return done


def watch(monkeypatch: pytest.MonkeyPatch) -> Moments:
    """Return the moments of every API request and every Git command that goes to a remote."""
    moments, ask, run = Moments(), Api.reply, Git.run

    async def watched_ask(api: Api, asked: Any, call: Any, *expected: int) -> Any:
        return await moments.pass_through(call.method != "GET", lambda: ask(api, asked, call, *expected))

    async def watched_run(self: Git, *arguments: str, feed: Any = None) -> GitResult:
        if arguments[0] not in REMOTE:
            return await run(self, *arguments, feed=feed)
        done: GitResult = await moments.pass_through(arguments[0] == "push", lambda: run(self, *arguments, feed=feed))
        return done

    monkeypatch.setattr(Api, "reply", watched_ask)
    monkeypatch.setattr(Git, "run", watched_run)
    return moments


@dataclass
class Stage:
    """A host to which a generation is exported, from the same state each time."""

    services: Services
    folder: Path
    rig: Rig
    options: Mapping[str, Any] = field(default_factory=dict)
    kept: Kept | None = None

    @property
    def saved(self) -> Path:
        return self.folder / "saved.git"

    async def advance(self) -> None:
        """Export a first generation; from now on it is the state that `restore` brings back."""
        await self.export(await self.generate("one\n"))
        self.options, self.kept = NEXT, deepcopy(self.rig.kept)
        shutil.copytree(self.rig.git, self.saved)

    def restore(self) -> None:
        self.rig.server.kept.clear()
        shutil.rmtree(self.rig.git, ignore_errors=True)
        if self.kept:
            self.rig.server.kept[PATH] = deepcopy(self.kept)
            shutil.copytree(self.saved, self.rig.git)

    async def generate(self, text: str = "two\n") -> Stored:
        return await store_project(self.services, self.folder, [TreeFile("a.txt", text.encode())])

    async def export(self, stored: Stored) -> None:
        target: ExportTarget = self.rig.target("", **self.options)
        await publish(self.services, stored.project, target, "push", self.rig.login)

    async def export_with_repeat(self) -> bool:
        """Export a new generation, once more if the first try ended early; tell whether it did."""
        self.restore()
        stored = await self.generate()
        try:
            await self.export(stored)
        except (Died, RepomillError):
            await self.export(stored)
            return True
        return False

    def assert_one_of_everything(self) -> None:
        assert [*self.rig.server.kept] == [PATH]
        refs = git("-C", str(self.rig.git), "for-each-ref", "--format=%(refname:strip=2)").splitlines()
        assert refs == (["main", "repomill/tea"] if self.kept else ["main"])
        assert git("-C", str(self.rig.git), "rev-list", "--count", "--all") == str(len(refs))
        assert [(request.head, request.base, request.labels) for request in self.rig.kept.requests] == (
            [("repomill/tea", "main", ["generated"])] if self.kept else []
        )
        assert [*self.rig.kept.protections] == (["main"] if self.kept else [])
