"""An `llm` node with tools on a fake model, real functions and a real choke point."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from repomill.apis.client import HttpApi
from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.ledger import CallLedger, LedgerMode
from repomill.calls.memory_ledger import MemoryCallLedger
from repomill.calls.node_calls import NodeCalls
from repomill.calls.recordings import Recordings
from repomill.canonical import Json
from repomill.errors import SourceMissing
from repomill.nodes.base import NodeResult
from repomill.nodes.llm import Llm
from repomill.testing import _world
from repomill.testing.cases import Case
from repomill.tools.mcp_source import McpSource
from repomill.trees.tree import File
from tests.fakes.agent_runs import ROOT, patience, runner_for
from tests.servers.model_server import Asked, Reply, model_server

Call = tuple[str, Mapping[str, Any]]


@dataclass
class FilesInMemory:
    """The `NodeFiles` port."""

    nodes: Mapping[str, Sequence[File]]

    async def files(self, node: str) -> Sequence[File]:
        return self.nodes[node]


class OneApi:
    """The `HttpApis` port over one API."""

    def __init__(self, opened: HttpApi) -> None:
        self._opened = opened

    async def api(self, source: str) -> HttpApi:
        return self._opened


class OneSource:
    """The `Sources` port; every source has the same block."""

    def __init__(self, source: McpSource | None, block: str = "teas") -> None:
        self._source = source
        self._block = block

    def identity(self, name: str) -> dict[str, Json]:
        return {"kind": "mcp", "block": self._block}

    def find(self, name: str, kind: type[Any]) -> Any:
        return self._source

    def get(self, name: str, kind: type[Any]) -> Any:
        if self._source is None:
            raise SourceMissing(name, f"repomill-mcp-server/{name}")
        return self._source


@dataclass
class Said:
    """What came of a run: the node's result, and what the model was told by function calls, in order."""

    result: NodeResult
    told: list[str]
    requests: list[Asked] = field(default_factory=list)

    @property
    def files(self) -> dict[str, str]:
        return {file.path: file.content.decode() for file in self.result.files}


def script(*turns: Iterable[Call] | str) -> Callable[[Asked], Reply]:
    """Return a model that calls these functions, turn by turn, then says its last word."""

    def answer(asked: Asked) -> Reply:
        done = sum(message["role"] == "assistant" for message in asked.body["messages"])
        turn = turns[done]
        return Reply(turn) if isinstance(turn, str) else Reply(calls=tuple(turn))

    return answer


async def run_llm(
    answer: Callable[[Asked], Reply],
    tools: Sequence[Any],
    ledger: CallLedger | None = None,
    mode: LedgerMode = LedgerMode.LIVE,
    *,
    ports: Mapping[str, Any] | None = None,
    folder: Path | None = None,
    **config: Any,
) -> Said:
    """Run one `llm` node against a model server; `folder` is where recordings are."""
    kept = ledger or MemoryCallLedger(ROOT)
    case = Case({"source": "main", "prompt": "Go.", "max_tokens": 500, "tools": list(tools), **config})
    calls = NodeCalls(LedgeredCalls(kept, mode, Recordings(folder) if folder else None, patience()), _world.NODE_PATH)
    with model_server(answer) as server:
        async with runner_for(server.base_url, kept, mode, folder) as agents:
            context = _world.node_context(case, agents=agents, calls=calls, **(ports or {}))
            result = await Llm().run(Llm().config_model.model_validate(case.config), context)
    messages = server.requests[-1].body["messages"] if server.requests else []
    told = [message["content"] for message in messages if message["role"] == "tool"]
    return Said(result, told, server.requests)
