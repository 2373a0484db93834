"""The one registry of tools: the declarations of this package, and those of installed plug-ins."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import repomill.tools
from repomill.plugins import Kind, Registered
from repomill.tools.base import Tool

ENTRY_POINTS = "repomill.tools"


@cache
def registered() -> Registered[Tool[Any]]:
    """Find every tool there is; raises TypeError when two built-in declarations claim one name."""
    return Kind[Tool[Any]](Tool, repomill.tools, ENTRY_POINTS, ("name", "version", "arguments_model")).collect()


def tools() -> Mapping[str, Tool[Any]]:
    """Return every tool by name, sorted, one instance each; raises as `registered`."""
    return registered().found
