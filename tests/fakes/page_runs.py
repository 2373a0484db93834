"""Runs that write one page of any size, and what the database then weighs."""

from typing import Any
from uuid import UUID

from storage.database.session import Database
from tasks.services import Services
from tests.fakes.walks import admit_document, document

LINE = "x" * 1000


async def admit_page(services: Services, size: int, reuse: str) -> UUID:
    """Admit a run that renders a file of so many bytes, whole thousands."""
    files = [{"path": "data.txt", "content": f"{{{{ '{LINE}' * inputs.lines }}}}"}]
    page = {"id": "page", "type": "file_generation", "reuse": reuse, "config": {"files": files}}
    return await admit_document(services, document([page]), lines=size // len(LINE))


def weigh(database: Database) -> int:
    """Return the bytes of all rows of a SQLite database, tables only."""
    with database.engine.connect() as connection:
        found: Any = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars().all()
        total = 0
        for table in found:
            columns = [row[1] for row in connection.exec_driver_sql(f"PRAGMA table_info({table})")]
            lengths = " + ".join(f'coalesce(length(CAST("{column}" AS BLOB)), 0)' for column in columns)
            total += connection.exec_driver_sql(f"SELECT coalesce(sum({lengths}), 0) FROM {table}").scalar_one()
        return total
