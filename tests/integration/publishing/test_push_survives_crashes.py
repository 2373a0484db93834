"""A process that dies anywhere in an export, and machines that differ in everything but the project."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from repomill.publishing.git_push import push_tree
from repomill.publishing.targets import GitTarget
from tests.integration.publishing.crashing_export import FileJournal
from tests.integration.publishing.projects import FILES, count_commits, details
from tests.servers.git_http import GitServer, git, git_http_server
from tests.servers.waiting import PATIENCE

SCRIPT = [sys.executable, "-m", "tests.integration.publishing.crashing_export"]


@pytest.fixture
def open_server(tmp_path: Path) -> Iterator[GitServer]:
    (tmp_path / "open").mkdir()
    with git_http_server(tmp_path / "open") as server:
        yield server


def export_and_die(url: str, journal: Path, moment: str) -> int:
    return subprocess.run([*SCRIPT, url, str(journal), moment], check=False).returncode


def kill_once_held(url: str, journal: Path, server: GitServer) -> None:
    process = subprocess.Popen([*SCRIPT, url, str(journal), "never"])
    assert server.faults.held.wait(PATIENCE)
    process.kill()
    process.wait()


@pytest.mark.parametrize("moment", ["before commit", "after commit", "before push", "after push"])
async def test_a_repeat_after_sigkill_leaves_one_commit(bare: Path, tmp_path: Path, moment: str) -> None:
    journal = tmp_path / "journal.json"
    assert export_and_die(bare.as_uri(), journal, moment) == -signal.SIGKILL

    pushed = await push_tree(FILES, details(), GitTarget(bare.as_uri()), journal=FileJournal(journal))
    assert (pushed.created, pushed.unchanged) == (True, False)
    assert count_commits(bare) == 1
    assert (
        git("-C", str(bare), "for-each-ref", "--format=%(objectname) %(refname)") == f"{pushed.commit} refs/heads/main"
    )


async def test_a_repeat_after_sigkill_in_the_middle_of_a_push_leaves_one_commit(
    open_server: GitServer, tmp_path: Path
) -> None:
    url, journal = open_server.create("shop.git"), tmp_path / "journal.json"
    open_server.faults.hold_pushes = True
    kill_once_held(url, journal, open_server)
    open_server.faults.release.set()

    pushed = await push_tree(FILES, details(), GitTarget(url), journal=FileJournal(journal))
    assert count_commits(open_server.folder / "shop.git") == 1
    assert git("-C", str(open_server.folder / "shop.git"), "rev-parse", "main") == pushed.commit


def commit_on_a_machine(folder: Path, umask: int, **environment: str) -> str:
    folder.mkdir()
    git("init", "--quiet", "--bare", str(folder / "bare.git"))
    arguments = [*SCRIPT, (folder / "bare.git").as_uri(), str(folder / "journal.json"), "never"]
    variables = {**os.environ, "HOME": str(folder), **environment}
    return subprocess.run(arguments, env=variables, umask=umask, check=True, capture_output=True, text=True).stdout


def test_two_machines_make_the_same_commit(tmp_path: Path) -> None:
    configured = tmp_path / "gitconfig"
    configured.write_text("[user]\nname=Ada\nemail=ada@example.com\n[commit]\ngpgSign=true\n[core]\nautocrlf=true\n")
    one = commit_on_a_machine(tmp_path / "one", 0o022, TZ="UTC", LANG="C")
    two = commit_on_a_machine(
        tmp_path / "two", 0o077, TZ="Pacific/Auckland", LANG="de_DE.UTF-8", GIT_CONFIG_GLOBAL=str(configured),
        GIT_AUTHOR_DATE="2001-01-01T00:00:00", GIT_DIR=str(tmp_path), GIT_INDEX_FILE="/nowhere", GIT_TRACE="1",
    )  # fmt: skip
    assert len(one) == 40
    assert one == two
