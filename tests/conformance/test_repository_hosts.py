"""The suite on every host: against stand-ins that speak the vendors' APIs, with real Git over HTTP beside them."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from repomill.publishing.hosts.memory import MemoryHost
from repomill.publishing.hosts.plain_git import PlainGitHost
from repomill.publishing.hosts.port import HostLogin, Repository, RepositoryAddress, Visibility
from repomill.publishing.hosts.registry import host_kinds
from tests.conformance.repository_host_suite import RepositoryHostSuite, Rig
from tests.servers.git_http import git
from tests.servers.gitea_api import gitea_server
from tests.servers.github_api import github_server
from tests.servers.gitlab_api import gitlab_server
from tests.servers.host_api import HostServer, Kept, Token

TOKEN = "s3ntinel-token-of-ada"
SCOPES = {"repo", "workflow", "delete_repo", "api", "read:user", "write:repository", "write:issue"}


@dataclass(frozen=True)
class Vendor:
    server: Callable[[Path], AbstractContextManager[HostServer]]
    path: str


VENDORS = {
    "github": Vendor(github_server, "acme/shop"),
    "gitlab": Vendor(gitlab_server, "acme/web/shop"),
    "gitea": Vendor(gitea_server, "ada/shop"),
}


@pytest.fixture(autouse=True)
def _without_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(params=[*VENDORS, "memory", "git"])
def rig_of_a_host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    make = {"memory": memory_rig, "git": plain_rig}.get(request.param)
    if make:
        yield make(tmp_path)
        return
    with VENDORS[request.param].server(tmp_path) as server:
        yield vendor_rig(request.param, server)


@pytest.fixture
async def rig(rig_of_a_host: Rig) -> AsyncIterator[Rig]:
    yield rig_of_a_host
    await rig_of_a_host.host.close()


def vendor_rig(kind: str, server: HostServer) -> Rig:
    server.tokens[TOKEN] = Token("ada", frozenset(SCOPES))

    def seed(path: str, visibility: Visibility) -> None:
        server.keep(Kept(path, visibility.value))

    server.owners |= {"ada": "User", "acme": "Organization", "acme/web": "Organization"}
    return Rig(
        host=host_kinds()[kind].connect(HostLogin(server.url, SecretStr(TOKEN))),
        address=RepositoryAddress(VENDORS[kind].path),
        place=lambda path: server.folder / f"{path}.git",
        seed=seed,
        calls=lambda: len(server.api_calls),
    )


def memory_rig(folder: Path) -> Rig:
    host = MemoryHost(folder)

    def seed(path: str, visibility: Visibility) -> None:
        place = folder / f"{path}.git"
        git("init", "--quiet", "--bare", "--initial-branch=main", str(place))
        url = place.as_uri()
        host.repositories[path] = Repository(path, path, url, url, "main", visibility)

    return Rig(host, RepositoryAddress("acme/shop"), lambda path: folder / f"{path}.git", seed)


def plain_rig(folder: Path) -> Rig:
    url = (folder / "shop.git").as_uri()
    git("init", "--quiet", "--bare", "--initial-branch=main", str(folder / "shop.git"))
    return Rig(
        PlainGitHost(HostLogin()),
        RepositoryAddress(url),
        lambda _: folder / "shop.git",
        lambda _path, _visibility: None,
    )


class TestRepositoryHosts(RepositoryHostSuite):
    """Every test of the suite, once for each host."""
