from uuid import uuid4

import pytest

from repomill.errors import AmbiguousReference, UserNotFound, WorkflowNotFound
from storage.database.scope import DEFAULT_SCOPE, DEFAULT_USER_ID
from storage.database.session import Database
from tests.fakes.stored_rows import specification


def test_a_new_specification_is_the_first_version(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        version = work.workflows.add(specification(description="makes tea"))
        workflow = work.workflows.workflow_of(version)
    assert (version.number, version.definition) == (1, {"name": "demo", "text": "a"})
    assert (workflow.name, workflow.description, workflow.owner_id) == ("demo", "makes tea", DEFAULT_USER_ID)


def test_the_same_specification_is_the_same_version(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        first = work.workflows.add(specification(text="a"))
        work.workflows.add(specification(text="b"))
        assert work.workflows.add(specification(text="a")).id == first.id
        assert [version.number for version in work.workflows.versions(first.workflow_id)] == [2, 1]


def test_a_changed_specification_is_the_next_version(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        work.workflows.add(specification(text="a"))
        second = work.workflows.add(specification(text="b", description="new words"))
        assert second.number == 2
        assert work.workflows.workflow_of(second).description == "new words"


def test_a_list_shows_each_workflow_with_its_newest_version(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        work.workflows.add(specification("tea", "a"))
        work.workflows.add(specification("tea", "b"))
        work.workflows.add(specification("ale", "a"))
        rows = [(workflow.name, version.number) for workflow, version in work.workflows.list()]
    assert rows == [("ale", 1), ("tea", 2)]


def test_a_name_means_the_newest_version(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        work.workflows.add(specification(text="a"))
        second = work.workflows.add(specification(text="b"))
        assert work.workflows.resolve("demo").id == second.id


def test_latest_means_what_was_added_last(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        work.workflows.add(specification("tea"))
        last = work.workflows.add(specification("ale"))
        assert work.workflows.resolve("latest").id == last.id


def test_ids_of_versions_and_of_workflows_are_understood(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        first = work.workflows.add(specification(text="a"))
        second = work.workflows.add(specification(text="b"))
        assert work.workflows.resolve(str(first.id)[:13]).id == first.id
        assert work.workflows.resolve(str(first.workflow_id)[:13]).id == second.id


def test_a_name_that_looks_like_an_id_is_a_name(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        version = work.workflows.add(specification("cafe"))
        assert work.workflows.resolve("cafe").id == version.id


def test_a_prefix_of_many_ids_is_ambiguous(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        for number in range(40):  # sixteen first digits, so some of them are shared
            work.workflows.add(specification(text=str(number)))
        ids = [str(version.id)[0] for _, version in work.workflows.list()]
        ids += [str(version.id)[0] for version in work.workflows.versions(work.workflows.resolve("demo").workflow_id)]
        shared = max(ids, key=ids.count)
        with pytest.raises(AmbiguousReference):
            work.workflows.resolve(shared)


@pytest.mark.parametrize("reference", ["latest", "none", "abcdef"])
def test_what_means_nothing_is_not_found(database: Database, reference: str) -> None:
    with database.transaction(DEFAULT_SCOPE) as work, pytest.raises(WorkflowNotFound):
        work.workflows.resolve(reference)


def test_a_deleted_workflow_is_hidden_but_its_versions_are_kept(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        version = work.workflows.add(specification())
        work.workflows.delete(version.workflow_id)
        assert work.workflows.list() == []
        assert work.workflows.version(version.id).id == version.id
        with pytest.raises(WorkflowNotFound):
            work.workflows.resolve("demo")
        with pytest.raises(WorkflowNotFound):
            work.workflows.delete(version.workflow_id)


def test_the_name_of_a_deleted_workflow_is_free_again(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        old = work.workflows.add(specification())
        work.workflows.delete(old.workflow_id)
        new = work.workflows.add(specification())
    assert (new.number, new.workflow_id == old.workflow_id) == (1, False)


def test_a_version_remembers_its_deployment(database: Database) -> None:
    deployment_id = uuid4()
    with database.transaction(DEFAULT_SCOPE) as work:
        version = work.workflows.add(specification())
        work.workflows.set_deployment(version.id, deployment_id)
    with database.transaction(DEFAULT_SCOPE) as work:
        assert work.workflows.version(version.id).deployment_id == deployment_id
        assert [entry.action for entry in work.audit.of(version.id)] == ["create", "deploy"]


def test_a_project_is_made_once(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        first = work.projects.get_or_create("demo")
        assert work.projects.get_or_create("demo").id == first.id
        work.projects.delete(first)
        assert work.projects.list() == []


def test_users_are_found_by_name(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        assert work.users.by_name("default").id == DEFAULT_USER_ID
        added = work.users.add("ada", "ada@example.org")
        assert work.users.by_name("ada").email == "ada@example.org"
        with pytest.raises(UserNotFound):
            work.users.by_name("nobody")
    with database.transaction(DEFAULT_SCOPE.acting_as(added.id)) as work:
        assert work.projects.get_or_create("hers").created_by == added.id
