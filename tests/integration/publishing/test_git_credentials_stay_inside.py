"""A sentinel password is looked for everywhere it must not be, while and after it is used."""

import asyncio
import logging
import os
import tempfile
from base64 import b64encode
from contextlib import suppress
from pathlib import Path

import pytest

from repomill.errors import RemoteRefused, RepomillError
from repomill.publishing.git_push import GitAccess, push_tree
from repomill.publishing.targets import GitTarget
from tests.integration.publishing.conftest import PASSWORD, USERNAME
from tests.integration.publishing.projects import FILES, details
from tests.servers.git_http import GitServer, git_http_server
from tests.servers.waiting import PATIENCE

ENCODED = b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()


def holds_secret(text: str) -> bool:
    return PASSWORD in text or ENCODED in text


def command_lines() -> str:
    lines = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            lines.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:  # it ended meanwhile
            continue
    return "\n".join(lines)


def files_below(folder: Path) -> str:
    contents = []
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # Git removed it meanwhile
            contents += [path.read_bytes().decode(errors="replace")] if path.is_file() else []
    return "\n".join(contents)


async def test_during_a_push_no_argument_and_no_file_holds_the_password(
    server: GitServer, access: GitAccess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    server.faults.hold_pushes = True
    push = asyncio.create_task(push_tree(FILES, details(), GitTarget(server.create("shop.git")), access))
    assert await asyncio.to_thread(server.faults.held.wait, PATIENCE)

    arguments, files = command_lines(), files_below(tmp_path)
    server.faults.release.set()
    await push
    assert "git push" in arguments
    assert "refs/repomill" in files or "[core]" in files
    assert not holds_secret(arguments + files)
    assert list((tmp_path / "temporary").iterdir()) == []


async def test_logs_and_what_the_server_keeps_do_not_hold_it(
    server: GitServer, access: GitAccess, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await push_tree(FILES, details(), GitTarget(server.create("shop.git")), access)

    assert "Popen" in caplog.text
    assert not holds_secret(caplog.text + files_below(server.folder))


async def test_an_error_does_not_hold_it_even_if_the_server_repeats_it(server: GitServer, access: GitAccess) -> None:
    server.faults.status, server.faults.echo_authorization = 403, True
    with pytest.raises(RemoteRefused) as caught:
        await push_tree(FILES, details(), GitTarget(server.create("shop.git")), access)

    assert "Not with Basic ***" in str(caught.value)
    assert not holds_secret(repr(caught.value) + repr(access) + str(caught.value.facts()))


async def test_it_does_not_follow_a_redirect_to_another_host(
    server: GitServer, access: GitAccess, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    with git_http_server(tmp_path / "elsewhere") as other:
        other.create("shop.git")
        server.faults.redirect = other.url
        with pytest.raises(RemoteRefused, match="moved to another address"):
            await push_tree(FILES, details(), GitTarget(f"{server.url}/shop.git"), access)
        assert other.seen == []


async def test_it_stays_out_of_our_own_environment(server: GitServer, access: GitAccess) -> None:
    before = dict(os.environ)
    await push_tree(FILES, details(), GitTarget(server.create("shop.git")), access)
    assert dict(os.environ) == before


async def test_a_folder_remote_does_not_get_it(bare: Path, access: GitAccess) -> None:
    hook = bare / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nenv >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(RepomillError) as caught:
        await push_tree(FILES, details(), GitTarget(bare.as_uri()), access)
    assert "PATH=" in str(caught.value)
    assert not holds_secret(str(caught.value))
    assert "extraHeader" not in str(caught.value)
