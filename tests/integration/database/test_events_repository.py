from uuid import uuid4

import pytest

from repomill.errors import ExecutionNotFound
from storage.database.models import Execution
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
from tests.fakes.stored_rows import new_execution


class Mishap(Exception):
    pass


@pytest.fixture
def execution(database: Database) -> Execution:
    with database.transaction(DEFAULT_SCOPE) as work:
        return new_execution(work)


def test_events_are_numbered_from_one(database: Database, execution: Execution) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        assert [work.events.append(execution.id, "tick") for _ in range(3)] == [1, 2, 3]


def test_each_execution_counts_its_own(database: Database, execution: Execution) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        work.events.append(execution.id, "tick")
        assert work.events.append(new_execution(work).id, "tick") == 1


def test_a_reader_goes_on_where_it_stopped(database: Database, execution: Execution) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        for number in range(5):
            work.events.append(execution.id, "tick", "plan", {"number": number})
        assert [event.payload["number"] for event in work.events.after(execution.id, 2)] == [2, 3, 4]
        assert [event.sequence for event in work.events.after(execution.id, 0, limit=2)] == [1, 2]


def _append_and_fail(database: Database, execution: Execution) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        work.events.append(execution.id, "tick")
        raise Mishap


def test_an_event_that_was_rolled_back_leaves_no_gap(database: Database, execution: Execution) -> None:
    with pytest.raises(Mishap):
        _append_and_fail(database, execution)
    with database.transaction(DEFAULT_SCOPE) as work:
        assert work.events.append(execution.id, "tick") == 1


def test_an_unknown_execution_has_no_events(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work, pytest.raises(ExecutionNotFound):
        work.events.append(uuid4(), "tick")


def test_other_deeds_are_audited_too(database: Database, execution: Execution) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        work.audit.record("download", "execution", execution.id, format="zip")
        entry = work.audit.of(execution.id)[-1]
    assert (entry.action, entry.detail, entry.user_id) == ("download", {"format": "zip"}, DEFAULT_SCOPE.user_id)
