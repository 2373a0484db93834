"""Pushing over SSH; a script stands in for the SSH client and starts what it is asked to on this machine."""

from pathlib import Path

import pytest

from repomill.errors import RemoteRefused, RemoteUnavailable
from repomill.publishing.git_push import push_tree
from repomill.publishing.targets import GitTarget
from tests.integration.publishing.projects import FILES, details
from tests.servers.git_http import git


def write_script(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make Git use a client that notes its arguments and runs the last one."""
    client = tmp_path / "ssh"
    write_script(client, f'echo "$@" >> {tmp_path}/asked\nfor last; do :; done\nexec sh -c "$last"')
    monkeypatch.setenv("GIT_SSH_COMMAND", str(client))
    return client


@pytest.mark.parametrize("form", ["ssh://git@git.example.com{}", "git@git.example.com:{}"])
async def test_both_spellings_arrive(ssh: Path, bare: Path, form: str) -> None:
    pushed = await push_tree(FILES, details(), GitTarget(form.format(bare)))

    assert git("-C", str(bare), "rev-parse", "main") == pushed.commit
    assert "-o BatchMode=yes" in ssh.with_name("asked").read_text()


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("git@git.example.com: Permission denied (publickey).", RemoteRefused),
        ("Host key verification failed.", RemoteRefused),
        ("ssh: connect to host git.example.com port 22: Connection refused", RemoteUnavailable),
    ],
)
async def test_what_the_client_says_is_understood(ssh: Path, said: str, error: type[Exception]) -> None:
    write_script(ssh, f"echo '{said}' >&2\nexit 255")
    with pytest.raises(error):
        await push_tree(FILES, details(), GitTarget("git@git.example.com:org/shop.git"))
