"""Statuses, and which may follow which: one table per entity.

The migrations hold frozen copies that the database enforces by triggers; a test compares the two. Changing a
table here therefore needs a migration that replaces its trigger.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from repomill.calls.ledger import CALL_TRANSITIONS, CallState
from repomill.errors import IllegalTransition


class ExecutionStatus(StrEnum):
    """How far a logical run came; its attempts come and go below it."""

    PENDING = "pending"
    RUNNING = "running"
    SUSPENDED = "suspended"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class NodeStatus(StrEnum):
    """How far a node instance of an execution came."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    CACHED = "cached"
    SKIPPED = "skipped"
    SUSPENDED = "suspended"
    FAILED = "failed"
    CANCELLED = "cancelled"


class GeneratedProjectStatus(StrEnum):
    """From an empty project to one whose files retention removed."""

    PENDING = "pending"
    GENERATING = "generating"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    BLOCKED = "blocked"
    ARCHIVED = "archived"
    DELETED = "deleted"


class ExportStatus(StrEnum):
    """How far an export came; its journal says which steps are behind it."""

    PENDING = "pending"
    EXPORTING = "exporting"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ARCHIVED = "archived"


class StepState(StrEnum):
    """How far one step of an export came."""

    STARTED = "started"
    DONE = "done"
    FAILED = "failed"


E_, N_, G_, X_, S_ = ExecutionStatus, NodeStatus, GeneratedProjectStatus, ExportStatus, StepState

EXECUTION_TRANSITIONS: Mapping[ExecutionStatus, frozenset[ExecutionStatus]] = {
    E_.PENDING: frozenset({E_.RUNNING, E_.FAILED, E_.CANCELLED}),
    E_.RUNNING: frozenset({E_.SUSPENDED, E_.COMPLETED, E_.FAILED, E_.CANCELLED}),
    E_.SUSPENDED: frozenset({E_.RUNNING, E_.FAILED, E_.CANCELLED}),
    E_.COMPLETED: frozenset(),
    E_.FAILED: frozenset({E_.RUNNING}),  # resume
    E_.CANCELLED: frozenset({E_.RUNNING}),  # resume
}

_NODE_ENDS = frozenset({N_.COMPLETED, N_.CACHED, N_.SKIPPED, N_.FAILED, N_.CANCELLED})
_NODE_AGAIN = frozenset({N_.RUNNING, N_.CACHED, N_.SKIPPED, N_.CANCELLED})

NODE_TRANSITIONS: Mapping[NodeStatus, frozenset[NodeStatus]] = {
    N_.PENDING: _NODE_ENDS | {N_.RUNNING},
    N_.RUNNING: _NODE_ENDS | {N_.SUSPENDED},
    N_.SUSPENDED: _NODE_ENDS | {N_.RUNNING},
    # A resumed execution walks over every node again: what is still good becomes cached, and a node whose kind or
    # configuration changed since runs again, whatever it was before.
    N_.COMPLETED: frozenset({N_.RUNNING, N_.CACHED, N_.SKIPPED}),
    N_.CACHED: frozenset({N_.RUNNING, N_.SKIPPED}),
    N_.SKIPPED: frozenset({N_.RUNNING, N_.CACHED, N_.CANCELLED}),
    N_.FAILED: _NODE_AGAIN,
    N_.CANCELLED: _NODE_AGAIN - {N_.CANCELLED},
}

GENERATED_PROJECT_TRANSITIONS: Mapping[GeneratedProjectStatus, frozenset[GeneratedProjectStatus]] = {
    G_.PENDING: frozenset({G_.GENERATING, G_.FAILED, G_.CANCELLED}),
    G_.GENERATING: frozenset({G_.COMPLETED, G_.FAILED, G_.CANCELLED, G_.BLOCKED}),
    G_.COMPLETED: frozenset({G_.ARCHIVED}),
    G_.FAILED: frozenset({G_.GENERATING}),
    G_.CANCELLED: frozenset({G_.GENERATING}),
    # Released after the policy changed, or generated anew from edited nodes.
    G_.BLOCKED: frozenset({G_.COMPLETED, G_.GENERATING}),
    G_.ARCHIVED: frozenset({G_.DELETED}),
    G_.DELETED: frozenset(),
}

EXPORT_TRANSITIONS: Mapping[ExportStatus, frozenset[ExportStatus]] = {
    X_.PENDING: frozenset({X_.EXPORTING, X_.FAILED, X_.CANCELLED}),
    X_.EXPORTING: frozenset({X_.COMPLETED, X_.FAILED, X_.CANCELLED}),
    X_.COMPLETED: frozenset({X_.ARCHIVED}),
    X_.FAILED: frozenset({X_.EXPORTING, X_.ARCHIVED}),
    X_.CANCELLED: frozenset({X_.EXPORTING, X_.ARCHIVED}),
    X_.ARCHIVED: frozenset(),
}

STEP_TRANSITIONS: Mapping[StepState, frozenset[StepState]] = {
    S_.STARTED: frozenset({S_.DONE, S_.FAILED}),
    S_.DONE: frozenset(),
    S_.FAILED: frozenset({S_.STARTED}),
}

TRANSITIONS: Mapping[str, Mapping[Any, frozenset[Any]]] = {
    "execution": EXECUTION_TRANSITIONS,
    "node execution": NODE_TRANSITIONS,
    "generated project": GENERATED_PROJECT_TRANSITIONS,
    "repository export": EXPORT_TRANSITIONS,
    "export step": STEP_TRANSITIONS,
    "call": CALL_TRANSITIONS,
}


AT_ONCE: Mapping[str, frozenset[tuple[StrEnum, StrEnum]]] = {
    "call": frozenset({(CallState.SENT, CallState.SETTLED)}),
}
"""Two steps that the database lets one statement take."""


def check_transition(entity: str, before: StrEnum, after: StrEnum) -> None:
    """Let a change of status pass that the entity's table lists.

    Raises:
        IllegalTransition: the table does not list it; staying where one is is not a transition either.
    """
    if after not in TRANSITIONS[entity][before]:
        raise IllegalTransition(entity, before.value, after.value)
