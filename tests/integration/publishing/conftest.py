"""A Git server over HTTP for each test, with and without authentication."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from repomill.publishing.checkout import check_out_history
from repomill.publishing.credentials import GitCredentials
from repomill.publishing.git_push import GitAccess
from tests.integration.publishing.histories import ONE
from tests.servers.git_http import GitServer, git, git_http_server

USERNAME, PASSWORD = "mill", "s3ntinel-p@ss:word"


@pytest.fixture(autouse=True)
def _without_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
async def shop(tmp_path: Path) -> Path:
    """A checkout of the first generation, alone in its folder."""
    (tmp_path / "work").mkdir()
    await check_out_history(ONE, tmp_path / "work" / "shop")
    return tmp_path / "work" / "shop"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    """A server that asks for a user name and a password."""
    folder = tmp_path / "served"
    folder.mkdir()
    with git_http_server(folder, USERNAME, PASSWORD) as running:
        yield running


@pytest.fixture
def access() -> GitAccess:
    """What the server accepts."""
    return GitAccess(GitCredentials(USERNAME, SecretStr(PASSWORD)), timeout=60)


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """An empty bare repository on the disk."""
    folder = tmp_path / "bare.git"
    git("init", "--quiet", "--bare", "--initial-branch=main", str(folder))
    return folder
