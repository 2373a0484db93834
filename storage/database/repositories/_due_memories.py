"""Conversations that nobody has gone on with for longer than the rules allow, and their way out."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, func, select

from repomill.memory.port import MemoryScope
from storage.artifacts.keys import memory_prefix
from storage.database.models import Execution, Memory, MemoryTurn, Project
from storage.database.repositories._due_rows import Candidate, DueRows, Gone, Group, Page, held_projects
from storage.database.repositories.memories import ENTITY


class DueMemories(DueRows):
    """Conversations go whole: a turn alone would leave a summary, or an answer, of what is gone.

    Those of a project follow its rules, all others the common ones. A hold keeps what runs of its project said,
    whoever shares it.
    """

    def memories_to_forget(self, page: Page) -> Sequence[Candidate]:
        """Return conversations whose last turn came before an instant; `rows` counts their turns."""
        query = select(Memory).where(Memory.updated_at <= page.before, self._of(page.group), ~_held())
        rows = self._session.scalars(page.of(query, Memory.updated_at, Memory.id)).all()
        counts = select(MemoryTurn.memory_id, func.count()).group_by(MemoryTurn.memory_id)
        counted = self._session.execute(counts.where(MemoryTurn.memory_id.in_([row.id for row in rows])))
        turns: dict[UUID, int] = {row[0]: row[1] for row in counted}
        projects = self._projects(rows)
        return [
            Candidate(
                row.id, projects.get(row.owner), row.updated_at, (self._prefix(row.id),), rows=turns.get(row.id, 0)
            )
            for row in rows
        ]

    def forget_memories(self, found: Sequence[Candidate]) -> Gone:
        """Remove the rows of those that nobody has gone on with meanwhile; whoever writes one locks it too."""
        since = {each.id: each.at for each in found}
        query = select(Memory).where(Memory.id.in_(since), ~_held())
        rows = [row for row in self._locked(query, list(since)) if row.updated_at == since[row.id]]
        for row in rows:
            self._audit("forget", ENTITY, row.id, None, None, key=row.key, by="retention")
            self._session.execute(delete(MemoryTurn).where(MemoryTurn.memory_id == row.id))
        self._session.execute(delete(Memory).where(Memory.id.in_([row.id for row in rows])))
        return self._let_go({row.id: (self._prefix(row.id),) for row in rows})

    def _projects(self, rows: Sequence[Memory]) -> dict[str, UUID]:
        """Return the projects that conversations belong to, by owner; one that was deleted is none."""
        owners = [UUID(row.owner) for row in rows if row.scope is MemoryScope.PROJECT]
        return {str(found): found for found in self._session.scalars(select(Project.id).where(Project.id.in_(owners)))}

    def _prefix(self, memory_id: UUID) -> str:
        return memory_prefix(self._scope.organisation_id, memory_id)

    def _of(self, group: Group) -> ColumnElement[bool]:
        """Return the condition that a conversation follows the rules of a group."""
        if group.project_id is not None:
            return _is_of([group.project_id])
        own = self._session.scalars(select(Project.id).where(Project.retention.is_not(None))).all()
        return ~_is_of(own)


def _is_of(projects: Sequence[UUID]) -> ColumnElement[bool]:
    # Owners are texts, as ids of users and workflows stand there too.
    return and_(Memory.scope == MemoryScope.PROJECT, Memory.owner.in_([str(project) for project in projects]))


def _held() -> ColumnElement[bool]:
    of_held = select(Execution.id).where(Execution.project_id.in_(held_projects()))
    return exists().where(MemoryTurn.memory_id == Memory.id, MemoryTurn.root_execution_id.in_(of_held))
