"""Checks of references to results: `nodes.ID` exists where the expression stands, ran before it, and has the field."""

from collections.abc import Iterator

from repomill.trees.references import Reference
from repomill.workflow._draft import Draft, DraftGraph, DraftNode
from repomill.workflow._draft_schemas import output_schema
from repomill.workflow._expression_texts import Text
from repomill.workflow._nearest import did_you_mean
from repomill.workflow._schema_paths import MissingPart, missing_part
from repomill.workflow.faults import Finding
from repomill.workflow.node_views import NODE_FIELDS, VIEW_SCHEMAS


def check_result(draft: Draft, text: Text, reference: Reference) -> Iterator[Finding]:
    """Yield faults of one use of `nodes.ID`."""
    node_id, here = str(reference.path[1]), text.place.graph
    visible = (here, *here.enclosing) if here is not None else ()
    home = next((graph for graph in visible if node_id in graph.nodes), None)
    if home is None:
        yield _not_visible(draft, text, reference, node_id, visible)
        return
    reader = reader_beside(text, home)
    if reader is not None and not home.comes_before(node_id, reader.id):
        yield _too_early(text, reference, node_id, reader)
    elif not reference.optional:
        yield from _field(home, home.nodes[node_id], text, reference)


def reader_beside(text: Text, home: DraftGraph) -> DraftNode | None:
    """Return the node that must come later: the one with the expression, or the loop around it beside the other."""
    graph, node = text.place.graph, text.place.node
    while graph is not None and graph is not home:
        node = graph.owner
        graph = graph.outer
    return node


def _not_visible(
    draft: Draft, text: Text, reference: Reference, node_id: str, visible: tuple[DraftGraph, ...]
) -> Finding:
    inside = draft.homes.get(node_id)
    if inside is not None and inside.owner is not None:
        loop = inside.owner.id
        message = f"node {node_id!r} runs inside {loop!r}, once for every iteration"
        hint = f"give it to the body's 'output' and use nodes.{loop}.output.items"
        return text.finding("node_inside_loop", reference, message, hint)
    hint = did_you_mean(node_id, [name for graph in visible for name in graph.nodes])
    return text.finding("unknown_node", reference, f"there is no node {node_id!r}", hint)


def _too_early(text: Text, reference: Reference, node_id: str, reader: DraftNode) -> Finding:
    if node_id == reader.id and text.place.node is not reader:
        message = f"the result of {node_id!r} is there when all its iterations have ended"
        return text.finding("node_not_upstream", reference, message, "use 'state' for what iterations hand on")
    message = f"node {node_id!r} need not have run before {reader.id!r}"
    hint = f"add an edge from {node_id!r} to {reader.id!r}" if node_id != reader.id else ""
    return text.finding("node_not_upstream", reference, message, hint)


def _field(home: DraftGraph, node: DraftNode, text: Text, reference: Reference) -> Iterator[Finding]:
    field, *inner = reference.path[2:] or ("output",)
    if field not in NODE_FIELDS:
        message = f"a node has no {str(field)!r}, only {', '.join(map(repr, NODE_FIELDS))}"
        yield text.finding("unknown_output_field", reference, message, f"write nodes.{node.id}.output.{field}")
        return
    wrong = _missing(home, node, str(field), inner)
    if wrong is not None:
        message = f"there is no {'.'.join(map(str, reference.path[: wrong.depth + 4]))}"
        yield text.finding("unknown_output_field", reference, message, did_you_mean(wrong.part, wrong.known))


def _missing(home: DraftGraph, node: DraftNode, field: str, inner: list[str | int]) -> MissingPart | None:
    return missing_part(output_schema(home, node) if field == "output" else VIEW_SCHEMAS[field], inner)
