"""A call ledger in one JSON file, for tests that kill the process that writes it."""

import json
from dataclasses import asdict
from pathlib import Path
from uuid import UUID

from repomill.calls.ledger import CallKey, CallRow, CallState
from repomill.calls.memory_ledger import MemoryCallLedger


class FileCallLedger(MemoryCallLedger):
    """Every row is on disk when a method returns."""

    def __init__(self, root_execution_id: UUID, path: Path) -> None:
        self._path = path
        super().__init__(root_execution_id, _read(path) if path.exists() else [])

    def _keep(self, row: CallRow) -> CallRow:
        super()._keep(row)
        draft = self._path.with_suffix(".draft")
        draft.write_text(json.dumps([asdict(known) for known in self.rows.values()]), encoding="utf-8")
        draft.replace(self._path)
        return row


def _read(path: Path) -> list[CallRow]:
    stored = json.loads(path.read_text(encoding="utf-8"))
    return [CallRow(CallKey(**row["key"]), CallState(row["state"]), row["sends"], row["response"]) for row in stored]
