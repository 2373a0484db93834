"""The one registry of node kinds: the declarations of this package, and those of installed plug-ins."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import repomill.nodes
from repomill.nodes.base import NodeKind
from repomill.plugins import Kind, Registered

ENTRY_POINTS = "repomill.nodes"


@cache
def registered() -> Registered[NodeKind[Any]]:
    """Find every node kind there is; raises TypeError when two built-in declarations claim one name."""
    required = ("name", "version", "idempotency", "config_model")
    return Kind[NodeKind[Any]](NodeKind, repomill.nodes, ENTRY_POINTS, required).collect()


def kinds() -> Mapping[str, NodeKind[Any]]:
    """Return every node kind by name, sorted, one instance each; raises as `registered`."""
    return registered().found


def kind(name: str) -> NodeKind[Any]:
    """Return one node kind.

    Raises:
        KeyError: there is none of this name.
    """
    return kinds()[name]
