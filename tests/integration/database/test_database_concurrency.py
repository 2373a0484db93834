"""Threads and processes that want the same thing at the same time."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from repomill.errors import ExecutionOwned, OwnershipLost
from storage.database.lease import Lease
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
from tests.fakes.stored_rows import claim, new_execution, specification

T = TypeVar("T")

APPEND = """
import sys
from uuid import UUID
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
database = Database(sys.argv[1])
for _ in range(20):
    with database.transaction(DEFAULT_SCOPE) as work:
        work.events.append(UUID(sys.argv[2]), "tick")
database.close()
"""


def _at_once(count: int, function: Callable[[int], T]) -> list[T]:
    barrier = Barrier(count)

    def start(number: int) -> T:
        barrier.wait()
        return function(number)

    with ThreadPoolExecutor(count) as executor:
        return list(executor.map(start, range(count)))


def test_of_twenty_that_acquire_an_execution_one_gets_it(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        execution_id = new_execution(work).id

    def acquire(number: int) -> Lease | None:
        try:
            with database.transaction(DEFAULT_SCOPE) as work:
                return claim(work, execution_id, f"host:{number}")
        except ExecutionOwned:
            return None

    leases = _at_once(20, acquire)
    assert [lease.fence for lease in leases if lease] == [1]


def test_events_of_eight_threads_have_no_gap_and_no_duplicate(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        execution_id = new_execution(work).id

    def append(_: int) -> list[int]:
        numbers = []
        for _ in range(10):
            with database.transaction(DEFAULT_SCOPE) as work:
                numbers.append(work.events.append(execution_id, "tick"))
        return numbers

    returned = sorted(number for numbers in _at_once(8, append) for number in numbers)
    with database.transaction(DEFAULT_SCOPE) as work:
        stored = [event.sequence for event in work.events.after(execution_id)]
    assert returned == stored == list(range(1, 81))


def test_events_of_three_processes_have_no_gap_and_no_duplicate(database: Database, migrated_url: str) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        execution_id = new_execution(work).id
    arguments = [sys.executable, "-c", APPEND, migrated_url, str(execution_id)]
    writers = [subprocess.Popen(arguments, stderr=subprocess.PIPE) for _ in range(3)]
    errors = [writer.communicate()[1].decode() for writer in writers]
    with database.transaction(DEFAULT_SCOPE) as work:
        stored = [event.sequence for event in work.events.after(execution_id)]
    assert stored == list(range(1, 61)), errors


def test_versions_that_are_added_at_once_are_numbered_one_by_one(database: Database) -> None:
    def add(number: int) -> int:
        with database.transaction(DEFAULT_SCOPE) as work:
            return work.workflows.add(specification(text=str(number))).number

    assert sorted(_at_once(8, add)) == list(range(1, 9))


def test_a_project_that_is_made_at_once_is_made_once(database: Database) -> None:
    def create(_: int) -> object:
        with database.transaction(DEFAULT_SCOPE) as work:
            return work.projects.get_or_create("demo").id

    assert len(set(_at_once(8, create))) == 1


def test_a_takeover_and_a_late_writer_do_not_both_win(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        lease = claim(work, new_execution(work).id)
        work.nodes.plan(lease, {"plan": "llm"})

    def work_or_take_over(number: int) -> str:
        try:
            with database.transaction(DEFAULT_SCOPE) as work:
                if number:
                    work.nodes.start(lease, "plan")
                    return f"fence {work.executions.get(lease.execution_id).fence}"
                claim(work, lease.execution_id, "host:2", dead=True)
                return "taken"
        except OwnershipLost:
            return "refused"

    assert set(_at_once(8, work_or_take_over)) <= {"taken", "fence 1", "refused"}
