"""What validation says about one place of a specification, and the catalogue of what it can say."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

FAULT_CODES: Mapping[str, str] = MappingProxyType(
    {
        # the text
        "malformed_text": "The text is neither JSON nor YAML.",
        "empty_document": "The text holds no value.",
        "too_large": "The document is too deep, too long, or grows too much through its aliases.",
        "tag_refused": "A YAML tag; a specification is plain data.",
        "duplicate_key": "A key stands twice in one object.",
        "key_not_text": "A key is a list or an object.",
        "bad_number": "A number that JSON does not have, or that would lose digits.",
        # the shape
        "wrong_type": "A value has another type than the language asks for.",
        "missing_key": "A required key is absent.",
        "unknown_key": "The language has no such key here.",
        "bad_value": "A value of the right type that is not allowed.",
        "bad_name": "A name or id with characters it must not have.",
        "unknown_node_type": "No node kind has this name.",
        "duplicate_id": "Two nodes have one id; those inside a loop must differ from those around it.",
        "reserved_name": "A name that has a meaning of its own.",
        "loop_without_bound": "A loop does not say how often it may run at most.",
        "empty_body": "A loop has no nodes inside.",
        "unsafe_reuse": "A node that changes something outside would take the result of another run.",
        "bad_mock": "A fixed answer is not one that the node could give.",
        # the graph
        "unknown_edge_node": "An edge begins or ends at a node that does not exist.",
        "duplicate_edge": "The same edge stands twice.",
        "self_edge": "An edge leads from a node to itself.",
        "cycle": "Nodes wait for each other.",
        "edge_across_loop": "An edge leads into the body of a loop, or out of it.",
        "unknown_branch": "An edge takes a branch that its node does not have.",
        "no_branches": "An edge takes a branch of a node that has none.",
        "error_branch_not_offered": "An edge takes the branch `error` of a node without `on_error: branch`.",
        "branch_without_edge": "A branch can be chosen, and no edge takes it.",
        "unknown_start_node": "`start_node` names no node.",
        "start_node_has_predecessor": "An edge leads to the start node.",
        "unreachable_node": "No path leads from the start node to this node.",
        "writes_after_publishing": "A node writes files after the tree was published.",
        "publishes_in_loop": "A node inside a loop needs the finished tree.",
        # what is referred to
        "unknown_source": "A node uses a source the workflow does not have.",
        "wrong_source_kind": "A node uses a source of a kind that it cannot use.",
        "unknown_queue": "A source uses a queue the workflow does not have.",
        "queue_too_narrow": "A node's answers may have more tokens than its source's queue lets through in a minute.",
        "template_missing": "A template folder does not exist.",
        "template_outside": "A template folder lies outside the specification's folder.",
        "template_syntax": "A file of a template folder cannot be parsed.",
        "unsafe_path": "A path that a tree must not have.",
        "path_written_twice": "One node, two that may both run, or all iterations of a loop write one path twice.",
        "paths_clash": "Two paths that some file system takes as one, or a file where another path needs a folder.",
        "expression_syntax": "An expression or template cannot be parsed.",
        "unknown_name": "An expression uses a name that does not exist.",
        "name_outside_loop": "An expression outside of a loop's body uses a name that only the body has.",
        "unknown_input": "An expression uses an input the workflow does not declare.",
        "unknown_variable": "An expression uses a variable the workflow does not have.",
        "unknown_node": "An expression uses the result of a node that does not exist.",
        "node_inside_loop": "An expression outside of a loop uses the result of a node inside.",
        "node_not_upstream": "An expression uses the result of a node that need not have run.",
        "unknown_output_field": "An expression uses a field that the node's output does not have.",
        "never_together": "An expression needs outputs of nodes of which only one ever has any.",
        # the inputs
        "bad_schema": "A JSON Schema is not one.",
        "bad_default": "An input's default does not fit its own schema.",
    }
)
"""Every code a fault can have, with its meaning; codes are part of the public interface."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: `pointer` is a JSON pointer (RFC 6901) into the document, `line` and `column` count from 1."""

    code: str
    pointer: str
    line: int
    column: int
    message: str
    hint: str
    source: str

    def __str__(self) -> str:
        advice = f"; {self.hint}" if self.hint else ""
        return f"{self.source}:{self.line}:{self.column} [{self.code}] {self.pointer or '/'}: {self.message}{advice}"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, before its place in the text is looked up.

    `at_key` points at the key instead of its value; `text_line` is the line within a string value, from 1.
    """

    code: str
    pointer: str
    message: str
    hint: str = ""
    at_key: bool = False
    text_line: int = 1
