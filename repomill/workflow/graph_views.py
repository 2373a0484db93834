"""What a picture of a run shows of a node: its state, what it took, and how many iterations of it there were."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from repomill.workflow.instances import node_path

NodeKey = tuple[str, ...]
"""Ids from the outermost loop to the node; all iterations share it."""

STATES: Final = (
    "failed", "cancelled", "running", "suspended", "pending", "completed", "cached", "skipped",
)  # fmt: skip
"""States of a node instance; of several instances the first of these is what the node is in."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One node instance of an execution; `cost` in US dollars."""

    path: str
    state: str
    seconds: float = 0.0
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class NodeView:
    """All instances of a node taken together; `counts` are instances by state."""

    state: str
    seconds: float = 0.0
    cost: float = 0.0
    counts: Mapping[str, int] = field(default_factory=dict)

    def facts(self) -> str:
        """Return what people read below the node's name."""
        several = sum(self.counts.values()) > 1
        states = ", ".join(f"{self.counts[state]} {state}" for state in _ranked(self.counts)) if several else self.state
        parts = [states]
        if self.seconds:
            parts.append(_duration(self.seconds))
        if self.cost:
            parts.append(f"${self.cost:.4f}" if self.cost >= 0.0001 else "<$0.0001")
        return " · ".join(parts)


def view_nodes(instances: Iterable[Instance]) -> dict[NodeKey, NodeView]:
    """Take the instances of each node together."""
    groups: dict[NodeKey, list[Instance]] = {}
    for instance in instances:
        groups.setdefault(node_path(instance.path), []).append(instance)
    return {key: _together(group) for key, group in groups.items()}


def _together(group: list[Instance]) -> NodeView:
    counts = Counter(instance.state for instance in group)
    return NodeView(
        state=_ranked(counts)[0],
        seconds=sum(instance.seconds for instance in group),
        cost=sum(instance.cost for instance in group),
        counts=dict(counts),
    )


def _ranked(counts: Mapping[str, int]) -> list[str]:
    return sorted(counts, key=lambda state: STATES.index(state) if state in STATES else len(STATES))


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
