"""Lists, filters, look-ups and the recording of files on PostgreSQL with 1,000,000 files of 100,000 projects."""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import text

from repomill.trees.tree import Entry
from storage.database import schema
from storage.database.repositories.project_files import StoredFile
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
from storage.database.transitions import ExecutionStatus, GeneratedProjectStatus
from storage.database.work import Work
from tests.fakes.many_rows import fill
from tests.fakes.stored_rows import generating_project, running_execution
from tests.servers.postgresql import create_database, postgresql_server

PROJECTS, FILES_EACH, RECORDED = 100_000, 10, 10_000
ROUNDS = 300
PAGE = 50


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="rows-") as folder, postgresql_server(Path(folder) / "data") as server:
        database = Database(create_database(server, "rows"), threads=1)
        schema.upgrade(database)
        started = time.perf_counter()
        fill(database, PROJECTS, FILES_EACH)
        print(f"{PROJECTS:,} projects, {PROJECTS * FILES_EACH:,} files made in {time.perf_counter() - started:.0f} s")
        ask(database)
        record(database)
        database.close()


def ask(database: Database) -> None:
    """Time each query in a transaction of its own, as a caller has it."""
    with database.transaction(DEFAULT_SCOPE, read_only=True) as work:
        middle = work.generated_projects.list(1000)[-1]
        rows = work.executions._session.execute(text("SELECT content_hash FROM project_files LIMIT 300"))
        digests = rows.scalars().all()
    queries: dict[str, Callable[[Work, int], Any]] = {
        "list page": lambda work, _: work.generated_projects.list(PAGE),
        "list page behind the 1,000th row": lambda work, _: work.generated_projects.list(PAGE, after=middle),
        "projects of a status": lambda work, _: work.generated_projects.list(
            PAGE, status=GeneratedProjectStatus.FAILED
        ),
        "executions of a status": lambda work, _: work.executions.list(PAGE, ExecutionStatus.FAILED),
        "files of a type": lambda work, _: work.project_files.of_type("markdown", PAGE),
        "files by hash": lambda work, turn: work.project_files.with_content(digests[turn % len(digests)]),
    }
    for name, query in queries.items():
        times = [seconds(database, query, turn) * 1000 for turn in range(-20, ROUNDS)][20:]
        median, last = statistics.median(times), statistics.quantiles(times, n=100)[98]
        print(f"{name:<36} median {median:6.2f} ms   99th {last:6.2f} ms")


def seconds(database: Database, query: Callable[[Work, int], Any], turn: int) -> float:
    started = time.perf_counter()
    with database.transaction(DEFAULT_SCOPE, read_only=True) as work:
        query(work, turn)
    return time.perf_counter() - started


def record(database: Database) -> None:
    """Time what a run does when its tree is stored."""
    files = [
        StoredFile(Entry(f"src/f{n}.py", "100644", 100, f"{n:064x}"), "python", "print(1)\n" * 20, n, 100, "stored")
        for n in range(RECORDED)
    ]
    times = []
    for _ in range(5):
        with database.transaction(DEFAULT_SCOPE) as work:
            lease = running_execution(work)
            project = generating_project(work, lease)
        started = time.perf_counter()
        with database.transaction(DEFAULT_SCOPE) as work:
            work.generated_projects.record_files(lease, project.id, files)
        times.append(time.perf_counter() - started)
    print(f"{RECORDED:,} file rows recorded: {statistics.median(times):.2f} s (best {min(times):.2f} s)")


if __name__ == "__main__":
    main()
