"""The files of nodes that completed, for nodes that work on them."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from repomill.canonical import Json
from repomill.errors import NodeFilesMissing
from repomill.trees.pack import read_pack
from repomill.trees.tree import File, Manifest

if TYPE_CHECKING:
    from tasks.run_state import NodeRecord, Run


@dataclass(frozen=True, slots=True)
class StoredNodeFiles:
    """The `repomill.nodes.base.NodeFiles` port of one node instance, which sees the nodes that its expressions see."""

    run: "Run"
    path: str
    node: str
    scope: Mapping[str, Json]

    async def files(self, node: str) -> Sequence[File]:
        """Return the files of a node; raises `NodeFilesMissing` for one that did not complete before."""
        seen: Any = self.scope.get("nodes", {})
        if node not in seen:
            raise NodeFilesMissing(self.path, node)
        record = self._record(node)
        if record is None or record.fragment_key is None:
            return ()
        pack = await self.run.services.store.get(record.fragment_key)
        return await asyncio.to_thread(lambda: tuple(read_pack(BytesIO(pack))))

    async def digests(self, nodes: Iterable[str]) -> dict[str, str]:
        """Return the digest of each node's files, as part of a node key; raises as `files`."""
        return {f"files of {node}": Manifest.of(await self.files(node)).digest for node in nodes}

    def _record(self, node: str) -> "NodeRecord | None":
        """A node beside this one in an iteration comes first, then those around the loops."""
        place = self.path.removesuffix(self.node)
        while place:
            if place + node in self.run.records:
                return self.run.records[place + node]
            place = place.rstrip(".").rpartition(".")[0]
            place = f"{place}." if place else ""
        return self.run.records.get(node)
