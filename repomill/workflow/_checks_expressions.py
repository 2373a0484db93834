"""Checks of expressions: each parses, and each name it uses exists and is there in time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from repomill.errors import ExpressionFailed
from repomill.workflow._config_strings import map_strings
from repomill.workflow._draft import Draft
from repomill.workflow._nearest import did_you_mean
from repomill.workflow._schema_paths import missing_part
from repomill.workflow.expressions import ROOTS, Path, references
from repomill.workflow.faults import Finding

NODE_FIELDS = ("output",)
"""What expressions see of a node: `nodes.ID.output`."""


@dataclass(frozen=True, slots=True)
class _Text:
    """An expression with the names that exist where it stands; `node` is None outside the nodes."""

    source: str
    pointer: str
    roots: tuple[str, ...] = ROOTS
    node: str | None = None

    def finding(self, code: str, path: Path, message: str, hint: str = "") -> Finding:
        """Report a path, on the line of the text that spells it."""
        return Finding(code, self.pointer, message, hint, text_line=self._line(path))

    def _line(self, path: Path) -> int:
        # The path may be spelt in more ways (`nodes["plan"]`): then the first line has to do.
        before, found, _ = self.source.partition(".".join(str(part) for part in path[:2]))
        return before.count("\n") + 1 if found else 1


def check_expressions(draft: Draft) -> Iterator[Finding]:
    """Yield faults of every expression in variables, node configurations and the output."""
    for text in _texts(draft):
        try:
            paths = references(text.source, text.pointer)
        except ExpressionFailed as error:
            yield Finding("expression_syntax", text.pointer, error.reason, text_line=error.line)
            continue
        for path in sorted(paths, key=str):
            yield from _path(draft, text, path)


def _texts(draft: Draft) -> Iterator[_Text]:
    yield from _strings(draft.table("variables"), "/variables", roots=("inputs",))
    for node in draft.listed:
        models = (node.kind.config_model,) if node.kind is not None else ()
        yield from _strings(node.raw, node.config_pointer, models, node=node.id)
    yield from _strings(draft.data.get("output"), "/output")


def _strings(value: Any, pointer: str, models: Any = (), **place: Any) -> Iterator[_Text]:
    found: list[_Text] = []
    map_strings(value, lambda text, at: found.append(_Text(text, at, **place)), models, pointer)
    return (text for text in found if "{" in text.source)


def _path(draft: Draft, text: _Text, path: Path) -> Iterator[Finding]:
    root = str(path[0])
    if root not in text.roots:
        yield _unknown_root(text, path)
    elif root == "inputs" and len(path) > 1:
        yield from _input(draft, text, path)
    elif root == "variables" and len(path) > 1:
        yield from _variable(draft, text, path)
    elif root == "nodes" and len(path) > 1:
        yield from _node(draft, text, path)


def _unknown_root(text: _Text, path: Path) -> Finding:
    root = str(path[0])
    hint = f"only {', '.join(text.roots)} can be used here" if root in ROOTS else did_you_mean(root, text.roots)
    return text.finding("unknown_name", path, f"there is no name {root!r}", hint)


def _input(draft: Draft, text: _Text, path: Path) -> Iterator[Finding]:
    schema: Mapping[str, Any] = {"properties": {}, **draft.table("inputs")}
    wrong = missing_part(schema, path[1:])
    if wrong is not None:
        name = ".".join(str(part) for part in path[: wrong.depth + 2])
        yield text.finding("unknown_input", path, f"there is no {name}", did_you_mean(wrong.part, wrong.known))


def _variable(draft: Draft, text: _Text, path: Path) -> Iterator[Finding]:
    name = str(path[1])
    variables = draft.table("variables")
    if name not in variables:
        hint = did_you_mean(name, variables)
        yield text.finding("unknown_variable", path, f"there is no variable {name!r}", hint)


def _node(draft: Draft, text: _Text, path: Path) -> Iterator[Finding]:
    node_id = str(path[1])
    if node_id not in draft.nodes:
        hint = did_you_mean(node_id, draft.nodes)
        yield text.finding("unknown_node", path, f"there is no node {node_id!r}", hint)
    elif text.node is not None and not _is_upstream(draft, node_id, text.node):
        message = f"node {node_id!r} need not have run before {text.node!r}"
        yield text.finding("node_not_upstream", path, message, f"add an edge from {node_id!r} to {text.node!r}")
    else:
        yield from _result(draft, text, path)


def _is_upstream(draft: Draft, earlier: str, later: str) -> bool:
    return any(earlier in cycle and later in cycle for cycle in draft.cycles) or draft.graph.is_ancestor(earlier, later)


def _result(draft: Draft, text: _Text, path: Path) -> Iterator[Finding]:
    _, node_id, *inner = path
    if not inner:
        return
    if inner[0] not in NODE_FIELDS:
        message = f"a node has no {str(inner[0])!r}, only 'output'"
        yield text.finding("unknown_output_field", path, message, f"write nodes.{node_id}.output.{inner[0]}")
        return
    node = draft.nodes[str(node_id)]
    if node.kind is None or node.config is None:
        return
    wrong = missing_part(node.kind.output_schema(node.config), inner[1:])
    if wrong is not None:
        name = ".".join(str(part) for part in path[: wrong.depth + 4])
        hint = did_you_mean(wrong.part, wrong.known)
        yield text.finding("unknown_output_field", path, f"there is no {name}", hint)
