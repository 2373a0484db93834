"""Hundreds of generated projects of all ages, written row by row: what runs would have left over half a year."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert

from repomill.trees.pack import PACK_FORMAT, pack_bytes
from repomill.trees.tree import TreeFile
from storage.artifacts.keys import archive_key, cold_key, pack_key
from storage.database.models import ExportType, GeneratedProject, RepositoryExport
from storage.database.transitions import ExportStatus, GeneratedProjectStatus
from storage.database.work import Work
from tasks.services import Services
from tests.fakes.aged_projects import NOW

SHARED = 3
"""So many neighbours have the same tree, whatever their ages."""
PINNED = 17
EXPORTED = 5
"""Every so manieth is pinned, or has a young export."""


def age_of(number: int) -> int:
    """Return days since a project completed; the steps mix ages among neighbours."""
    return number * 37 % 180


async def make_projects(services: Services, count: int) -> list[UUID]:
    """Store them with their objects; those above 120 days were archived when they were 30 days old."""
    organisation = services.scope.organisation_id
    project = await services.database.run(services.scope, lambda work: work.projects.get_or_create("many").id)
    projects, exports = [], []
    for number in range(count):
        content, pack = pack_bytes([TreeFile("README.md", b"tree %d\n" % (number // SHARED))])
        row = _project(services, project, number, pack.manifest.digest, len(content))
        projects.append(row)
        await services.store.put(row["cold_key"] or row["pack_key"], content)
        if number % EXPORTED == 0:
            key = archive_key(organisation, pack.manifest.digest, "tar")
            await services.store.put(key, content)
            exports.append(_export(services, row, key, len(content)))
    with services.database.engine.begin() as connection:
        connection.execute(insert(GeneratedProject), projects)
        connection.execute(insert(RepositoryExport), exports)
    await services.database.run(services.scope, lambda work: _pin(work, [row["id"] for row in projects[::PINNED]]))
    return [row["id"] for row in projects]


def _project(services: Services, project: UUID, number: int, digest: str, size: int) -> dict[str, Any]:
    found, at = uuid4(), NOW - timedelta(days=age_of(number), seconds=number)
    is_cold = age_of(number) > 120
    return {
        "id": found,
        "organisation_id": services.scope.organisation_id,
        "project_id": project,
        "output_directory": "memory",
        "status": GeneratedProjectStatus.ARCHIVED if is_cold else GeneratedProjectStatus.COMPLETED,
        "total_files": 1,
        "total_size": size,
        "tree_digest": digest,
        "pack_key": pack_key(services.scope.organisation_id, digest),
        "pack_format": PACK_FORMAT,
        "cold_key": cold_key(services.scope.organisation_id, digest, found) if is_cold else None,
        "cold_size": size if is_cold else None,
        "created_by": services.scope.user_id,
        **dict.fromkeys(("created_at", "updated_at", "completed_at"), at),
        "archived_at": at + timedelta(days=30) if is_cold else None,
    }


def _export(services: Services, row: dict[str, Any], key: str, size: int) -> dict[str, Any]:
    at: datetime = NOW - timedelta(days=10)
    return {
        "id": uuid4(),
        "organisation_id": services.scope.organisation_id,
        "generated_project_id": row["id"],
        "export_type": ExportType.TAR,
        "status": ExportStatus.COMPLETED,
        "target_digest": row["tree_digest"],
        "tree_digest": row["tree_digest"],
        "archive_path": key,
        "archive_size": size,
        "config": {},
        "created_by": services.scope.user_id,
        **dict.fromkeys(("created_at", "updated_at", "completed_at"), at),
    }


def _pin(work: Work, ids: list[UUID]) -> None:
    for found in ids:
        work.retention_marks.pin(work.generated_projects.get(found), "kept")
