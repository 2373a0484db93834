"""Changes of status, told to whoever listens once they are committed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

_KEPT = "status_changes"


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A row took a status; `before` is None for a new one, `facts` are columns that say what it is about."""

    entity: str
    id: UUID
    before: str | None
    after: str
    at: datetime
    organisation_id: UUID
    user_id: UUID
    facts: Mapping[str, Any] = field(default_factory=dict)


Listener = Callable[[Sequence[StatusChange]], None]
"""Called after the commit, in the thread of the transaction; it must not raise and not wait."""

FACTS: Mapping[str, tuple[str, ...]] = {
    "execution": ("project_id", "root_id", "workflow_version_id"),
    "generated project": ("project_id", "workflow_execution_id", "tree_digest", "total_files", "total_size"),
    "repository export": ("generated_project_id", "export_type", "tree_digest", "repository_url", "commit_sha"),
}
"""What is told of each entity besides its status."""


def keep(session: Session, change: StatusChange) -> None:
    """Keep a change until its transaction ends."""
    session.info.setdefault(_KEPT, []).append(change)


def kept(session: Session) -> Sequence[StatusChange]:
    """Return the changes of a transaction, in their order."""
    found: list[StatusChange] = session.info.get(_KEPT, [])
    return tuple(found)


def facts_of(entity: str, row: Any) -> dict[str, Any]:
    """Return what is told of a row, as plain JSON without what is not known yet."""
    values = {name: getattr(row, name) for name in FACTS.get(entity, ())}
    return {
        name: value if isinstance(value, int) else str(value) for name, value in values.items() if value is not None
    }
