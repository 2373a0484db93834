"""What the database of an installation holds, read while others write it."""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

COMMITTED = ("answered", "settled")


@dataclass(frozen=True)
class Records:
    """The SQLite database of a home."""

    home: Path

    def newest_execution(self) -> UUID | None:
        """Return the id of the execution that was written last."""
        rows = self._rows("SELECT id FROM executions ORDER BY created_at DESC LIMIT 1")
        return UUID(rows[0][0]) if rows else None

    def events(self, execution: UUID) -> set[str]:
        """Return events as `kind node`, and `kind` alone for those of the execution itself."""
        query = "SELECT kind, node_path FROM events WHERE execution_id = ?"
        return {" ".join(filter(None, row)) for row in self._rows(query, execution.hex)}

    def committed_calls(self, root: UUID) -> set[str]:
        """Return the nodes whose call has an answer that was stored."""
        query = "SELECT node_path, state FROM calls WHERE root_execution_id = ?"
        return {node for node, state in self._rows(query, root.hex) if state in COMMITTED}

    def audited(self, action: str) -> list[dict[str, Any]]:
        """Return the details of all entries of the audit log about an action."""
        return [json.loads(row[0]) for row in self._rows("SELECT detail FROM audit_entries WHERE action = ?", action)]

    def _rows(self, query: str, *values: Any) -> list[Any]:
        with closing(sqlite3.connect(f"{(self.home / 'repomill.db').as_uri()}?mode=ro", uri=True)) as database:
            return database.execute(query, values).fetchall()
