"""The one registry of node kinds: the declarations of this package, and those of installed plug-ins."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType, ModuleType
from typing import Any

import repomill.nodes
from repomill.nodes.base import NodeKind
from repomill.plugins import NODES, BrokenPlugin, Plugin, load_plugins

Declaration = type[NodeKind[Any]]


@dataclass(frozen=True, slots=True)
class Registered:
    """Node kinds by name, sorted, one instance each; and the plug-ins that could not be taken."""

    kinds: Mapping[str, NodeKind[Any]]
    broken: tuple[BrokenPlugin, ...]


@cache
def registered() -> Registered:
    """Find every node kind there is.

    Raises:
        TypeError: two declarations of this package claim one name. (Of plug-ins the later one is broken.)
    """
    found: dict[str, NodeKind[Any]] = {}
    for declaration in _built_in():
        if declaration.name in found:
            raise TypeError(f"node kind {declaration.name!r} is declared twice")
        found[declaration.name] = declaration()
    broken = tuple(_take_plugins(found))
    return Registered(MappingProxyType(dict(sorted(found.items()))), broken)


def kinds() -> Mapping[str, NodeKind[Any]]:
    """Return every node kind by name, sorted, one instance each; raises as `registered`."""
    return registered().kinds


def kind(name: str) -> NodeKind[Any]:
    """Return one node kind.

    Raises:
        KeyError: there is none of this name.
    """
    return kinds()[name]


def _built_in() -> Iterator[Declaration]:
    for found in pkgutil.iter_modules(repomill.nodes.__path__, "repomill.nodes."):
        yield from _declared_in(importlib.import_module(found.name))


def _take_plugins(found: dict[str, NodeKind[Any]]) -> Iterator[BrokenPlugin]:
    """Add the kinds of plug-ins, and yield what cannot be added."""
    for plugin in load_plugins(NODES):
        if isinstance(plugin, BrokenPlugin):
            yield plugin
            continue
        declarations = tuple(_declared_by(plugin))
        if not declarations:
            yield _broken(plugin, "it names neither a node kind nor a module that declares one")
        for declaration in declarations:
            reason = _refusal(declaration, found)
            if reason:
                yield _broken(plugin, reason)
            else:
                found[declaration.name] = declaration()
                found[declaration.name].package = plugin.package


def _refusal(declaration: Declaration, found: Mapping[str, NodeKind[Any]]) -> str:
    missing = [name for name in ("name", "version", "idempotency", "config_model") if not hasattr(declaration, name)]
    if missing:
        return f"{declaration.__name__} does not declare {', '.join(missing)}"
    if inspect.isabstract(declaration):
        return f"{declaration.__name__} has no method run"
    if declaration.name in found:
        owner = found[declaration.name].package
        return f"there is a node kind {declaration.name!r} already, {f'of {owner}' if owner else 'a built-in one'}"
    return ""


def _broken(plugin: Plugin, reason: str) -> BrokenPlugin:
    return BrokenPlugin(plugin.entry_point, plugin.package, reason)


def _declared_by(plugin: Plugin) -> Iterator[Declaration]:
    if isinstance(plugin.declared, ModuleType):
        yield from _declared_in(plugin.declared)
    elif _is_declaration(plugin.declared):
        yield plugin.declared  # type: ignore[misc]  # the line above is what tells


def _declared_in(module: ModuleType) -> Iterator[Declaration]:
    for value in vars(module).values():
        if _is_declaration(value) and value.__module__ == module.__name__:  # not one that the module only imports
            yield value


def _is_declaration(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, NodeKind) and value is not NodeKind
