"""Retention over many expired projects: seconds, memory, and the slowest statement."""

import asyncio
import os
import resource
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import event, insert

from storage.artifacts.local import LocalDirectoryStore
from storage.database import schema
from storage.database.models import GeneratedProject
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
from storage.database.transitions import GeneratedProjectStatus
from tasks.retention import RetentionRun
from tasks.services import Services

PROJECTS = int(os.environ.get("PROJECTS", "20000"))
BATCH = 5000


def main() -> None:
    """Expire `PROJECTS` archived projects, on SQLite or on the database of DATABASE_URL (an empty one)."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(os.environ.get("DATABASE_URL") or f"sqlite:///{folder}/bench.db")
        schema.upgrade(database)
        slowest = _watch(database)
        services = Services(database, LocalDirectoryStore(Path(folder) / "store"), DEFAULT_SCOPE, "", 1)
        asyncio.run(services.store.check())
        _fill(database)
        slowest.clear()
        for dry_run in (True, False):
            started = time.perf_counter()
            count = asyncio.run(_walk(services, dry_run=dry_run))
            print(
                f"{'plan' if dry_run else 'run':<5} {count} projects: {time.perf_counter() - started:.1f} s,"
                f" slowest statement {max(slowest) * 1000:.0f} ms,"
                f" peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB"
            )
        database.close()


async def _walk(services: Services, *, dry_run: bool) -> int:
    return sum([1 async for _ in RetentionRun(services, datetime.now(UTC), dry_run).walk()])


def _fill(database: Database) -> None:
    old = datetime.now(UTC) - timedelta(days=200)
    with database.transaction(DEFAULT_SCOPE) as work:
        project = work.projects.get_or_create("bench").id
    for start in range(0, PROJECTS, BATCH):
        rows = [_row(project, old + timedelta(seconds=number)) for number in range(start, min(start + BATCH, PROJECTS))]
        with database.engine.begin() as connection:
            connection.execute(insert(GeneratedProject), rows)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE")  # what PostgreSQL does by itself some minutes later


def _row(project: Any, at: datetime) -> dict[str, Any]:
    key = uuid4()
    return {
        "id": key,
        "organisation_id": DEFAULT_SCOPE.organisation_id,
        "project_id": project,
        "output_directory": "bench",
        "status": GeneratedProjectStatus.ARCHIVED,
        "tree_digest": "sha256:" + key.hex * 2,
        "cold_key": f"org/{DEFAULT_SCOPE.organisation_id}/cold/{key.hex}.tar.zst",
        "created_by": DEFAULT_SCOPE.user_id,
        "created_at": at,
        "updated_at": at,
        "completed_at": at,
        "archived_at": at + timedelta(days=30),
    }


def _watch(database: Database) -> list[float]:
    """Return the seconds of every statement from now on."""
    seconds: list[float] = []

    @event.listens_for(database.engine, "before_cursor_execute")
    def begin(connection: Any, *_: Any) -> None:
        connection.info["began"] = time.perf_counter()

    @event.listens_for(database.engine, "after_cursor_execute")
    def end(connection: Any, *_: Any) -> None:
        seconds.append(time.perf_counter() - connection.info["began"])

    return seconds
