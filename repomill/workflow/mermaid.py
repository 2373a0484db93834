"""A plan as a Mermaid flowchart, for README files, pull requests and the Prefect UI."""

from collections.abc import Iterator

from repomill.workflow.plan import Plan
from repomill.workflow.spec import NodeSpec

# Mermaid takes entity codes in quoted labels; unescaped, these end the label or start markup.
_ESCAPES = str.maketrans({char: f"#{ord(char)};" for char in '"#;<>&`[]{}()|\\'} | {"\n": " ", "\r": " "})


def to_mermaid(plan: Plan) -> str:
    """Return the graph top down; dotted arrows are the ones nobody wrote, from files to publishing."""
    return "\n".join(("flowchart TD", *_nodes(plan), *_arrows(plan))) + "\n"


def _nodes(plan: Plan) -> Iterator[str]:
    for number, node in enumerate(plan.nodes.values()):
        yield f'    n{number}["{_label(node)}"]'


def _label(node: NodeSpec) -> str:
    # Numbers as names: an id such as `end` is a word of Mermaid's own.
    return f"{(node.title or node.id).translate(_ESCAPES)}<br/>{node.type.translate(_ESCAPES)}"


def _arrows(plan: Plan) -> Iterator[str]:
    numbers = {node_id: number for number, node_id in enumerate(plan.nodes)}
    for earlier, later in plan.graph.edges:
        arrow = "-.->" if (earlier, later) in plan.implied else "-->"
        yield f"    n{numbers[earlier]} {arrow} n{numbers[later]}"
