"""Executions of one root share results and calls, so only one of them may be worked on."""

import pytest

from repomill.errors import ExecutionOwned, OwnershipLost
from storage.database.lease import Lease
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
from tests.fakes.stored_rows import LEASE, NOW, claim, new_execution, running_execution


@pytest.fixture
def lease(database: Database) -> Lease:
    """A root that an owner works on since NOW."""
    with database.transaction(DEFAULT_SCOPE) as work:
        return running_execution(work)


def test_a_living_owner_keeps_all_executions_of_the_root(database: Database, lease: Lease) -> None:
    with database.transaction(DEFAULT_SCOPE) as work, pytest.raises(ExecutionOwned):
        claim(work, new_execution(work, root_id=lease.execution_id).id, "host:2", NOW)


def test_a_silent_owner_of_the_root_can_write_no_more_once_another_goes_on(database: Database, lease: Lease) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        claim(work, new_execution(work, root_id=lease.execution_id).id, "host:2", NOW + LEASE)
    with database.transaction(DEFAULT_SCOPE) as work:
        assert not work.executions.is_good(lease)
        with pytest.raises(OwnershipLost):
            work.executions.guard(lease)
        assert work.executions.attempts(lease.execution_id)[0].outcome == "lost"
