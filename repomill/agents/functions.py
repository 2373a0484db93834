"""Functions that a model may call."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from repomill.calls.port import Calls
from repomill.canonical import Json

Run = Callable[[Mapping[str, Any], Calls], Awaitable[Json]]
"""Answers one call. What it asks outside goes through the calls it is given; a `RepomillError` is told to the model."""


@dataclass(frozen=True, slots=True)
class Function:
    """One function, as the model is shown it (`parameters` and `output` are JSON Schemas) and as it is carried out.

    It runs again when an agent is resumed, with the answers of its `calls` at hand, and must then do the same. A call
    that failed does not, so it must have changed nothing that later calls see.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]
    run: Run = field(repr=False)
    version: str = "1"
    output: Mapping[str, Any] = field(default_factory=dict)
    timeout: float = 30.0
    """Seconds a call may take."""
    max_calls: int = 50
    """Calls that one agent run may make."""

    def shown(self) -> dict[str, Json]:
        """Return what the model is shown, and the version: what an answer of the model depends on."""
        return {
            "name": self.name,
            "description": self.text(),
            "parameters": dict(self.parameters),
            "version": self.version,
        }

    def text(self) -> str:
        """Return the description, with the schema of the answer where there is one: no provider has a place for it."""
        if not self.output:
            return self.description
        from repomill.canonical import canonical_json

        schema = canonical_json(dict(self.output)).decode()
        return f"{self.description}\n\nThe answer follows this JSON Schema: {schema}"
