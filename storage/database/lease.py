"""The right to work on an execution."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Lease:
    """Names the attempt that may write, until another one takes the execution over and the fence rises."""

    execution_id: UUID
    fence: int
    attempt_id: UUID


@dataclass(frozen=True, slots=True)
class Wishes:
    """What others want of the lease's owner; it learns it with its heartbeat."""

    cancel: bool
