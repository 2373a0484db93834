"""What the repositories of retention share: pages of rows that are due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from repomill.retention import RetentionRules
from storage.database.models import Project, RetentionMark
from storage.database.repositories.base import Repository
from storage.database.repositories.objects import Objects

Cursor = tuple[datetime, UUID] | None
Gone = dict[UUID, tuple[str, ...]]
"""Rows by their id, each with keys of objects."""


@dataclass(frozen=True, slots=True)
class Group:
    """Projects with the same rules: one that states its own, or (None) all that do not."""

    project_id: UUID | None
    rules: RetentionRules

    def of(self, column: InstrumentedAttribute[UUID]) -> ColumnElement[bool]:
        """Return the condition that a row belongs to one of them."""
        if self.project_id is not None:
            return column == self.project_id
        return column.in_(select(Project.id).where(Project.retention.is_(None)))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row that is due since `at`; `keys` are what it may leave behind in the artefact store."""

    id: UUID
    project_id: UUID | None
    """None of what belongs to no project."""
    at: datetime
    keys: tuple[str, ...]
    tree_digest: str = ""
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of a group that were due before an instant: up to `limit` of those behind the cursor `after`."""

    group: Group
    before: datetime
    after: Cursor
    limit: int

    def of(self, query: Any, when: Any, key: Any) -> Any:
        """Return the query for this page, in the order in which rows became due."""
        if self.after is not None:
            query = query.where(tuple_(when, key) > self.after)
        return query.order_by(when, key).limit(self.limit)


class DueRows(Repository):
    """Rows that are due, page by page, and what is done to each.

    What is done looks again: it returns the rows that are still due, each with the keys that nothing names any more
    once it and those before it are gone.
    """

    def _locked(self, query: Any, ids: Sequence[UUID]) -> Sequence[Any]:
        """Lock the rows that nobody else has locked; return them in the order of `ids`."""
        found = {row.id: row for row in self._session.scalars(query.with_for_update(skip_locked=True))}
        return [found[row_id] for row_id in ids if row_id in found]

    def _let_go(self, keys: Gone) -> Gone:
        objects = Objects(self._session, self._scope, self._clock)
        last = {key: row_id for row_id, named in keys.items() for key in named}
        free = objects.let_go_all(last)
        return {
            row_id: tuple(key for key in named if key in free and last[key] == row_id) for row_id, named in keys.items()
        }


def held_projects() -> Any:
    """Return a query for the projects under a legal hold."""
    return select(RetentionMark.project_id).where(RetentionMark.generated_project_id.is_(None))


def since(at: datetime | None) -> datetime:
    """Return the instant that a query asked to be there."""
    assert at is not None  # noqa: S101  # what the query asked for
    return at
