"""Checks that what an expression needs can be there: no outputs of nodes that never both run, none of one left out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from repomill.trees.references import Reference
from repomill.workflow._checks_results import reader_beside
from repomill.workflow._draft import DraftGraph, DraftNode
from repomill.workflow._exclusive import NO_OUTCOMES, Outcomes, completed, exclude_each_other, outcomes
from repomill.workflow._expression_texts import Place, Text
from repomill.workflow.faults import Finding

_PART_OF_OUTPUT: Final = len(("nodes", "ID", "output", "part"))
_HINT: Final = "write '| default(…)' behind it, or ask with 'if' for 'nodes.ID.status'"


@dataclass(slots=True)
class _Needed:
    """The nodes that expressions rendered together need: those that run, and those whose output must be there."""

    runs: tuple[str, ...]
    outcomes: dict[str, Outcomes] = field(default_factory=dict)
    _ways: dict[str, int] = field(default_factory=dict)

    def add(self, node: str, ways: Outcomes) -> bool:
        """Add a node; tell whether it can have run together with all the others."""
        self.outcomes[node] = ways
        possible = True
        for chooser, mask in ways.items():
            both = self._ways.get(chooser, mask) & mask
            possible = possible and (both != 0 or mask == 0)  # 0 is a branch that does not exist: another fault
            self._ways[chooser] = both or mask  # as if this one stood alone, so that no later one is blamed for it
        return possible

    def against(self, node: str) -> str:
        """Say with what a node that cannot run together with all the others cannot."""
        ways = self.outcomes[node]
        other = next((name for name, theirs in self.outcomes.items() if exclude_each_other(ways, theirs)), None)
        if other in self.runs:
            return f"node {node!r} never has an output when {other!r} runs"
        named = f"node {other!r} has" if other else "all others that are needed here have"
        return f"node {node!r} never has an output when {named} one"


@dataclass(slots=True)
class NeededTogether:
    """Follows the expressions of a draft in their order.

    Those of a node, its `when` included, are all rendered before it runs, and those of an output together.
    """

    _outcomes: dict[str, Mapping[str, Outcomes]] = field(default_factory=dict)
    _needed: dict[str, _Needed] = field(default_factory=dict)

    def findings(self, text: Text, references: tuple[Reference, ...]) -> Iterator[Finding]:
        """Yield faults of the outputs that one text cannot do without."""
        for reference in references if not (text.place.is_deferred or _is_off(text.place)) else ():
            graph = _home(text, reference) if reference.needed else None
            if graph is not None:
                yield from self._together(text, reference, graph, graph.nodes[str(reference.path[1])])

    def _together(self, text: Text, reference: Reference, graph: DraftGraph, node: DraftNode) -> Iterator[Finding]:
        ways = completed(node, self._of_graph(graph).get(node.id, NO_OUTCOMES))
        if not ways or not _comes_before(text, graph, node):
            return
        needed = self._of_place(text.place)
        if node.id not in needed.outcomes and not needed.add(node.id, ways):
            yield text.finding("never_together", reference, needed.against(node.id), _HINT)

    def _of_place(self, place: Place) -> _Needed:
        """Return what is needed there so far; at first the node itself runs, and the loops around it."""
        assert place.graph is not None  # noqa: S101  # only there nodes can be named
        pointer = place.node.pointer if place.node is not None else f"{place.graph.pointer}/output"
        if pointer not in self._needed:
            around = [(place.graph, place.node), *((graph.outer, graph.owner) for graph in _within(place.graph))]
            runs = {
                node.id: self._of_graph(graph).get(node.id, NO_OUTCOMES) for graph, node in around if graph and node
            }
            self._needed[pointer] = _Needed(tuple(runs))
            for node, ways in runs.items():
                self._needed[pointer].add(node, ways)
        return self._needed[pointer]

    def _of_graph(self, graph: DraftGraph) -> Mapping[str, Outcomes]:
        if graph.pointer not in self._outcomes:
            self._outcomes[graph.pointer] = outcomes(graph)
        return self._outcomes[graph.pointer]


def _within(graph: DraftGraph) -> tuple[DraftGraph, ...]:
    return (graph, *graph.enclosing)


def _is_off(place: Place) -> bool:
    """Tell whether a person turned the node off."""
    return place.node is not None and str(place.node.item.get("when", "")).strip().lower() == "false"


def _home(text: Text, reference: Reference) -> DraftGraph | None:
    """Return the graph of a node of whose output a part is asked for."""
    here, path = text.place.graph, reference.path
    if here is None or len(path) < _PART_OF_OUTPUT or (path[0], path[2]) != ("nodes", "output"):
        return None
    return next((graph for graph in _within(here) if path[1] in graph.nodes), None)


def _comes_before(text: Text, home: DraftGraph, node: DraftNode) -> bool:
    """Tell whether a node has ended when the text is rendered; where it has not that is another fault."""
    reader = reader_beside(text, home)
    return reader is None or home.comes_before(node.id, reader.id)
