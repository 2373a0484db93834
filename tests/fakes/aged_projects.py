"""Stored projects and exports of any age, made by the code that makes them, under a clock that tests set."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from repomill.publishing.exports import ExportTarget
from repomill.trees.tree import TreeFile
from tasks.publish import publish
from tasks.retention import Removal, RetentionRun
from tasks.services import Services
from tests.fakes.stored_projects import FILES, Stored, store_project

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class SetClock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def days_ago(self, days: float) -> None:
        self.now = NOW - timedelta(days=days)


async def aged(  # noqa: PLR0917  # who, when, where, what
    services: Services,
    clock: SetClock,
    folder: Path,
    days: float,
    project: str = "tea",
    files: Iterable[TreeFile] = FILES,
) -> Stored:
    """Store a project that was completed so many days ago."""
    clock.days_ago(days)
    stored = await store_project(services, folder, files, project)
    clock.days_ago(0)
    return stored


async def exported(services: Services, clock: SetClock, stored: Stored, days: float, kind: str = "tar.gz") -> None:
    """Export a project so many days ago."""
    clock.days_ago(days)
    await publish(services, stored.project, ExportTarget(kind))
    clock.days_ago(0)


async def retain(services: Services, now: datetime = NOW, *, dry_run: bool = False) -> list[Removal]:
    """Apply retention and return what went, or would go."""
    return [removal async for removal in RetentionRun(services, now, dry_run).walk()]


async def keys(services: Services, kind: str) -> list[str]:
    """Return the keys of one kind of objects."""
    prefix = f"org/{services.scope.organisation_id}/{kind}/"
    return [key async for key in services.store.list(prefix)]
