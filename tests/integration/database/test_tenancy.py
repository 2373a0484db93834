"""No organisation sees, changes or deletes what belongs to another."""

import gc
from functools import cached_property
from uuid import UUID, uuid4
from weakref import ref

import pytest
from sqlalchemy import delete, select, update

from repomill.calls.budget import Limits, Period
from repomill.calls.ledger import Usage
from repomill.errors import ExecutionNotFound, GeneratedProjectNotFound, WorkflowNotFound
from storage.database._tenancy import ForeignRow
from storage.database.models import Organisation, Project, Tenant
from storage.database.repositories.base import Repository
from storage.database.repositories.budgets import RunBudget
from storage.database.scope import DEFAULT_SCOPE, Scope
from storage.database.session import Database
from storage.database.work import Work
from tests.fakes.stored_rows import NOW, add_organisation, completed_project, new_execution


@pytest.fixture
def other(database: Database) -> Scope:
    """A second organisation with a user."""
    scope = Scope(uuid4(), uuid4())
    with database.exclusive(1) as connection:
        add_organisation(connection, scope)
    return scope


def test_names_are_free_in_every_organisation(database: Database, other: Scope) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        mine = new_execution(work)
    with database.transaction(other) as work:
        theirs = new_execution(work)
    assert mine.workflow_version_id != theirs.workflow_version_id
    assert mine.project_id != theirs.project_id


def test_lists_hold_only_ones_own(database: Database, other: Scope) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        completed_project(work)
    with database.transaction(other) as work:
        lists = [work.executions.list(), work.generated_projects.list(), work.workflows.list(), work.projects.list()]
    assert lists == [[], [], [], []]


def test_ids_of_others_are_not_found(database: Database, other: Scope) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        project = completed_project(work)
    with database.transaction(other) as work:
        with pytest.raises(GeneratedProjectNotFound):
            work.generated_projects.get(project.id)
        with pytest.raises(GeneratedProjectNotFound):
            work.generated_projects.resolve(str(project.id))
        with pytest.raises(ExecutionNotFound):
            work.executions.resolve("latest")
        with pytest.raises(WorkflowNotFound):
            work.workflows.resolve("demo")


def test_others_cannot_append_events(database: Database, other: Scope) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        execution = new_execution(work)
    with pytest.raises(ExecutionNotFound), database.transaction(other) as work:
        work.events.append(execution.id, "intrusion")


def test_a_statement_that_forgets_the_organisation_still_keeps_to_it(database: Database, other: Scope) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        work.projects.get_or_create("mine")
    with database.transaction(other) as work:
        session = work.projects._session  # what a careless repository would do
        session.execute(update(Project).values(description="stolen"))
        session.execute(delete(Project))
        assert session.scalars(select(Project)).all() == []
    with database.transaction(DEFAULT_SCOPE) as work:
        assert [(row.name, row.description) for row in work.projects.list()] == [("mine", "")]


def test_a_statement_that_is_kept_keeps_to_the_organisation_of_each_session(database: Database, other: Scope) -> None:
    kept = select(Project.name)
    for scope, name in ((DEFAULT_SCOPE, "mine"), (other, "theirs")):
        with database.transaction(scope) as work:
            work.projects.get_or_create(name)
    for scope, name in ((DEFAULT_SCOPE, "mine"), (other, "theirs"), (DEFAULT_SCOPE, "mine")):
        with database.transaction(scope) as work:
            assert work.projects._session.scalars(kept).all() == [name]


def test_a_statement_that_nobody_keeps_is_forgotten(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        statement = select(Project)
        work.projects._session.scalars(statement).all()
        is_kept = ref(statement)
    del statement
    gc.collect()
    assert is_kept() is None


def test_a_row_for_another_organisation_is_not_written(database: Database, other: Scope) -> None:
    row = Project(name="gift", organisation_id=other.organisation_id, created_by=other.user_id)
    row.created_at = row.updated_at = NOW
    with pytest.raises(ForeignRow), database.transaction(DEFAULT_SCOPE) as work:
        work.projects._add(row)  # what a careless repository would do


def test_every_model_but_the_organisation_is_filtered() -> None:
    unfiltered = {mapper.class_ for mapper in Project.registry.mappers if not issubclass(mapper.class_, Tenant)}
    assert unfiltered == {Organisation}


def test_every_repository_is_bound_to_a_scope(database: Database, other: Scope) -> None:
    names = [name for name, value in vars(Work).items() if isinstance(value, cached_property)]
    with database.transaction(other) as work:
        scopes: set[UUID] = set()
        for name in names:
            repository: Repository = getattr(work, name)
            scopes.add(repository._scope.organisation_id)  # nothing else tells
    assert len(names) >= 10
    assert scopes == {other.organisation_id}


def test_budgets_of_two_organisations_have_accounts_of_their_own(database: Database, other: Scope) -> None:
    for scope in (DEFAULT_SCOPE, other):
        with database.transaction(scope) as work:
            budget = work.budgets.define(None, Period.TOTAL, Limits(calls=1))
            run = RunBudget(uuid4(), uuid4(), Limits())
            assert work.budgets.put_aside(run, Usage(1, 1), "main", "gpt") == ["organisation"]
            assert work.budgets.account(budget).reserved.calls == 1
