"""The policy of a project, applied to a stored tree before anything of it leaves."""

import asyncio
import json
from collections.abc import Iterable, Sequence
from uuid import UUID

from pydantic import SecretStr

from repomill.errors import ArtifactMissing, TreeBlocked
from repomill.trees.policy import MemoryScanCache, TreePolicy, Verdict, check_tree, find_known
from repomill.trees.tree import TreeFile
from storage.artifacts.keys import scan_key
from storage.database.models import Project
from tasks.services import Services


def policy_of(project: Project, services: Services) -> TreePolicy:
    """Return the policy in force; the bound of a single file is the installation's where the project names none."""
    stated = project.policy or {}
    return TreePolicy.model_validate({"max_file_size": services.max_file_size} | stated)


async def check(
    services: Services,
    project_id: UUID,
    files: Iterable[TreeFile],
    known_secrets: Sequence[SecretStr] = (),
) -> Verdict:
    """Look at every file of a tree; contents that an earlier tree of the project had are not scanned again."""
    project = await services.database.run(services.scope, lambda work: work.projects.get(project_id), read_only=True)
    policy = policy_of(project, services)
    cache = await _load(services, project_id)
    known = len(cache.entries)
    secrets = [*services.secrets, *known_secrets]
    verdict = await asyncio.to_thread(check_tree, files, policy, secrets, cache)
    if len(cache.entries) > known:
        await services.store.put(_key(services, project_id), json.dumps(cache.entries).encode())
    return verdict


async def refuse_credentials(project_id: UUID, files: Iterable[TreeFile], *credentials: SecretStr) -> None:
    """Look for what a Git host is about to be given in what it is given it for.

    The check of the stored tree knows the credentials that the workflow names; this one those in use.

    Raises:
        TreeBlocked: a file or path holds them.
    """
    found = await asyncio.to_thread(find_known, files, credentials)
    if found:
        raise TreeBlocked(str(project_id), tuple(map(str, found)))


def blocked(project_id: UUID, verdict: Verdict) -> TreeBlocked:
    """Return the error that a blocked tree is refused with."""
    return TreeBlocked(str(project_id), tuple(str(found) for found in verdict.findings if found.action == "block"))


async def _load(services: Services, project_id: UUID) -> MemoryScanCache:
    try:
        content = await services.store.get(_key(services, project_id))
    except ArtifactMissing:
        return MemoryScanCache()
    return MemoryScanCache(json.loads(content))


def _key(services: Services, project_id: UUID) -> str:
    return scan_key(services.scope.organisation_id, project_id)
