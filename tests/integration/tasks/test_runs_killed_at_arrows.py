"""A run that is killed at any arrow of its statuses is taken up and ends whole, row by row and object by object."""

import asyncio
import hashlib
import signal
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from repomill.errors import RepomillError
from repomill.settings import Settings
from storage.database.models import Execution
from storage.database.work import Work
from tasks.services import Services
from tasks.storage_check import check_storage
from tasks.stored_trees import read_file
from tests.e2e.agents import bare_repository
from tests.fakes.walks import admit_document
from tests.fakes.whole_runs import FILES, SPEC, run_whole
from tests.integration.tasks.dying_run import start
from tests.servers.fixtures import swift_s3
from tests.servers.git_http import git
from tests.servers.postgresql import create_database

__all__ = ["swift_s3"]

ARROWS = (
    "execution running",
    "generated project generating",
    "generated project completed",
    "repository export pending",
    "repository export exporting",
    "repository export completed",
    "execution completed",
)
FAILURES = ("repository export failed", "execution failed")


@pytest.fixture(params=["SQLite and a folder", "PostgreSQL and a bucket"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """Where a run and those who look after it find database and store."""
    home = tmp_path / "home"
    home.mkdir()
    if request.param == "SQLite and a folder":
        (home / "repomill.db").write_bytes(request.getfixturevalue("migrated_sqlite").read_bytes())
        return {"home": home, "database_url": "", "artifacts_url": ""}
    server, template = request.getfixturevalue("postgresql_server"), request.getfixturevalue("migrated_postgresql")
    s3, name = request.getfixturevalue("swift_s3"), uuid4().hex
    keys = {"minio_access_key": s3.access_key, "minio_secret_key": s3.secret_key}
    url = create_database(server, f"killed_{name}", template)
    return {"home": home, "database_url": url, "artifacts_url": s3.url(f"killed-{name}"), **keys}


@pytest.fixture
async def services(settings: dict[str, Any]) -> AsyncIterator[Services]:
    opened = Services.from_settings(Settings(**settings))
    await opened.store.check()
    yield opened
    await opened.aclose()


async def killed(services: Services, settings: dict[str, Any], death: str, remote: Path) -> UUID:
    """Run until the moment has come; the process is gone then."""
    execution = await admit_document(services, SPEC, remote=remote.as_uri())
    process = start(settings, execution, death)
    await asyncio.to_thread(process.join)
    assert process.exitcode == -signal.SIGKILL
    return execution


async def go_on(services: Services, execution: UUID) -> None:
    if (await found(services, execution)).status.value != "completed":
        await run_whole(services, execution)


async def found(services: Services, execution: UUID) -> Execution:
    return await services.database.run(services.scope, lambda work: work.executions.get(execution))


async def look_at_everything(services: Services, execution: UUID, remote: Path) -> None:
    """Compare every row and every object with what an undisturbed run leaves."""
    statuses, project = await services.database.run(services.scope, lambda work: rows(work, execution))
    assert statuses == {"execution completed": 1, "project completed": 1, "node completed": 3, "export completed": 2}
    for path, content in FILES.items():
        assert await read_file(services, project, path) == content.encode()
    kinds = Counter([key.split("/")[2] async for key in services.store.list()])
    assert (kinds["packs"], kinds["archives"]) == (1, 1)
    later = datetime.now(UTC) + timedelta(minutes=1)
    assert [each async for each in check_storage(services, later, grace=timedelta())] == []
    assert git("-C", str(remote), "rev-list", "--count", "main").strip() == "1"
    assert set(git("-C", str(remote), "ls-tree", "-r", "--name-only", "main").split()) == set(FILES)


def rows(work: Work, execution: UUID) -> tuple[Counter[str], str]:
    """Count rows by what they are and their status; files and totals have to be right."""
    project = work.generated_projects.of_execution(execution)
    assert project is not None
    files = {file.file_path: (file.file_size, file.content_hash) for file in work.project_files.list(project.id)}
    assert files == {
        path: (len(content), hashlib.sha256(content.encode()).hexdigest()) for path, content in FILES.items()
    }
    assert (project.total_files, project.total_size) == (len(FILES), sum(size for size, _ in files.values()))
    assert project.completed_at is not None
    every: dict[str, Sequence[Any]] = {
        "execution": [work.executions.get(execution)],
        "project": work.generated_projects.list(),
        "node": work.nodes.list(execution),
        "export": work.exports.list(project.id),
    }
    for row in (*every["execution"], *every["project"], *every["export"]):
        follows_its_arrows(work, row)
    settled = {"cached": "completed"}
    counts = Counter(
        f"{what} {settled.get(row.status.value, row.status.value)}" for what in every for row in every[what]
    )
    return counts, str(project.id)


def follows_its_arrows(work: Work, row: Any) -> None:
    """Each audited change begins where the one before it ended, and the last one is what the row says."""
    changes = [(entry.before, entry.after) for entry in work.audit.of(row.id) if entry.after]
    assert [before for before, _ in changes] == [None, *(after for _, after in changes[:-1])]
    assert changes[-1][1] == row.status.value


@pytest.mark.parametrize("arrow", ARROWS)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_run_that_is_killed_at_an_arrow_is_taken_up_and_ends_whole(
    services: Services, settings: dict[str, Any], tmp_path: Path, when: str, arrow: str
) -> None:
    remote = bare_repository(tmp_path / "remote.git")
    execution = await killed(services, settings, f"{when} {arrow}", remote)
    await go_on(services, execution)
    await look_at_everything(services, execution, remote)


@pytest.mark.parametrize("arrow", FAILURES)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_run_that_is_killed_while_it_fails_is_taken_up_and_ends_whole(
    services: Services, settings: dict[str, Any], tmp_path: Path, when: str, arrow: str
) -> None:
    remote = tmp_path / "remote.git"
    execution = await killed(services, settings, f"{when} {arrow}", remote)
    bare_repository(remote)
    await go_on(services, execution)
    await look_at_everything(services, execution, remote)


async def test_two_workers_that_are_started_on_one_execution_do_its_work_once(
    services: Services, settings: dict[str, Any], tmp_path: Path
) -> None:
    remote = bare_repository(tmp_path / "remote.git")
    execution = await admit_document(services, SPEC, remote=remote.as_uri())
    both = [start(settings, execution) for _ in range(2)]
    for process in both:
        await asyncio.to_thread(process.join)
    assert [process.exitcode for process in both] == [0, 0]
    with suppress(RepomillError):
        await run_whole(services, execution)
    attempts = await services.database.run(services.scope, lambda work: work.executions.attempts(execution))
    assert [attempt.outcome for attempt in attempts] == ["completed"]
    await look_at_everything(services, execution, remote)
