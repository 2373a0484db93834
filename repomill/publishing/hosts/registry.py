"""The one registry of kinds of hosts: every module of this package that declares a `HOST`."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

import repomill.publishing.hosts
from repomill.publishing.hosts.kinds import HostKind


@cache
def host_kinds() -> Mapping[str, HostKind]:
    """Return every kind by name, sorted.

    Raises:
        TypeError: two modules claim one name.
    """
    found: dict[str, HostKind] = {}
    for module in pkgutil.iter_modules(repomill.publishing.hosts.__path__, "repomill.publishing.hosts."):
        if module.name.rpartition(".")[2].startswith("_"):
            continue
        kind = getattr(importlib.import_module(module.name), "HOST", None)
        if not isinstance(kind, HostKind):
            continue
        if kind.name in found:
            raise TypeError(f"host kind {kind.name!r} is declared twice")
        found[kind.name] = kind
    return MappingProxyType(dict(sorted(found.items())))
