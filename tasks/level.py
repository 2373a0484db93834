"""Nodes that run together: those of the workflow, or those of one iteration of a loop."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from repomill.canonical import Json
from repomill.workflow.instances import instance_path
from repomill.workflow.node_views import View
from repomill.workflow.plan import Plan

STATES_OF_A_LOOP = 50
"""How many of its iterations' tasks a loop names as predecessors: an arrow from each would hide the picture."""


@dataclass(slots=True)
class Level:
    """One walk over a plan. What it knows of its nodes ends with it, so that a loop may be longer than memory is large.

    `names` are those that join the scope (`item`, `index`, `state`), also of iterations around this one; `outside` are
    the views of nodes outside that expressions see; `before` stand for the task runs that the first nodes follow.
    """

    plan: Plan
    loop: str = ""
    """Path of the loop whose iteration it is, "" for the workflow itself."""
    index: int = 0
    ids: tuple[str, ...] = ()
    """Ids of the loops around it, from the outermost."""
    names: Mapping[str, Json] = field(default_factory=dict)
    outside: Mapping[str, View] = field(default_factory=dict)
    before: Sequence[Any] = ()
    views: dict[str, View] = field(default_factory=dict)
    states: dict[str, Any] = field(default_factory=dict)
    """What stands for the task runs of nodes and steps, by name: others name it as what they follow, so that the run's
    graph has edges."""
    is_fresh: bool = False
    """Whether the code of any of its nodes ran in this attempt."""
    around: "Level | None" = None
    """Where the loop stands whose iteration it is."""
    has_failed: bool = False
    """Whether one of its nodes failed for good."""

    @property
    def is_ending(self) -> bool:
        """Whether nothing new may start: a node failed for good here, or in a level around this one."""
        return self.has_failed or (self.around is not None and self.around.is_ending)

    def path(self, node: str) -> str:
        """Return the path of a node's instance."""
        return instance_path(self.loop, self.index, node) if self.loop else node

    def scope(self, inputs: Mapping[str, Json], variables: Mapping[str, Json], node: str) -> dict[str, Any]:
        """Return the plain data that a node's expressions see: of other nodes, only those it comes after."""
        before = self.plan.ancestors(node)
        views = {name: view for name, view in self.views.items() if name in before}
        return self._scope(inputs, variables, views)

    def whole_scope(self, inputs: Mapping[str, Json], variables: Mapping[str, Json]) -> dict[str, Any]:
        """Return the plain data of everything that is known."""
        return self._scope(inputs, variables, self.views)

    def _scope(
        self, inputs: Mapping[str, Json], variables: Mapping[str, Json], views: Mapping[str, View]
    ) -> dict[str, Any]:
        nodes = {**self.outside, **views}
        return {"inputs": dict(inputs), "variables": dict(variables), **self.names, "nodes": nodes}

    def states_before(self, names: Sequence[str]) -> list[Any]:
        """Return what stands for the task runs of these nodes; where there are none, what the level itself follows."""
        return [self.states[name] for name in names if name in self.states] or list(self.before)

    def last_states(self) -> list[Any]:
        """Return what stands for the task runs of the nodes that no other waits for."""
        return [self.states[name] for name in self.plan.last if name in self.states]


def recent_states() -> deque[Any]:
    """Return what keeps the newest states of a loop's iterations."""
    return deque(maxlen=STATES_OF_A_LOOP)
