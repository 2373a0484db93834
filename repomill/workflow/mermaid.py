"""A plan as a Mermaid flowchart, for README files, pull requests and the Prefect UI."""

from collections.abc import Iterator, Mapping
from itertools import count

from repomill.workflow.graph_views import NodeKey, NodeView
from repomill.workflow.plan import Plan
from repomill.workflow.spec import NodeSpec

# Mermaid takes entity codes in quoted labels; unescaped, these end the label or start markup.
_ESCAPES = str.maketrans({char: f"#{ord(char)};" for char in '"#;<>&`[]{}()|\\'} | {"\n": " ", "\r": " "})

_COLOURS: Mapping[str, str] = {
    "completed": "fill:#e2f3e5,stroke:#2e7d32,color:#14301a",
    "cached": "fill:#e3eefb,stroke:#1e5fa8,color:#10273f",
    "running": "fill:#fff4d6,stroke:#b07d00,color:#3b2a00",
    "suspended": "fill:#efe6fb,stroke:#6a3fb0,color:#26143f",
    "failed": "fill:#fbe3e3,stroke:#b3261e,color:#3f0f0c",
    "cancelled": "fill:#eeeeee,stroke:#7a3b3b,color:#333333",
    "skipped": "fill:#f4f4f4,stroke:#9e9e9e,color:#757575,stroke-dasharray:4",
    "pending": "fill:#ffffff,stroke:#9e9e9e,color:#424242",
}
"""Fill, border and text by state, each readable on light and on dark pages."""

Views = Mapping[NodeKey, NodeView]


def to_mermaid(plan: Plan, states: Views | None = None) -> str:
    """Return the graph top down.

    Loops are boxes around their nodes, branches are labels of arrows; dotted arrows are the ones nobody wrote, from
    files to publishing. With `states` (of `repomill.workflow.graph_views.view_nodes`) it is the picture of a run.
    """
    picture = _Picture(states or {})
    return "\n".join(("flowchart TD", *picture.graph(plan, ()), *picture.classes())) + "\n"


class _Picture:
    def __init__(self, states: Views) -> None:
        self._states = states
        self._numbers = count()
        self._coloured: dict[str, list[str]] = {}

    def graph(self, plan: Plan, around: NodeKey) -> Iterator[str]:
        """Yield the nodes of a plan, then its arrows; numbers as names: an id such as `end` is a word of Mermaid's."""
        indent = "    " * (len(around) + 1)
        names: dict[str, str] = {}
        for node_id, node in plan.nodes.items():
            names[node_id] = f"n{next(self._numbers)}"
            yield from self._node(plan, node, (*around, node_id), names[node_id], indent)
        for earlier, later in plan.graph.edges:
            for arrow in _arrows(plan, earlier, later):
                yield f"{indent}{names[earlier]} {arrow} {names[later]}"

    def _node(self, plan: Plan, node: NodeSpec, key: NodeKey, name: str, indent: str) -> Iterator[str]:
        view = self._states.get(key)
        label = _label(node, view)
        if view is not None and view.state in _COLOURS:
            self._coloured.setdefault(view.state, []).append(name)
        if node.id in plan.bodies:
            yield f'{indent}subgraph {name}["{label}"]'
            yield from self.graph(plan.bodies[node.id], key)
            yield f"{indent}end"
        else:
            opening, closing = ("{", "}") if _chooses(plan, node) else ("[", "]")
            yield f'{indent}{name}{opening}"{label}"{closing}'

    def classes(self) -> Iterator[str]:
        """Yield the colours of the states that occur."""
        for state, names in self._coloured.items():
            yield f"    classDef {state} {_COLOURS[state]}"
            yield f"    class {','.join(names)} {state}"


def _label(node: NodeSpec, view: NodeView | None) -> str:
    lines = [node.title or node.id, node.type, *([view.facts()] if view is not None else [])]
    return "<br/>".join(line.translate(_ESCAPES) for line in lines)


def _chooses(plan: Plan, node: NodeSpec) -> bool:
    """Tell whether a branch leads out of the node."""
    return any(plan.branch_of(node.id, later) - {None} for later in plan.successors(node.id))


def _arrows(plan: Plan, earlier: str, later: str) -> Iterator[str]:
    if (earlier, later) in plan.implied:
        yield "-.->"
    for branch in sorted(plan.branch_of(earlier, later), key=lambda name: name or ""):
        yield "-->" if branch is None else f'-->|"{branch.translate(_ESCAPES)}"|'
