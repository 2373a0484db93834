"""The one registry of tools: the declarations of this package, and those of installed plug-ins."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import repomill.tools
from repomill.plugins import Kind, Registered
from repomill.tools.base import Toolset

ENTRY_POINTS = "repomill.tools"


@cache
def registered() -> Registered[Toolset[Any]]:
    """Find every tool there is; raises TypeError when two built-in declarations claim one name."""
    return Kind[Toolset[Any]](Toolset, repomill.tools, ENTRY_POINTS, ("name", "version", "settings_model")).collect()


def tools() -> Mapping[str, Toolset[Any]]:
    """Return every tool by name, sorted, one instance each; raises as `registered`."""
    return registered().found
