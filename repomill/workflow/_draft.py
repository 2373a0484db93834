"""What can be understood of a specification that may have faults, so that one fault hides no other."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from repomill.workflow._config_strings import map_strings
from repomill.workflow._draft_graph import DraftEdge, DraftGraph, DraftNode, Kinds, objects, read_graph

__all__ = ["Draft", "DraftEdge", "DraftGraph", "DraftNode", "Kinds", "draft", "objects", "string_pointer"]


@dataclass(frozen=True)
class Draft:
    """A document under validation; `folder` holds the specification, None when it came without one."""

    data: Mapping[str, Any]
    root: DraftGraph
    kinds: Kinds
    folder: Path | None

    @cached_property
    def graphs(self) -> tuple[DraftGraph, ...]:
        """The workflow's graph, and those of all bodies within it."""
        return tuple(self.root.inside())

    @cached_property
    def listed(self) -> tuple[DraftNode, ...]:
        """All nodes, also those inside others."""
        return tuple(node for graph in self.graphs for node in graph.listed)

    @cached_property
    def homes(self) -> Mapping[str, DraftGraph]:
        """For each id the graph it is found in first, that of the workflow before those of bodies."""
        return {node.id: graph for graph in reversed(self.graphs) for node in graph.listed}

    def table(self, key: str) -> Mapping[str, Any]:
        """Return a top-level object, empty when it is absent or something else."""
        value = self.data.get(key)
        return value if isinstance(value, dict) else {}


def draft(data: Mapping[str, Any], kinds: Kinds, folder: Path | None) -> Draft:
    """Understand what can be understood."""
    return Draft(data, read_graph(data, kinds), kinds, folder)


def string_pointer(node: DraftNode, name: str, at: int = 0) -> str:
    """Return the place of a name a kind spoke of: the string it is, or ends with (`into` stands before a path).

    Of several such strings it is the one `at` this place in their order, or the last.
    """
    places: list[tuple[int, str]] = [(0, node.config_pointer)]

    def visit(text: str, pointer: str) -> str:
        if text and (name == text or name.endswith(f"/{text}")):
            places.append((len(text), pointer))
        return text

    map_strings(dict(node.raw), visit, (), node.config_pointer)
    longest = max(length for length, _ in places)
    fitting = [pointer for length, pointer in places if length == longest]
    return fitting[min(at, len(fitting) - 1)]
