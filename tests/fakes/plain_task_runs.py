"""Task runs without Prefect: tries follow each other without a pause, and the record of a run stands for its state."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from tasks.retries import may_retry
from tasks.task_runs import Instance, Result, Work

PAUSE = 0.0
"""Seconds between the end of the work and that of the task run; Prefect takes some milliseconds."""


@dataclass(frozen=True)
class TaskRunRecord:
    """How one went: `after` are the titles of the runs it followed."""

    title: str
    after: tuple[str, ...]
    tries: int
    is_known: bool = False


@dataclass
class PlainTaskRuns:
    """The port, for tests; `records` in the order in which they ended, `most` how many were open at once."""

    records: list[TaskRunRecord] = field(default_factory=list)
    open: int = 0
    most: int = 0

    async def run(self, instance: Instance, work: Work) -> tuple[Result, TaskRunRecord]:
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            return await self._run(instance, work)
        finally:
            self.open -= 1

    async def _run(self, instance: Instance, work: Work) -> tuple[Result, TaskRunRecord]:
        attempts = instance.spec.retry.attempts if instance.retries else 1
        for number in range(1, attempts + 1):
            try:
                result = await work()
            except Exception as error:
                self._note(instance, instance.after, number)
                if number == attempts or not may_retry(error, instance.spec.retry):
                    raise
            else:
                await asyncio.sleep(PAUSE)
                return result, self._note(instance, instance.after, number, is_known=result.is_known)
        raise AssertionError("the last try returns or raises")

    def _note(
        self, instance: Instance, after: Sequence[TaskRunRecord], tries: int, *, is_known: bool = False
    ) -> TaskRunRecord:
        record = TaskRunRecord(instance.title, tuple(state.title for state in after), tries, is_known)
        self.records.append(record)
        return record
