"""An `api_call` node as a run has it: a real HTTP client and ledger, the source and its document handed in."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from repomill.apis.client import HttpApi
from repomill.apis.description import ApiDescription
from repomill.apis.gathering import gather
from repomill.apis.reading import describe
from repomill.apis.source import ActingUser, ApiSource
from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.ledger import LedgerMode
from repomill.calls.memory_ledger import MemoryCallLedger
from repomill.calls.node_calls import NodeCalls
from repomill.calls.queues import NoQueues, Queues
from repomill.calls.recordings import Recordings
from repomill.calls.retry import RetryPolicy
from repomill.nodes.api_call import ApiCall, ApiCallConfig
from repomill.nodes.base import NodeContext, NodeResult
from repomill.nodes.ports import Absent

ROOT = UUID(int=7)
USER = ActingUser("user-1", "Ada", "org-1", "Analytical Engines")


@dataclass
class Api:
    """Runs `api_call` nodes against one source; waits between tries are noted instead of waited for."""

    source: ApiSource
    description: ApiDescription | None = None
    mode: LedgerMode = LedgerMode.LIVE
    recordings: Path | None = None
    ledger: MemoryCallLedger = field(default_factory=lambda: MemoryCallLedger(ROOT))
    waits: list[float] = field(default_factory=list)
    attempts: int = 3
    root: str = str(ROOT)
    max_size: int = 1_000_000
    queues: Queues = field(default_factory=NoQueues)

    async def api(self, source: str) -> HttpApi:
        return self.opened

    async def run(self, node: str = "ask", **config: Any) -> NodeResult:
        """Run a node; its connections are closed afterwards."""
        self.opened = HttpApi(self.source, self.description, USER, self.root)
        try:
            return await ApiCall().run(ApiCallConfig(source=self.source.name, **config), self._context(node))
        finally:
            await self.opened.aclose()

    async def output(self, **config: Any) -> Any:
        return (await self.run(**config)).output

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    def _context(self, node: str) -> NodeContext:
        policy = RetryPolicy(attempts=self.attempts, sleep=self._sleep, jitter=lambda: 0.0)
        kept = Recordings(self.recordings) if self.recordings else None
        calls = LedgeredCalls(self.ledger, self.mode, kept, policy, queues=self.queues)
        absent = cast("Any", Absent())
        return NodeContext(node, {}, absent, absent, absent, self.max_size, calls=NodeCalls(calls, node), http=self)


def source_at(url: str, **settings: Any) -> ApiSource:
    """Return a source called `shop`, of the block `repomill-http-api/shop`."""
    return ApiSource(name="shop", block="repomill-http-api/shop", base_url=url, **settings)


async def described(url: str) -> ApiDescription:
    """Return what the API's own document says."""
    import httpx

    async def fetch(uri: str) -> bytes:
        async with httpx.AsyncClient() as client:
            return (await client.get(uri)).content

    return describe(await gather(f"{url}/openapi.json", fetch))
