"""Short ways to an image node for tests: one source `painter` on some URL, a ledger, no real waiting."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from pydantic import SecretStr

from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.ledger import CallLedger, LedgerMode
from repomill.calls.node_calls import NodeCalls
from repomill.calls.queues import NoQueues, Queues
from repomill.calls.recordings import Recordings
from repomill.canonical import Json
from repomill.errors import SourceMissing
from repomill.images.source import ImageSource
from repomill.nodes.base import NodeContext, NodeResult
from repomill.nodes.ports import Absent
from repomill.nodes.registry import kind
from tests.fakes.agent_runs import UNREACHABLE, patience

SourceT = TypeVar("SourceT")

MODEL = "gpt-image-1"
PROMPT = {"source": "painter", "prompt": "A cup of tea.", "path": "docs/cup.png"}


@dataclass(frozen=True)
class OneSource:
    """The `Sources` port with one image source under every name, or none."""

    source: ImageSource | None

    def find(self, name: str, wanted: type[SourceT]) -> SourceT | None:
        return self.source if isinstance(self.source, wanted) else None

    def get(self, name: str, wanted: type[SourceT]) -> SourceT:
        if not isinstance(self.source, wanted):
            raise SourceMissing(name, f"repomill-images/{name}")
        return self.source

    def model(self, name: str) -> str:
        return self.source.model if self.source else MODEL

    def identity(self, name: str) -> dict[str, Json]:
        return {"block": name}

    def max_input_tokens(self, name: str) -> int | None:
        return None


def painter(base_url: str = UNREACHABLE, price: Decimal | None = None, model: str = MODEL) -> ImageSource:
    key = SecretStr("sk-image-key")
    return ImageSource(name="painter", base_url=base_url, api_key=key, model=model, price_per_image=price)


async def paint(
    source: ImageSource | None,
    ledger: CallLedger,
    mode: LedgerMode = LedgerMode.LIVE,
    recordings: Recordings | None = None,
    queues: Queues | None = None,
    **config: Any,
) -> NodeResult:
    """Run an image node that asks for a cup of tea."""
    declaration, nobody = kind("image"), Absent()
    calls = NodeCalls(LedgeredCalls(ledger, mode, recordings, patience(), queues=queues or NoQueues()), "cup")
    context = NodeContext("cup", {}, nobody, nobody, nobody, 1000, calls=calls, sources=OneSource(source))
    return await declaration.run(declaration.config_model.model_validate({**PROMPT, **config}), context)
