"""An artefact store that keeps nothing before it is opened."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from storage.artifacts.port import ArtifactStore


@dataclass
class SlowStore:
    """Puts wait until `opened` is set; `asked` is set by the first."""

    store: ArtifactStore
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def put(self, key: str, content: bytes) -> None:
        self.asked.set()
        await self.opened.wait()
        await self.store.put(key, content)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)
