"""A check: one rule that holds for a kind in a case."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from repomill.nodes.base import NodeKind
from repomill.testing.cases import Case


class NotConforming(AssertionError):
    """A node kind breaks a rule; the message says which and how."""


Rule = Callable[[NodeKind[Any], Case], None]


@dataclass(frozen=True, slots=True)
class Check:
    """Call it: it returns, or raises `NotConforming`."""

    kind: NodeKind[Any]
    case: Case
    rule: Rule

    def __call__(self) -> None:
        """Hold the kind to the rule; what the kind itself raises passes through."""
        self.rule(self.kind, self.case)

    def __str__(self) -> str:
        return f"{self.case}: {self.rule.__name__.replace('_', ' ')}"


def require(kept: bool, message: str) -> None:  # reads as "require that, else say this"
    """Raise `NotConforming` unless a rule is kept."""
    if not kept:
        raise NotConforming(message)
