"""The memory of a run's agents: rows in the database, what was said in the artefact store.

A node instance reads through the call ledger. So it reads the same however often its execution is taken up, a
recording holds what was read, and a replay needs no memory.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.ledger import FREE, CallKey, CallKind
from repomill.calls.node_calls import NodeCalls
from repomill.calls.progress import unheard
from repomill.calls.sending import Answered
from repomill.canonical import Json, canonical_json, digest
from repomill.memory.port import FIRST_CALL, MemoryScope, MemoryUse, WhenFull
from repomill.memory.turns import Turn, newest
from storage.artifacts.keys import memory_key
from storage.database.models import MemoryTurn
from storage.database.repositories.memories import MemoryOwner, NewTurn
from storage.database.work import Work
from tasks.services import Services

SOURCE = "memory"
"""What calls for a memory show as their source."""


@dataclass(frozen=True, slots=True)
class RunMemories:
    """The `repomill.memory.port.Memories` port of one root execution; `owners` are ids, by scope."""

    services: Services
    calls: LedgeredCalls
    root: UUID
    owners: Mapping[MemoryScope, str]

    async def open(self, use: MemoryUse, node_path: str) -> "StoredConversation":
        """Read what a model may be shown of a conversation."""
        owner = MemoryOwner(use.scope, self.owners[use.scope], use.key)
        request: Json = {"memory": use.model_dump(mode="json")}

        async def send() -> Answered:
            return Answered({"turns": await _read(self.services, owner, use)}, FREE)

        quiet = replace(self.calls, progress=unheard)  # it comes before the node has started
        calls = NodeCalls(quiet, node_path, FIRST_CALL)
        response: Any = await calls.call(CallKind.MEMORY, SOURCE, request, send)
        turns = tuple(Turn.of(document, document["number"]) for document in response["turns"])
        is_replayed = self.calls.is_replayed(CallKey(node_path, FIRST_CALL, digest(request)))
        return StoredConversation(turns, None if is_replayed else _Keeper(self.services, owner, self.root, node_path))


@dataclass(frozen=True, slots=True)
class StoredConversation:
    """The `repomill.memory.port.Conversation` of one node instance; what was replayed is not said here."""

    turns: tuple[Turn, ...]
    keeper: "_Keeper | None"

    async def keep(self, turn: Turn) -> None:
        """Add a turn."""
        if self.keeper is not None:
            await self.keeper.keep(turn)

    async def summarise(self, summary: Turn) -> None:
        """Let a summary stand for older turns."""
        if self.keeper is not None:
            await self.keeper.keep(summary, summary.number)


@dataclass(frozen=True, slots=True)
class _Keeper:
    services: Services
    owner: MemoryOwner
    root: UUID
    node_path: str

    async def keep(self, turn: Turn, summarises: int | None = None) -> None:
        """Store the payload first: a row never names what is not there."""
        scope, is_kept = self.services.scope, False
        while not is_kept:  # somebody may forget the conversation between the two steps
            memory = await self.services.database.run(scope, lambda work: work.memories.get_or_create(self.owner).id)
            key = memory_key(scope.organisation_id, memory, turn.digest)
            await self.services.store.put(key, canonical_json(turn.document))
            new = NewTurn(self.root, self.node_path, turn.digest, key, turn.tokens, summarises)
            is_kept = await self.services.database.run(scope, lambda work: self._append(work, memory, new))  # noqa: B023

    def _append(self, work: Work, known: UUID, new: NewTurn) -> bool:
        memory = work.memories.get_or_create(self.owner)
        if memory.id != known:
            return False
        work.memories.append(memory, new)
        return True


async def load_turns(services: Services, rows: Sequence[MemoryTurn]) -> list[Turn]:
    """Return what was said; raises `ArtifactMissing`."""
    return [
        Turn.of(json.loads(await services.store.get(row.payload_key)), row.summarises or row.number) for row in rows
    ]


async def forget(services: Services, reference: str) -> str:
    """Forget a conversation, what was said with it, and return its key; raises `MemoryNotFound`, `NotPermitted`."""

    def delete(work: Work) -> tuple[str, set[str]]:
        memory = work.memories.resolve(reference)
        keys = {turn.payload_key for turn in work.memories.turns(memory.id)}
        work.memories.delete(memory)
        return memory.key, keys

    key, payloads = await services.database.run(services.scope, delete)
    for payload in sorted(payloads):
        await services.store.delete(payload)
    return key


async def _read(services: Services, owner: MemoryOwner, use: MemoryUse) -> list[Json]:
    def read(work: Work) -> Sequence[MemoryTurn]:
        memory = work.memories.find(owner)
        return work.memories.shown(memory.id) if memory is not None else ()

    rows = await services.database.run(services.scope, read, read_only=True)
    if use.when_full is WhenFull.FORGET:  # else all of it is needed, for the summary
        rows = rows[len(rows) - newest([row.tokens for row in rows], use.max_tokens) :]
    return [turn.document | {"number": turn.number} for turn in await load_turns(services, rows)]
