"""What a whole run leaves, looked at row by row and object by object."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from storage.database.work import Work
from tasks.services import Services
from tasks.storage_check import check_storage
from tasks.stored_trees import read_file
from tests.fakes.whole_runs import FILES
from tests.servers.git_http import git


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
