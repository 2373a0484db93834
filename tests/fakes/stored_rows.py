"""Rows that tests of the database stand on, each made the way the application makes it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, insert

from repomill.calls.ledger import LedgerMode
from repomill.trees.tree import Entry
from storage.database.lease import Lease
from storage.database.models import Execution, GeneratedProject, Membership, Organisation, User
from storage.database.repositories.executions import NewExecution
from storage.database.repositories.generated_projects import StoredTree
from storage.database.repositories.project_files import StoredFile
from storage.database.repositories.workflows import Specification
from storage.database.scope import Scope
from storage.database.work import Work

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
LEASE = timedelta(seconds=60)


class TickingClock:
    """A clock that moves on by a second whenever somebody looks."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def fake_digest(text: str = "a") -> str:
    """Return something of a digest's shape."""
    return "sha256:" + (text.encode().hex() * 64)[:64]


def membership_of(scope: Scope, role: str = "admin") -> dict[str, Any]:
    """Return the columns of what makes a user a member."""
    columns = {"id": uuid4(), "organisation_id": scope.organisation_id, "user_id": scope.user_id}
    return columns | {"role": role, "updated_at": NOW}


def add_organisation(connection: Connection, scope: Scope, user: str = "default") -> None:
    """Write an organisation with one user, its administrator."""
    here = scope.organisation_id
    connection.execute(insert(Organisation).values(id=here, name="O", slug=here.hex, created_at=NOW))
    connection.execute(insert(User).values(id=scope.user_id, organisation_id=here, name=user, created_at=NOW))
    connection.execute(insert(Membership).values(**membership_of(scope)))


def specification(name: str = "demo", text: str = "a", description: str = "") -> Specification:
    return Specification(
        name=name,
        digest=fake_digest(text),
        api_version="repomill/v1",
        definition={"name": name, "text": text},
        source_text=text,
        description=description,
    )


def new_execution(work: Work, project: str = "demo", root_id: UUID | None = None) -> Execution:
    version = work.workflows.add(specification())
    project_id = work.projects.get_or_create(project).id
    return work.executions.create(
        NewExecution(version.id, project_id, {"topic": "tea"}, LedgerMode.LIVE, root_id=root_id)
    )


def claim(work: Work, execution_id: UUID, owner: str = "host:1", now: datetime = NOW, *, dead: bool = False) -> Lease:
    return work.executions.acquire(execution_id, owner, uuid4(), now, LEASE, lambda _: dead)


def running_execution(work: Work) -> Lease:
    return claim(work, new_execution(work).id)


def stored_file(path: str = "src/main.py", sha256: str = "ab" * 32) -> StoredFile:
    return StoredFile(Entry(path, "100644", 5, sha256), "python", "print", 30, 5, "stored")


def stored_tree(text: str = "t") -> StoredTree:
    return StoredTree(fake_digest(text), "org/1/packs/t.zip", 1, total_files=1, total_size=5)


def generating_project(work: Work, lease: Lease) -> GeneratedProject:
    project = work.generated_projects.open(lease, "org/1/packs")
    return work.generated_projects.generating(lease, project.id)


def completed_project(work: Work) -> GeneratedProject:
    lease = running_execution(work)
    project = generating_project(work, lease)
    work.generated_projects.record_files(lease, project.id, [stored_file()])
    return work.generated_projects.complete(lease, project.id, stored_tree())
