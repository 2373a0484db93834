from datetime import timedelta
from uuid import uuid4

import pytest

from repomill.errors import (
    ExecutionFinished,
    ExecutionNotFound,
    ExecutionOwned,
    IllegalTransition,
    OwnershipLost,
)
from storage.database.lease import Lease
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
from storage.database.transitions import ExecutionStatus
from tests.fakes.stored_rows import LEASE, NOW, claim, new_execution, running_execution

SECOND = timedelta(seconds=1)


@pytest.fixture
def lease(database: Database) -> Lease:
    """An execution that a living owner works on since NOW."""
    with database.transaction(DEFAULT_SCOPE) as work:
        return running_execution(work)


def test_who_acquires_an_execution_runs_it(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        lease = claim(work, new_execution(work).id, "host:7")
        execution = work.executions.get(lease.execution_id)
        (attempt,) = work.executions.attempts(lease.execution_id)
    assert (execution.status, execution.started_at, execution.fence) == (ExecutionStatus.RUNNING, NOW, 1)
    assert (attempt.id, attempt.owner, attempt.number, attempt.ended_at) == (lease.attempt_id, "host:7", 1, None)
    assert attempt.prefect_flow_run_id is not None


def test_a_living_owner_keeps_its_execution(database: Database, lease: Lease) -> None:
    with database.transaction(DEFAULT_SCOPE) as work, pytest.raises(ExecutionOwned) as caught:
        claim(work, lease.execution_id, "host:2", NOW + 10 * SECOND)
    assert (caught.value.owner, caught.value.seconds) == ("host:1", 10)


def test_a_silent_owner_loses_its_execution(database: Database, lease: Lease) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        taken = claim(work, lease.execution_id, "host:2", NOW + LEASE)
        lost, opened = work.executions.attempts(lease.execution_id)
    assert taken.fence == lease.fence + 1
    assert (lost.outcome, lost.ended_at, opened.owner, opened.number) == ("lost", NOW + LEASE, "host:2", 2)


def test_a_heartbeat_keeps_an_execution(database: Database, lease: Lease) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        work.executions.heartbeat(lease, NOW + LEASE)
    with database.transaction(DEFAULT_SCOPE) as work, pytest.raises(ExecutionOwned):
        claim(work, lease.execution_id, "host:2", NOW + LEASE + SECOND)


def test_an_owner_known_dead_loses_its_execution_at_once(database: Database, lease: Lease) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        assert claim(work, lease.execution_id, "host:2", NOW + SECOND, dead=True).fence == 2


def test_who_was_replaced_can_do_nothing_more(database: Database, lease: Lease) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        claim(work, lease.execution_id, "host:2", NOW + LEASE)
        assert not work.executions.is_good(lease)
        with pytest.raises(OwnershipLost):
            work.executions.heartbeat(lease, NOW)
        with pytest.raises(OwnershipLost):
            work.executions.guard(lease)
        with pytest.raises(OwnershipLost):
            work.executions.finish(lease, ExecutionStatus.COMPLETED)
        with pytest.raises(OwnershipLost):
            work.nodes.plan(lease, {"plan": "llm"})
        with pytest.raises(OwnershipLost):
            work.generated_projects.open(lease, "place")


def test_a_good_lease_is_told_from_a_lost_one(database: Database, lease: Lease) -> None:
    with database.transaction(DEFAULT_SCOPE, read_only=True) as work:
        assert work.executions.is_good(lease)


@pytest.mark.parametrize("status", [ExecutionStatus.FAILED, ExecutionStatus.CANCELLED])
def test_a_finished_execution_has_its_end_and_its_error(
    database: Database, lease: Lease, status: ExecutionStatus
) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        work.executions.finish(lease, status, {"code": "node_failed"}, now=NOW + SECOND)
        execution = work.executions.get(lease.execution_id)
        (attempt,) = work.executions.attempts(lease.execution_id)
    assert (execution.status, execution.completed_at) == (status, NOW + SECOND)
    assert execution.error == {"code": "node_failed"}
    assert (attempt.outcome, attempt.ended_at) == (status.value, NOW + SECOND)


@pytest.mark.parametrize("status", [ExecutionStatus.FAILED, ExecutionStatus.CANCELLED, ExecutionStatus.SUSPENDED])
def test_an_execution_that_did_not_complete_is_resumed(
    database: Database, lease: Lease, status: ExecutionStatus
) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        work.executions.finish(lease, status, {"code": "x"})
        assert claim(work, lease.execution_id, "host:2", NOW + SECOND).fence == 2
        execution = work.executions.get(lease.execution_id)
    assert (execution.status, execution.completed_at, execution.error) == (ExecutionStatus.RUNNING, None, None)
    assert execution.started_at == NOW


def test_a_suspended_execution_has_not_ended(database: Database, lease: Lease) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        assert work.executions.finish(lease, ExecutionStatus.SUSPENDED).completed_at is None


def test_a_completed_execution_is_not_taken_up(database: Database, lease: Lease) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        work.executions.finish(lease, ExecutionStatus.COMPLETED)
        with pytest.raises(ExecutionFinished):
            claim(work, lease.execution_id)


def test_a_lease_ends_with_its_attempt(database: Database, lease: Lease) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        work.executions.finish(lease, ExecutionStatus.FAILED)
        with pytest.raises(OwnershipLost):
            work.executions.guard(lease)


def test_an_owner_cannot_say_that_it_never_began(database: Database, lease: Lease) -> None:
    with database.transaction(DEFAULT_SCOPE) as work, pytest.raises(IllegalTransition):
        work.executions.finish(lease, ExecutionStatus.PENDING)


def test_an_unknown_execution_cannot_be_acquired(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work, pytest.raises(ExecutionNotFound):
        claim(work, uuid4())


def test_an_execution_without_process_is_reconciled(database: Database, lease: Lease) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        work.executions.reconcile(lease.execution_id, ExecutionStatus.CANCELLED)
        (attempt,) = work.executions.attempts(lease.execution_id)
        with pytest.raises(OwnershipLost):
            work.executions.guard(lease)
    assert attempt.outcome == "lost"


def test_an_owner_learns_of_a_wish_to_stop_with_its_heartbeat(database: Database, lease: Lease) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        assert not work.executions.heartbeat(lease, NOW).cancel
        work.executions.request_cancel(lease.execution_id)
        assert work.executions.heartbeat(lease, NOW).cancel


def test_a_wish_to_stop_ends_with_the_attempt(database: Database, lease: Lease) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        work.executions.request_cancel(lease.execution_id)
        work.executions.finish(lease, ExecutionStatus.CANCELLED)
        resumed = claim(work, lease.execution_id)
        assert not work.executions.heartbeat(resumed, NOW).cancel


def test_what_has_ended_cannot_be_asked_to_stop(database: Database, lease: Lease) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        work.executions.finish(lease, ExecutionStatus.FAILED)
        with pytest.raises(ExecutionFinished):
            work.executions.request_cancel(lease.execution_id)


def test_every_change_of_status_is_audited(database: Database, lease: Lease) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        work.executions.finish(lease, ExecutionStatus.FAILED)
        entries = work.audit.of(lease.execution_id)
    assert [(entry.action, entry.before, entry.after) for entry in entries] == [
        ("create", None, "pending"),
        ("status", "pending", "running"),
        ("status", "running", "failed"),
    ]
    assert {entry.user_id for entry in entries} == {DEFAULT_SCOPE.user_id}
