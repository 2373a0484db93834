"""The journal of an export, kept in the database."""

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from repomill.publishing.journal import Facts, Step
from storage.database.transitions import StepState
from storage.database.work import Work
from tasks.services import Services

T = TypeVar("T")


class DatabaseJournal:
    """The `repomill.publishing.journal.SagaJournal` port over the rows of one export."""

    def __init__(self, services: Services, export_id: UUID) -> None:
        self._services = services
        self._export_id = export_id

    async def done(self, step: Step) -> Facts | None:
        """Return what was noted when the step was done, or None."""

        def find(work: Work) -> Facts | None:
            steps = {found.name: found for found in work.exports.steps(self._export_id)}
            found = steps.get(step.value)
            return dict(found.detail) if found is not None and found.state is StepState.DONE else None

        return await self._run(find)

    async def note(self, step: Step, facts: Facts) -> None:
        """Note that the step is done; noting again replaces the facts."""

        def write(work: Work) -> None:
            work.exports.step_done(self._export_id, step.value, dict(facts))

        await self._run(write)

    async def forget(self) -> None:
        """Forget every step: what they left was taken back."""
        await self._run(lambda work: work.exports.forget_steps(self._export_id))

    async def _run(self, function: Callable[[Work], T]) -> T:
        return await self._services.database.run(self._services.scope, function)
