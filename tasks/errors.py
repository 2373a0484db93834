"""Errors as rows keep them."""

from typing import Any

from repomill.errors import RepomillError


def error_facts(error: BaseException) -> dict[str, Any]:
    """Return code, message, hint, exit code and node of an error, as plain JSON."""
    if not isinstance(error, RepomillError):
        return {"code": "unexpected", "message": f"{type(error).__name__}: {error}", "hint": "", "exit_code": 1}
    facts = {"code": error.code, "message": str(error), "hint": error.advice(), "exit_code": error.exit_code}
    return facts | ({"node": error.node_path} if error.node_path else {})
