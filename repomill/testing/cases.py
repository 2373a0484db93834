"""A case: one configuration of a node kind, and the world it runs in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from repomill.canonical import Json


@dataclass(frozen=True, slots=True)
class Case:
    """A configuration as it stands in a specification, without expressions, and what the runner finds around it."""

    config: Mapping[str, Any] = field(default_factory=dict)
    scope: Mapping[str, Json] = field(default_factory=dict)
    """Joins `inputs`, `variables` and `nodes`, which are empty objects otherwise."""
    ports: Mapping[str, Any] = field(default_factory=dict)
    """Ports of the `NodeContext` that the kind uses, by name; one that is missing raises when it is used."""
    secrets: tuple[str, ...] = ()
    """What the ports know and nobody may read: not in the output, a file, an error or a log."""
    name: str = ""

    def __str__(self) -> str:
        return self.name or "case"
