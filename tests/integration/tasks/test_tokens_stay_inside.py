"""A sentinel token is looked for wherever exports to hosts could leave it."""

import base64
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest
from git.cmd import Git as GitPython
from pydantic import SecretStr

from repomill.errors import RepomillError
from repomill.publishing.exports import Exported
from repomill.publishing.hosts.port import HostLogin
from repomill.publishing.options import RequestUse
from repomill.trees.tree import TreeFile
from storage.database.work import Work
from tasks.publish import publish
from tasks.services import Services
from tests.fakes.host_exports import TOKEN, VENDORS, Rig, host_rig
from tests.fakes.stored_projects import store_project
from tests.integration.publishing.exports import edit_by_hand
from tests.integration.publishing.test_git_credentials_stay_inside import command_lines, files_below

SPY = """\
#!/bin/sh
{{ printf '%s ' git "$@"; echo; }} >> {log}
git "$@"
status=$?
find . -type f '(' -name 'config*' -o -path '*/logs/*' -o -name '*HEAD*' ')' -exec cat {{}} + >> {log} 2>/dev/null
exit $status
"""


@pytest.fixture(params=VENDORS)
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    with host_rig(request.param, tmp_path / "host") as running:
        yield running


@pytest.fixture
def spied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What every Git command was given, and what its repository's configuration and reflogs held afterwards."""
    log, script = tmp_path / "spied", tmp_path / "spy"
    script.write_text(SPY.format(log=log))
    script.chmod(0o755)
    monkeypatch.setattr(GitPython, "GIT_PYTHON_GIT_EXECUTABLE", str(script))
    return log


@contextmanager
def watched_processes() -> Iterator[list[str]]:
    """Collect the command lines of all processes, again and again."""
    found, ended = [command_lines()], Event()

    def watch() -> None:
        while not ended.wait(0.03):
            found.append(command_lines())

    watcher = Thread(target=watch)
    watcher.start()
    try:
        yield found
    finally:
        ended.set()
        watcher.join()


def holds_token(text: str) -> bool:
    """Look for it plain and in each of the three ways in which base64 shows it inside of something longer."""
    shifted = (base64.b64encode(b"x" * shift + TOKEN.encode())[4:-4].decode() for shift in range(3))
    return any(form in text for form in (TOKEN, *shifted))


async def export(services: Services, folder: Path, rig: Rig, text: str, login: HostLogin | None = None) -> Exported:
    stored = await store_project(services, folder, [TreeFile("a.txt", text.encode())])
    target = rig.target(request=RequestUse.ALWAYS, protect=True, labels=("generated",))
    return await publish(services, stored.project, target, None, login or rig.login)


async def rows(services: Services) -> str:
    """Return what the database keeps of all exports."""

    def read(work: Work) -> str:
        kept = [(row.config, row.error_message, work.exports.steps(row.id)) for row in work.exports.find(9)]
        return str([(config, error, [step.detail for step in steps]) for config, error, steps in kept])

    return await services.database.run(services.scope, read)


async def test_a_token_shows_nowhere_while_repository_branch_and_request_are_made(
    services: Services, tmp_path: Path, rig: Rig, spied: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with watched_processes() as processes:
        await export(services, tmp_path, rig, "one\n")
        edit_by_hand(rig.git, {"b.txt": "mine\n"})
        exported = await export(services, tmp_path, rig, "two\n")
    commands = spied.read_text()  # noqa: ASYNC240  # nothing else runs
    for done in ("git push", "git fetch", "git merge-tree", "git ls-remote", "[core]"):
        assert done in commands.replace("git -c fetch.negotiationAlgorithm=noop ", "git ")
    assert any("remote-http" in seen for seen in processes)
    addresses = [seen.path for seen in rig.server.seen] + [path for _, path in rig.server.api_calls]
    assert exported.request
    assert not holds_token(commands)
    assert not holds_token("\n".join([*processes, *addresses, caplog.text, str(exported), await rows(services)]))
    assert not holds_token(files_below(rig.git))


async def test_a_token_that_is_refused_shows_in_no_error(
    services: Services, tmp_path: Path, rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = f"{TOKEN}-that-was-revoked"
    with pytest.raises(RepomillError) as caught:
        await export(services, tmp_path, rig, "one\n", HostLogin(rig.server.url, SecretStr(wrong)))
    chain = [caught.value, caught.value.__cause__, caught.value.__context__]
    assert not holds_token("\n".join([*map(repr, chain), *map(str, chain), caplog.text, await rows(services)]))


def test_the_search_finds_it() -> None:
    headers = (base64.b64encode(f"{user}:{TOKEN}".encode()).decode() for user in ("git", "oauth2", "x-access-token"))
    assert all(holds_token(text) for text in (TOKEN, *headers))
    assert not holds_token("s3ntinel")
