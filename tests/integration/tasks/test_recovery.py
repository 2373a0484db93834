"""Executions whose process is gone: found, started again or ended, once, whoever looks."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from repomill.errors import ExecutionOwned, OwnershipLost
from storage.database.lease import Lease
from storage.database.models import Execution
from storage.database.repositories.orphans import Orphan
from storage.database.work import Work
from tasks.ownership import LEASE, this_process
from tasks.recovery import Policy, Recovered, Recovery, Rules, recover
from tasks.services import Services
from tasks.taking_over import take_over
from tests.fakes.stored_rows import generating_project, new_execution

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
LATER = NOW + LEASE
ELSEWHERE = "another-machine:7:100.00"


@dataclass
class RecordedRuns:
    """An engine that starts whatever it is asked for, or nothing."""

    can_start: bool = True
    started: list[tuple[UUID, datetime]] = field(default_factory=list)
    crashed: list[UUID] = field(default_factory=list)

    async def mark_crashed(self, flow_run_id: UUID, reason: str) -> None:
        self.crashed.append(flow_run_id)

    async def restart(self, orphan: Orphan, at: datetime) -> UUID | None:
        self.started.append((orphan.execution_id, at))
        return uuid4() if self.can_start else None


def running(services: Services, owner: str = ELSEWHERE, now: datetime = NOW, execution: UUID | None = None) -> Lease:
    """An execution that this owner works on, a new one unless it is named."""

    def acquire(work: Work) -> Lease:
        found = execution or new_execution(work).id
        return work.executions.acquire(found, owner, uuid4(), now, LEASE, lambda _: False)

    with services.database.transaction(services.scope) as work:
        return acquire(work)


def row(services: Services, lease: Lease) -> Execution:
    with services.database.transaction(services.scope) as work:
        return work.executions.get(lease.execution_id)


async def look(services: Services, runs: RecordedRuns, rules: Rules = Rules(), now: datetime = LATER) -> Recovery:  # noqa: B008  # frozen
    return await recover(services, rules, runs, now)


async def test_one_that_was_silent_for_a_lease_is_started_again(services: Services) -> None:
    lease, runs = running(services), RecordedRuns()
    found = await look(services, runs)
    assert found.done == {lease.execution_id: Recovered.RESTARTED}
    assert runs.started == [(lease.execution_id, LATER)]
    assert len(runs.crashed) == 1
    assert found.counts() == {"restarted": 1}


async def test_one_whose_owner_is_heard_is_let_alone(services: Services) -> None:
    lease = running(services)
    with services.database.transaction(services.scope) as work:
        work.executions.heartbeat(lease, NOW + timedelta(seconds=1))
    assert (await look(services, RecordedRuns())).done == {}


async def test_a_dead_process_of_this_machine_is_not_waited_for(services: Services) -> None:
    place = this_process().rsplit(":", 2)[0]
    lease, runs = running(services, f"{place}:999999:1.00"), RecordedRuns()
    assert (await look(services, runs, now=NOW)).done == {lease.execution_id: Recovered.RESTARTED}


async def test_an_engine_that_cannot_start_it_leaves_it_failed(services: Services) -> None:
    lease = running(services)
    found = await look(services, RecordedRuns(can_start=False))
    execution = row(services, lease)
    assert found.done == {lease.execution_id: Recovered.FAILED}
    assert execution.status.value == "failed"
    assert execution.error is not None
    assert execution.error["code"] == "run_lost"
    assert f"execution resume {lease.execution_id}" in execution.error["hint"]


@pytest.mark.parametrize(("is_to_be_cancelled", "end"), [(False, "failed"), (True, "cancelled")])
async def test_one_that_was_lost_ends_when_another_of_its_root_takes_its_work_up(
    services: Services, is_to_be_cancelled: bool, end: str
) -> None:
    lost = running(services)
    with services.database.transaction(services.scope) as work:
        project = generating_project(work, lost).id
        if is_to_be_cancelled:
            work.executions.request_cancel(lost.execution_id)
        other = new_execution(work, root_id=lost.execution_id).id
        taken = take_over(work, other, None, LATER)
    with services.database.transaction(services.scope) as work:
        ended = work.executions.get(lost.execution_id)
        assert (ended.status.value, ended.completed_at is None) == (end, False)
        assert ended.error is not None
        assert ended.error["code"] == ("cancelled" if is_to_be_cancelled else "run_lost")
        assert [attempt.outcome for attempt in work.executions.attempts(lost.execution_id)] == ["lost", end]
        assert work.generated_projects.get(project).status.value == end
        assert work.executions.is_good(taken)
        with pytest.raises(OwnershipLost):
            work.executions.guard(lost)


async def test_one_that_is_heard_keeps_others_of_its_root_away(services: Services) -> None:
    owned = running(services)
    with services.database.transaction(services.scope) as work:
        other = new_execution(work, root_id=owned.execution_id).id
        with pytest.raises(ExecutionOwned):
            take_over(work, other, None, NOW + timedelta(seconds=1))
        assert work.executions.is_good(owned)


async def test_the_policy_may_be_to_fail(services: Services) -> None:
    lease, runs = running(services), RecordedRuns()
    assert (await look(services, runs, Rules(Policy.FAIL))).done == {lease.execution_id: Recovered.FAILED}
    assert runs.started == []


async def test_restarts_wait_longer_and_longer_and_come_to_an_end(services: Services) -> None:
    lease, runs, now = running(services), RecordedRuns(), NOW
    fates, waits = [], []
    for _ in range(4):
        now += LEASE
        found = await look(services, runs, Rules(max_losses=3), now)
        fates.append(found.done[lease.execution_id].value)
        waits.append((runs.started[-1][1] - now).total_seconds())
        if fates[-1] == "restarted":
            running(services, now=now, execution=lease.execution_id)
    assert fates == ["restarted", "restarted", "restarted", "failed"]
    assert waits[:3] == [0, 30, 60]


async def test_one_that_a_person_resumed_has_its_restarts_again(services: Services) -> None:
    lease, now = running(services), NOW + LEASE
    await look(services, RecordedRuns(), Rules(Policy.FAIL), now)
    running(services, now=now, execution=lease.execution_id)
    found = await look(services, RecordedRuns(), Rules(max_losses=1), now + LEASE)
    assert found.done == {lease.execution_id: Recovered.RESTARTED}


async def test_one_that_was_to_be_cancelled_is(services: Services) -> None:
    lease, runs = running(services), RecordedRuns()
    with services.database.transaction(services.scope) as work:
        work.executions.request_cancel(lease.execution_id)
    assert (await look(services, runs)).done == {lease.execution_id: Recovered.CANCELLED}
    assert row(services, lease).status.value == "cancelled"
    assert runs.started == []


async def test_two_who_fail_it_at_once_do_so_once(services: Services) -> None:
    lease = running(services)
    both = await asyncio.gather(*(look(services, RecordedRuns(), Rules(Policy.FAIL)) for _ in range(2)))
    fates = [found.done.get(lease.execution_id, Recovered.ALIVE) for found in both]
    assert sorted(fates) == [Recovered.ALIVE, Recovered.FAILED]
    with services.database.transaction(services.scope) as work:
        assert len(work.executions.attempts(lease.execution_id)) == 2


async def test_the_lost_owner_can_write_no_more(services: Services) -> None:
    lease = running(services)
    await look(services, RecordedRuns(), Rules(Policy.FAIL))
    with services.database.transaction(services.scope) as work:
        assert not work.executions.is_good(lease)


@pytest.mark.parametrize(("losses", "seconds"), [(1, 0), (2, 30), (3, 60), (4, 120)])
def test_the_wait_doubles(losses: int, seconds: int) -> None:
    assert Rules().wait(losses) == timedelta(seconds=seconds)
