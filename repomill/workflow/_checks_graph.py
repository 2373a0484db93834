"""Checks of the graph: edges, cycles, the start node, and that nothing is written after publishing."""

from collections.abc import Iterator

from repomill.workflow._draft import Draft, DraftEdge
from repomill.workflow._nearest import did_you_mean
from repomill.workflow.faults import Finding
from repomill.workflow.pointers import child


def check_graph(draft: Draft) -> Iterator[Finding]:
    """Yield faults of edges and of the order they make."""
    yield from _edges(draft)
    yield from _cycles(draft)
    yield from _start_node(draft)
    yield from _late_writers(draft)


def _edges(draft: Draft) -> Iterator[Finding]:
    seen: dict[tuple[str, str], DraftEdge] = {}
    for edge in draft.edges:
        pair = (edge.earlier, edge.later)
        yield from _edge_ends(draft, edge)
        if edge.earlier == edge.later:
            yield Finding("self_edge", edge.pointer, f"node {edge.earlier!r} cannot wait for itself")
        if pair in seen:
            message = f"{edge.earlier} → {edge.later} stands at {seen[pair].pointer} already"
            yield Finding("duplicate_edge", edge.pointer, message)
        seen.setdefault(pair, edge)


def _edge_ends(draft: Draft, edge: DraftEdge) -> Iterator[Finding]:
    for key, node_id in (("from", edge.earlier), ("to", edge.later)):
        if node_id not in draft.nodes:
            hint = did_you_mean(node_id, draft.nodes)
            yield Finding("unknown_edge_node", child(edge.pointer, key), f"there is no node {node_id!r}", hint)


def _cycles(draft: Draft) -> Iterator[Finding]:
    for cycle in draft.cycles:
        path = " → ".join((*cycle, cycle[0]))
        pointer = draft.edge_pointer(cycle[-1], cycle[0])
        yield Finding("cycle", pointer, f"these nodes wait for each other: {path}", "remove one of the edges")


def _start_node(draft: Draft) -> Iterator[Finding]:
    start = draft.data.get("start_node")
    if not isinstance(start, str):
        return
    if start not in draft.nodes:
        hint = did_you_mean(start, draft.nodes)
        yield Finding("unknown_start_node", "/start_node", f"there is no node {start!r}", hint)
        return
    for edge in draft.edges:
        if edge.later == start and edge.earlier != start:
            message = f"{edge.earlier} → {start} leads to the start node"
            yield Finding("start_node_has_predecessor", edge.pointer, message)
    reached = draft.stated.extended(draft.graph.edges).reachable_from(start)
    for node in draft.nodes.values():
        if node.id not in reached:
            message = f"no path leads from the start node {start!r} to {node.id!r}"
            yield Finding("unreachable_node", node.pointer, message, "add an edge, or leave start_node out")


def _late_writers(draft: Draft) -> Iterator[Finding]:
    publishers = [node.id for node in draft.nodes.values() if node.publishes]
    for node in draft.nodes.values():
        if not node.writes_files:
            continue
        early = [publisher for publisher in publishers if draft.ordered.is_ancestor(publisher, node.id)]
        if early:
            message = f"node {node.id!r} writes files after {early[0]!r} has published the tree"
            yield Finding("writes_after_publishing", node.pointer, message, f"let it run before {early[0]!r}")
