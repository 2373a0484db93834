"""What expressions see of a node that has ended: `nodes.ID.output`, `nodes.ID.status`, `nodes.ID.error`."""

from collections.abc import Mapping
from typing import Any, Final

from repomill.canonical import Json

COMPLETED: Final = "completed"
SKIPPED: Final = "skipped"
FAILED: Final = "failed"

View = dict[str, Json]


def completed(output: Json) -> View:
    """Return the view of a node that did its work."""
    return {"output": output, "status": COMPLETED, "error": None}


def skipped() -> View:
    """Return the view of a node that was left out: its `when` was false, or no branch led to it."""
    return {"output": None, "status": SKIPPED, "error": None}


def failed(code: str, message: str) -> View:
    """Return the view of a node that failed while the run went on."""
    return {"output": None, "status": FAILED, "error": {"code": code, "message": message}}


def view_schema(output: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the JSON Schema of a view, given that of the node's output."""
    error = {"type": "object", "properties": {"code": {"type": "string"}, "message": {"type": "string"}}}
    return {"type": "object", "properties": {"output": output, "status": {"type": "string"}, "error": error}}


NODE_FIELDS: Final = tuple(view_schema({})["properties"])
"""The names after `nodes.ID.`."""
