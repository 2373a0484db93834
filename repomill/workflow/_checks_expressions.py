"""Checks of expressions: each parses, and each name it uses exists and is there in time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from repomill.errors import ExpressionFailed, RenderingTooLarge
from repomill.trees.references import Reference
from repomill.workflow._config_strings import Shapes, map_strings
from repomill.workflow._draft import Draft, DraftNode
from repomill.workflow._nearest import did_you_mean
from repomill.workflow._schema_paths import MissingPart, missing_part
from repomill.workflow.expressions import ROOTS, references
from repomill.workflow.faults import Finding
from repomill.workflow.node_views import NODE_FIELDS, VIEW_SCHEMAS


@dataclass(frozen=True, slots=True)
class _Text:
    """An expression with the names that exist where it stands; `node` is None outside the nodes."""

    source: str
    pointer: str
    roots: tuple[str, ...] = ROOTS
    node: str | None = None

    def finding(self, code: str, reference: Reference, message: str, hint: str = "") -> Finding:
        """Report a name on the line of the text that uses it."""
        return Finding(code, self.pointer, message, hint, text_line=reference.line)


def check_expressions(draft: Draft) -> Iterator[Finding]:
    """Yield faults of every expression in variables, node configurations and the output."""
    for text in _texts(draft):
        try:
            found = references(text.source, text.pointer)
        except ExpressionFailed as error:
            yield Finding("expression_syntax", text.pointer, error.reason, text_line=error.line)
            continue
        except RenderingTooLarge as error:
            yield Finding("expression_syntax", text.pointer, f"it goes over {error.bound}", error.hint)
            continue
        for reference in found:
            yield from _name(draft, text, reference)


def _texts(draft: Draft) -> Iterator[_Text]:
    yield from _strings(draft.table("variables"), "/variables", roots=("inputs",))
    for node in draft.listed:
        shapes = (node.kind.config_model,) if node.kind is not None else ()
        yield from _strings(node.raw, node.config_pointer, shapes, node=node.id)
    yield from _strings(draft.data.get("output"), "/output")


def _strings(value: Any, pointer: str, shapes: Shapes = (), **place: Any) -> list[_Text]:
    found: list[_Text] = []

    def visit(text: str, at: str) -> str:
        found.append(_Text(text, at, **place))
        return text

    map_strings(value, visit, shapes, pointer)
    return found


def _name(draft: Draft, text: _Text, reference: Reference) -> Iterator[Finding]:
    root, *inner = reference.path
    if root not in text.roots:
        yield _unknown_root(text, reference)
    elif root == "nodes" and inner:
        yield from _node(draft, text, reference)
    elif inner and not reference.optional:
        yield from _input(draft, text, reference) if root == "inputs" else _variable(draft, text, reference)


def _unknown_root(text: _Text, reference: Reference) -> Finding:
    root = str(reference.path[0])
    hint = f"only {', '.join(text.roots)} can be used here" if root in ROOTS else did_you_mean(root, text.roots)
    return text.finding("unknown_name", reference, f"there is no name {root!r}", hint)


def _input(draft: Draft, text: _Text, reference: Reference) -> Iterator[Finding]:
    schema: Mapping[str, Any] = {"properties": {}, **draft.table("inputs")}
    wrong = missing_part(schema, reference.path[1:])
    if wrong is not None:
        hint = did_you_mean(wrong.part, wrong.known)
        yield text.finding("unknown_input", reference, f"there is no {_dotted(reference, wrong.depth + 2)}", hint)


def _variable(draft: Draft, text: _Text, reference: Reference) -> Iterator[Finding]:
    name, variables = str(reference.path[1]), draft.table("variables")
    if name not in variables:
        hint = did_you_mean(name, variables)
        yield text.finding("unknown_variable", reference, f"there is no variable {name!r}", hint)


def _node(draft: Draft, text: _Text, reference: Reference) -> Iterator[Finding]:
    node_id = str(reference.path[1])
    if node_id not in draft.nodes:
        hint = did_you_mean(node_id, draft.nodes)
        yield text.finding("unknown_node", reference, f"there is no node {node_id!r}", hint)
    elif text.node is not None and not _is_upstream(draft, node_id, text.node):
        message = f"node {node_id!r} need not have run before {text.node!r}"
        hint = f"add an edge from {node_id!r} to {text.node!r}" if node_id != text.node else ""
        yield text.finding("node_not_upstream", reference, message, hint)
    elif not reference.optional:
        yield from _result(draft.nodes[node_id], text, reference)


def _is_upstream(draft: Draft, earlier: str, later: str) -> bool:
    return any(earlier in cycle and later in cycle for cycle in draft.cycles) or draft.graph.is_ancestor(earlier, later)


def _result(node: DraftNode, text: _Text, reference: Reference) -> Iterator[Finding]:
    field = reference.path[2] if len(reference.path) > 2 else "output"
    if field not in NODE_FIELDS:
        message = f"a node has no {str(field)!r}, only {', '.join(map(repr, NODE_FIELDS))}"
        yield text.finding("unknown_output_field", reference, message, f"write nodes.{node.id}.output.{field}")
        return
    wrong = _missing_field(node, *reference.path[2:])
    if wrong is not None:
        hint = did_you_mean(wrong.part, wrong.known)
        message = f"there is no {_dotted(reference, wrong.depth + 4)}"
        yield text.finding("unknown_output_field", reference, message, hint)


def _missing_field(node: DraftNode, field: str | int = "output", *inner: str | int) -> MissingPart | None:
    """Return the first part after `nodes.ID.output`, or `nodes.ID.error`, that cannot exist."""
    if field != "output":
        return missing_part(VIEW_SCHEMAS[str(field)], inner)
    known = node.kind is not None and node.config is not None
    return missing_part(node.kind.output_schema(node.config), inner) if known else None  # type: ignore[union-attr]  # the line above


def _dotted(reference: Reference, parts: int) -> str:
    return ".".join(str(part) for part in reference.path[:parts])
