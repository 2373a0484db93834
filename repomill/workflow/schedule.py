"""One run over a plan: which nodes to start now, and which no live edge leads to any more.

An edge is live when its earlier node completed and, where the edge names a branch, chose that branch; otherwise it is
dead. A node starts when every edge into it is resolved and at least one of those that the specification states is
live, or it states none. When all of them are dead the node is pruned, and the edges out of it are dead.

Implied edges, from files to publishing, order and decide nothing: a publishing node waits for a node that writes, and
starts whatever became of it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from repomill.workflow.spec import ERROR_BRANCH, OnError

if TYPE_CHECKING:
    from repomill.workflow.plan import Plan

Labels = frozenset[str | None]
"""Branches that edges between two nodes name; None stands for an edge without a branch."""

_NO_EDGE: Labels = frozenset()


@dataclass(frozen=True, slots=True)
class Waits:
    """What a plan's nodes wait for; made once, shared by all schedules of the plan (one for every iteration)."""

    edges: Mapping[str, int]
    """Number of edges into a node, stated and implied."""
    stated: Mapping[str, int]
    """Number of stated ones among them."""
    first: tuple[str, ...]
    """Nodes without any."""


class _State(Enum):
    HANDED_OUT = auto()
    ENDED = auto()
    PRUNED = auto()


class Schedule:
    """One run: every node is handed out by `ready` or by `pruned`, once.

    The methods that end a node raise ValueError for one that was not handed out, or has ended already.
    """

    def __init__(self, plan: "Plan") -> None:
        self._plan = plan
        self._open = dict(plan.waits.edges)
        self._dead = dict.fromkeys(plan.waits.stated, 0)
        self._states: dict[str, _State] = {}
        self._ready = list(plan.waits.first)
        self._pruned: list[str] = []
        self._left = len(plan.nodes)

    def ready(self) -> tuple[str, ...]:
        """Return the nodes to start now that were not handed out before."""
        handed_out, self._ready = self._in_order(self._ready), []
        self._states |= dict.fromkeys(handed_out, _State.HANDED_OUT)
        return handed_out

    def pruned(self) -> tuple[str, ...]:
        """Return the nodes found dead since the last call, each after those before it.

        Ask once more when `active` is false: the last node to end may have pruned others.
        """
        found, self._pruned = self._in_order(self._pruned), []
        return found

    def done(self, node: str, branches: Collection[str] | None = None) -> None:
        """Say that a node has completed; `branches` are those it chose, None for a node that has none to choose."""
        self._end(node, frozenset({None, *(branches or ())}) - {ERROR_BRANCH})

    def skip(self, node: str) -> None:
        """Say that a node's own `when` was false."""
        self._end(node, _NO_EDGE)

    def failed(self, node: str) -> None:
        """Say that a node failed and its `on_error` lets the run go on; ValueError when it does not."""
        match self._plan.nodes[node].on_error:
            case OnError.CONTINUE:
                self._end(node, frozenset({None}))
            case OnError.BRANCH:
                self._end(node, frozenset({ERROR_BRANCH}))
            case OnError.FAIL:
                raise ValueError(f"the run does not go on after node {node!r} has failed")

    @property
    def active(self) -> bool:
        """Whether nodes are still to start or to end."""
        return self._left > 0

    def _in_order(self, nodes: list[str]) -> tuple[str, ...]:
        return tuple(sorted(nodes, key=self._plan.places.__getitem__))

    def _end(self, node: str, live: Labels) -> None:
        if self._states.get(node) is not _State.HANDED_OUT:
            raise ValueError(f"node {node!r} was not handed out, or has ended already")
        self._states[node] = _State.ENDED
        self._left -= 1
        waiting = [(node, live)]
        while waiting:  # not by recursion: a pruned chain may be a thousand nodes long
            earlier, labels = waiting.pop()
            after = self._plan.successors(earlier)
            waiting += [(later, _NO_EDGE) for later in after if self._resolve(earlier, later, labels)]

    def _resolve(self, earlier: str, later: str, live: Labels) -> bool:
        """Count one edge as resolved; True when this prunes the later node."""
        self._open[later] -= 1
        if (earlier, later) not in self._plan.implied and not live & self._plan.branch_of(earlier, later):
            self._dead[later] += 1
        if later in self._states:
            return False
        stated = self._plan.waits.stated[later]
        if stated and self._dead[later] == stated:
            self._states[later] = _State.PRUNED
            self._pruned.append(later)
            self._left -= 1
            return True
        if self._open[later] == 0:
            self._ready.append(later)
        return False
