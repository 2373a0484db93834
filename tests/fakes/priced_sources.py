"""Sources that a specification names, with prices, of no block."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

from repomill.agents.source import ModelSource
from repomill.canonical import Json
from repomill.errors import SourceMissing

SourceT = TypeVar("SourceT")


def priced(name: str, each: int = 1, model: str = "own-model", **more: Any) -> ModelSource:
    """Return a source of no listed endpoint where a million tokens cost so much, in and out."""
    price = Decimal(each)
    url = "http://127.0.0.1:9/v1"
    return ModelSource(name=name, base_url=url, model=model, input_price=price, output_price=price, **more)


@dataclass(frozen=True)
class KnownSources:
    """The `Sources` port over what a test names; `longest` are requests by source."""

    found: Mapping[str, Any]
    longest: Mapping[str, int] = field(default_factory=dict)

    def find(self, name: str, wanted: type[SourceT]) -> SourceT | None:
        source = self.found.get(name)
        return source if isinstance(source, wanted) else None

    def get(self, name: str, wanted: type[SourceT]) -> SourceT:
        source = self.find(name, wanted)
        if source is None:
            raise SourceMissing(name, name)
        return source

    def model(self, name: str) -> str:
        return str(getattr(self.found.get(name), "model", ""))

    def identity(self, name: str) -> dict[str, Json]:
        return {"block": name}

    def max_input_tokens(self, name: str) -> int | None:
        return self.longest.get(name)
