"""Answers of models as events while they come: some pieces a second, never one a token."""

from collections.abc import Sequence
from typing import Any

from pydantic import SecretStr

from repomill.calls.heard import Batches, Chunk
from repomill.calls.ledger import CallKey
from repomill.masking import Masker
from tasks.state_writer import StateWriter, event


class TokenEvents:
    """Gives a listener for each call of a run."""

    def __init__(self, writer: StateWriter, secrets: Sequence[SecretStr]) -> None:
        self._writer = writer
        self._masker = Masker(secrets)

    def __call__(self, key: CallKey) -> Batches:
        """Return what hears one answer."""

        def tell(chunk: Chunk) -> None:
            facts: dict[str, Any] = {"call": key.ordinal, "part": chunk.part, "text": chunk.text}
            if chunk.tool:
                facts["tool"] = chunk.tool
            self._writer.put(None, event(f"call.{chunk.kind.value}", key.node_path, **facts))

        return Batches(self._masker, tell)
