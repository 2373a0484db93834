"""Checks of graphs: edges, cycles, the start node, and that nothing is written after publishing."""

from collections.abc import Iterator

from repomill.workflow._draft import Draft, DraftEdge, DraftGraph
from repomill.workflow._nearest import did_you_mean
from repomill.workflow.faults import Finding
from repomill.workflow.pointers import child


def check_graph(draft: Draft) -> Iterator[Finding]:
    """Yield faults of edges and of the order they make."""
    for graph in draft.graphs:
        yield from _edges(draft, graph)
        yield from _cycles(graph)
        yield from _late_writers(graph)
        yield from _publishers_inside(graph)
    yield from _start_node(draft)


def _edges(draft: Draft, graph: DraftGraph) -> Iterator[Finding]:
    seen: dict[tuple[str, str, str | None], DraftEdge] = {}
    for edge in graph.edges:
        same = (edge.earlier, edge.later, edge.branch)
        yield from _edge_ends(draft, graph, edge)
        if edge.earlier == edge.later:
            yield Finding("self_edge", edge.pointer, f"node {edge.earlier!r} cannot wait for itself")
        if same in seen:
            message = f"{edge.earlier} → {edge.later} stands at {seen[same].pointer} already"
            yield Finding("duplicate_edge", edge.pointer, message)
        seen.setdefault(same, edge)


def _edge_ends(draft: Draft, graph: DraftGraph, edge: DraftEdge) -> Iterator[Finding]:
    for key, node_id in (("from", edge.earlier), ("to", edge.later)):
        if node_id in graph.nodes:
            continue
        pointer = child(edge.pointer, key)
        if node_id in draft.homes:
            message = f"an edge cannot lead into or out of a loop, and {node_id!r} stands on the other side"
            yield Finding("edge_across_loop", pointer, message, "let the edge begin or end at the loop itself")
        else:
            hint = did_you_mean(node_id, graph.nodes)
            yield Finding("unknown_edge_node", pointer, f"there is no node {node_id!r}", hint)


def _cycles(graph: DraftGraph) -> Iterator[Finding]:
    for cycle in graph.cycles:
        path = " → ".join((*cycle, cycle[0]))
        pointer = graph.edge_pointer(cycle[-1], cycle[0])
        hint = "remove one of the edges, or put what repeats into a 'loop'"
        yield Finding("cycle", pointer, f"these nodes wait for each other: {path}", hint)


def _start_node(draft: Draft) -> Iterator[Finding]:
    start, graph = draft.data.get("start_node"), draft.root
    if not isinstance(start, str):
        return
    if start not in graph.nodes:
        hint = did_you_mean(start, graph.nodes)
        yield Finding("unknown_start_node", "/start_node", f"there is no node {start!r}", hint)
        return
    for edge in graph.edges:
        if edge.later == start and edge.earlier != start:
            message = f"{edge.earlier} → {start} leads to the start node"
            yield Finding("start_node_has_predecessor", edge.pointer, message)
    reached = graph.stated.extended(graph.graph.edges).reachable_from(start)
    for node in graph.nodes.values():
        if node.id not in reached:
            message = f"no path leads from the start node {start!r} to {node.id!r}"
            yield Finding("unreachable_node", node.pointer, message, "add an edge, or leave start_node out")


def _late_writers(graph: DraftGraph) -> Iterator[Finding]:
    publishers = [node.id for node in graph.nodes.values() if node.publishes]
    for node in graph.nodes.values() if publishers else ():
        if not graph.writes_files(node):
            continue
        early = [publisher for publisher in publishers if graph.ordered.is_ancestor(publisher, node.id)]
        if early:
            message = f"node {node.id!r} writes files after {early[0]!r} has published the tree"
            yield Finding("writes_after_publishing", node.pointer, message, f"let it run before {early[0]!r}")


def _publishers_inside(graph: DraftGraph) -> Iterator[Finding]:
    for node in graph.listed if graph.owner is not None else ():
        if node.publishes:
            message = f"node {node.id!r} needs the finished tree, which a loop never has"
            yield Finding("publishes_in_loop", child(node.pointer, "type"), message, "move it behind the loop")
