from uuid import UUID, uuid4

import pytest

from repomill.errors import AmbiguousReference, ExecutionNotFound
from storage.database.repositories.executions import NewExecution
from storage.database.scope import DEFAULT_SCOPE, DEFAULT_USER_ID
from storage.database.session import Database
from storage.database.transitions import ExecutionStatus
from storage.database.work import Work
from tests.fakes.stored_rows import claim, new_execution, specification


def _create(work: Work, execution_id: UUID) -> None:
    version = work.workflows.add(specification())
    project = work.projects.get_or_create("demo")
    work.executions.create(NewExecution(version.id, project.id, {}, execution_id=execution_id))


def test_a_new_execution_is_pending_and_its_own_root(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        execution = new_execution(work)
    assert (execution.status, execution.root_id, execution.fence) == (ExecutionStatus.PENDING, execution.id, 0)
    assert execution.acting_user_id == DEFAULT_USER_ID


def test_an_execution_can_continue_another_one(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        first = new_execution(work)
        second = new_execution(work, root_id=first.id)
    assert second.root_id == first.id


def test_a_root_is_found_with_all_that_continue_it(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        first = new_execution(work)
        second = new_execution(work, root_id=first.id)
        assert [row.id for row in work.executions.list()] == [second.id, first.id]


def test_the_newest_come_first_up_to_the_limit(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        created = [new_execution(work).id for _ in range(3)]
        assert [row.id for row in work.executions.list(limit=2)] == [created[2], created[1]]


def test_executions_can_be_listed_by_status(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        new_execution(work)
        running = new_execution(work).id
        claim(work, running)
        assert [row.id for row in work.executions.list(status=ExecutionStatus.RUNNING)] == [running]


def test_an_id_a_prefix_and_latest_mean_the_same(database: Database) -> None:
    execution_id = UUID("abcd1234-0000-4000-8000-000000000000")
    with database.transaction(DEFAULT_SCOPE) as work:
        _create(work, execution_id)
        for reference in (str(execution_id), execution_id.hex.upper(), "abcd", "abcd1234-0", "latest"):
            assert work.executions.resolve(reference).id == execution_id


def test_a_prefix_of_two_ids_is_ambiguous(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        _create(work, UUID("abcd1111-0000-4000-8000-000000000000"))
        _create(work, UUID("abcd2222-0000-4000-8000-000000000000"))
        assert work.executions.resolve("abcd2").id.hex.startswith("abcd2222")
        with pytest.raises(AmbiguousReference) as caught:
            work.executions.resolve("abcd")
    assert len(caught.value.matches) == 2


@pytest.mark.parametrize("reference", ["latest", "abcd", "", "no-hex!", "%", "a" * 33])
def test_what_means_nothing_is_not_found(database: Database, reference: str) -> None:
    with database.transaction(DEFAULT_SCOPE) as work, pytest.raises(ExecutionNotFound):
        work.executions.resolve(reference)


def test_an_unknown_id_is_not_found(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work, pytest.raises(ExecutionNotFound):
        work.executions.get(uuid4())


def test_a_deleted_execution_is_gone(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        execution = new_execution(work)
        work.executions.delete(execution)
        assert work.executions.list() == []
        assert [entry.action for entry in work.audit.of(execution.id)] == ["create", "delete"]
