"""Every expression of a document under validation, with the names that exist where it stands."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from repomill.nodes.base import Deferred, NodeConfig
from repomill.trees.references import Reference
from repomill.workflow._config_strings import Shapes, map_strings
from repomill.workflow._draft import Draft, DraftGraph, DraftNode, string_pointer
from repomill.workflow.expressions import ROOTS, references
from repomill.workflow.faults import Finding
from repomill.workflow.field_paths import parse_field_path
from repomill.workflow.pointers import child


@dataclass(frozen=True, slots=True)
class Place:
    """Where an expression stands: `node` is None outside the nodes, `graph` where no node can be named at all."""

    graph: DraftGraph | None = None
    node: DraftNode | None = None
    names: frozenset[str] | None = frozenset()
    """Names besides those of all expressions; None when they cannot be told."""
    roots: tuple[str, ...] = ROOTS
    is_deferred: bool = False
    """Whether the runner evaluates it when it likes, not before it starts."""


@dataclass(frozen=True, slots=True)
class Text:
    """One string; `path` instead of a source is a plain path such as `nodes.plan.output`."""

    source: str
    pointer: str
    place: Place
    is_path: bool = False

    def references(self) -> tuple[Reference, ...]:
        """Return the names it uses; raises as `repomill.workflow.expressions.references`."""
        if self.is_path:
            return (Reference(parse_field_path(self.source), 1),)
        return references(self.source, self.pointer)

    def finding(self, code: str, reference: Reference, message: str, hint: str = "") -> Finding:
        """Report a name on the line of the text that uses it."""
        return Finding(code, self.pointer, message, hint, text_line=reference.line)


def expression_texts(draft: Draft) -> Iterator[Text]:
    """Yield every expression: variables, all that nodes say, and outputs."""
    yield from _strings(draft.table("variables"), "/variables", Place(roots=("inputs",)))
    for graph in draft.graphs:
        for node in graph.listed:
            yield from _of_node(graph, node)
        yield from _strings(graph.data.get("output"), child(graph.pointer, "output"), Place(graph, names=graph.names))


def _of_node(graph: DraftGraph, node: DraftNode) -> Iterator[Text]:
    place = Place(graph, node, graph.names)
    shapes = (node.kind.config_model,) if node.kind is not None else ()
    yield from _strings(node.item.get("when"), child(node.pointer, "when"), place)
    yield from _strings(node.raw, node.config_pointer, place, shapes)
    if node.understood is not None:
        kind, config = node.understood
        for path in kind.reads(config):
            yield Text(path, string_pointer(node, path), place, is_path=True)
    for key, more in _deferred(*shapes).items():
        own = node.body_names
        names = None if own is None or graph.names is None else graph.names | more | set(own)
        yield from _strings(
            node.raw.get(key), child(node.config_pointer, key), Place(graph, node, names, is_deferred=True)
        )


@cache
def _deferred(*models: type[NodeConfig]) -> Mapping[str, frozenset[str]]:
    """Return the keys whose expressions the runner evaluates, each with the names that join."""
    return {
        field.alias or name: frozenset(mark.names)
        for model in models
        for name, field in model.model_fields.items()
        for mark in field.metadata
        if isinstance(mark, Deferred)
    }


def _strings(value: Any, pointer: str, place: Place, shapes: Shapes = ()) -> list[Text]:
    found: list[Text] = []

    def visit(text: str, at: str) -> str:
        found.append(Text(text, at, place))
        return text

    map_strings(value, visit, shapes, pointer)
    return found
