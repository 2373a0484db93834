"""Where an export notes what it has done, so that a repeat after a crash takes it up there."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol


class Step(StrEnum):
    """Steps of an export, in order."""

    REPOSITORY = "repository"
    ROUTE = "route"
    PLAN = "plan"
    COMMIT = "commit"
    PUSH = "push"
    REQUEST = "request"
    PROTECTION = "protection"
    RECORD = "record"


Facts = Mapping[str, str]


class Journal(Protocol):
    """Port: the journal of one export."""

    async def done(self, step: Step) -> Facts | None:
        """Return what was noted when the step was done, or None."""

    async def note(self, step: Step, facts: Facts) -> None:
        """Note that the step is done, durably when this returns; noting again replaces the facts."""


class SagaJournal(Journal, Protocol):
    """Port: a journal that can begin anew."""

    async def forget(self) -> None:
        """Forget every step: what they left was taken back."""


class MemoryJournal:
    """A journal that is gone with the process, for exports that nobody repeats and for tests."""

    def __init__(self) -> None:
        self.steps: dict[Step, Facts] = {}

    async def done(self, step: Step) -> Facts | None:
        return self.steps.get(step)

    async def note(self, step: Step, facts: Facts) -> None:
        self.steps[step] = dict(facts)

    async def forget(self) -> None:
        self.steps.clear()
