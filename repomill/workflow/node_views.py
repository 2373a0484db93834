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


_TEXT: Final = {"type": "string"}

VIEW_SCHEMAS: Final[Mapping[str, Mapping[str, Any]]] = {
    "output": {},
    "status": _TEXT,
    "error": {"type": ["object", "null"], "properties": {"code": _TEXT, "message": _TEXT}},
}
"""JSON Schemas of the parts of a view; that of `output` is for each kind to say."""

NODE_FIELDS: Final = tuple(VIEW_SCHEMAS)
"""The names after `nodes.ID.`."""
