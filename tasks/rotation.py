"""Puts new credentials in the place of old ones, after a look at what they may do; tells what used the old ones."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from repomill.errors import CredentialsSame, ExportTargetInvalid
from repomill.publishing.exports import ExportTarget
from repomill.publishing.hosts.port import RepositoryAddress
from repomill.publishing.hosts.registry import host_kinds
from repomill.publishing.rotation import check_successor
from storage.database.models import RepositoryExport
from storage.database.work import Work
from tasks.credentials import access_of, block_id, block_types, load_block, replace_block
from tasks.host_access import GIT, Access
from tasks.host_exports import connected, repository_name, target_of
from tasks.services import Services

KINDS = (*host_kinds(), GIT)
"""Kinds of targets that ask for credentials."""


@dataclass(frozen=True, slots=True)
class Uses:
    """What names a credentials block: the newest versions of workflows, and where exports went."""

    workflows: tuple[str, ...]
    repositories: tuple[ExportTarget, ...]


@dataclass(frozen=True, slots=True)
class Rotation:
    """What used the credentials that were replaced; `gone` are repositories that nobody may push to any more."""

    block: str
    uses: Uses
    gone: tuple[str, ...]

    def facts(self) -> dict[str, Any]:
        """Return it for programs."""
        repositories = [repository_name(target) for target in self.uses.repositories]
        return {
            "block": self.block,
            "workflows": list(self.uses.workflows),
            "repositories": repositories,
            "gone": list(self.gone),
        }


async def rotate(services: Services, kind: str, name: str, replacement: str) -> Rotation:
    """Replace what the block `name` holds by what the block `replacement` holds, and remove that one.

    Raises:
        ExportTargetInvalid: there is no such kind.
        CredentialsMissing: one of the two blocks does not exist, or the second is of another type.
        CredentialsSame: they are one block.
        CredentialsWeaker, HostAccessDenied, TokenScopeMissing: the new ones are not good enough; nothing changed.
    """
    if kind not in KINDS:
        raise ExportTargetInvalid(kind, ", ".join(KINDS))
    if name == replacement:
        raise CredentialsSame(name)
    old = await load_block(block_types(kind), name)
    new = await load_block((type(old),), replacement)
    uses = await uses_of(services, kind, name)
    gone = await check_access(kind, uses.repositories, access_of(old), access_of(new))
    # First the entry: one about a rotation that then failed is better than a rotation that nobody can see.
    about = {"kind": kind, "block": name, "by": replacement}
    await services.database.run(
        services.scope, lambda work: work.audit.record("rotate", "credentials", block_id(old), **about)
    )
    await replace_block(name, new, replacement)
    return Rotation(name, uses, gone)


async def check_access(kind: str, targets: Sequence[ExportTarget], old: Access, new: Access) -> tuple[str, ...]:
    """Compare the two on each host that they are used for; raises and returns as `check_successor` does."""
    gone: list[str] = []
    for host, addresses in _by_host(kind, targets).items():
        async with AsyncExitStack() as opened:
            hosts = [await opened.enter_async_context(connected(host, access)) for access in (old, new)]
            gone += await check_successor(hosts[0], hosts[1], addresses)
    return tuple(gone)


async def uses_of(services: Services, kind: str, name: str) -> Uses:
    """Find what names the block of a kind of target."""

    def read(work: Work) -> Uses:
        workflows = (flow.name for flow, version in work.workflows.list() if _names(version.definition, kind, name))
        return Uses(tuple(workflows), tuple(_targets(work.exports.with_credentials(name), kind)))

    return await services.database.run(services.scope, read, read_only=True)


def _names(definition: Mapping[str, Any], kind: str, name: str) -> bool:
    configs = (node.get("config") or {} for node in definition.get("nodes", ()))
    return any(config.get("credentials") == name and config.get("to") == kind for config in configs)


def _targets(exports: Sequence[RepositoryExport], kind: str) -> Iterator[ExportTarget]:
    """Give each repository once."""
    found = [target for target in (target_of(export.config) for export in exports) if target.kind == kind]
    yield from {repository_name(target): target for target in reversed(found)}.values()


def _by_host(kind: str, targets: Sequence[ExportTarget]) -> Mapping[ExportTarget, list[RepositoryAddress]]:
    """Group addresses by the host they are on, each with one of its targets; without any, the login's own host."""
    hosts: dict[str, list[ExportTarget]] = {}
    for target in targets or (ExportTarget(kind),):
        hosts.setdefault(target.options.host, []).append(target)
    return {found[0]: [RepositoryAddress(target.url) for target in found if target.url] for found in hosts.values()}
