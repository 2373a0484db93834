"""One Git process: how it ends when its coroutine does, and what it takes from the process around it."""

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import psutil
import pytest

from repomill.errors import GitFailed, GitMissing
from repomill.publishing._command import Git, GitTimedOut
from repomill.publishing._environment import child_environment
from repomill.publishing.git_push import GitAccess, push_tree
from repomill.publishing.targets import GitTarget
from tests.integration.publishing.projects import FILES, details
from tests.servers.git_http import GitServer
from tests.servers.waiting import PATIENCE


def descendants() -> list[str]:
    found = []
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):  # it ended meanwhile
            found.append(" ".join(child.cmdline()))
    return found


def pretend_git(folder: Path, script: str) -> None:
    import_module("git")  # GitPython asks the program for its version when it is first imported
    (folder / "git").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "git").chmod(0o755)


@pytest.fixture
def git_in(tmp_path: Path) -> Git:
    return Git(tmp_path, child_environment(), timeout=PATIENCE)


@pytest.fixture
def impatient(git_in: Git) -> Git:
    """For commands that never end: a machine may take longer than this for any other."""
    return replace(git_in, timeout=0.3)


async def test_cancelling_a_push_ends_every_git_process(server: GitServer, access: GitAccess) -> None:
    server.faults.hold_pushes = True
    push = asyncio.create_task(push_tree(FILES, details(), GitTarget(server.create("shop.git")), access))
    assert await asyncio.to_thread(server.faults.held.wait, PATIENCE)
    assert any("git-remote-http" in command or "remote-http" in command for command in descendants())

    push.cancel()
    with pytest.raises(asyncio.CancelledError):
        await push
    assert [command for command in descendants() if "shop.git" in command] == []


async def test_a_git_that_ignores_sigterm_is_killed(
    impatient: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_git(tmp_path, "trap '' TERM\nwhile :; do sleep 0.2; done")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr("repomill.publishing._command._GRACE", 0.2)
    with pytest.raises(GitTimedOut):
        await impatient.run("status")
    assert [command for command in descendants() if str(tmp_path) in command] == []


async def test_a_local_command_that_takes_too_long_is_gits_failure(
    impatient: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_git(tmp_path, "exec sleep 30")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(GitFailed, match="took longer than"):
        await impatient.must("status")


async def test_a_git_that_stops_reading_tells_why(git_in: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_git(tmp_path, "echo 'fatal: no space left on device' >&2\nexit 128")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(GitFailed, match="no space left on device"):
        await git_in.must("fast-import", feed=(b"x" * 100_000 for _ in range(100)))


async def test_a_feed_that_raises_ends_git(git_in: Git) -> None:
    def broken() -> Iterator[bytes]:
        yield b"blob\n"
        raise LookupError("gone")

    await git_in.must("init", "--quiet")
    with pytest.raises(LookupError, match="gone"):
        await git_in.run("fast-import", feed=broken())
    assert [command for command in descendants() if "fast-import" in command] == []


async def test_without_git_the_error_says_so(git_in: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitMissing, match="not installed"):
        await git_in.run("status")


async def test_variables_of_a_surrounding_git_do_not_reach_it(
    git_in: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_CONFIG_PARAMETERS"):
        monkeypatch.setenv(name, "/nowhere")
    monkeypatch.setenv("GIT_TRACE_CURL", str(tmp_path / "trace"))
    await git_in.must("init", "--quiet")
    assert await git_in.must("rev-parse", "--absolute-git-dir") == str(tmp_path / ".git")


async def test_a_command_that_answers_while_it_is_fed_is_listened_to(bare: Path) -> None:
    unknown = [f"{number:040x}\n".encode() for number in range(1, 30_001)]
    printed = await Git(bare, {}).must("cat-file", "--batch-check", feed=unknown)
    assert len(printed.splitlines()) == 30_000
