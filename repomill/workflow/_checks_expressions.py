"""Checks of expressions: each parses, and each name it uses exists and is there in time."""

from collections.abc import Iterator, Mapping
from typing import Any

from repomill.errors import ExpressionFailed, RenderingTooLarge
from repomill.trees.references import Reference
from repomill.workflow._checks_results import check_result
from repomill.workflow._checks_together import NeededTogether
from repomill.workflow._draft import Draft
from repomill.workflow._draft_schemas import name_schema
from repomill.workflow._expression_texts import Text, expression_texts
from repomill.workflow._nearest import did_you_mean
from repomill.workflow._schema_paths import missing_part
from repomill.workflow.expressions import ROOTS
from repomill.workflow.faults import Finding


def check_expressions(draft: Draft) -> Iterator[Finding]:
    """Yield faults of every expression in variables, in what nodes say, and in outputs."""
    inputs: Mapping[str, Any] = {"properties": {}, **draft.table("inputs")}
    together = NeededTogether()
    for text in expression_texts(draft):
        try:
            found = text.references()
        except ExpressionFailed as error:
            yield Finding("expression_syntax", text.pointer, error.reason, text_line=error.line)
            continue
        except RenderingTooLarge as error:
            yield Finding("expression_syntax", text.pointer, f"it goes over {error.bound}", error.hint)
            continue
        for reference in found:
            yield from _name(draft, inputs, text, reference)
        yield from together.findings(text, found)


def _name(draft: Draft, inputs: Mapping[str, Any], text: Text, reference: Reference) -> Iterator[Finding]:
    root, *inner = reference.path
    place = text.place
    if root in place.roots:
        if root == "nodes" and inner:
            yield from check_result(draft, text, reference)
        elif inner and not reference.optional:
            yield from _input(inputs, text, reference) if root == "inputs" else _variable(draft, text, reference)
    elif root in (place.names or ()):
        yield from _iteration_name(text, reference)
    elif place.names is not None:
        yield _unknown_root(draft, text, reference)


def _unknown_root(draft: Draft, text: Text, reference: Reference) -> Finding:
    root, known = str(reference.path[0]), (*text.place.roots, *sorted(text.place.names or ()))
    loop = next((graph.owner for graph in draft.graphs if graph.owner and root in (graph.owner.body_names or ())), None)
    if loop is not None:
        message = f"there is no name {root!r} outside of the body of {loop.id!r}"
        return text.finding("name_outside_loop", reference, message, f"a node after it has nodes.{loop.id}.output")
    hint = f"only {', '.join(known)} can be used here" if root in ROOTS else did_you_mean(root, known)
    return text.finding("unknown_name", reference, f"there is no name {root!r}", hint)


def _iteration_name(text: Text, reference: Reference) -> Iterator[Finding]:
    root, *inner = reference.path
    if text.place.graph is None or reference.optional:
        return
    wrong = missing_part(name_schema(text.place.graph, str(root)), inner)
    if wrong is not None:
        message = f"there is no {_dotted(reference, wrong.depth + 2)}"
        yield text.finding("unknown_output_field", reference, message, did_you_mean(wrong.part, wrong.known))


def _input(inputs: Mapping[str, Any], text: Text, reference: Reference) -> Iterator[Finding]:
    wrong = missing_part(inputs, reference.path[1:])
    if wrong is not None:
        hint = did_you_mean(wrong.part, wrong.known)
        yield text.finding("unknown_input", reference, f"there is no {_dotted(reference, wrong.depth + 2)}", hint)


def _variable(draft: Draft, text: Text, reference: Reference) -> Iterator[Finding]:
    name, variables = str(reference.path[1]), draft.table("variables")
    if name not in variables:
        hint = did_you_mean(name, variables)
        yield text.finding("unknown_variable", reference, f"there is no variable {name!r}", hint)


def _dotted(reference: Reference, parts: int) -> str:
    return ".".join(str(part) for part in reference.path[:parts])
