from uuid import uuid4

import pytest

from repomill.errors import IllegalTransition
from storage.database.lease import Lease
from storage.database.repositories.nodes import NodeChange, NodeNotPlanned, NodeOutput
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
from storage.database.transitions import ExecutionStatus, NodeStatus
from storage.database.work import Work
from tests.fakes.stored_rows import NOW, claim, fake_digest, new_execution, running_execution

KEY = fake_digest("k")
OUTPUT = NodeOutput("org/1/o", fake_digest("o"), "org/1/f", fake_digest("f"), file_count=3)


@pytest.fixture
def lease(database: Database) -> Lease:
    """A running execution with one planned node, `plan`."""
    with database.transaction(DEFAULT_SCOPE) as work:
        lease = running_execution(work)
        work.nodes.plan(lease, {"plan": "llm"})
    return lease


def test_planned_nodes_are_pending(database: Database, lease: Lease) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        work.nodes.plan(lease, {"write": "file_generation", "plan": "llm"})
        rows = [(row.node_path, row.node_type, row.status) for row in work.nodes.list(lease.execution_id)]
    assert rows == [("plan", "llm", NodeStatus.PENDING), ("write", "file_generation", NodeStatus.PENDING)]


def test_planning_again_leaves_what_has_begun(database: Database, lease: Lease) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        work.nodes.start(lease, "plan")
        work.nodes.plan(lease, {"plan": "llm"})
        assert [row.status for row in work.nodes.list(lease.execution_id)] == [NodeStatus.RUNNING]


def test_a_node_that_was_not_planned_cannot_start(database: Database, lease: Lease) -> None:
    with database.transaction(DEFAULT_SCOPE) as work, pytest.raises(NodeNotPlanned):
        work.nodes.start(lease, "surprise")


def test_a_node_runs_and_completes(database: Database, lease: Lease) -> None:
    task_run_id = uuid4()
    with database.transaction(DEFAULT_SCOPE) as work:
        work.nodes.start(lease, "plan", KEY, task_run_id)
        work.nodes.complete(lease, "plan", OUTPUT)
    with database.transaction(DEFAULT_SCOPE) as work:
        row = work.nodes.get(lease.execution_id, "plan")
    assert row is not None
    assert (row.status, row.node_key, row.prefect_task_run_id) == (NodeStatus.COMPLETED, KEY, task_run_id)
    assert (row.output_key, row.fragment_key, row.file_count, row.fence) == ("org/1/o", "org/1/f", 3, 1)
    assert row.started_at is not None
    assert row.completed_at is not None
    assert row.completed_at > row.started_at


def test_a_failed_node_keeps_its_error_until_it_runs_again(database: Database, lease: Lease) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        work.nodes.start(lease, "plan")
        assert work.nodes.fail(lease, "plan", {"code": "answer_cut"}).error == {"code": "answer_cut"}
        again = work.nodes.start(lease, "plan")
    assert (again.status, again.error, again.completed_at) == (NodeStatus.RUNNING, None, None)


def test_nodes_are_skipped_cancelled_and_suspended(database: Database, lease: Lease) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        work.nodes.plan(lease, {"a": "router", "b": "llm", "c": "approval"})
        work.nodes.start(lease, "c")
        rows = [work.nodes.skip(lease, "a"), work.nodes.cancel(lease, "b"), work.nodes.suspend(lease, "c")]
    assert [row.status for row in rows] == [NodeStatus.SKIPPED, NodeStatus.CANCELLED, NodeStatus.SUSPENDED]
    assert [row.completed_at is None for row in rows] == [False, False, True]


def test_a_resumed_execution_takes_a_completed_node_as_cached(database: Database, lease: Lease) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        work.nodes.start(lease, "plan", KEY)
        work.nodes.complete(lease, "plan", OUTPUT)
        work.executions.finish(lease, ExecutionStatus.FAILED)
        resumed = claim(work, lease.execution_id, "host:2", NOW)
        row = work.nodes.cached(resumed, "plan", OUTPUT)
    assert (row.status, row.fence, row.node_key) == (NodeStatus.CACHED, 2, KEY)


def test_a_node_cannot_fail_after_it_completed(database: Database, lease: Lease) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        work.nodes.start(lease, "plan")
        work.nodes.complete(lease, "plan", OUTPUT)
        with pytest.raises(IllegalTransition):
            work.nodes.fail(lease, "plan", {})


def _complete_with_key(work: Work, lease: Lease) -> None:
    work.nodes.start(lease, "plan", KEY)
    work.nodes.complete(lease, "plan", OUTPUT)


def test_a_result_is_found_by_key_within_its_root(database: Database, lease: Lease) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        _complete_with_key(work, lease)
        work.executions.finish(lease, ExecutionStatus.COMPLETED)
        continued = claim(work, new_execution(work, root_id=lease.execution_id).id)
        found = work.nodes.find_result(KEY, lease.execution_id)
        assert found is not None
        assert found.output_key == "org/1/o"
        assert work.nodes.find_result(fake_digest("z"), lease.execution_id) is None
        assert work.nodes.find_result(KEY, continued.execution_id) is None


def test_the_result_of_an_execution_that_continues_is_found_at_its_root(database: Database, lease: Lease) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        work.executions.finish(lease, ExecutionStatus.COMPLETED)
        continued = claim(work, new_execution(work, root_id=lease.execution_id).id)
        work.nodes.plan(continued, {"plan": "llm"})
        _complete_with_key(work, continued)
        assert work.nodes.find_result(KEY, lease.execution_id) is not None


def test_a_node_that_only_started_has_no_result(database: Database, lease: Lease) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        work.nodes.start(lease, "plan", KEY)
        assert work.nodes.find_result(KEY, lease.execution_id) is None


def test_a_node_without_a_row_is_none(database: Database, lease: Lease) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        assert work.nodes.get(lease.execution_id, "unknown") is None


def test_steps_that_come_together_are_all_audited(database: Database, lease: Lease) -> None:
    steps = [NodeStatus.RUNNING, NodeStatus.FAILED, NodeStatus.RUNNING, NodeStatus.COMPLETED]
    with database.transaction(DEFAULT_SCOPE) as work:
        work.nodes.apply(lease, [NodeChange("late", NodeStatus.PENDING, "llm")])
        work.nodes.apply(lease, [NodeChange(path, step) for step in steps for path in ("plan", "late")])
        for row in work.nodes.list(lease.execution_id):
            assert row.status is NodeStatus.COMPLETED
            assert sorted(entry.after or "" for entry in work.audit.of(row.id)) == sorted(["pending", *steps])


def test_a_node_that_failed_can_start_and_complete_in_one_go(database: Database, lease: Lease) -> None:
    """The database refuses the way from failed to completed, so it has to see the start."""
    with database.transaction(DEFAULT_SCOPE) as work:
        work.nodes.start(lease, "plan")
        work.nodes.fail(lease, "plan", {"code": "answer_cut"})
        steps = (NodeStatus.RUNNING, NodeStatus.COMPLETED)
        work.nodes.apply(lease, [NodeChange("plan", step) for step in steps])
        row = work.nodes.get(lease.execution_id, "plan")
    assert row is not None
    assert (row.status, row.error) == (NodeStatus.COMPLETED, None)


def test_rows_of_a_batch_belong_to_the_organisation(database: Database, lease: Lease) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        work.nodes.plan(lease, {"write": "llm"})
        assert {row.organisation_id for row in work.nodes.list(lease.execution_id)} == {DEFAULT_SCOPE.organisation_id}
