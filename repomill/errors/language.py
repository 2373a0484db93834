"""Errors of specifications, inputs and expressions."""

from dataclasses import dataclass
from typing import ClassVar

from repomill.errors.base import BadInput, JsonObject


@dataclass(eq=False)
class UnreadableFile(BadInput):
    """A file the person named cannot be read."""

    path: str
    reason: str
    code: ClassVar[str] = "file_unreadable"
    message: ClassVar[str] = "{path} cannot be read: {reason}."
    hint: ClassVar[str] = "Check the path; relative ones start at the current folder."


@dataclass(eq=False)
class WorkflowInvalid(BadInput):
    """A specification has faults; `faults` are `repomill.workflow.faults.Fault` objects, all of them."""

    source: str
    faults: tuple[object, ...]
    code: ClassVar[str] = "workflow_invalid"
    message: ClassVar[str] = "{source} has {count} fault(s)."
    hint: ClassVar[str] = (
        "Each line says where (file:line:column) and what is wrong; mend the file and repeat. Nothing ran."
    )

    def facts(self) -> JsonObject:
        """Add the number of faults, which the message prints."""
        return super().facts() | {"count": len(self.faults)}

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *(f"  {fault}" for fault in self.faults)])


@dataclass(eq=False)
class InputsInvalid(BadInput):
    """Run inputs do not fit the workflow's schema; `problems` are sentences, each naming its JSON pointer."""

    workflow: str
    problems: tuple[str, ...]
    code: ClassVar[str] = "inputs_invalid"
    message: ClassVar[str] = "The inputs do not fit workflow {workflow}: {listed}"
    hint: ClassVar[str] = "`repomill workflow schema SPEC` prints what a workflow takes. Nothing ran."

    def facts(self) -> JsonObject:
        """Add the joined list, which the message prints."""
        return super().facts() | {"listed": "; ".join(self.problems)}


@dataclass(eq=False)
class ExpressionFailed(BadInput):
    """An expression or template could not be rendered; `place` is a node field or a file, `line` is 1-based."""

    place: str
    line: int
    reason: str
    code: ClassVar[str] = "expression_failed"
    message: ClassVar[str] = "{place}, line {line}: {reason}"
    hint: ClassVar[str] = "Names come from `inputs`, `variables` and `nodes`; the docs page on expressions lists all."


@dataclass(eq=False)
class RenderingTooLarge(BadInput):
    """A template ran over its bound in time or size."""

    place: str
    bound: str
    code: ClassVar[str] = "rendering_too_large"
    message: ClassVar[str] = "{place}: rendering went over {bound}."
    hint: ClassVar[str] = "Split the template or produce less text from it."


@dataclass(eq=False)
class ConditionFailed(BadInput):
    """A condition is neither true nor false; `place` is the field it stands in."""

    place: str
    reason: str
    code: ClassVar[str] = "condition_failed"
    message: ClassVar[str] = "{place}: {reason}."
    hint: ClassVar[str] = "Compare values of one type; `| int`, `| string` or `| length` in an expression convert."


@dataclass(eq=False)
class LoopTooLong(BadInput):
    """A list has more items than the loop may have iterations; nothing of the loop ran."""

    node: str
    items: int
    bound: int
    code: ClassVar[str] = "loop_too_long"
    message: ClassVar[str] = "Loop {node} has {items} items, and max_iterations is {bound}."
    hint: ClassVar[str] = "Raise max_iterations, or shorten the list. No iteration ran."


@dataclass(eq=False)
class LoopNotEnding(BadInput):
    """A `while` or `until` loop reached its bound; results of its iterations are kept."""

    node: str
    bound: int
    code: ClassVar[str] = "loop_not_ending"
    message: ClassVar[str] = "Loop {node} has not come to its end after {bound} iterations."
    hint: ClassVar[str] = "Mend its condition, raise max_iterations, or take what there is with `on_limit: stop`."
