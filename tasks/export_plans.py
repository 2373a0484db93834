"""Plans of exports: made without changing anything, kept as exports that wait, applied exactly as they are."""

import json
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from repomill.errors import ExportPlanNotFound, ExportTargetInvalid, RepositoryForeign
from repomill.publishing._environment import child_environment
from repomill.publishing.exports import Exported, ExportTarget
from repomill.publishing.git_commit import temporary_repository
from repomill.publishing.hosts.ensure import find_repository
from repomill.publishing.hosts.markers import Ownership, marker_topic
from repomill.publishing.hosts.port import Repository, RepositoryHost
from repomill.publishing.journal import Step
from repomill.publishing.planning.export import Export
from repomill.publishing.planning.make_plan import make_plan
from repomill.publishing.planning.plan import Plan
from repomill.publishing.saga.applying import Applying
from repomill.publishing.saga.routes import Route, RoutePlan, Router
from repomill.publishing.saga.wish import HostWish
from repomill.publishing.targets import GitTarget
from repomill.trees.archives import ARCHIVE_FORMATS
from storage.database.models import RepositoryExport
from storage.database.transitions import ExportStatus
from storage.database.work import Work
from tasks.export_journal import DatabaseJournal
from tasks.host_access import Access
from tasks.host_exports import ExportJob, connected, host_wish, repository_name, target_of
from tasks.publish import carry_out, new_export
from tasks.run_state import StoredProject
from tasks.services import Services
from tasks.stored_trees import find_project, stored_project

_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """A plan, what applying it does, and the export that waits for that; `project` is the name."""

    id: str
    project: str
    plan: Plan
    applying: Applying

    @classmethod
    def of(cls, export: RepositoryExport, target: ExportTarget, planned: RoutePlan) -> "StoredPlan":
        """Read what was planned for an export to a target."""
        assert planned.plan  # noqa: S101  # only a first push that nobody planned has none, and it is not stored
        applying = Applying.of(target.kind, target.branch, planned.route)
        return cls(str(export.id), export.repository_name or "", planned.plan, applying)


async def plan_export(services: Services, reference: str, target: ExportTarget, access: Access) -> StoredPlan:
    """Make a plan and keep it; the same one again is the same export.

    Raises:
        TreeBlocked: the tree may not leave.
        RepositoryForeign: the repository has content of somebody else.
        ExportTargetInvalid: it is an archive, which changes nothing.
    """
    if target.kind in ARCHIVE_FORMATS:
        raise ExportTargetInvalid(target.kind, "a repository: an archive changes nothing there is")
    project = await find_project(services, reference)
    async with connected(target, access) as host:
        wish = await host_wish(services, ExportJob(project, target, access), host)
        planned = await _planned(host, wish, repository_name(target))
    assert planned.plan  # noqa: S101  # only a first push that nobody planned has none
    new = new_export(project, target, plan=planned.plan.digest)
    export = await services.database.run(services.scope, lambda work: work.exports.begin(new))
    await DatabaseJournal(services, export.id).note(Step.PLAN, planned.facts())
    return StoredPlan.of(export, target, planned)


async def find_plan(services: Services, reference: str) -> StoredPlan:
    """Return a plan by the id of its export, or the beginning of one; raises `ExportPlanNotFound`."""
    export = await _find(services, reference)
    return StoredPlan.of(export, target_of(export.config), await _noted(services, export))


async def apply_stored(services: Services, reference: str, access: Access) -> Exported:
    """Push exactly what a plan says onto exactly the commit it was made for.

    Raises:
        PlanOutdated: it does not hold any more; nothing was sent.
        TreeBlocked: the tree may not leave any more.
    """
    export = await _find(services, reference)
    planned = await _noted(services, export)

    def begin(work: Work) -> Any:
        project = stored_project(work, work.generated_projects.get(export.generated_project_id))
        if export.status is not ExportStatus.COMPLETED:
            work.exports.exporting(export.id)
        return project

    project = await services.database.run(services.scope, begin)
    return await carry_out(services, ExportJob(project, target_of(export.config), access, planned), export)


async def project_of_plan(services: Services, reference: str) -> StoredProject:
    """Return the project that a plan publishes; raises `ExportPlanNotFound` and `ProjectNotFound`."""
    export = await _find(services, reference)
    return await find_project(services, str(export.generated_project_id))


async def target_of_plan(services: Services, reference: str) -> ExportTarget:
    """Return where a plan goes, with the name of its credentials."""
    return target_of((await _find(services, reference)).config)


async def _find(services: Services, reference: str) -> RepositoryExport:
    def find(work: Work) -> list[RepositoryExport]:
        return list(work.exports.find(2, reference)) if reference else []

    found = await services.database.run(services.scope, find, read_only=True)
    if len(found) != 1:
        raise ExportPlanNotFound(reference)
    return found[0]


async def _noted(services: Services, export: RepositoryExport) -> RoutePlan:
    facts = await DatabaseJournal(services, export.id).done(Step.PLAN)
    if not facts or not facts["plan"]:
        raise ExportPlanNotFound(str(export.id))
    return RoutePlan.of(facts)


async def _planned(host: RepositoryHost, wish: HostWish, name: str) -> RoutePlan:
    found = await find_repository(host, wish.address, wish.project, wish.timeout)
    if found and found.ownership is Ownership.FOREIGN:
        raise RepositoryForeign(wish.address.path, marker_topic(wish.project))
    planned = await Router(host, wish, found.repository).plan() if found else None
    if planned and planned.plan:
        return planned
    return RoutePlan(Route(wish.branch), await _first_plan(wish, found.repository if found else None, name))


async def _first_plan(wish: HostWish, repository: Repository | None, name: str) -> Plan:
    """Plan the first commit of a repository, which need not be there yet, against an empty one."""
    with tempfile.TemporaryDirectory(prefix="repomill-") as folder:
        async with temporary_repository(child_environment(), _SECONDS) as git:
            await git.must("init", "--quiet", "--bare", folder)
        url = Path(folder).as_uri()
        plan = await make_plan(Export(wish.tree, GitTarget(url, wish.branch)))
    return replace(plan, url=repository.clone_url if repository else name)


def plan_facts(stored: StoredPlan) -> dict[str, Any]:
    """Return a plan for programs."""
    told: dict[str, Any] = json.loads(json.dumps(stored.plan.to_json()))
    return {"plan": stored.id, "project": stored.project, **told, "applying": asdict(stored.applying)}
