"""Where a tree goes, and what is left behind there."""

from dataclasses import dataclass
from typing import Protocol

from repomill.publishing.options import DEFAULT_OPTIONS, ExportOptions


@dataclass(frozen=True, slots=True)
class ExportTarget:
    """Where a tree goes: `kind` is an archive format, `git` or a kind of host, the rest as that kind needs it.

    `url` is Git's, or OWNER/NAME on a host.
    """

    kind: str
    url: str = ""
    branch: str = "main"
    message: str = ""
    credentials: str = ""
    options: ExportOptions = DEFAULT_OPTIONS


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export left behind: a URL people can open or clone, and for Git the commit."""

    export_id: str
    kind: str
    url: str
    tree_digest: str
    commit: str = ""
    branch: str = ""
    request: str = ""
    """The pull or merge request that asks for it, "" without one."""
    conflicts: tuple[str, ...] = ()
    """Files in which both texts stand, between markers."""


class Exports(Protocol):
    """Port: publishes the stored tree of this execution."""

    async def publish(self, node_path: str, target: ExportTarget) -> Exported:
        """Export once per node path, however often it is asked; raises the publishing errors."""
