"""The one registry of node kinds: every declaration found in this package."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType, ModuleType
from typing import Any

import repomill.nodes
from repomill.nodes.base import NodeKind


@cache
def kinds() -> Mapping[str, NodeKind[Any]]:
    """Return every node kind by name, sorted, one instance each.

    Raises:
        TypeError: two declarations claim one name.
    """
    found: dict[str, NodeKind[Any]] = {}
    for declaration in _declarations():
        if declaration.name in found:
            raise TypeError(f"node kind {declaration.name!r} is declared twice")
        found[declaration.name] = declaration()
    return MappingProxyType(dict(sorted(found.items())))


def kind(name: str) -> NodeKind[Any]:
    """Return one node kind.

    Raises:
        KeyError: there is none of this name.
    """
    return kinds()[name]


def _declarations() -> Iterator[type[NodeKind[Any]]]:
    for found in pkgutil.iter_modules(repomill.nodes.__path__, "repomill.nodes."):
        yield from _declared_in(importlib.import_module(found.name))


def _declared_in(module: ModuleType) -> Iterator[type[NodeKind[Any]]]:
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, NodeKind) and value is not NodeKind:
            if value.__module__ == module.__name__:  # not one that the module only imports
                yield value
