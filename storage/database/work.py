"""The unit of work: every repository of one transaction, bound to one scope."""

from collections.abc import Callable
from datetime import datetime
from functools import cached_property

from sqlalchemy.orm import Session

from storage.database.repositories._many import Opened, Opening
from storage.database.repositories.apis import Apis
from storage.database.repositories.audit import AuditLog
from storage.database.repositories.budgets import Budgets
from storage.database.repositories.call_queues import CallQueues
from storage.database.repositories.calls import Calls
from storage.database.repositories.events import Events
from storage.database.repositories.executions import Executions
from storage.database.repositories.exports import Exports
from storage.database.repositories.generated_projects import GeneratedProjects
from storage.database.repositories.limits import Limits
from storage.database.repositories.memories import Memories
from storage.database.repositories.nodes import Nodes
from storage.database.repositories.object_names import ObjectNames
from storage.database.repositories.objects import Objects
from storage.database.repositories.orphans import Orphans
from storage.database.repositories.project_files import ProjectFiles
from storage.database.repositories.projects import Projects
from storage.database.repositories.retention import Retention
from storage.database.repositories.retention_marks import RetentionMarks
from storage.database.repositories.usage import Usage
from storage.database.repositories.users import Users
from storage.database.repositories.workflows import Workflows
from storage.database.scope import DEFAULT_SCOPE, Scope

__all__ = ["DEFAULT_SCOPE", "Scope", "Work"]


class Work:
    """Repositories by noun; nothing in them commits, the transaction does."""

    def __init__(
        self, session: Session, scope: Scope, clock: Callable[[], datetime], opened: Opened | None = None
    ) -> None:
        self._opened = opened
        self._parts = (session, scope, clock)

    def found(self, opening: Opening | None) -> bool | None:
        """Tell whether an opening of this transaction found a row; None where it was not sent."""
        sent = self._sent(opening)
        return None if sent is None else sent.value is not None

    def taken_at_once(self, opening: Opening) -> int | None:
        """Return how often a call was sent whose step an opening took, None where it did not.

        One that did not go out as the transaction began does so now; SQLite takes no such steps.
        """
        sent = self._sent(opening)
        if sent is None:
            return self.calls.taken_at_once(opening)
        return None if sent.value is None else int(sent.value)

    def _sent(self, opening: Opening | None) -> Opened | None:
        """Return what became of this opening, where it is the one that was sent."""
        return self._opened if self._opened is not None and self._opened.opening is opening else None

    @cached_property
    def users(self) -> Users:
        return Users(*self._parts)

    @cached_property
    def usage(self) -> Usage:
        return Usage(*self._parts)

    @cached_property
    def memories(self) -> Memories:
        return Memories(*self._parts)

    @cached_property
    def limits(self) -> Limits:
        return Limits(*self._parts)

    @cached_property
    def projects(self) -> Projects:
        return Projects(*self._parts)

    @cached_property
    def workflows(self) -> Workflows:
        return Workflows(*self._parts)

    @cached_property
    def apis(self) -> Apis:
        return Apis(*self._parts)

    @cached_property
    def executions(self) -> Executions:
        return Executions(*self._parts)

    @cached_property
    def orphans(self) -> Orphans:
        return Orphans(*self._parts)

    @cached_property
    def nodes(self) -> Nodes:
        return Nodes(*self._parts)

    @cached_property
    def generated_projects(self) -> GeneratedProjects:
        return GeneratedProjects(*self._parts)

    @cached_property
    def project_files(self) -> ProjectFiles:
        return ProjectFiles(*self._parts)

    @cached_property
    def exports(self) -> Exports:
        return Exports(*self._parts)

    @cached_property
    def budgets(self) -> Budgets:
        return Budgets(*self._parts)

    @cached_property
    def call_queues(self) -> CallQueues:
        return CallQueues(*self._parts)

    @cached_property
    def calls(self) -> Calls:
        return Calls(*self._parts)

    @cached_property
    def events(self) -> Events:
        return Events(*self._parts)

    @cached_property
    def audit(self) -> AuditLog:
        return AuditLog(*self._parts)

    @cached_property
    def objects(self) -> Objects:
        return Objects(*self._parts)

    @cached_property
    def retention(self) -> Retention:
        return Retention(*self._parts)

    @cached_property
    def retention_marks(self) -> RetentionMarks:
        return RetentionMarks(*self._parts)

    @cached_property
    def object_names(self) -> ObjectNames:
        return ObjectNames(*self._parts)
