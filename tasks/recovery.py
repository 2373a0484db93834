"""Take care of executions whose process is gone: start them again, or say that they ended."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from repomill.errors import ExecutionFinished, ExecutionOwned, OwnershipLost
from storage.database.repositories.orphans import Orphan
from storage.database.work import Work
from tasks.ownership import LEASE, is_dead
from tasks.recovery_runs import PrefectRuns, Runs
from tasks.services import Services
from tasks.taking_over import record_loss, take_over


class Policy(StrEnum):
    """What becomes of an orphaned execution."""

    RESUME = "resume"
    FAIL = "fail"


class Recovered(StrEnum):
    """What was done about one."""

    RESTARTED = "restarted"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ALIVE = "alive"
    """Somebody works on it, or on another execution of its root, after all."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What may be done: `max_losses` bounds how often in a row an execution loses its process.

    The first restart is at once, `backoff` is the wait before the second; it doubles from one to the next.
    """

    policy: Policy = Policy.RESUME
    max_losses: int = 3
    backoff: timedelta = timedelta(seconds=30)

    def wait(self, losses: int) -> timedelta:
        """Return how long to wait before the restart that follows so many losses."""
        return timedelta() if losses < 2 else self.backoff * 2 ** (losses - 2)


@dataclass(frozen=True, slots=True)
class Recovery:
    """What one look found and did, by execution; a flow run is that which goes on."""

    done: dict[UUID, Recovered] = field(default_factory=dict)
    flow_runs: dict[UUID, UUID] = field(default_factory=dict)

    def counts(self) -> dict[str, int]:
        """Return how many executions met each fate."""
        return {fate.value: number for fate, number in Counter(self.done.values()).items()}


async def recover(services: Services, rules: Rules, runs: Runs | None = None, now: datetime | None = None) -> Recovery:
    """Find orphaned executions and take care of each; two who do so at once start nothing twice."""
    moment, recovery = now or datetime.now(UTC), Recovery()
    rescue = _Rescue(services, rules, runs or PrefectRuns(), moment)
    for orphan in await services.database.run(
        services.scope, lambda work: work.orphans.list(moment, LEASE, is_dead), read_only=True
    ):
        fate, flow_run = await rescue.take_care(orphan)
        recovery.done[orphan.execution_id] = fate
        if flow_run is not None:
            recovery.flow_runs[orphan.execution_id] = flow_run
    return recovery


@dataclass(frozen=True, slots=True)
class _Rescue:
    services: Services
    rules: Rules
    runs: Runs
    now: datetime

    async def take_care(self, orphan: Orphan) -> tuple[Recovered, UUID | None]:
        if orphan.flow_run_id is not None:
            await self.runs.mark_crashed(orphan.flow_run_id, "Its process gave no sign of life any more.")
        reason = self._refusal(orphan)
        if reason is None:
            started = await self.runs.restart(orphan, self.now + self.rules.wait(orphan.losses))
            if started is not None:
                return Recovered.RESTARTED, started
            reason = "it did not run on a worker, or its restarts ended before they began"
        return await self._end(orphan, reason), None

    def _refusal(self, orphan: Orphan) -> str | None:
        """Tell why it is not started again."""
        if orphan.is_to_be_cancelled:
            return "it was to be cancelled"
        if self.rules.policy is Policy.FAIL:
            return "what is lost is not started again here"
        if orphan.losses > self.rules.max_losses:
            return f"it was lost {orphan.losses} times in a row"
        return None

    async def _end(self, orphan: Orphan, reason: str) -> Recovered:
        try:
            return await self.services.database.run(self.services.scope, lambda work: self._ended(work, orphan, reason))
        except (ExecutionOwned, ExecutionFinished, OwnershipLost):
            return Recovered.ALIVE

    def _ended(self, work: Work, orphan: Orphan, reason: str) -> Recovered:
        lease = take_over(work, orphan.execution_id, None, self.now)
        if lease.fence != orphan.fence + 1:  # somebody had it in between: whatever it is now, let it stay so
            raise OwnershipLost(str(orphan.execution_id))
        return Recovered(record_loss(work, lease, reason, is_to_be_cancelled=orphan.is_to_be_cancelled))
