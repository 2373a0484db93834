"""Who may do what in an organisation, and how much of it there may be."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from repomill.apis.description import ApiDescription
from repomill.calls.budget import Limits, Period
from repomill.errors import LastAdmin, LimitReached, NotPermitted, UserExists, UserNotFound
from repomill.roles import Permission, Role
from storage.database.models import ExportType
from storage.database.repositories.exports import NewExport
from storage.database.repositories.limits import Bounds
from storage.database.scope import DEFAULT_SCOPE, Scope
from storage.database.session import Database
from storage.database.work import Work
from tests.fakes.stored_rows import (
    completed_project,
    fake_digest,
    generating_project,
    new_execution,
    running_execution,
    specification,
    stored_file,
)


def scope_of(database: Database, role: Role) -> Scope:
    """Somebody of this role."""
    with database.transaction(DEFAULT_SCOPE) as work:
        return DEFAULT_SCOPE.acting_as(work.users.add(f"a-{role}", role=role).id)


def export(work: Work) -> None:
    project = work.generated_projects.resolve("latest")
    work.exports.begin(NewExport(project.id, ExportType.ZIP, fake_digest("t"), fake_digest("u")))


def administer(work: Work) -> None:
    work.budgets.define(None, Period.DAY, Limits(calls=1))


def discover(work: Work) -> None:
    described = ApiDescription(openapi="3.1.0", title="Tea", version="1", digest=fake_digest())
    work.apis.add("tea", described, "https://api.test/a.json", "key")


def add_workflow(work: Work) -> None:
    work.workflows.add(specification())


def pin(work: Work) -> None:
    work.retention_marks.unpin(work.generated_projects.resolve("latest"))


def hold(work: Work) -> None:
    project = work.projects.list()[0]
    work.retention_marks.hold(project, "a lawsuit")
    work.retention_marks.release(project)


def set_rules(work: Work) -> None:
    work.retention_marks.set_rules(None, {})


DEEDS: list[tuple[Permission, Callable[[Work], Any]]] = [
    (Permission.RUN, new_execution),
    (Permission.RUN, add_workflow),
    (Permission.RUN, discover),
    (Permission.RUN, pin),
    (Permission.EXPORT, export),
    (Permission.ADMINISTER, administer),
    (Permission.ADMINISTER, hold),
    (Permission.ADMINISTER, set_rules),
]


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(("permission", "deed"), DEEDS)
def test_a_role_may_do_what_it_permits_and_nothing_else(
    database: Database, role: Role, permission: Permission, deed: Callable[[Work], Any]
) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        completed_project(work)
    scope = scope_of(database, role)
    if role.permits(permission):
        with database.transaction(scope) as work:
            deed(work)
        return
    with pytest.raises(NotPermitted) as caught, database.transaction(scope) as work:
        deed(work)
    assert (caught.value.user, caught.value.role, caught.value.permission) == (f"a-{role}", role, permission)


def test_who_is_no_member_may_read_only(database: Database) -> None:
    stranger = replace(DEFAULT_SCOPE, user_id=uuid4())
    with database.transaction(stranger) as work:
        assert work.executions.list() == []
    with pytest.raises(NotPermitted, match="no member"), database.transaction(stranger) as work:
        work.projects.get_or_create("mine")


def test_roles_are_listed_and_changed(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        work.users.add("ada")
        work.users.set_role("ada", Role.ADMIN)
        work.users.set_role("default", Role.VIEWER)
        assert [(user.name, role) for user, role in work.users.list()] == [("ada", "admin"), ("default", "viewer")]


def test_what_cannot_be_done_to_users(database: Database) -> None:
    with pytest.raises(LastAdmin), database.transaction(DEFAULT_SCOPE) as work:
        work.users.set_role("default", Role.RUNNER)
    with pytest.raises(UserNotFound), database.transaction(DEFAULT_SCOPE) as work:
        work.users.set_role("nobody", Role.RUNNER)
    with pytest.raises(UserExists), database.transaction(DEFAULT_SCOPE) as work:
        work.users.add("default")
    with pytest.raises(NotPermitted), database.transaction(scope_of(database, Role.PUBLISHER)) as work:
        work.users.add("eve", role=Role.ADMIN)


def limit(database: Database, bounds: Bounds) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        work.limits.set(bounds)


def test_nothing_is_bounded_until_somebody_says_so(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        completed_project(work)
        assert work.limits.get() == Bounds()
        assert work.limits.used() == Bounds(projects=1, runs_a_day=1, storage_bytes=5, files=1)


def test_one_project_too_many_is_refused(database: Database) -> None:
    limit(database, Bounds(projects=1))
    with database.transaction(DEFAULT_SCOPE) as work:
        work.projects.get_or_create("first")
    with pytest.raises(LimitReached) as caught, database.transaction(DEFAULT_SCOPE) as work:
        work.projects.get_or_create("second")
    assert (caught.value.what, caught.value.limit, caught.value.used) == ("projects", 1, 2)


def test_one_run_too_many_of_a_day_is_refused(database: Database) -> None:
    limit(database, Bounds(runs_a_day=2))
    with database.transaction(DEFAULT_SCOPE) as work:
        new_execution(work)
        new_execution(work)
    with pytest.raises(LimitReached, match="runs a day"), database.transaction(DEFAULT_SCOPE) as work:
        new_execution(work)


def record_another(work: Work) -> None:
    lease = running_execution(work)
    work.generated_projects.record_files(lease, generating_project(work, lease).id, [stored_file()])


@pytest.mark.parametrize(("bounds", "what"), [(Bounds(files=1), "files"), (Bounds(storage_bytes=9), "bytes of files")])
def test_a_tree_that_has_no_room_is_not_recorded(database: Database, bounds: Bounds, what: str) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        completed_project(work)
    limit(database, bounds)
    with pytest.raises(LimitReached) as caught, database.transaction(DEFAULT_SCOPE) as work:
        record_another(work)
    assert caught.value.what == what
    with database.transaction(DEFAULT_SCOPE) as work:
        assert work.limits.used().files == 1
