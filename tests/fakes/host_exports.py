"""Hosts to export to: a vendor's stand-in with real Git beside it, and logins it takes."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from repomill.publishing.exports import ExportTarget
from repomill.publishing.hosts.port import HostLogin
from repomill.publishing.options import ExportOptions
from tests.servers.gitea_api import gitea_server
from tests.servers.github_api import github_server
from tests.servers.gitlab_api import gitlab_server
from tests.servers.host_api import HostServer, Kept, Token

TOKEN = "s3ntinel-token-of-ada"
_SCOPES = frozenset({"repo", "workflow", "delete_repo", "api", "read:user", "write:repository", "write:issue"})
_SERVERS: Mapping[str, Callable[[Path], AbstractContextManager[HostServer]]] = {
    "github": github_server,
    "gitlab": gitlab_server,
    "gitea": gitea_server,
}
VENDORS = tuple(_SERVERS)
PATH = "ada/shop"


@dataclass(frozen=True)
class Rig:
    """A host that is running."""

    kind: str
    server: HostServer

    @property
    def login(self) -> HostLogin:
        return HostLogin(self.server.url, SecretStr(TOKEN))

    @property
    def git(self) -> Path:
        return self.server.folder / f"{PATH}.git"

    @property
    def kept(self) -> Kept:
        return self.server.kept[PATH]

    def target(self, message: str = "", **options: object) -> ExportTarget:
        return ExportTarget(self.kind, PATH, message=message, options=ExportOptions(**options))  # type: ignore[arg-type]  # by name


@contextmanager
def host_rig(kind: str, folder: Path) -> Iterator[Rig]:
    """Run a host on which Ada has an account, and nothing in it."""
    folder.mkdir()
    with _SERVERS[kind](folder) as server:
        server.tokens[TOKEN] = Token("ada", _SCOPES)
        server.owners |= {"ada": "User", "acme": "Organization"}
        yield Rig(kind, server)
