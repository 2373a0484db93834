"""Plug-ins: installed packages that declare node kinds or tools of their own, found through entry points."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

NODES = "repomill.nodes"
TOOLS = "repomill.tools"


@dataclass(frozen=True, slots=True)
class Plugin:
    """An entry point that could be loaded: `declared` is what it names, a class or a module with classes."""

    entry_point: str
    package: str
    """Name and version of the installed package, as in `acme-nodes 1.2.0`."""
    declared: object


@dataclass(frozen=True, slots=True)
class BrokenPlugin:
    """An entry point that cannot be used. It is reported, and takes nothing else down with it."""

    entry_point: str
    package: str
    reason: str


def load_plugins(group: str) -> Iterator[Plugin | BrokenPlugin]:
    """Yield the group's entry points in the order of their packages, each loaded if it can be."""
    for entry_point in sorted(entry_points(group=group), key=lambda found: (_package(found), found.name)):
        try:
            yield Plugin(entry_point.name, _package(entry_point), entry_point.load())
        except Exception as error:  # noqa: BLE001  # the boundary of foreign code: importing it may raise anything
            yield BrokenPlugin(entry_point.name, _package(entry_point), f"{type(error).__name__}: {error}")


def _package(entry_point: EntryPoint) -> str:
    distribution = entry_point.dist
    return f"{distribution.name} {distribution.version}" if distribution else entry_point.value
