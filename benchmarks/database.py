"""Lists, filters, look-ups and the recording of files on PostgreSQL with 1,000,000 files of 100,000 projects."""

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg import Connection
from sqlalchemy import event, text

from repomill.trees.tree import Entry
from storage.database import schema
from storage.database.lease import Lease
from storage.database.repositories.project_files import StoredFile
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
from storage.database.transitions import ExecutionStatus, GeneratedProjectStatus
from storage.database.work import Work
from tests.fakes.many_rows import fill
from tests.fakes.stored_rows import generating_project, running_execution
from tests.servers.postgresql import DURABLE, create_database, postgresql_server

PROJECTS, FILES_EACH, RECORDED = 100_000, 10, 10_000
ROUNDS = 300
PAGE = 50
INTO = """project_files (id, organisation_id, generated_project_id, file_path, file_name, file_type, file_size,
    content_hash, content_preview, mode, data_offset, stored_size, compression, created_at, updated_at)"""

Query = Callable[[Work, int], Any]


def main() -> None:
    with (
        tempfile.TemporaryDirectory(prefix="rows-") as folder,
        postgresql_server(Path(folder) / "data", DURABLE) as server,
    ):
        url = create_database(server, "rows")
        database = Database(url, threads=1)
        schema.upgrade(database)
        started = time.perf_counter()
        fill(database, PROJECTS, FILES_EACH)
        print(f"{PROJECTS:,} projects, {PROJECTS * FILES_EACH:,} files made in {time.perf_counter() - started:.0f} s")
        peer: Connection[Any] = psycopg.connect(url.replace("postgresql+psycopg", "postgresql"), autocommit=True)
        ask(database, peer)
        record(database, peer)
        peer.close()
        database.close()


def ask(database: Database, peer: Connection[Any]) -> None:
    """Time each query in a transaction of its own, as a caller has it; the peer sends the same SQL alone."""
    with database.transaction(DEFAULT_SCOPE, read_only=True) as work:
        middle = work.generated_projects.list(1000)[-1]
        rows = work.executions._session.execute(text("SELECT content_hash FROM project_files LIMIT 300"))
        digests = rows.scalars().all()
    queries: dict[str, Query] = {
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
        statement = sent(database, query)
        times = [
            (seconds(database, query, turn) * 1000, bare_seconds(peer, *statement) * 1000)
            for turn in range(-20, ROUNDS)
        ][20:]
        (median, last), (bare, _) = ((statistics.median(each), percentile(each)) for each in zip(*times, strict=True))
        print(f"{name:<34} median {median:5.2f} ms  99th {last:5.2f} ms  psycopg {bare:5.2f} ms  {median / bare:.1f}")


def percentile(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=100)[98]


def sent(database: Database, query: Query) -> tuple[str, Any]:
    """Return the statement of a query with its values."""
    found: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "set_config" not in statement:
            found.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    seconds(database, query, 0)
    event.remove(database.engine, "before_cursor_execute", note)
    return found[-1]


def seconds(database: Database, query: Query, turn: int) -> float:
    started = time.perf_counter()
    with database.transaction(DEFAULT_SCOPE, read_only=True) as work:
        query(work, turn)
    return time.perf_counter() - started


def bare_seconds(peer: Connection[Any], statement: str, values: Any) -> float:
    started = time.perf_counter()
    peer.execute(statement, values).fetchall()
    return time.perf_counter() - started


def record(database: Database, peer: Connection[Any]) -> None:
    """Time what a run does when its tree is stored; the peers write the same rows of another project."""
    files = [
        StoredFile(Entry(f"src/f{n}.py", "100644", 100, f"{n:064x}"), "python", "print(1)\n" * 20, n, 100, "stored")
        for n in range(RECORDED)
    ]
    times = [(ours(database, files), copied(database, peer), inserted(database, peer)) for _ in range(6)][1:]
    for name, each in zip(("recorded", "psycopg, COPY", "psycopg, executemany"), zip(*times, strict=True), strict=True):
        print(f"{RECORDED:,} file rows, {name:<21} {statistics.median(each):.2f} s (best {min(each):.2f} s)")


def ours(database: Database, files: list[StoredFile]) -> float:
    lease, project = opened(database)
    started = time.perf_counter()
    with database.transaction(DEFAULT_SCOPE) as work:
        work.generated_projects.record_files(lease, project, files)
    return time.perf_counter() - started


def copied(database: Database, peer: Connection[Any]) -> float:
    rows = bare_rows(opened(database)[1])
    started = time.perf_counter()
    with peer.transaction(), peer.cursor() as cursor, cursor.copy(f"COPY {INTO} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    return time.perf_counter() - started


def inserted(database: Database, peer: Connection[Any]) -> float:
    rows = bare_rows(opened(database)[1])
    places = ", ".join(["%s"] * len(rows[0]))
    started = time.perf_counter()
    with peer.transaction(), peer.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {INTO} VALUES ({places})", rows)
    return time.perf_counter() - started


def opened(database: Database) -> tuple[Lease, UUID]:
    with database.transaction(DEFAULT_SCOPE) as work:
        lease = running_execution(work)
        return lease, generating_project(work, lease).id


def bare_rows(project: UUID) -> list[tuple[Any, ...]]:
    now, organisation = datetime.now(UTC), DEFAULT_SCOPE.organisation_id
    kept = ("python", 100), ("print(1)\n" * 20, "100644"), (100, "stored", now, now)
    return [
        (uuid4(), organisation, project, f"src/f{n}.py", f"f{n}.py", *kept[0], f"{n:064x}", *kept[1], n, *kept[2])
        for n in range(RECORDED)
    ]


if __name__ == "__main__":
    main()
