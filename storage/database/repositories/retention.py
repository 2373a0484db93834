"""What is older than the rules allow, and its way out; the repository `objects` keeps the artefact store in step."""

from collections.abc import Iterator

from sqlalchemy import func, select

from storage.database.locks import AdvisoryLock
from storage.database.models import Project
from storage.database.repositories._due_memories import DueMemories
from storage.database.repositories._due_payloads import DuePayloads
from storage.database.repositories._due_rows import Candidate, Cursor, Gone, Group, Page
from storage.database.repositories._due_trees import DueTrees
from storage.database.repositories.retention_marks import RetentionMarks

__all__ = ["Candidate", "Cursor", "Gone", "Group", "Page", "Retention"]


class Retention(DueTrees, DuePayloads, DueMemories):
    """All that retention does to rows."""

    def groups(self) -> Iterator[Group]:
        """Return the rules in force and whom they are for."""
        marks = RetentionMarks(self._session, self._scope, self._clock)
        yield Group(None, marks.rules())
        for project in self._session.scalars(
            select(Project).where(Project.retention.is_not(None)).order_by(Project.name)
        ):
            yield Group(project.id, marks.rules(project))

    def alone(self) -> None:
        """Wait for other runs of retention until this transaction ends, so that they never wait for each other."""
        if self._session.get_bind().dialect.name == "postgresql":
            self._session.execute(select(func.pg_advisory_xact_lock(AdvisoryLock.RETENTION)))
