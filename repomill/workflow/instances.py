"""Paths of node instances: every iteration of a loop runs instances of the nodes in its body.

`write` is a node of the workflow, `modules[3].write` the same node's instance in the fourth iteration of the loop
`modules`, `outer[2].inner[0].write` one of a loop within a loop.
"""

import re
from dataclasses import dataclass

_STEP = re.compile(r"([^\[\].]+)(?:\[(0|[1-9][0-9]*)\])?")


@dataclass(frozen=True, slots=True)
class Step:
    """One part of an instance's path; `index` counts iterations from 0 and is None for the node at the end."""

    node: str
    index: int | None = None


def instance_path(parent: str, index: int, node: str) -> str:
    """Return the path of a body's node; `parent` is the path of the loop's own instance."""
    return f"{parent}[{index}].{node}"


def parse_instance_path(path: str) -> tuple[Step, ...]:
    """Take a path apart, from the outermost loop to the node; a single iteration (`outer[2]`) is a path too.

    Raises:
        ValueError: it is no path of an instance.
    """
    steps = []
    for part in path.split("."):
        found = _STEP.fullmatch(part)
        if found is None:
            raise ValueError(f"{path!r} is not the path of a node instance")
        steps.append(Step(found[1], None if found[2] is None else int(found[2])))
    if any(step.index is None for step in steps[:-1]):
        raise ValueError(f"{path!r} names a loop without its iteration")
    return tuple(steps)


def node_path(path: str) -> tuple[str, ...]:
    """Return the ids along an instance's path, the same for all iterations: `("outer", "inner", "write")`."""
    return tuple(step.node for step in parse_instance_path(path))
