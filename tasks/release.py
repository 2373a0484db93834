"""Look at a blocked project again, under the policy of now, and let it go if that finds nothing."""

from dataclasses import replace

from repomill.errors import ProjectNotReady
from repomill.trees.pack import read_pack
from repomill.trees.policy import Verdict
from storage.database.models import GeneratedProject
from storage.database.transitions import GeneratedProjectStatus
from storage.database.work import Work
from tasks.run_state import StoredProject
from tasks.services import Services
from tasks.stored_trees import opened_object, stored_project
from tasks.tree_policy import blocked, check


async def release(services: Services, reference: str) -> StoredProject:
    """Complete a blocked project whose policy changed; no model is asked.

    Raises:
        TreeBlocked: the policy still does not let it leave; the new findings are recorded.
        ProjectNotReady: it is not blocked.
    """
    project = await services.database.run(services.scope, lambda work: _blocked(work, reference))
    async with opened_object(services, str(project.pack_key)) as pack:
        verdict = await check(services, project.project_id, read_pack(pack))
    verdict = _with_known_secrets(verdict, Verdict.from_json(project.verdict or {}))
    return await services.database.run(services.scope, lambda work: _conclude(work, project, verdict))


def _blocked(work: Work, reference: str) -> GeneratedProject:
    project = work.generated_projects.resolve(reference)
    if project.status is not GeneratedProjectStatus.BLOCKED:
        raise ProjectNotReady(str(project.id), project.status.value)
    return project


def _with_known_secrets(now: Verdict, before: Verdict) -> Verdict:
    """Keep what only the run could find: its own keys, which are not asked for again. The tree is the same."""
    kept = tuple(found for found in before.findings if found.code == "known_secret" and found not in now.findings)
    return replace(now, findings=(*kept, *now.findings), blocked=now.blocked or bool(kept))


def _conclude(work: Work, project: GeneratedProject, verdict: Verdict) -> StoredProject:
    if verdict.blocked:
        raise blocked(project.id, verdict)
    return stored_project(work, work.generated_projects.release(project.id, verdict.to_json()))
