"""Agents whose models answer, fail and lose answers as chance has it, with the real ledger, repairs and tools."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart

from repomill.agents.runner import AgentRunner
from repomill.agents.source import ModelSource
from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.ledger import LedgerMode
from repomill.calls.memory_ledger import MemoryCallLedger
from repomill.calls.node_calls import NodeCalls
from repomill.calls.sending import AnswerLost, Refused, TryAgain
from repomill.errors import RepomillError
from repomill.memory.turns import Turn
from repomill.nodes.base import NodeContext
from repomill.nodes.ports import Absent
from repomill.nodes.registry import kind
from repomill.trees.tree import TreeFile
from tests.fakes.agent_runs import ROOT, patience

PNG = b"\x89PNG\r\n\x1a\n"

FATES = ("text", "empty", "wrong", "right", "tool", "two tools", "cut", "lost", "refused", "busy")


def fate_of(name: str) -> ModelResponse:
    """Answer, or fail, as the name says."""
    failures = {"lost": AnswerLost("gone"), "refused": Refused(400, "no"), "busy": TryAgain("later")}
    if name in failures:
        raise failures[name]
    look = ToolCallPart("list_files", {})
    parts: dict[str, Sequence[Any]] = {
        "text": [TextPart("Tea. " * 50)],
        "empty": [TextPart("")],
        "wrong": [ToolCallPart("answer", {"cups": "many"})],
        "right": [ToolCallPart("answer", {"cups": 2})],
        "tool": [look],
        "two tools": [look, ToolCallPart("search_files", {"pattern": "tea"})],
        "cut": [TextPart("Te")],
    }
    return ModelResponse(parts=parts[name], finish_reason="length" if name == "cut" else "stop")


@dataclass
class _Fated:
    """Stands for the client of a provider."""

    next_fate: Callable[[], str]

    async def request(self, *_: Any) -> ModelResponse:
        return fate_of(self.next_fate())

    async def aclose(self) -> None:
        return None


class FatedAgents(AgentRunner):
    """Asks chance instead of a provider."""

    def __init__(self, sources: Mapping[str, ModelSource], calls: LedgeredCalls, next_fate: Callable[[], str]) -> None:
        super().__init__(sources, calls)
        self._next_fate = next_fate

    def _endpoint(self, source: ModelSource) -> Any:
        return _Fated(self._next_fate)


@dataclass
class Remembered:
    """A conversation and a node's files, in memory."""

    turns: tuple[Turn, ...] = ()
    images: int = 0

    async def keep(self, turn: Turn) -> None:
        return None

    async def summarise(self, summary: Turn) -> None:
        return None

    async def files(self, _node: str) -> tuple[TreeFile, ...]:
        return tuple(TreeFile(f"{number}.png", PNG) for number in range(self.images))


@dataclass
class FatedNode:
    """One `llm` node that is tried several times on one ledger."""

    sources: Mapping[str, ModelSource]
    config: Mapping[str, Any]
    next_fate: Callable[[], str]
    before: Remembered = field(default_factory=Remembered)
    ledger: MemoryCallLedger = field(default_factory=lambda: MemoryCallLedger(ROOT))

    async def run(self, tries: int) -> None:
        """Try, as a run and its resumptions do, until it succeeds."""
        for _ in range(tries):
            with suppress(RepomillError):
                await self._try()
                break

    async def _try(self) -> None:
        calls = LedgeredCalls(self.ledger, LedgerMode.LIVE, retry=patience(attempts=2))
        agents, nobody = FatedAgents(self.sources, calls, self.next_fate), Absent()
        declaration = kind("llm")
        context = NodeContext(
            "plan",
            {},
            agents,
            nobody,
            nobody,
            1000,
            calls=NodeCalls(calls, "plan"),
            node_files=self.before,
            conversation=self.before,
        )
        await declaration.run(declaration.config_model.model_validate(self.config), context)

    @property
    def reserved(self) -> Decimal:
        """What was put aside for everything that went out and was not given back."""
        asked = self.ledger.requests
        return sum(
            ((asked[row.key].bound.cost or Decimal(0)) * row.sends for row in self.ledger.rows.values()), Decimal(0)
        )
