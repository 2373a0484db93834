"""Listeners hear of changes of status, once they are committed."""

import pytest

from storage.database.changes import StatusChange
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
from storage.database.work import Work
from tests.fakes.stored_rows import completed_project


@pytest.fixture
def heard(database: Database) -> list[StatusChange]:
    found: list[StatusChange] = []
    database.listeners.append(found.extend)
    return found


def test_each_change_is_heard_in_order_with_what_it_is_about(database: Database, heard: list[StatusChange]) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        project = completed_project(work)
        assert heard == []
    changes = [change for change in heard if change.entity == "generated project"]
    assert [(change.before, change.after) for change in changes] == [
        (None, "pending"),
        ("pending", "generating"),
        ("generating", "completed"),
    ]
    assert changes[-1].facts["tree_digest"] == project.tree_digest
    assert {change.facts["project_id"] for change in changes} == {str(project.project_id)}
    assert {change.id for change in changes} == {project.id}


async def test_what_is_rolled_back_is_not_heard(database: Database, heard: list[StatusChange]) -> None:
    def make_and_fail(work: Work) -> None:
        completed_project(work)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.run(DEFAULT_SCOPE, make_and_fail)
    assert heard == []


def test_every_change_that_is_heard_is_audited(database: Database, heard: list[StatusChange]) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        completed_project(work)
    with database.transaction(DEFAULT_SCOPE) as work:
        for change in heard:
            assert (change.before, change.after) in [(entry.before, entry.after) for entry in work.audit.of(change.id)]
