"""200 executions over 4 processes against one project budget of 1.00 US dollar, by the server's own count."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

from benchmarks.databases import on_each_database
from repomill.calls.budget import Limits, Period
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
from tests.servers.model_server import model_server

PROCESSES, EXECUTIONS, LIMIT = 4, 200, Decimal(1)
PROGRAM = [sys.executable, "-m", "tests.integration.agents.spending_process"]


def main() -> None:
    on_each_database("budget", spend)


def spend(url: str, folder: Path) -> Iterator[str]:
    with closing(Database(url)) as database:
        yield spend_at_once(database, url, folder)


def spend_at_once(database: Database, url: str, folder: Path) -> str:
    """Return what the processes spent together."""
    with database.transaction(DEFAULT_SCOPE) as work:
        project = work.projects.get_or_create("demo")
        work.budgets.define(project.id, Period.TOTAL, Limits(cost_usd=LIMIT))
    with model_server(lambda asked: "A short answer.") as server:
        started = time.perf_counter()
        count = str(EXECUTIONS // PROCESSES)
        running = [
            subprocess.Popen([*PROGRAM, server.base_url, url, folder, count], stdout=-1) for _ in range(PROCESSES)
        ]
        answered = sum(int(process.communicate()[0].split()[0]) for process in running)
        seconds = time.perf_counter() - started
    with database.transaction(DEFAULT_SCOPE) as work:
        [call, *_] = calls = work.calls.costs()
    each = call.cost or Decimal(0)
    assert answered == len(calls) == len(server.requests)
    spent = each * len(server.requests)
    assert spent <= LIMIT
    told = f"{len(server.requests)} requests at {each} = {spent} of {LIMIT} US dollars"
    return f"{told}; {seconds:.1f} s"


if __name__ == "__main__":
    main()
