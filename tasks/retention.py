"""Retention: what is due by the rules, planned or done, in batches.

A plan and a run walk over the same rows in the same order. What a run does to a row commits before objects go, and
names the objects that are to go: a run that is killed leaves marks that the next one finds.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TypeVar
from uuid import UUID

from repomill.errors import ArtifactMissing
from repomill.retention import cutoff
from storage.artifacts.keys import cold_key
from storage.database.repositories.retention import Candidate, Cursor, Gone, Group, Page
from storage.database.work import Work
from tasks.cold_trees import store_cold
from tasks.retention_objects import Swept, sizes, sweep
from tasks.retention_steps import STEPS, Step
from tasks.services import Services

T = TypeVar("T")

BATCH = 100
AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Removal:
    """One thing that goes; `bytes` is what the artefact store gets back, `rows` what the database does.

    `project` is "" for what belongs to none.
    """

    step: str
    id: UUID
    project: str
    since: datetime
    objects: tuple[str, ...] = ()
    bytes: int = 0
    rows: int = 0


@dataclass(slots=True)
class RetentionRun:
    """One walk over what is due at `now`.

    `stop` is asked between batches. After a walk, `missing` names trees whose pack is gone, `swept` what left the
    store, and `cold_bytes` what archived trees take there instead.
    """

    services: Services
    now: datetime
    dry_run: bool = True
    stop: Callable[[], bool] = lambda: False
    swept: Swept = field(default_factory=Swept)
    cold_bytes: int = 0
    missing: list[UUID] = field(default_factory=list)
    stopped: bool = False
    _gone: set[UUID] = field(default_factory=set)
    _names: dict[UUID | None, str] = field(default_factory=dict)

    async def walk(self) -> AsyncIterator[Removal]:
        """Yield what goes, after it went unless this is a dry run."""
        if not self.dry_run:
            self.swept += await sweep(self.services)  # what an earlier run left
        for group in await self._read(lambda work: list(work.retention.groups())):
            for step in STEPS:
                before = cutoff(self.now, step.days(group.rules))
                if before is not None:
                    async for removal in self._step(step, group, before):
                        yield removal

    async def _step(self, step: Step, group: Group, before: datetime) -> AsyncIterator[Removal]:
        after: Cursor = None
        while True:
            if self.stop():
                self.stopped = True
                return
            due = await self._read(partial(_page, step, group, before, after))
            if not due:
                return
            after = due[-1].at, due[-1].id
            for removal in await self._batch(step, due):
                yield removal

    async def _batch(self, step: Step, due: Sequence[Candidate]) -> list[Removal]:
        measured = await sizes(self.services, [key for found in due for key in found.keys])
        await self._learn_names(due)
        gone = await (self._foresee(step, due) if self.dry_run else self._act(step, due))
        if not self.dry_run:
            self.swept += await sweep(self.services)
        return [
            Removal(
                step.name,
                found.id,
                self._names.get(found.project_id, ""),
                found.at,
                gone[found.id],
                sum(measured[key] for key in gone[found.id]),
                found.rows,
            )
            for found in due
            if found.id in gone
        ]

    async def _foresee(self, step: Step, due: Sequence[Candidate]) -> Gone:
        """Tell which objects would go: those that only what goes before them needs."""

        def look(work: Work) -> Gone:
            named_by = work.objects.named_by({key for found in due for key in found.keys})
            gone: Gone = {}
            for found in due:
                self._gone.add(found.id)
                gone[found.id] = tuple(key for key in found.keys if self._gone.issuperset(named_by[key]))
            return gone

        if step.act is not None:
            return await self._read(look)
        there = await asyncio.gather(*(self._is_there(found) for found in due))
        due = [found for found, is_there in zip(due, there, strict=True) if is_there]
        return await self._read(look)

    async def _act(self, step: Step, due: Sequence[Candidate]) -> Gone:
        act = step.act
        if act is None:
            return await self._archive(due)

        def write(work: Work) -> Gone:
            work.retention.alone()
            return act(work, due)

        return await self.services.database.run(self.services.scope, write)

    async def _archive(self, due: Sequence[Candidate]) -> Gone:
        """Store the recompressed trees, then write down that they are there."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(found: Candidate) -> tuple[Candidate, str, int] | None:
            key = cold_key(self.services.scope.organisation_id, found.tree_digest, found.id)
            async with gate:
                try:
                    return found, key, await store_cold(self.services.store, found.keys[0], key)
                except ArtifactMissing:
                    self.missing.append(found.id)
                    return None

        stored = [done for done in await asyncio.gather(*(one(found) for found in due)) if done is not None]

        def write(work: Work) -> Gone:
            work.retention.alone()
            return work.retention.archive_trees({found.id: (key, size) for found, key, size in stored})

        gone = await self.services.database.run(self.services.scope, write)
        self.cold_bytes += sum(size for found, _, size in stored if found.id in gone)
        return gone

    async def _is_there(self, found: Candidate) -> bool:
        if await self.services.store.exists(found.keys[0]):
            return True
        self.missing.append(found.id)
        return False

    async def _learn_names(self, due: Sequence[Candidate]) -> None:
        unknown = {found.project_id for found in due if found.project_id} - self._names.keys()

        def read(work: Work) -> dict[UUID | None, str]:
            return {project_id: work.projects.get(project_id).name for project_id in unknown}

        if unknown:
            self._names |= await self._read(read)

    async def _read(self, function: Callable[[Work], T]) -> T:
        return await self.services.database.run(self.services.scope, function, read_only=True)


def _page(step: Step, group: Group, before: datetime, after: Cursor, work: Work) -> Sequence[Candidate]:
    return step.due(work.retention, Page(group, before, after, BATCH))
