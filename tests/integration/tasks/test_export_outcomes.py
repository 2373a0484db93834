"""What becomes of an export's row when it is stopped: by a person, or with the run it belongs to."""

import asyncio
import subprocess
from pathlib import Path

import pytest

from repomill.canonical import digest
from repomill.publishing.exports import ExportTarget
from storage.database.models import ExportType, RepositoryExport
from storage.database.repositories.exports import ExportResult, NewExport
from storage.database.repositories.generated_projects import StoredTree
from storage.database.transitions import ExecutionStatus, ExportStatus
from storage.database.work import Work
from tasks.finish_execution import finish
from tasks.publish import publish
from tasks.run_state import StoredProject
from tasks.services import Services
from tests.fakes.stored_projects import admitted, owned, store_project
from tests.servers.waiting import wait_until

WAITING = "#!/bin/sh\ntouch reached\nwhile [ -e reached ]; do sleep 0.1; done\n"


def waiting_remote(folder: Path) -> Path:
    """Make a repository that says when a push has come and then keeps it waiting."""
    subprocess.run(["git", "init", "--quiet", "--bare", str(folder)], check=True)
    hook = folder / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(WAITING)
    hook.chmod(0o755)
    return folder


async def exports(services: Services, project: StoredProject) -> list[RepositoryExport]:
    return list(await services.database.run(services.scope, lambda work: work.exports.list(project.id)))


def test_an_export_that_a_person_stops_is_cancelled(services: Services, tmp_path: Path) -> None:
    remote = waiting_remote(tmp_path / "remote.git")

    async def stop() -> ExportStatus:
        project = (await store_project(services, tmp_path)).project
        pushing = asyncio.create_task(publish(services, project, ExportTarget("git", remote.as_uri())))
        await asyncio.to_thread(wait_until, (remote / "reached").exists)
        pushing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pushing
        return (await exports(services, project))[0].status

    try:
        assert asyncio.run(stop()) is ExportStatus.CANCELLED
    finally:
        (remote / "reached").unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("outcome", "node", "export"),
    [
        (ExecutionStatus.CANCELLED, "archive", ExportStatus.CANCELLED),
        (ExecutionStatus.FAILED, "archive", ExportStatus.FAILED),
        (ExecutionStatus.CANCELLED, None, ExportStatus.EXPORTING),
    ],
)
def test_a_run_that_stops_closes_the_exports_of_its_nodes_only(
    outcome: ExecutionStatus, node: str | None, export: ExportStatus, services: Services, tmp_path: Path
) -> None:
    async def stop() -> ExportStatus:
        lease = await owned(services, await admitted(services, tmp_path))

        def begin(work: Work) -> RepositoryExport:
            project = work.generated_projects.open(lease, "here")
            work.generated_projects.generating(lease, project.id)
            work.generated_projects.complete(lease, project.id, StoredTree(digest("tree"), "key", 1, 1, 1))
            begun = work.exports.begin(NewExport(project.id, ExportType.ZIP, digest("there"), digest("tree"), node))
            return work.exports.exporting(begun.id)

        begun = await services.database.run(services.scope, begin)
        await finish(services, lease, outcome, ValueError("why"))
        return (await services.database.run(services.scope, lambda work: work.exports.get(begun.id))).status

    assert asyncio.run(stop()) is export


def test_an_export_completes_though_another_try_of_it_gave_up(services: Services, tmp_path: Path) -> None:
    async def complete() -> RepositoryExport:
        project = (await store_project(services, tmp_path)).project

        def write(work: Work) -> RepositoryExport:
            begun = work.exports.begin(NewExport(project.id, ExportType.GIT, digest("there"), project.tree_digest))
            work.exports.exporting(begun.id)
            work.exports.fail(begun.id, "no network")
            return work.exports.complete(begun.id, ExportResult("file:///remote.git", "c0ffee"))

        return await services.database.run(services.scope, write)

    done = asyncio.run(complete())
    assert (done.status, done.error_message) == (ExportStatus.COMPLETED, None)
