"""Declarations: classes found in a package of our own, and in installed plug-ins through entry points."""

import importlib
import inspect
import pkgutil
from abc import ABC
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType, ModuleType
from typing import Any, ClassVar, Generic, TypeVar


class Declaration(ABC):
    """Base of what is declared once, as a class, and found: node kinds, tools."""

    name: ClassVar[str]

    required: ClassVar[tuple[str, ...]] = ()
    """Names that such a declaration must define besides those that all of its kind must."""

    package: str = ""
    """Name and version of the plug-in package that declares it, empty for a built-in; set when it is found."""


DeclaredT = TypeVar("DeclaredT", bound=Declaration)


@dataclass(frozen=True, slots=True)
class BrokenPlugin:
    """An entry point that cannot be used. It is reported, and takes nothing else down with it."""

    entry_point: str
    package: str
    reason: str


@dataclass(frozen=True)
class Registered(Generic[DeclaredT]):
    """Declarations by name, sorted, one instance each; and the plug-ins that could not be taken."""

    found: Mapping[str, DeclaredT]
    broken: tuple[BrokenPlugin, ...]


@dataclass(frozen=True)
class Kind(Generic[DeclaredT]):
    """What is looked for: subclasses of `base`, in the modules of `home` and behind the entry points of `group`."""

    base: type[Any]
    home: ModuleType
    group: str
    required: Sequence[str]
    """Names that a declaration must define."""

    def collect(self) -> Registered[DeclaredT]:
        """Find every declaration there is.

        Raises:
            TypeError: two built-in declarations claim one name. (Of plug-ins the later one is broken.)
        """
        found: dict[str, DeclaredT] = {}
        for declaration in self._built_in():
            if declaration.name in found:
                raise TypeError(f"{declaration.name!r} is declared twice")
            found[declaration.name] = declaration()
        broken = tuple(self._take_plugins(found))
        return Registered(MappingProxyType(dict(sorted(found.items()))), broken)

    def _built_in(self) -> Iterator[type[DeclaredT]]:
        for module in pkgutil.iter_modules(self.home.__path__, f"{self.home.__name__}."):
            yield from self._declared_in(importlib.import_module(module.name))

    def _take_plugins(self, found: dict[str, DeclaredT]) -> Iterator[BrokenPlugin]:
        """Add the declarations of plug-ins, and yield what cannot be added."""
        for entry_point in sorted(entry_points(group=self.group), key=lambda each: (_package(each), each.name)):
            package = _package(entry_point)
            try:
                declarations = tuple(self._declared_by(entry_point.load()))
                reasons = [reason for each in declarations if (reason := self._take(each, package, found))]
            except Exception as error:  # noqa: BLE001  # the boundary of foreign code: importing it may raise anything
                reasons = [f"{type(error).__name__}: {error}"]
            else:
                if not declarations:
                    reasons = [f"it names neither a {self.base.__name__} nor a module that declares one"]
            yield from (BrokenPlugin(entry_point.name, package, reason) for reason in reasons)

    def _take(self, declaration: type[DeclaredT], package: str, found: dict[str, DeclaredT]) -> str:
        """Add a declaration, or return why not."""
        missing = [name for name in (*self.required, *declaration.required) if not hasattr(declaration, name)]
        if missing:
            return f"{declaration.__name__} does not declare {', '.join(missing)}"
        if declaration.name in found:
            owner = found[declaration.name].package or "Repomill itself"
            return f"there is a {declaration.name!r} already, of {owner}"
        made = declaration()
        made.package = package
        found[made.name] = made
        return ""

    def _declared_by(self, loaded: object) -> Iterator[type[DeclaredT]]:
        if isinstance(loaded, ModuleType):
            yield from self._declared_in(loaded)
        elif isinstance(loaded, type) and issubclass(loaded, self.base):
            yield loaded

    def _declared_in(self, module: ModuleType) -> Iterator[type[DeclaredT]]:
        for value in vars(module).values():
            if not isinstance(value, type) or not issubclass(value, self.base) or inspect.isabstract(value):
                continue
            if value.__module__ == module.__name__:  # not one that the module only imports
                yield value


def _package(entry_point: EntryPoint) -> str:
    distribution = entry_point.dist
    return f"{distribution.name} {distribution.version}" if distribution else entry_point.value
